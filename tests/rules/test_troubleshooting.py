#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every message that trapkit-troubleshooting(7) explains is one that the program can say."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOKEN = re.compile(r'/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\])*\'|\s+|[^\s"\'/]+|.', re.S)


def messages(path):
    """The string literals of a file, neighbours joined."""
    found, now = [], ""
    for token in TOKEN.findall(path.read_text("utf-8")):
        if token.startswith('"') and len(token) > 1:
            now += token[1:-1]
        elif not token.isspace() and not token.startswith("/*"):
            found.append(now)
            now = ""
    return found


page = (ROOT / "man/trapkit-troubleshooting.7").read_text("utf-8")
keys = [key.replace("\\-", "-") for key in re.findall(r"^\.It \\\(lq(.*)\\\(rq$", page, re.M)]
said = [m for folder in ("lib", "cmd") for path in (ROOT / folder).rglob("*.c") for m in messages(path)]
missing = [key for key in keys if not any(key in message for message in said)]
print(f"{len(keys)} messages explained")
if missing or len(keys) < 20:
    print("no message has these words:", missing)
    sys.exit(1)
