#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""kill -9 at any moment of `convert`, then to the end: the same renditions and package as an undisturbed run.

By hand with more: KILL_IMAGES=10000 KILL_LARGE=50 KILL_TIMES=20 KILL_SEED=1 make check ONLY=convert_kill
(half of the large files are pictures of 24 MP, half are videos of 720p; the default is small enough for every day).
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
from field import TRAPKIT, check, run_all, tree  # noqa: E402
from make_card import make_card  # noqa: E402

IMAGES = int(os.environ.get("KILL_IMAGES", "300"))
LARGE = int(os.environ.get("KILL_LARGE", "2"))
TIMES = int(os.environ.get("KILL_TIMES", "8"))
SEED = int(os.environ.get("KILL_SEED") or time.time_ns() % 100_000)
# What a run may have to make again: it writes to the ledger after 64 renditions or two seconds.
NOT_NOTED = 64 + os.cpu_count()

if shutil.which("ffmpeg") is None:
    print("ffmpeg is not installed")
    sys.exit(77)


def fill(folder):
    """Small pictures in two deployments, a part of them in a camera's own folder, and the large files in a third."""
    make_card(folder, deployments=2, images=IMAGES // 2, clips=2, pixels=(640, 480))
    deep = folder / "R0001/R0001-LOC01_01/100RECNX"
    deep.mkdir()
    for picture in sorted(deep.parent.glob("*.JPG"))[::3]:
        picture.rename(deep / picture.name)
    make_card(folder / "large", deployments=1, images=LARGE - LARGE // 2, clips=0, pixels=(6000, 4000), size=8_000_000)
    large = folder / "R0001/R0001-LOC03_01"
    (folder / "large/R0001/R0001-LOC01_01").rename(large)
    shutil.rmtree(folder / "large")
    for i in range(LARGE // 2):
        clip = large / f"CLIP{i:04d}.AVI"
        subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-f", "lavfi", "-i",
                        f"testsrc2=size=1280x720:rate=15,noise=alls=8:all_seed={i}", "-t", "2", "-c:v", "mjpeg", "-q:v", "4",
                        "-pix_fmt", "yuvj422p", clip], check=True)
        os.utime(clip, (1719828000 + i, 1719828000 + i))


def convert(folder, *more):
    return [TRAPKIT, "convert", "--data-path", folder, "--resize", "320x320", *more]


def finish(folder):
    done = subprocess.run(convert(folder, "--json"), capture_output=True, check=False)
    check(done.returncode == 0, f"seed {SEED}: {done.returncode} {done.stderr.decode()}")
    return json.loads(done.stdout)


def renditions(folder):
    return {name: what[1:] for name, what in tree(folder / ".trapkit/renditions").items() if what[1]}


def packaged(folder):
    subprocess.run([TRAPKIT, "package", "--data-path", folder, "--project-id", "3", "--timezone", "Europe/Warsaw",
                    "--no-validate", "--package-name", "p", "-q"], check=True)
    return [(folder / name).read_bytes() for name in ("p.yaml", "p.zip")]


def killed_at_any_moment(scratch):
    print(f"seed {SEED}: {TIMES} kills, {IMAGES} small files and {LARGE} large ones", flush=True)
    chance = random.Random(SEED)
    calm, killed = scratch / "calm", scratch / "killed"
    fill(calm)
    subprocess.run(["cp", "-a", calm, killed], check=True)
    began = time.monotonic()
    first = finish(calm)
    whole = time.monotonic() - began
    check(first["pictures"] + first["videos"] == IMAGES + LARGE + 4, first)
    ends, times = [], {}
    for _ in range(TIMES):
        process = subprocess.Popen(convert(killed, "-q"), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        time.sleep(chance.uniform(0, 2 * whole / TIMES))
        process.send_signal(signal.SIGKILL)
        said = process.communicate()[1]
        check(process.returncode in (-signal.SIGKILL, 0), f"seed {SEED}: {process.returncode} {said}")
        ends.append(process.returncode)
        # Whatever has its name is whole.
        wanted = renditions(calm)
        found = {n: w for n, w in renditions(killed).items() if not pathlib.PurePath(n).name.startswith(".")}
        check(found.items() <= wanted.items(), f"seed {SEED}: other files: {set(found.items()) - set(wanted.items())}")
        times = {n: (killed / ".trapkit/renditions" / n).stat().st_ctime_ns for n in found}
    check(-signal.SIGKILL in ends, "no run was killed")
    finish(killed)
    check(renditions(killed) == renditions(calm), f"seed {SEED}: {renditions(killed).keys() ^ renditions(calm).keys()}")
    anew = [n for n, t in times.items() if (killed / ".trapkit/renditions" / n).stat().st_ctime_ns != t]
    check(len(anew) <= NOT_NOTED, f"seed {SEED}: {len(anew)} of {len(times)} renditions were made again")
    check(packaged(killed) == packaged(calm), f"seed {SEED}: other packages")
    again = finish(killed)
    check(again["unchanged"] == IMAGES + LARGE + 4, f"seed {SEED}: {again}")
    print(f"undisturbed {whole:.1f} s; ends of the killed runs: {ends}; {len(times)} were there before the last run, "
          f"{len(anew)} of these made again")


run_all([killed_at_any_moment], os.environ["SCRATCH"])
