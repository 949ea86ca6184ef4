#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Records a terminal for the README: runs commands on a made-up card and draws what they said.

    recording.py TRAPKIT OUT.svg
"""
import html
import os
import pathlib
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "fixtures"))
from make_card import make_card  # noqa: E402

LINES = [
    "ls card/winter",
    "trapkit template --data-path card",
    "trapkit pipeline --data-path card --package-name winter --no-validate --to file:///media/usb/outbox",
    "trapkit pipeline --data-path card --package-name winter --no-validate --to file:///media/usb/outbox",
    "ls /media/usb/outbox",
]
SETTINGS = '[GENERAL]\nhost = "https://trapper.example.org"\nproject_id = 12\n[PACKAGE]\ntimezone = "Europe/Warsaw"\n'
COLUMNS, SIZE, STEP, MARGIN = 118, 12, 18, 20
STYLE = ("rect{fill:#fbfaf7}text{font:%dpx ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace;fill:#2a302b;"
         "white-space:pre}.typed{font-weight:600;fill:#3f7352}@media (prefers-color-scheme:dark){rect{fill:#161916}"
         "text{fill:#dfe4dc}.typed{fill:#8fc3a2}}" % SIZE)


def record(trapkit, folder):
    """[(line, whether it was typed)]; the outbox lies below `folder`, whatever it is called."""
    make_card(folder / "card", deployments=3, images=8, clips=1)
    (folder / "card/R0001").rename(folder / "card/winter")
    (folder / "media/usb").mkdir(parents=True)
    (folder / "settings.toml").write_text(SETTINGS)
    environment = {"PATH": f"{trapkit.parent}:/usr/bin:/bin", "HOME": str(folder), "LC_ALL": "C.UTF-8",
                   "TRAPKIT_SETTINGS_DIR": str(folder)}
    (folder / "settings.toml").rename(folder / "default.toml")
    lines = []
    for line in LINES:
        done = subprocess.run(["sh", "-c", line.replace("/media", f"{folder}/media")], cwd=folder, env=environment,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True)
        lines.append(("$ " + line, True))
        said = done.stdout.replace(f"{folder}/media", "/media").replace(str(folder), "~")
        lines += [(text, False) for text in said.splitlines() + [""]]
    return lines


def wrap(lines):
    for text, typed in lines:
        while len(text) > COLUMNS:
            cut = text.rfind(" ", 0, COLUMNS)
            yield text[:cut] + (" \\" if typed else ""), typed
            text = "    " + text[cut + 1:]
        yield text, typed


def draw(lines):
    height = 2 * MARGIN + STEP * len(lines)
    width = round(2 * MARGIN + COLUMNS * SIZE * 0.602)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">',
           f"<!-- made by tests/recording.py -->\n<style>{STYLE}</style>",
           f'<rect width="{width}" height="{height}" rx="8"/>']
    for number, (text, typed) in enumerate(lines):
        kind = ' class="typed"' if typed else ""
        out.append(f'<text x="{MARGIN}" y="{MARGIN + STEP * number + SIZE}"{kind}>{html.escape(text)}</text>')
    return "\n".join(out) + "\n</svg>\n"


def main():
    trapkit, out = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2])
    with tempfile.TemporaryDirectory() as folder:
        lines = list(wrap(record(trapkit, pathlib.Path(os.path.realpath(folder)))))
    while not re.search(r"\S", lines[-1][0]):
        lines.pop()
    out.write_text(draw(lines), "utf-8")


if __name__ == "__main__":
    main()
