#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Numbers, sizes and dates look the same in every language of the computer: on the screen, in JSON and in files."""
import os
import pathlib
import re
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(os.environ["ROOT"]) / "tests/servers"))
from field import Field, check, run_all  # noqa: E402
import ftp_peers  # noqa: E402
from make_card import make_card  # noqa: E402

COMMANDS = [
    ("--help",), ("config", "show"), ("template", "--data-path", "DATA", "--columns", "full"), ("report", "--data-path", "DATA"),
    ("profile", "check", "DATA"), ("--json", "profile", "check", "DATA"),
    ("package", "--data-path", "DATA", "--no-validate", "--package-name", "winter"),
    ("convert", "--data-path", "DATA", "--output-path", "RENDITIONS", "--resize", "64x64"),
    ("--json", "upload", "--data-path", "DATA", "--to", "file://OUTBOX", "--limit-rate", "1.5M"),
    ("report", "--data-path", "DATA", "--timezone", "Nowhere/Land"), ("upload", "--data-path", "DATA", "--limit-rate", "1,5M"),
]


def polish(folder):
    """Settings of a computer that writes 1,5 for one and a half; None where the C library cannot make them."""
    if shutil.which("localedef") is None:
        return None
    subprocess.run(["localedef", "-i", "pl_PL", "-f", "UTF-8", str(folder / "pl_PL.UTF-8")], capture_output=True, check=False)
    # The C library's newlocale() never frees what it reads out of LOCPATH.
    leaks = os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"
    environment = {"LOCPATH": str(folder), "LC_ALL": "pl_PL.UTF-8", "LANGUAGE": "pl", "ASAN_OPTIONS": leaks}
    shown = subprocess.run(["bash", "-c", "printf %.1f 1,5"], env=dict(os.environ, **environment), capture_output=True, text=True,
                           check=False)
    return environment if shown.stdout == "1,5" else None


def everything(folder, environment):
    """[what each command said], {file: contents} of all that they made."""
    with Field(folder, ftp=False, trapper=False) as field:
        make_card(field.data, deployments=1, images=2, clips=1, messy=True)
        said = []
        for words in COMMANDS:
            words = [w.replace("DATA", str(field.data)).replace("OUTBOX", str(field.outbox)).replace(
                "RENDITIONS", str(folder / "renditions")) for w in words]
            done = field.run(*words, expect=None, **environment)
            text = f"{' '.join(words)}: {done.status}\n{done.stdout}{done.stderr}".replace(str(folder), "~")
            said.append(re.sub(r"in \d[\d.]* (s|min)\b|\d{4}-\d\d-\d\dT[\d:.]+Z", "TIME", text))
        made = {str(p.relative_to(folder)): re.sub(rb"trapkit \S+, [\d :-]+ UTC|delivered [\d :-]+ UTC", b"", p.read_bytes()).replace(
            str(folder).encode(), b"~") for p in sorted(folder.rglob("*"))
            if p.is_file() and ".trapkit" not in p.parts and "technician" not in p.parts}
    return said, made


def the_same_everywhere(scratch):
    places = {"C.UTF-8": {}, "C": {"LC_ALL": "C"}}
    comma = polish(scratch)
    if comma is not None:
        places["pl_PL"] = comma
        places["numbers"] = dict(comma, LC_ALL="", LC_NUMERIC="pl_PL.UTF-8")
    wanted = None
    for name, environment in places.items():
        folder = scratch / name
        said, made = everything(folder, environment)
        if wanted is None:
            wanted = said, made
            # That there is something to compare: a size, a position, a rate.
            check(re.search(r"\d\.\d+ (kB|MB)", "".join(said)) and any(b"52.1" in data for data in made.values()), said)
            continue
        for one, other in zip(wanted[0], said):
            check(one == other, f"{name}:\n{one}\n--- is ---\n{other}")
        check(wanted[1].keys() == made.keys() and all(made[p] == wanted[1][p] for p in made),
              f"{name}: other files: {[p for p in made if made[p] != wanted[1].get(p)]}")
    if comma is None:
        raise ftp_peers.Skip("no locale with a decimal comma can be made here: apt-get install locales")


if __name__ == "__main__":
    run_all([the_same_everywhere], os.environ["SCRATCH"])
