#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""kill -9 at any moment of `export --local`, then to the end: a package is whole or not there, and its bytes are those of an undisturbed run.

At random moments, and, where strace can run, before each change that the program makes to the folder.
By hand with more: KILL_IMAGES=20000 KILL_TIMES=40 KILL_SEED=1 make check ONLY=export_kill
A failing run names its seed.
"""
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import time

ROOT = pathlib.Path(os.environ["ROOT"])
sys.path[:0] = [str(ROOT / "tests/servers"), str(ROOT / "tests/fixtures")]
from field import TRAPKIT, check, run_all  # noqa: E402
from make_card import make_card  # noqa: E402

IMAGES = int(os.environ.get("KILL_IMAGES", "300"))
TIMES = int(os.environ.get("KILL_TIMES", "6"))
SEED = int(os.environ.get("KILL_SEED") or time.time_ns() % 100_000)
METADATA = """title = "Killed"
[[contributors]]
title = "Ann Ypsilon"
[[licenses]]
scope = "data"
name = "CC0-1.0"
[[licenses]]
scope = "media"
name = "CC0-1.0"
[project]
title = "Killed"
samplingDesign = "targeted"
captureMethod = ["activityDetection"]
individualAnimals = false
"""
KINDS = [("package.zip", ()), ("with.zip", ("--copy-media",)), ("linked", ()), ("copied", ("--copy-media", "--export-filetype", "csv"))]


def fill(folder):
    files = make_card(folder / "data", deployments=2, images=IMAGES // 2, clips=0, pixels=(64, 48))
    deployments = sorted({file["path"].split("/")[1] for file in files})
    (folder / "data/metadata.toml").write_text(METADATA)
    (folder / "data/deployments.csv").write_text("deploymentID,latitude,longitude,deploymentStart,deploymentEnd\n" + "".join(
        f"{name},52,23,2024-01-01,2025-01-01\n" for name in deployments))
    images = [{"file": file["path"], "detections": [{"category": "1", "conf": 0.9, "bbox": [0.1, 0.2, 0.3, 0.4]}] * (number % 3)}
              for number, file in enumerate(files)]
    (folder / "md.json").write_text(json.dumps({"images": images, "detection_categories": {"1": "animal"},
                                                "info": {"format_version": "1.6", "detector": "md_v5a.0.1.pt"}}))


def export(folder, output, *options):
    return [TRAPKIT, "export", "--local", "--data-path", folder / "data", "--timezone", "UTC", "--detections", folder / "md.json",
            "--output", output, *options]


def contents(output):
    """{name: bytes} of all that is there; of a ZIP its bytes."""
    if output.suffix == ".zip":
        return {output.name: output.read_bytes()} if output.exists() else {}
    return {str(path.relative_to(output)): path.read_bytes() for path in output.rglob("*") if path.is_file()}


def visible(found):
    return {name: data for name, data in found.items() if not pathlib.PurePath(name).name.startswith(".")}


def is_whole_or_not_there(output, wanted, when):
    """A folder is a package by its descriptor; files without one may be some of those to come, but no others."""
    found = visible(contents(output))
    if output.suffix == ".zip" or "datapackage.json" in found:
        check(found in ({}, wanted), f"{when}: {output.name} is neither whole nor missing: {found.keys() ^ wanted.keys()}")
    check(found.items() <= wanted.items(), f"{when}: {output.name} holds others: {set(found) - set(wanted)}")


def finish(folder, output, options, wanted, when):
    done = subprocess.run(export(folder, output, *options, "-q"), capture_output=True, text=True, check=False)
    check(done.returncode == 0, f"{when}: {done.returncode} {done.stderr}")
    check(contents(output) == wanted, f"{when}: {output.name} differs from an undisturbed run: {contents(output).keys() ^ wanted.keys()}")
    left = [path.name for path in output.parent.iterdir() if ".trapkit" in path.name]
    check(left == [], f"{when}: left behind: {left}")


def undisturbed(folder):
    """{kind: contents}, and the seconds of each."""
    (folder / "calm").mkdir()
    wanted, seconds = {}, {}
    for name, options in KINDS:
        began = time.monotonic()
        subprocess.run(export(folder, folder / "calm" / name, *options, "-q"), check=True)
        seconds[name] = time.monotonic() - began
        wanted[name] = contents(folder / "calm" / name)
        subprocess.run([TRAPKIT, "validate", "-q", folder / "calm" / name], check=True, stdout=subprocess.DEVNULL)
    return wanted, seconds


def killed_at_any_moment(scratch):
    chance = random.Random(SEED)
    fill(scratch)
    wanted, seconds = undisturbed(scratch)
    for name, options in KINDS:
        output, ends = scratch / "killed" / name, []
        output.parent.mkdir()
        for _ in range(TIMES):
            process = subprocess.Popen(export(scratch, output, *options, "-q"), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
            time.sleep(chance.uniform(0, seconds[name]))
            process.send_signal(signal.SIGKILL)
            said = process.communicate()[1]
            check(process.returncode in (-signal.SIGKILL, 0), f"seed {SEED}: {process.returncode} {said}")
            ends.append(process.returncode)
            is_whole_or_not_there(output, wanted[name], f"seed {SEED}")
        finish(scratch, output, options, wanted[name], f"seed {SEED}")
        shutil.rmtree(output.parent)
        print(f"seed {SEED}: {name}: undisturbed {seconds[name]:.2f} s; ends of the killed runs: {ends}")


def strace_runs():
    """Not with the sanitizers: they cannot look for leaks in a traced process."""
    return not os.environ.get("TRAPKIT_SANITIZE") and shutil.which("strace") is not None and subprocess.run(
        ["strace", "-o", "/dev/null", "true"], capture_output=True, check=False).returncode == 0


def older_package(folder, output):
    """Another package, none of whose files is the same, which the killed run is to replace."""
    subprocess.run(export(folder, output, "--export-filetype", "csv", "--no-media", "--coordinate-precision", "0.5", "--exclude-blank",
                          "-q"), check=True)
    return contents(output)


def is_old_or_new(output, old, new, when):
    found = visible(contents(output))
    if output.suffix == ".zip":
        check(found in (old, new), f"{when}: neither the old package nor the new one")
    elif "datapackage.json" in found:
        check(found == old or found.items() >= new.items(), f"{when}: a descriptor beside tables that are not its own")


def killed_before_each_change(scratch):
    if not strace_runs():
        print("strace cannot run here: killed at random moments only")
        return
    fill(scratch)
    options = ("--overwrite", "--no-media", "--export-filetype", "csv")
    for name in "package.zip", "folder":
        output, count = scratch / "out" / name, 0
        output.parent.mkdir(exist_ok=True)
        old = older_package(scratch, output)
        subprocess.run(export(scratch, output, *options, "-q"), check=True)
        new = contents(output)
        check(not old.items() & new.items(), "the packages share a file")
        for call in "rename", "unlink", "fsync":
            for number in range(1, 100):
                shutil.rmtree(output.parent)
                output.parent.mkdir()
                older_package(scratch, output)
                done = subprocess.run(["strace", "-f", "-o", "/dev/null", "-e", f"inject={call}:signal=SIGKILL:when={number}",
                                       *export(scratch, output, *options, "-q")], capture_output=True, check=False)
                if done.returncode == 0:
                    break
                check(done.returncode == -signal.SIGKILL, f"{call} {number}: {done.returncode} {done.stderr.decode()}")
                is_old_or_new(output, old, new, f"{name}, {call} {number}")
                finish(scratch, output, options, new, f"{name}, {call} {number}")
                count += 1
        check(count > 3, f"{name}: only {count} changes")
        print(f"{name}: killed before {count} changes")


run_all([killed_at_any_moment, killed_before_each_change], os.environ["SCRATCH"])
