#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""detect is killed at any moment, twenty times, then runs to its end: the same file as an undisturbed run, nothing twice.

By hand with more: KILL_IMAGES=1000 KILL_TIMES=20 KILL_SEED=1 make check ONLY=detect_kill. A failing run names its seed.
"""
import json
import os
import pathlib
import random
import re
import resource
import signal
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(os.environ["ROOT"]) / "tests/cli"))
sys.path.insert(0, str(pathlib.Path(os.environ["ROOT"]) / "tests/fixtures"))
import make_detector  # noqa: E402
import scenes  # noqa: E402
from detections_valid import complaints  # noqa: E402
from frontend import SCRATCH, TRAPKIT, check, document, end, environment, run  # noqa: E402

IMAGES = int(os.environ.get("KILL_IMAGES", "150"))
TIMES = int(os.environ.get("KILL_TIMES", "20"))
SEED = int(os.environ.get("KILL_SEED") or time.time_ns() % 100_000)
DATA = SCRATCH / "data"


def words(output, *more):
    return ["detect", "--data-path", "data", "--model", "m.onnx", "--output", output, *more]


def make_data(chance):
    (SCRATCH / "m.onnx").write_bytes(make_detector.build("yolov5", 320, 320, dynamic=True, metadata={
        "stride": "32", "names": "['animal', 'person', 'vehicle']", "imgsz": "[320, 320]"}))
    for i in range(IMAGES):
        path = DATA / f"winter/R{i % 4}/IMG_{i:05}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        box = (chance.randrange(0, 200), chance.randrange(0, 200), 100, 100)
        path.write_bytes(b"no picture" if i % 50 == 7 else scenes.png(scenes.paint(320, 320, [(box, (255, 0, 0))])))


def contents(path):
    """All but the time of completion."""
    return re.sub(r'"detection_completion_time": "[^"]*"', "", (SCRATCH / path).read_text())


def entries(path):
    """Whole lines of a file that is still being written."""
    try:
        return [line for line in (SCRATCH / path).read_text().split("\n")[:-1] if line.startswith('{"file"')]
    except FileNotFoundError:
        return []


def killed_at_any_moment(chance):
    began = time.monotonic()
    check(run(*words("calm.json"))[0] == 1, "the unreadable files are not told by the exit status")
    whole = time.monotonic() - began
    check(complaints(json.loads((SCRATCH / "calm.json").read_text())) == [], "not valid")
    kept, kills = [], 0
    for _ in range(TIMES * 5):
        if kills == TIMES:
            break
        process = subprocess.Popen([TRAPKIT, *words("killed.json")], cwd=SCRATCH, env=environment(),
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(chance.uniform(0, whole / TIMES * 3))
        process.send_signal(signal.SIGKILL)
        if process.wait() != -signal.SIGKILL:
            # It came to its end: begun anew, as there are kills left.
            check(contents("killed.json") == contents("calm.json"), "not the same file as the undisturbed run")
            (SCRATCH / "killed.json").unlink()
            kept = []
            continue
        kills += 1
        now = entries("killed.json.partial")
        now = [entry.rstrip(",") for entry in now]
        check(now[:len(kept)] == kept, f"entries of an earlier run are gone: {len(kept)} and {len(now)}")
        kept = now
    check(kills == TIMES, f"only {kills} kills")
    last = document(*words("killed.json"))
    check(last["known"] >= len(kept), f"done again: {last['known']} known of {len(kept)} kept")
    check(last["known"] + last["pictures"] == IMAGES, f"{last['known']} + {last['pictures']} of {IMAGES}")
    check(contents("killed.json") == contents("calm.json"), "not the same file as the undisturbed run")
    check(not (SCRATCH / "killed.json.partial").exists(), "the partial file was left")


def torn_tail():
    """A power cut in the middle of an entry: it is looked at again, the others are not."""
    text = (SCRATCH / "calm.json").read_text().split("\n")
    head, lines = text[:4], text[4:-3]
    for cut in (1, 40, len(lines[5]) - 1):
        (SCRATCH / "torn.json.partial").write_text("\n".join(head + lines[:5] + [lines[5][:cut]]))
        told = document(*words("torn.json"))
        check(told["known"] == 5 and contents("torn.json") == contents("calm.json"), f"cut at {cut}: {told}")
        (SCRATCH / "torn.json").unlink()
    # Of what was not on the disk yet, zeros may be left in the middle: what is before them stays.
    hole = "\0" * len(lines[5])
    for torn in (lines[:5] + [hole] + lines[6:9] + [""], lines[:5] + [lines[5][:30] + hole[30:]] + lines[6:9] + [""]):
        (SCRATCH / "torn.json.partial").write_text("\n".join(head + torn))
        told = document(*words("torn.json"))
        check(told["known"] == 5 and contents("torn.json") == contents("calm.json"), f"hole: {told}")
        (SCRATCH / "torn.json").unlink()
    for junk in ("", "{", "\0" * 500, "\n".join(head)):
        (SCRATCH / "torn.json.partial").write_text(junk)
        told = document(*words("torn.json"))
        check(told["known"] == 0 and contents("torn.json") == contents("calm.json"), f"junk {junk[:9]!r}: {told}")
        (SCRATCH / "torn.json").unlink()


def failures():
    """They stay as they are until asked to be looked at again."""
    broken = [e["file"] for e in json.loads((SCRATCH / "calm.json").read_text())["images"] if "failure" in e]
    check(broken == [f"winter/R{i % 4}/IMG_{i:05}.png" for i in sorted(range(7, IMAGES, 50), key=lambda i: (i % 4, i))],
          f"failed: {broken}")
    again = document(*words("calm.json"))
    check((again["exit"], again["pictures"], again["failed"]) == (1, 0, len(broken)), f"again: {again}")
    stamp = os.stat(DATA / broken[0])
    size = stamp.st_size
    mended = scenes.png(scenes.paint(320, 320, []))
    (DATA / broken[0]).write_bytes(mended)
    check(document(*words("calm.json"))["pictures"] == 1, "a mended file is not looked at")
    check(size != len(mended), "the test mends nothing")
    retried = document(*words("calm.json", "--retry-failed"))
    check((retried["pictures"], retried["failed"]) == (len(broken) - 1, len(broken) - 1), f"retried: {retried}")


def busy_and_stopped():
    """One writer at a time; SIGINT keeps what is done."""
    process = subprocess.Popen([TRAPKIT, *words("busy.json", "-j", "1")], cwd=SCRATCH, env=environment(),
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(500):
        if len(entries("busy.json.partial")) > 2:
            break
        time.sleep(0.01)
    process.send_signal(signal.SIGSTOP)
    status, _, said = run(*words("busy.json"))
    process.send_signal(signal.SIGCONT)
    process.send_signal(signal.SIGINT)
    stopped = process.wait(timeout=20)
    check(status == 75 and "another run" in said, f"busy: {status} {said}")
    check(stopped in (130, 1), f"SIGINT: {stopped}")
    done = len(entries("busy.json.partial"))
    if stopped == 130:
        check(done > 2 and document(*words("busy.json"))["known"] >= done, "work was lost")


def full_disk():
    """A file size limit stands for a full disk: an error, no output, and then it goes on."""
    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))
    process = subprocess.run([TRAPKIT, *words("full.json")], cwd=SCRATCH, env=environment(), capture_output=True,
                             preexec_fn=limit, check=False)
    check(process.returncode == 1 and b"cannot write" in process.stderr, f"full: {process.returncode} {process.stderr}")
    check(not (SCRATCH / "full.json").exists(), "half an output")
    told = document(*words("full.json"))
    check(told["known"] > 5 and contents("full.json") == contents("calm.json"), f"after it: {told}")


print(f"seed {SEED}", flush=True)
luck = random.Random(SEED)
make_data(luck)
code, _, error = run("detect", "--info", "m.onnx")
if code == 69 and "not installed" in error:
    print("the model runtime is not installed: " + error.strip())
    sys.exit(77)
killed_at_any_moment(luck)
torn_tail()
full_disk()
busy_and_stopped()
failures()
end()
