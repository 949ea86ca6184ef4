#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""House style that a compiler does not see: first lines, lengths, forbidden functions, formatting."""
import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
FORBIDDEN = re.compile(r"\b(strcpy|strcat|sprintf|vsprintf|strtok|atoi|atol|atof|gmtime|localtime|gets|tmpnam)\s*\(")


def is_table(path):
    """Generated tables are exempt from lengths and formatting."""
    return path.name.endswith("_table.h")


bad = []


def complain(path, number, text):
    bad.append(f"{path.relative_to(ROOT)}:{number}: {text}")


def without_comments(text):
    def blank(match):
        return re.sub(r"[^\n]", " ", match[0])
    return re.sub(r'"(?:\\.|[^"\\\n])*"|/\*.*?\*/|//[^\n]*', blank, text, flags=re.S)


def check_functions(path, lines):
    start = None
    for number, line in enumerate(lines, 1):
        if line.startswith("{"):
            start = number
        elif line.startswith("}") and start:
            if number - start - 1 > 60:
                complain(path, start, f"function of {number - start - 1} lines; 60 is the most")
            start = None


def check_source(path):
    relative = str(path.relative_to(ROOT))
    lines = path.read_text("utf-8").splitlines()
    if len(lines) < 2 or "SPDX-License-Identifier: GPL-3.0-or-later" not in "".join(lines[:2]):
        complain(path, 1, "no SPDX line")
    if not any(line.lstrip().startswith(("/*", "//", " *", "*")) for line in lines[1:4]):
        complain(path, 2, "the lines after the first do not say what the file is for")
    if is_table(path):
        return
    product = not relative.startswith("tests/")
    if len(lines) > 600 and product:
        complain(path, len(lines), f"{len(lines)} lines; 600 is the most")
    code = without_comments("\n".join(lines)).splitlines()
    for number, line in enumerate(code, 1):
        found = FORBIDDEN.search(line)
        if found:
            complain(path, number, f"{found[1]}() is not used here")
    for number, line in enumerate(lines, 1):
        if len(line.expandtabs(8)) > 100:
            complain(path, number, "over 100 columns")
        if line != line.rstrip():
            complain(path, number, "blanks at the end")
    if product:
        check_functions(path, code)


def check_format(sources):
    formatter = shutil.which("clang-format-14") or shutil.which("clang-format")
    version = subprocess.run([formatter, "--version"], capture_output=True, text=True).stdout if formatter else ""
    if " version 14." not in version:
        print("formatting not compared: clang-format 14 is not installed")
        return
    run = subprocess.run([formatter, "--dry-run", "-Werror", *(path for path in sources if not is_table(path))],
                         capture_output=True, text=True)
    for path in sorted({line.split(":")[0] for line in run.stderr.splitlines() if ": error: " in line}):
        complain(pathlib.Path(path), 1, "not formatted: run clang-format -i")
    if run.returncode and not bad:
        bad.append(f"clang-format failed: {run.stderr[:300]}")


def check_addresses():
    """Nothing of one machine, and no address of a package registry, belongs into the project."""
    tracked = subprocess.run(["git", "ls-files", "-z"], capture_output=True, cwd=ROOT).stdout.split(b"\0")
    for name in filter(None, tracked):
        path = ROOT / name.decode("utf-8", "surrogateescape")
        if not path.is_file() or path.name == "LICENSE" or path == pathlib.Path(__file__).resolve():
            continue
        data = path.read_bytes()
        if b"\0" in data and "corpus" not in path.parts:
            complain(path, 1, "binary file outside a fuzz corpus")
        for number, line in enumerate(data.split(b"\n"), 1):
            if re.search(rb"/work/|deb\.debian\.org|registry\.npmjs|pypi\.org", line):
                complain(path, number, "a path of one machine or the address of a registry")


TOP = set("cmd lib include man completions tests .ci Makefile README.md LICENSE HACKING.md NEWS.md "
          "config.example.toml .clang-format .editorconfig .gitignore".split())
# A tarball has no history to ask.
if not shutil.which("git") or not (ROOT / ".git").exists():
    print("top level, binary files and addresses not checked: no git, or no checkout")
    TOP = None
for top in [] if TOP is None else subprocess.run(["git", "ls-tree", "--name-only", "HEAD"], capture_output=True, text=True,
                          cwd=ROOT).stdout.splitlines():
    if top not in TOP:
        complain(ROOT / top, 1, "does not belong at the top level")

files = sorted(p for folder in ("cmd", "lib", "include", "tests") for p in (ROOT / folder).rglob("*")
               if p.suffix in (".c", ".h", ".cpp"))
for file in files:
    check_source(file)
check_format(files)
if TOP is not None:
    check_addresses()
print(f"{len(files)} files read")
print("\n".join(bad))
sys.exit(1 if bad or not files else 0)
