#!/usr/bin/python3
"""Every reason that a condition can have is broken by a test: ready.py SYNCERCTL SOURCE_ROOT.

The table in tests/README.md has a row for each pair of condition and reason of `syncerctl explain`; each of its tests exists, in a file that has
the reason in it. And each reason in the sources of conditions is explained as one of a condition.
"""

import pathlib
import re
import sys

from explain import OTHER, WORD, explained
from named import section, source, tests

SOURCES = ("supervisor/status/conditions.c", "supervisor/status/assess_notes.c", "supervisor/ctl/watch.c")


def pairs(rows):
    """{(condition, reason)} as explained. Ready's own are those of the others, but for what only syncerctl says."""
    found = {(of, row["name"]) for row in rows if row["topic"] == "reason of a condition" for of in row["of"].split(", ")}
    return {(of, name) for of, name in found if of != "Ready" or (of, name) == ("Ready", "AsExpected") or len([1 for _, n in found if n == name]) == 1}


def unexplained(rows, root):
    conditions = {row["name"] for row in rows if row["topic"] in ("condition", "reason of a condition")}
    other = {word for line in OTHER.values() for word in line.split()}
    for path in SOURCES:
        yield from (f"{path}: {word} is not explained as a reason of a condition"
                    for word in sorted(set(WORD.findall((root / path).read_text())) - conditions - other))


def check_row(root, row):
    condition, reason, named = row[0], row[1], tests(row[-1])
    if not named:
        yield f"{condition} {reason}: no test is named"
    for name in named:
        text = source(root, name)
        if text is None:
            yield f"{condition} {reason}: there is no {name}"
        elif not re.search(rf"\b{reason}\b", text):
            yield f"{condition} {reason}: {name} is in a file that does not know {reason}"


def main():
    root = pathlib.Path(sys.argv[2])
    rows, table = explained(sys.argv[1]), section(root / "tests", "Ready's inputs and their tests")
    wanted, seen = pairs(rows), {(row[0], row[1]) for row in table}
    findings = [f"{condition} {reason} has no row in tests/README.md" for condition, reason in sorted(wanted - seen)]
    findings += [f"tests/README.md: {condition} {reason} is nothing that syncerctl explain says" for condition, reason in sorted(seen - wanted)]
    findings += [finding for row in table for finding in check_row(root / "tests", row)]
    findings += unexplained(rows, root)
    print("\n".join(findings) or f"{len(table)} reasons of conditions, each with its tests")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
