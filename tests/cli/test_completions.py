#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The committed completions, loaded into the real bash, zsh and fish."""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

from frontend import SCRATCH, check, end, environment

ROOT = pathlib.Path(os.environ["ROOT"])
FOLDER = ROOT / "completions"
for name in ("bash", "zsh", "fish"):
    if not shutil.which(name):
        print(f"{name} is not installed")
        sys.exit(77)

(SCRATCH / "data-folder").mkdir()
(SCRATCH / "data-file").write_text("")
(SCRATCH / "My card").mkdir()

# Words so far, the last one being completed; what must be offered, and what must not.
CASES = [
    (["trapkit", "con"], {"config", "convert"}, {"path"}),
    (["trapper-tools", "con"], {"config", "convert"}, set()),
    (["trapkit", "config", "s"], {"show", "set"}, {"config"}),
    (["trapkit", "config", "show", "--or"], {"--origin"}, {"--overwrite"}),
    (["trapkit-config", "s"], {"show", "set"}, {"config"}),
    (["trapkit-config", "show", "--or"], {"--origin"}, {"--overwrite"}),
    (["trapkit", "-v", "--jobs", "4", "config", "ch"], {"check"}, set()),
    (["trapkit", "--progress", "a"], {"auto", "always"}, {"json"}),
    (["trapkit", "config", "--dry"], {"--dry-run"}, set()),
    (["trapkit", "convert", "--data-path", "data-"], {"data-folder"}, {"data-file"}),
    (["trapkit", "convert", "--ignore"], {"--ignore-dst"}, set()),
    (["trapkit", "rep"], {"report"}, {"upload"}),
    (["trapkit", "traplinked-sync", "--format", "g"], {"geojson"}, {"csv"}),
    (["trapkit-report", "--det"], {"--detections"}, {"--overwrite"}),
]


def run(*command, text=""):
    done = subprocess.run(command, input=text, capture_output=True, text=True, cwd=SCRATCH, timeout=60, check=False,
                          env=environment(XDG_CONFIG_HOME=str(SCRATCH), XDG_DATA_HOME=str(SCRATCH), TERM="xterm"))
    check(done.stderr == "", f"{command[0]}: {done.stderr}")
    return done.stdout


def judge(shell, words, wanted, unwanted, offered):
    offered = {word.rstrip("/") for word in offered}
    check(wanted <= offered and not unwanted & offered, f"{shell}: {words}: offered {sorted(offered)}")


def test_bash():
    script = ('source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _trapkit 2>/dev/null; '
              'printf "%s\\n" "${COMPREPLY[@]}"')
    for words, wanted, unwanted in CASES + [(["trapkit", "--color", "=", "n"], {"never"}, {"auto"})]:
        judge("bash", words, wanted, unwanted,
              run("bash", "-c", script, "bash", str(FOLDER / "trapkit.bash"), *words).splitlines())
    for name in ("trapkit", "trapper-tools", "trapkit-config"):
        out = run("bash", "-c", f'source "{FOLDER}/trapkit.bash"; complete -p {name}')
        check("-F _trapkit" in out, f"bash: complete -p {name}: {out}")


def test_fish():
    for words, wanted, unwanted in CASES:
        out = run("fish", "-c", f"source {FOLDER}/trapkit.fish; complete -C '{' '.join(words)}'")
        offered = [line.split("\t")[0] for line in out.splitlines()]
        # Newer versions name words that merely hold the letters, too, and complete none of them while one begins so.
        judge("fish", words, wanted, unwanted, [word for word in offered if word.startswith(words[-1])])


# zsh completes only on a terminal: a pseudo-terminal of its own, and what it draws is read.
ZSH = r"""
zmodload zsh/zpty
zpty -b z zsh -f -i
zpty -w z "unsetopt zle_bracketed_paste; PS1=; fpath=($1 \$fpath); autoload -U compinit; compinit -u -d $2/dump"
zpty -w z "bindkey '^I' complete-word; LISTMAX=9999; setopt nobeep; cd $2; print REA''DY"
for try in {1..100}; do zpty -r -t z part && seen+=$part; [[ $seen == *READY* ]] && break; sleep 0.05; done
seen=
zpty -w -n z "$3"$'\t'
for try in {1..100}; do
    while zpty -r -t z part; do seen+=$part; quiet=0; done
    (( ${#seen} > ${#3} + 2 && quiet++ > 6 )) && break
    sleep 0.05
done
print -r -- "$seen"
zpty -d z
"""


def test_names_with_spaces():
    """One name, not two, and quoted where it is put into the line."""
    words = ["trapkit", "report", "--data-path", "My"]
    script = 'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=3; _trapkit 2>/dev/null; printf "%s\\n" "${COMPREPLY[@]}"'
    out = run("bash", "-c", script, "bash", str(FOLDER / "trapkit.bash"), *words)
    check(out == "My card\n", f"bash: {out}")
    out = run("fish", "-c", f"source {FOLDER}/trapkit.fish; complete -C '{' '.join(words)}'")
    check(out.split("\t")[0].strip() in ("My card/", "My\\ card/"), f"fish: {out}")
    out = run("zsh", "-f", "-c", ZSH, "zsh", str(FOLDER), str(SCRATCH), " ".join(words))
    check("My\\ card" in out, f"zsh: {out!r}")


def test_zsh():
    for words, wanted, unwanted in CASES:
        out = run("zsh", "-f", "-c", ZSH, "zsh", str(FOLDER), str(SCRATCH), " ".join(words))
        out = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", " ", out).replace("\r", " ")
        out = out.replace(" ".join(words) + "\n", "", 1)
        offered = {word for line in out.splitlines() for word in line.split()}
        offered -= {word for word in words if word not in wanted}
        # A single match is put into the line, several are listed.
        judge("zsh", words, wanted, unwanted, offered)


began = time.monotonic()
test_bash()
test_fish()
test_zsh()
test_names_with_spaces()
print(f"{time.monotonic() - began:.1f} s")
end()
