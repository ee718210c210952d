#!/usr/bin/python3
"""Each row of the table of rules in tests/README.md names tests that exist: rules.py SOURCE_ROOT."""

import pathlib
import re
import sys

ROW = re.compile(r"^\| [^|]+ \| [^|]+ \| (?P<tests>[^|]+) \|$")


def main():
    root = pathlib.Path(sys.argv[1]) / "tests"
    text = (root / "README.md").read_text()
    table = text.split("## Rules and their tests", 1)[1]
    rows, missing = 0, []
    for line in table.splitlines():
        match = ROW.match(line)
        if not match or "`" not in match["tests"]:
            continue
        rows += 1
        for name in re.findall(r"`([^`]+)`", match["tests"]):
            file, _, test = name.partition("::")
            found = list(root.rglob(file))
            if not found or (test and not re.search(rf"\b{re.escape(test)}\b", found[0].read_text())):
                missing.append(name)
    if rows < 28:
        sys.exit(f"rules.py: {rows} rows read from tests/README.md, expected the 28 of syncerd-rules(7) 10 at least")
    if missing:
        sys.exit("rules.py: tests/README.md names tests that do not exist:\n  " + "\n  ".join(missing))
    print(f"{rows} rows, each with its tests")


if __name__ == "__main__":
    main()
