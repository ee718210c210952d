"""Tables in tests/README.md that name tests: `file` or `file::test`, both of which have to exist."""

import pathlib
import re


def section(root, title):
    """The rows of the table below a heading: a list of cells each, without the head."""
    text = (root / "README.md").read_text().split(f"## {title}\n", 1)[1].split("\n## ", 1)[0]
    rows = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in text.splitlines() if line.startswith("| ")]
    return rows[1:]


def tests(cell):
    return re.findall(r"`([^`]+)`", cell)


def source(root, name):
    """The text of the file of a named test, or None when one of both does not exist."""
    file, _, test = name.partition("::")
    found = [path for path in root.rglob(file) if path.is_file()]
    text = pathlib.Path(found[0]).read_text() if found else None
    return text if text is not None and re.search(rf"\b{re.escape(test)}\b", text) else None
