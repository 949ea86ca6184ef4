# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds base_driver.c and runs it, for the tests that compare single functions with Python's."""
import os
import pathlib
import shlex
import subprocess

ROOT = pathlib.Path(os.environ.get("ROOT", pathlib.Path(__file__).resolve().parents[2]))
BUILD = pathlib.Path(os.environ.get("TRAPKIT_BUILD", ROOT / "build/plain"))
SCRATCH = pathlib.Path(os.environ.get("SCRATCH", "."))


def build():
    program = SCRATCH / "base_driver"
    sanitize = os.environ.get("TRAPKIT_SANITIZE", "")
    command = shlex.split(os.environ.get("CC", "cc")) + [
        "-std=c11", "-D_POSIX_C_SOURCE=200809L", "-I", str(ROOT / "include"), "-o", str(program),
        str(ROOT / "tests/cli/base_driver.c"), str(BUILD / "libtrapkit.a"), "-pthread", "-lm"]
    if sanitize:
        command.append("-fsanitize=" + sanitize)
    subprocess.run(command, check=True)


def answers(mode, given):
    if not (SCRATCH / "base_driver").exists():
        build()
    return subprocess.run([SCRATCH / "base_driver", mode], input=given, stdout=subprocess.PIPE, check=True).stdout
