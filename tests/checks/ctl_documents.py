#!/usr/bin/python3
"""syncerctl's commands and options are the same in --help, in the manual page and in both completions.

  ctl_documents.py SYNCERCTL PACKAGING
"""
import functools
import pathlib
import re
import subprocess
import sys

ALWAYS = {"--help", "--usage", "--version"}
SIDED = {"install": ("kcp", "cluster"), "uninstall": ("kcp", "cluster"), "describe": ("workspace", "object"), "upgrade": ("check",)}  # commands with several forms


class Program:
    def __init__(self, path):
        self.path = path
        text = self.help()
        self.commands = dict(re.findall(r"^  ([a-z-]+) +(\S.*)$", text.split("\nCommands:\n")[1].split("\n\n")[0], re.MULTILINE))
        self.common = options(text)

    @functools.cache
    def help(self, *words):
        done = subprocess.run([self.path, *words, "--help"], capture_output=True, text=True, timeout=20, check=True)
        return done.stdout

    def forms(self):
        """Each command, and both forms of those that have two."""
        return [(name,) for name in self.commands if name not in SIDED] + [(name, target) for name, targets in SIDED.items() for target in targets]


def options(text):
    """Long options of a --help text, with their short letters: {"--output": "-o", "--apply": None}."""
    return {long: short or None for short, long in re.findall(r"^  +(?:(-.), )? *(--[a-z][a-z-]*)", text, re.MULTILINE)}


def words_in(text):
    return set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", text))


def manual_options(text):
    return {"-" + word for word in re.findall(r"Fl (-[a-z][a-z-]*)", text)}


def manual_sections(text):
    """What the manual says of each command: {("install", "kcp"): text}."""
    body = text.split("The commands are:", 1)[1].split("\n.Sh ", 1)[0]
    found = {}
    for item in re.split(r"^\.It (?=Ic )", body, flags=re.MULTILINE)[1:]:
        words = re.match(r"Ic ([\w-]+)(?: Cm (\w+))?", item)
        found[tuple(word for word in words.groups() if word)] = item
    return found


class Findings(list):
    def equal(self, where, said, wanted):
        for word in sorted(set(wanted) - set(said)):
            self.append(f"{where}: {word} is missing")
        for word in sorted(set(said) - set(wanted)):
            self.append(f"{where}: {word} is no such thing")


def check_manual(program, text, findings):
    sections = manual_sections(text)
    findings.equal("manual, commands", [" ".join(form) for form in sections], [" ".join(form) for form in program.forms()])
    for form in set(sections) & set(program.forms()):
        own = set(options(program.help(*form))) - set(program.common) - ALWAYS
        findings.equal(f"manual, {' '.join(form)}", manual_options(sections[form]), own)
    general = text.split("The options are:", 1)[1].split("The commands are:", 1)[0]
    findings.equal("manual, options", manual_options(general), program.common)
    for long, short in program.common.items():
        if short and f"Fl {short[1:]} , Fl {long[1:]}" not in general and short != "-?":
            findings.append(f"manual, options: {short} is missing beside {long}")
    for code, name in enumerate(("success", "failed", "usage", "incomplete", "waiting", "not found", "unreachable", "timeout")):
        if not re.search(rf"^\.It {code}$", text, re.MULTILINE):
            findings.append(f"manual, exit status: {code} ({name}) is missing")


def bash_branch(text, command):
    """The branch of the completion's last case statement for a command."""
    branches = text.split("case $command in", 1)[1]
    match = re.search(rf"^\t(?:[a-z]+ \| )*{command}(?: \| [a-z]+)*\)\n(.*?)\n\t\t;;", branches, re.MULTILINE | re.DOTALL)
    return match.group(1) if match else ""


def check_bash(program, text, findings):
    commands = re.search(r"local commands='([^']*)'", text).group(1).split()
    common = words_in(re.search(r"local common='([^']*)'", text).group(1))
    findings.equal("bash, commands", commands, program.commands)
    findings.equal("bash, options", common, set(program.common) - {"--usage"})
    for form in program.forms():
        branch = bash_branch(text, form[0])
        said = words_in(branch)
        if form[0] in SIDED:
            own = re.search(rf"\t{form[1]}\) (.*?);;", branch)
            said = words_in(own.group(1)) if own else set()
        wanted = set(options(program.help(*form))) - set(program.common)
        if form in ((name,) for name in ("restart", "approve", "pause", "resume", "dump")):
            said -= {"--follow"}  # the branch is shared with events
        findings.equal(f"bash, {' '.join(form)}", said, wanted)


def check_zsh(program, text, findings):
    common = words_in(text.split("common=(", 1)[1].split("\n\t)", 1)[0])
    listed = text.split("commands=(", 1)[1].split("\n\t)", 1)[0].replace("'\\''", "\u2019")
    entries = dict(re.findall(r"'([a-z-]+):([^']*)'", listed))
    findings.equal("zsh, options", common, set(program.common) - {"--usage"})
    findings.equal("zsh, commands", entries, program.commands)
    for name, summary in program.commands.items():
        if entries.get(name, "").replace("\u2019", "'") != summary:
            findings.append(f"zsh, {name}: says '{entries.get(name)}', --help says '{summary}'")
    cases = text.split("case $words[1] in", 1)[1]
    for form in program.forms():
        branch = re.search(rf"^\t\t(?:[a-z]+ \| )*{form[0]}(?: \| [a-z]+)*\)(.*?);;", cases, re.MULTILINE | re.DOTALL)
        said = words_in(branch.group(1)) if branch else set()
        if form[0] in SIDED:
            own = re.search(rf"\b{form[0]}_{form[1]}=\((.*?)\n\t+\)", text, re.DOTALL)
            said = words_in(own.group(1)) if own else set()
        findings.equal(f"zsh, {' '.join(form)}", said, set(options(program.help(*form))) - set(program.common))


def main():
    program, packaging = Program(sys.argv[1]), pathlib.Path(sys.argv[2])
    findings = Findings()
    check_manual(program, (packaging / "man" / "syncerctl.1").read_text(), findings)
    check_bash(program, (packaging / "completions" / "syncerctl.bash").read_text(), findings)
    check_zsh(program, (packaging / "completions" / "_syncerctl").read_text(), findings)
    print("\n".join(findings) or f"{len(program.forms())} commands agree with the manual and the completions")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
