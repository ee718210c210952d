#!/usr/bin/python3
"""Each row of the table of rules in tests/README.md names tests that exist: rules.py SOURCE_ROOT."""

import pathlib
import sys

from named import section, source, tests


def main():
    root = pathlib.Path(sys.argv[1]) / "tests"
    rows = [tests(row[-1]) for row in section(root, "Rules and their tests")]
    missing = [name for row in rows for name in row if source(root, name) is None]
    if len(rows) < 28:
        sys.exit(f"rules.py: {len(rows)} rows read from tests/README.md, expected the 28 of syncerd-rules(7) 10 at least")
    if missing or not all(rows):
        sys.exit("rules.py: tests/README.md names no tests, or tests that do not exist:\n  " + "\n  ".join(missing))
    print(f"{len(rows)} rows, each with its tests")


if __name__ == "__main__":
    main()
