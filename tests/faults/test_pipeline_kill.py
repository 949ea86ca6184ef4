#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""kill -9 at any moment, twenty times, and to the end each time: the same bytes as undisturbed, nothing processed twice.

By hand with more: KILL_IMAGES=1000 KILL_SIZE=2500000 KILL_TIMES=20 KILL_SEED=1 make check ONLY=pipeline_kill
(the default is small enough for every day). A failing run names its seed.
"""
import hashlib
import os
import pathlib
import random
import shutil
import signal
import sys
import time

sys.path.insert(0, str(pathlib.Path(os.environ["ROOT"]) / "tests/servers"))
from field import Field, check, run_all  # noqa: E402
from make_card import make_card  # noqa: E402

IMAGES = int(os.environ.get("KILL_IMAGES", "32"))
SIZE = int(os.environ.get("KILL_SIZE", "25000"))
TIMES = int(os.environ.get("KILL_TIMES", "20"))
SEED = int(os.environ.get("KILL_SEED") or time.time_ns() % 100_000)
PARTS = 4
LIMIT = max(600, IMAGES * SIZE // 10_000_000)


def digest(file):
    with open(file, "rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def contents(folder):
    """Names and digests of what was made, here or there: without times, our own memory, and the card itself."""
    return {file.name: digest(file) for file in pathlib.Path(folder).iterdir() if file.is_file()}


def stamps(folder):
    return {file.name: file.stat().st_mtime_ns for file in pathlib.Path(folder).iterdir() if file.is_file()}


def world(collection="R0001"):
    return {"deployments": [{"deploymentID": f"{collection.lower()}-loc0{n}_01", "locationID": f"32_0{n}", "project": 5}
                            for n in (1, 2)]}


def words(field, *more):
    return ["pipeline", "--data-path", field.data, "--package-name", "season", "--max-size",
            str(IMAGES * SIZE // PARTS + 2000), *more]


def card(scratch, folder):
    """Made once: every run reads the same files."""
    if not (scratch / "card").exists():
        make_card(scratch / "card", deployments=2, images=IMAGES // 2, clips=0, size=SIZE)
    shutil.copytree(scratch / "card", folder, copy_function=os.link)


def undisturbed(scratch):
    """What is there in the end, here and there, how many requests it took, and how many seconds."""
    with Field(scratch / "calm", world=world()) as field:
        card(scratch, field.data)
        began = time.monotonic()
        field.run(*words(field, "--trigger"), timeout=LIMIT)
        whole = time.monotonic() - began
        return contents(field.data), contents(field.ftp.files), len(field.processed()), whole


def kill_often(field, chance, whole, times):
    """Starts it again and again and kills it, until it ends by itself or was killed so often; the number of kills."""
    for kills in range(times):
        process = field.start(*words(field, "--trigger"))
        time.sleep(chance.uniform(0, whole / 2))
        process.send_signal(signal.SIGKILL)
        out, err = process.communicate()
        # What the earlier kills left may be found out now, but must not be a failure of another kind.
        check(process.returncode in (-signal.SIGKILL, 0, 75), (SEED, process.returncode, out, err))
        if process.returncode != -signal.SIGKILL:
            return kills
    return times


def ends_as_undisturbed(field, here, there, requests):
    done = field.run(*words(field, "--trigger"), timeout=LIMIT, expect=None)
    if done.status == 75 and "--force-trigger" in done.stderr:
        # Killed between the ledger's word and the request: only a person can tell that it never left.
        missing = IMAGES - field.trapper.resource_count("R0001")
        check(missing > 0, f"seed {SEED}: {done}")
        done = field.run(*words(field, "--trigger", "--force-trigger"), timeout=LIMIT)
    check(done.status == 0, f"seed {SEED}: {done}")
    check(contents(field.data) == here, f"seed {SEED}: other files here: {contents(field.data).keys()}")
    check(contents(field.ftp.files) == there, f"seed {SEED}: other files there: {field.on_server()}")
    check(field.trapper.resource_count("R0001") == IMAGES,
          f"seed {SEED}: {field.trapper.resource_count('R0001')} resources of {IMAGES}")
    members = [r["member"] for c in field.trapper.collections.values() for r in c["resources"]]
    check(len(set(members)) == len(members), f"seed {SEED}: a picture twice")
    check(len(field.processed()) == requests, f"seed {SEED}: {len(field.processed())} requests, not {requests}")
    before = stamps(field.data)
    again = field.run(*words(field, "--trigger"))
    check("Up to date" in again.stdout, again)
    check(stamps(field.data) == before, "a run without work changed files")


def killed_at_any_moment(scratch):
    print(f"seed {SEED}: {TIMES} kills, {IMAGES} pictures of {SIZE} bytes", flush=True)
    chance = random.Random(SEED)
    here, there, requests, whole = undisturbed(scratch)
    shutil.rmtree(scratch / "calm")
    kills = []
    while sum(kills) < TIMES:
        # Anew when the end was reached, so that every kill meets a run with work left.
        with Field(scratch / "killed", world=world()) as field:
            card(scratch, field.data)
            kills.append(kill_often(field, chance, whole, TIMES - sum(kills)))
            ends_as_undisturbed(field, here, there, requests)
        shutil.rmtree(scratch / "killed")
        print(f"killed {kills[-1]} times, then the end of an undisturbed run ({whole:.1f} s)", flush=True)


run_all([killed_at_any_moment], os.environ["SCRATCH"])
