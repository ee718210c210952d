"""A program on a terminal of its own, and what a person would see there."""
import fcntl
import os
import pty
import select
import struct
import subprocess
import termios

import pyte
from testbed.waiting import Timeout, wait_for

TYPE = "linux"  # what pyte understands


class Terminal:
    def __init__(self, *command, rows=24, columns=110, **environment):
        self.screen = pyte.Screen(columns, rows)
        self.stream = pyte.ByteStream(self.screen)
        self.raw = b""
        self.master, self.slave = pty.openpty()
        self.set_size(rows, columns)
        self.before = termios.tcgetattr(self.slave)
        wanted = {key: value for key, value in {**os.environ, "TERM": TYPE, **environment}.items() if value is not None}
        for name in ("LINES", "COLUMNS"):
            wanted.pop(name, None)
        # setsid makes it the controlling terminal: who resizes it is heard, as are its ^C and its end.
        self.process = subprocess.Popen(["setsid", "--ctty", *map(str, command)], stdin=self.slave, stdout=self.slave, stderr=self.slave, env=wanted)

    def set_size(self, rows, columns):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def resize(self, rows, columns):
        self.lines()
        self.screen.resize(rows, columns)
        self.set_size(rows, columns)

    def lines(self):
        """What stands there now."""
        while select.select([self.master], [], [], 0)[0]:
            data = os.read(self.master, 65536)
            self.raw += data
            self.stream.feed(data)
        return [line.rstrip() for line in self.screen.display]

    def wait(self, condition, what, seconds=60):
        """Until condition(lines) is true."""
        try:
            return wait_for(lambda: condition(self.lines()), seconds, what)
        except Timeout as error:
            raise AssertionError("\n".join([str(error), *self.lines()])) from None

    def type(self, keys):
        os.write(self.master, keys)

    def wait_end(self, seconds=60):
        """Its exit status; the terminal must be as it was before."""
        wait_for(lambda: self.lines() and self.process.poll() is not None, seconds, "the program to end")
        self.lines()
        assert termios.tcgetattr(self.slave) == self.before
        return self.process.returncode

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.master)
        os.close(self.slave)
