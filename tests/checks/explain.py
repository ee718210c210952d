#!/usr/bin/python3
"""Every condition, phase and reason that the code can give is explained, and syncerd-conditions(7) says what `syncerctl explain` says.

  explain.py SYNCERCTL SOURCE [--write]      --write: make the lists of the manual page anew
"""
import json
import pathlib
import re
import subprocess
import sys
import textwrap

PAGE = "packaging/man/syncerd-conditions.7"
BEGIN, END = '.\\" Made by tests/checks/explain.py --write.\n', '.\\" End of what is made.\n'
SECTIONS = {
    "condition": "CONDITIONS", "reason of a condition": "REASONS OF CONDITIONS", "phase of a workspace": "PHASES OF WORKSPACES",
    "reason of a phase": "REASONS OF PHASES", "state of a resource": "STATES OF RESOURCES", "reason of a resource": "REASONS OF RESOURCES",
    "reason of an object": "REASONS OF OBJECTS AND EVENTS",
}
LEADS = {
    "reason of a phase": "In status.workspaces[].reason.\n",
    "state of a resource": "In status.syncedResources[].state.\n",
    "reason of a resource": "In status.syncedResources[].reason.\n",
    "reason of an object": "As\n.Ql syncerctl dump\nand\n.Ql syncerctl events\nshow them, and the Events on the SyncTarget or on the object itself.\n",
}

# Where reasons come from: each word in quotes that is written like one is explained, or stands here as something else.
SOURCES = ("supervisor/*.c", "supervisor/status/*.c", "supervisor/plan/*.c", "supervisor/process/*.c", "supervisor/control/verbs_show.c",
           "supervisor/ctl/watch.c",
           "workers/engine/*.c", "proto/report.c", "common/kube/event.c")
OTHER = {
    "kinds of the APIs": "ConfigMap Secret SyncTarget Event Status Namespace DeleteOptions Background",
    "types of Events, severities and statuses": "Normal Warning Error Info True False Unknown",
    "rules": "Delete Orphan Apply Update Sync",
    "modes": "Direct",
    "actions and events of workers (debugging)": "Slot StartFailed Hello HelloLate HelloNever Silent Behind Misbehaved Restart Unwanted StopLate "
                                                 "ExitUnasked ExitRestart ExitUnwanted Retry",
    "states of a worker's process": "Idle Running Stopping Killing Backoff Gone",
    "steps of an object (debugging)": "None GetUpstream GetDownstream AddFinalizer Create RenameOperation Status ResetStatus Forget Release "
                                      "AwaitDeletion",
    "types of Secrets": "Opaque",
    "states of an upgrade": "Rolling Stopped",
}
WORD = re.compile(r'"([A-Z][a-z]+(?:[A-Z]+[a-z]*)*|API[A-Z][A-Za-z]+)"')


def explained(program):
    done = subprocess.run([program, "explain", "--output", "json"], capture_output=True, text=True, timeout=20, check=True)
    return json.loads(done.stdout)


def mdoc(text):
    """Filled lines, each sentence on a new one; none of them may begin as a request."""
    lines = [line for sentence in re.split(r"(?<=\.) ", text)
             for line in textwrap.wrap(sentence, 78, break_on_hyphens=False, break_long_words=False)]
    assert not any(line.startswith((".", "'")) or "\\" in line for line in lines), text
    return "\n".join(lines) + "\n"


def entry(row):
    words = [word.strip(",") for word in row["of"].split()]
    of = " , ".join(words)
    head = f".It Ic {row['name']}" + (f" Pq {of}{' : ' + row['level'] if row['level'] else ''}" if of else "") + "\n"
    return head + mdoc(row["meaning"]) + (".br\n" + mdoc(row["action"]) if row["action"] else "")


def lists(rows):
    out = BEGIN
    for topic, title in SECTIONS.items():
        out += f".Sh {title}\n" + LEADS.get(topic, "") + ".Bl -tag -width Ds\n"
        out += "".join(entry(row) for row in rows if row["topic"] == topic) + ".El\n"
    return out + END


def literals(source):
    """{word: first file} of all words in quotes that look like a reason."""
    found = {}
    for pattern in SOURCES:
        for path in sorted(source.glob(pattern)):
            for word in WORD.findall(path.read_text()):
                found.setdefault(word, path.relative_to(source))
    return found


def check_code(rows, source):
    words, names = literals(source), {row["name"] for row in rows}
    other = {word for line in OTHER.values() for word in line.split()}
    yield from (f"{path}: {word} is not explained (supervisor/ctl/explain_*.c), nor named in this check as something else"
                for word, path in words.items() if word not in names and word not in other)
    yield from (f"syncerctl explain: {name} is nothing that the code says" for name in sorted(names) if name not in words)
    yield from (f"this check: {word} is named as something else for nothing" for word in sorted(other) if word in names or word not in words)


def check_rows(rows):
    topics = {topic: {row["name"] for row in rows if row["topic"] == topic} for topic in SECTIONS}
    owners = {"reason of a condition": "condition", "reason of a phase": "phase of a workspace", "reason of a resource": "state of a resource"}
    seen = set()
    for row in rows:
        name, topic = row["name"], row["topic"]
        if (name, topic) in seen:
            yield f"{name} is explained twice as a {topic}"
        seen.add((name, topic))
        if topic in owners:
            yield from (f"{name}: there is no {owners[topic]} {of}" for of in row["of"].split(", ") if of not in topics[owners[topic]])
        for text in (row["meaning"], row["action"]):
            if text and (not text.endswith(".") or '"' in text or "\\" in text):
                yield f"{name}: not a sentence: {text}"


def main():
    source = pathlib.Path(sys.argv[2])
    rows, page = explained(sys.argv[1]), source / PAGE
    text = page.read_text()
    head, _, rest = text.partition(BEGIN)
    wanted = head + lists(rows) + rest.partition(END)[2]
    if "--write" in sys.argv[3:]:
        page.write_text(wanted)
        return 0
    findings = [*check_rows(rows), *check_code(rows, source)]
    if text != wanted:
        findings.append(f"{PAGE} does not say what syncerctl explain says: tests/checks/explain.py SYNCERCTL SOURCE --write")
    print("\n".join(findings) or f"{len(rows)} entries agree with the manual and the code")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
