"""The testbed for a person: python3 -m testbed up|down|where (run it in tests/)."""

import argparse
import os
import signal
import subprocess
import sys
import tempfile

from .binaries import ALL_BINARIES, SHARD_BINARIES, MissingBinary, find_binary
from .servers import Testbed, write
from .waiting import Timeout, wait_for


def environment(bed):
    """What a shell needs to reach the servers, as `export` lines."""
    lines = [f"export CLUSTER_KUBECONFIG={bed.kube.kubeconfig}   # {bed.kube.url}"]
    if bed.kcp:
        lines += [f"export KCP_KUBECONFIG={bed.kcp.kubeconfig}   # {bed.kcp.url}/clusters/root"]
    lines += [f"export TESTBED_LOGS={bed.logs}"]
    return "\n".join(lines) + "\n"


def up(args):
    directory = args.dir or tempfile.mkdtemp(prefix="syncerd-testbed-")
    os.makedirs(directory, exist_ok=True)
    pid_file, env_file = os.path.join(directory, "pid"), os.path.join(directory, "env")
    if args.detach:
        if os.path.exists(env_file):
            os.unlink(env_file)
        with open(os.path.join(directory, "up.log"), "ab") as log:
            child = subprocess.Popen([sys.executable, "-m", "testbed", "up", "--dir", directory] + (["--no-kcp"] if args.no_kcp else []),
                                     stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)

        def ready():
            if child.poll() is not None:
                sys.exit(f"testbed: did not start, see {directory}/up.log")
            return os.path.exists(env_file)

        wait_for(ready, 180, "the servers to be ready")
        sys.stdout.write(open(env_file).read())
        print(f"# stop it: python3 -m testbed down --dir {directory}")
        return 0
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(0))
    with Testbed(directory, with_kcp=False if args.no_kcp else None, keep=True) as bed:
        if bed.kcp is None:
            print("# kcp is not running" + ("" if args.no_kcp else ": the program is missing (tests/testbed/get-binaries.sh)"))
        write(pid_file, f"{os.getpid()}\n")
        write(env_file + ".new", environment(bed))
        os.rename(env_file + ".new", env_file)
        print(environment(bed) + f"# ready after {bed.seconds:.1f} s; Ctrl-C stops everything", flush=True)
        try:
            while True:
                signal.pause()
        finally:
            os.unlink(pid_file)
            os.unlink(env_file)


def down(args):
    pid_file = os.path.join(args.dir, "pid")
    try:
        pid = int(open(pid_file).read())
    except FileNotFoundError:
        print(f"testbed: nothing runs in {args.dir}")
        return 0
    with open(f"/proc/{pid}/cmdline", "rb") as cmdline:
        if b"testbed" not in cmdline.read():
            sys.exit(f"testbed: pid {pid} is not a testbed; remove {pid_file}")
    os.kill(pid, signal.SIGTERM)
    wait_for(lambda: not os.path.exists(f"/proc/{pid}"), 30, f"pid {pid} to exit")
    return 0


def where(_args):
    status = 0
    for name in ALL_BINARIES:
        try:
            print(f"{name:26}{find_binary(name)}")
        except MissingBinary:
            print(f"{name:26}missing")
            status = 1
    for name in SHARD_BINARIES:
        try:
            print(f"{name:26}{find_binary(name)}")
        except MissingBinary:
            print(f"{name:26}missing (only kcp in several shards needs it)")
    return status


def main():
    parser = argparse.ArgumentParser(prog="python3 -m testbed", description=__doc__)
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("up", help="start the servers, print their kubeconfigs, run until Ctrl-C")
    command.add_argument("--dir", help="directory for data and logs (default: a new one in /tmp)")
    command.add_argument("--no-kcp", action="store_true", help="start the Kubernetes cluster only")
    command.add_argument("--detach", action="store_true", help="return when ready; `down` stops it")
    command.set_defaults(run=up)
    command = commands.add_parser("down", help="stop what `up` started in a directory")
    command.add_argument("--dir", required=True)
    command.set_defaults(run=down)
    command = commands.add_parser("where", help="show which binaries would be used")
    command.set_defaults(run=where)
    args = parser.parse_args()
    try:
        return args.run(args)
    except (MissingBinary, Timeout, RuntimeError) as error:
        sys.exit(f"testbed: {error}")


if __name__ == "__main__":
    sys.exit(main())
