"""What the systemd units promise each other: a bad configuration is given up, and whoever may use the metrics' socket can reach it.

units.py SOURCE-ROOT
"""
import pathlib
import re
import sys


def settings(path):
    """{key: last value} of a unit file."""
    return dict(re.findall(r"^([A-Za-z]+)=(.*)$", path.read_text(), re.MULTILINE))


def seconds(text):
    number, unit = re.fullmatch(r"(\d+)(s|min)", text).groups()
    return int(number) * {"s": 1, "min": 60}[unit]


def main(root):
    systemd = pathlib.Path(root) / "packaging" / "systemd"
    service, control = settings(systemd / "syncerd.service.in"), settings(systemd / "syncerd-control.socket")
    burst = int(service.get("StartLimitBurst", 5))
    needed = burst * seconds(service["RestartSec"])
    limit = seconds(service.get("StartLimitIntervalSec", "10s"))
    # ExecStartPre is not covered by RestartPreventExitStatus: only the limit ends its failures.
    assert needed < limit, f"{burst} starts take {needed} s: in {limit} s there are never so many, and a bad configuration is tried for ever"
    mode = service["RuntimeDirectoryMode"]
    assert int(mode, 8) & 0o077 == 0o010, f"/run/syncerd has mode {mode}: its group must pass to metrics.sock, and nobody else"
    assert control["DirectoryMode"] == mode, "syncerd-control.socket makes it with another mode"
    line = next(line for line in (systemd / "syncerd.tmpfiles.conf").read_text().splitlines() if line.startswith("d /run/syncerd "))
    assert line.split()[2] == mode, f"{line!r} makes it with another mode"


if __name__ == "__main__":
    main(sys.argv[1])
