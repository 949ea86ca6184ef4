#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""--blur that is killed, interrupted, or has no place to write: nobody uncovered is left behind, packaged or sent.

By hand with more: KILL_IMAGES=400 KILL_TIMES=20 KILL_SEED=1 make check ONLY=blur_kill. A failing run names its seed.
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
import zipfile

ROOT = pathlib.Path(os.environ["ROOT"])
sys.path.insert(0, str(ROOT / "tests/cli"))
from blurring import BOX, ffmpeg, is_covered, is_noise, noise  # noqa: E402
from frontend import SCRATCH, TRAPKIT, check, end, environment, run  # noqa: E402

IMAGES = int(os.environ.get("KILL_IMAGES", "60"))
TIMES = int(os.environ.get("KILL_TIMES", "4"))
SEED = int(os.environ.get("KILL_SEED") or time.time_ns() % 100_000)
HOME = {"TRAPKIT_SETTINGS_DIR": str(SCRATCH / "settings"), "TZ": "UTC"}
PLACE = "summer/R1-01"
CHANCE = random.Random(SEED)


def fill(data):
    """Every picture shows the same person, so that what is made of it is known to the byte; and a film of it."""
    for i in range(IMAGES):
        noise(data / PLACE / f"person{i:03d}.jpg", 640, 480)
    ffmpeg("-loop", "1", "-i", data / PLACE / "person000.jpg", "-t", "2", "-r", "10", "-c:v", "mjpeg", "-q:v", "3",
           data / PLACE / "film.avi")
    images = [{"file": f"{PLACE}/{path.name}", "detections": [{"category": "2", "conf": 0.9, "bbox": BOX}]}
              for path in sorted((data / PLACE).iterdir())]
    (data / ".trapkit").mkdir()
    (data / ".trapkit/detections.json").write_text(json.dumps(
        {"info": {"format_version": "1.6"}, "detection_categories": {"2": "person"}, "images": images}))


def words(command, data, *more):
    return [command, "--data-path", str(data), "--resize", "320x320", *more]


PACKAGE = ["--no-validate", "--timezone", "UTC", "--project-id", "1"]


def in_archive(path):
    with zipfile.ZipFile(path) as archive:
        return [(f"{path}:{name}", archive.read(name)) for name in archive.namelist() if name[-1] != "/"]


def pictures(*folders):
    """(where, bytes) of all pictures and films in folders, and in archives there."""
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.suffix == ".zip":
                yield from in_archive(path)
            elif path.is_file() and path.suffix not in (".yaml", ".sqlite3", ".json") and "sqlite3" not in path.name:
                yield str(path), path.read_bytes()


def look(what, bad, *folders, good=None):
    """No file is one of the bad; with `good`, each is one of these."""
    for where, content in pictures(*folders):
        check(content not in bad, f"seed {SEED}: {what}: {where} shows somebody")
        if good is not None and pathlib.PurePath(where).suffix in (".jpg", ".mp4"):
            check(content in good, f"seed {SEED}: {what}: {where} is another file")


def undisturbed():
    """What is made of the pictures without and with --blur, and how long that takes."""
    data = SCRATCH / "calm"
    fill(data)
    check(run(*words("convert", data), env=HOME)[0] == 0, "calm: without")
    made = data / ".trapkit/renditions" / PLACE
    bad = {(data / PLACE / name).read_bytes() for name in ("person000.jpg", "film.avi")}
    for name in ("person000.jpg", "film.mp4"):
        check(is_noise(made / name, BOX), f"calm: {name} is covered without --blur")
        bad.add((made / name).read_bytes())
    began = time.monotonic()
    check(run(*words("convert", data, "--blur", "human"), env=HOME)[0] == 0, "calm: with")
    took = time.monotonic() - began
    for name in ("person000.jpg", "film.mp4"):
        check(is_covered(made / name), f"calm: {name}: a person can be seen")
    return bad, {(made / name).read_bytes() for name in ("person000.jpg", "film.mp4")}, took


def disturbed(plain, bad, good, took, command, end_by):
    """From copies without --blur, and a package of these, to the stop; on with single commands; and to the end."""
    data, box = SCRATCH / "killed", SCRATCH / "box"
    for folder in (data, box):
        shutil.rmtree(folder, ignore_errors=True)
    box.mkdir()
    subprocess.run(["cp", "-a", plain, data], check=True)
    to = ["--to", f"file://{box}"]
    pipeline = words("pipeline", data, "--blur", "human", *PACKAGE, "--package-name", "late", *to)
    process = subprocess.Popen([TRAPKIT, *(pipeline if command == "pipeline" else words("convert", data, "--blur", "human"))],
                               env=environment(**HOME), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    # From when it has noted what must be covered, more often early than late.
    while not (data / ".trapkit/blur").exists() and process.poll() is None:
        time.sleep(0.002)
    time.sleep(took * CHANCE.random() ** 2)
    process.send_signal(end_by)
    what = f"seed {SEED}: {command} ended with {process.wait()}"
    run("package", "--data-path", str(data), *PACKAGE, "--package-name", "alone", env=HOME)
    run("upload", "--data-path", str(data), *to, env=HOME)
    look(what, bad, box, good=good)
    for archive in set(data.glob("*.zip")) - {data / "early.zip"}:
        for where, content in in_archive(archive):
            check(content in good, f"{what}: {where} shows somebody")
    status, _, said = run(*pipeline, env=HOME)
    check(status == 0, f"{what}: the last run: {said}")
    look(what, bad, data / ".trapkit", box, good=good)
    packed = [where for archive in box.glob("*.zip") for where, _ in in_archive(archive)]
    check(len(packed) == IMAGES + 1, f"{what}: {len(packed)} files were sent")
    return process.returncode


def mounted(script, *arguments):
    """A shell script with a small disk at $1, for it alone; None when that cannot be had here."""
    word = ["unshare", "-m" if os.geteuid() == 0 else "-Urm", "sh", "-c",
            'mount -t tmpfs -o size=1m none "$1" || exit 99\n' + script, "sh", *map(str, arguments)]
    if shutil.which("unshare") is None:
        return None
    done = subprocess.run(word, capture_output=True, env=environment(**HOME), timeout=120, check=False)
    return None if done.returncode == 99 else done


def no_room(bad, good):
    """A disk that is full in the middle of it, and one that takes nothing any more."""
    data, disk, saved = SCRATCH / "full", SCRATCH / "disk", SCRATCH / "saved"
    fill(data)
    shutil.move(data / ".trapkit/detections.json", SCRATCH / "full.json")
    for folder in (disk, saved):
        folder.mkdir()
    convert = f'"{TRAPKIT}" convert --data-path "{data}" --work-dir "$1" --resize 320x320 --detections "{SCRATCH}/full.json"'
    package = f'"{TRAPKIT}" package --data-path "{data}" --work-dir "$1" {" ".join(PACKAGE)} -q --output-path "{saved}/$out"'
    done = mounted(f'''
        {convert} --blur human; echo "full $?"
        out=full {package}; cp -r "$1" "$2/disk-full"
        mount -o remount,size=64m "$1" && {convert}; echo "again $?"
        out=again; {package}; echo "packaged $?"; cp -r "$1" "$2/disk-again"
        {convert} --blur none -q
        mount -o remount,ro "$1" && {convert} --blur human; echo "fixed $?"
        out=fixed; {package}; echo "packaged $?"
        ''', disk, saved)
    if done is None:
        print("not tried: a full disk (needs mount namespaces)")
        return
    said = done.stdout.decode()
    for line in ("full 1", "again 0", "packaged 0"):
        check(line in said.splitlines(), f"full disk: no '{line}': {said} {done.stderr.decode()[-2000:]}")
    check("fixed 0" not in said and not list((saved / "fixed").glob("*.zip")), f"read-only: {said}")
    for name in ("full", "disk-full", "disk-again", "again"):
        look(f"full disk, {name}", bad, saved / name, good=good)


def at_any_moment(bad, good, took):
    plain, ends = SCRATCH / "plain", []
    fill(plain)
    check(run(*words("convert", plain), env=HOME)[0] == 0, "plain: convert")
    check(run("package", "--data-path", str(plain), *PACKAGE, "--package-name", "early", env=HOME)[0] == 0, "plain: package")
    for i in range(TIMES):
        for command in ("convert", "pipeline"):
            ends.append(disturbed(plain, bad, good, took, command, (signal.SIGKILL, signal.SIGINT)[i % 2]))
    check(set(ends) - {0}, f"nothing was stopped in time: {ends}")
    print(f"seed {SEED}: undisturbed {took:.1f} s; ends {ends}")


if __name__ == "__main__":
    # Where it is ignored, as in the background of a shell, no child would feel it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    WITHOUT, WITH, TOOK = undisturbed()
    at_any_moment(WITHOUT, WITH, TOOK)
    no_room(WITHOUT, WITH)
    end()
