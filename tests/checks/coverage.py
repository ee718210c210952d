#!/usr/bin/python3
"""Line coverage of each folder, from what the programs of a build tree have left behind since it was compiled.

usage: coverage.py [BUILD]      BUILD = a tree of the preset coverage (default: build/coverage)

  cmake --preset coverage && cmake --build --preset coverage && ctest --test-dir build/coverage && tests/checks/coverage.py
"""
import collections
import json
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDERS = ("common", "proto", "supervisor", "workers")


def lines_of(notes):
    """{(file, line): was it run} of one object file; one that was never run has no counts, which gcov takes for zero."""
    with tempfile.TemporaryDirectory() as scratch:
        done = subprocess.run(["gcov", "--json-format", "--stdout", str(notes)], cwd=scratch, capture_output=True, check=True)
    found = {}
    for text in done.stdout.splitlines():
        for source in json.loads(text)["files"]:
            for line in source["lines"]:
                key = (source["file"], line["line_number"])
                found[key] = found.get(key, False) or line["count"] > 0
    return found


def main():
    build = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "build" / "coverage"
    run = {}
    for notes in (path for folder in FOLDERS for path in (build / folder).rglob("*.gcno")):
        for key, hit in lines_of(notes).items():
            run[key] = run.get(key, False) or hit
    if not run:
        sys.exit(f"coverage: {build} is no tree of the preset coverage")
    folders = collections.defaultdict(lambda: [0, 0])
    for (name, _), hit in run.items():
        path = pathlib.Path(name)
        folder = str(path.relative_to(ROOT).parent) if path.is_relative_to(ROOT) else None
        for key in (folder, "total") if folder and folder.split("/")[0] in FOLDERS else ():
            folders[key][0] += hit
            folders[key][1] += 1
    for folder, (hit, lines) in sorted(folders.items(), key=lambda row: (row[0] == "total", row[0])):
        print(f"{folder:24} {hit:6} of {lines:6} lines  {100 * hit / lines:5.1f} %")


if __name__ == "__main__":
    main()
