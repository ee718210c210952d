#!/usr/bin/python3
"""usage: hardening.py PROGRAM...      Is each program linked and compiled as packaging/cmake/Flags.cmake asks?"""
import platform
import re
import subprocess
import sys

X86 = platform.machine() == "x86_64"


def output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def findings(program):
    """What is missing. IBT is not asked for: the start code of Debian 12's libc has no landing pads, so the linker may not claim them."""
    elf = output("readelf", "--wide", "--file-header", "--program-headers", "--dynamic", "--notes", "--dyn-syms", program)
    wanted = {
        "position independent": re.search(r"Type:\s+DYN", elf),
        "RELRO": "GNU_RELRO" in elf,
        "bound at start (full RELRO)": re.search(r"\(FLAGS\).*BIND_NOW", elf) and re.search(r"\(FLAGS_1\).*NOW", elf),
        "stack not executable": re.search(r"GNU_STACK.* RW ", elf),
        "no segment both writable and executable": not re.search(r"^\s+LOAD .* RWE ", elf, re.MULTILINE),
        "no path of its own to search libraries": not re.search(r"\((RPATH|RUNPATH)\)", elf),
        "stack protector": "__stack_chk_fail" in elf,
        "fortified calls": re.search(r"__(memcpy|snprintf|vsnprintf|fprintf|read)_chk@", elf),
    }
    if X86:
        wanted["shadow stack note"] = re.search(r"x86 feature:.*SHSTK", elf)
        wanted["landing pads in our code"] = "endbr64" in output("objdump", "--disassemble=main", program)
    return [what for what, there in wanted.items() if not there]


def main():
    bad = [(program, what) for program in sys.argv[1:] for what in findings(program)]
    for program, what in bad:
        print(f"{program}: missing: {what}")
    sys.exit(1 if bad or len(sys.argv) < 2 else 0)


if __name__ == "__main__":
    main()
