#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""trapkit package survives: kill -9 anywhere, a full disk, a limit on file sizes, files that change, cards that fail."""
import os
import pathlib
import shutil
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(os.environ["ROOT"]) / "tests/fixtures"))
from package_oracle import SCRATCH, Run, card, check, check_pair, digests, load, package, run_tests  # noqa: E402

SANITIZED = bool(os.environ.get("TRAPKIT_SANITIZE"))


def visible(folder):
    return sorted(p.name for p in pathlib.Path(folder).iterdir() if p.is_file())


def can_trace():
    done = subprocess.run(["strace", "-o", "/dev/null", "true"], capture_output=True, check=False)
    return done.returncode == 0 and not SANITIZED


def killed_anywhere():
    """F45: killed at the n-th write, flush, rename or link; the next run ends under the same name, same bytes."""
    if not can_trace():
        print("strace cannot run here: not killed")
        return
    data, _ = card("kill", collections=1, deployments=2, images=3)
    options = ["--max-size", "150KB", "--jobs", 1]
    whole = SCRATCH / "whole"
    package(data, "--output-path", whole, "--package-name", "x", "--work-dir", SCRATCH / "whole-work", *options).expect(0)
    wanted = sorted(digests(whole).values())
    check(len(wanted) > 4, wanted)
    killed = 0
    for call, numbers in (("write", (1, 2, 3, 4, 6, 9)), ("fsync", (1, 2, 3, 5, 7)), ("link", (1, 2, 3, 4)),
                          ("unlink", (1, 2, 3)), ("fdatasync,pwrite64", (1, 4, 9, 16, 25))):
        for number in numbers:
            out, work = SCRATCH / "out-kill", SCRATCH / "work-kill"
            for folder in (out, work):
                shutil.rmtree(folder, ignore_errors=True)
            more = ["--output-path", out, "--work-dir", work, *options]
            first = package(data, *more, before=["strace", "-f", "-o", "/dev/null", "-e", "inject=%s:signal=SIGKILL:when=%d"
                                                 % (call, number)])
            check(first.status in (0, 137, -9), first)
            killed += first.status != 0
            names = [n for n in visible(out) if n[0] != "."] if out.exists() else []
            for name in names:
                if name.endswith(".yaml"):
                    check_pair(load(out / name), (out / name).with_suffix(".zip"))
            again = package(data, *more).expect(0)
            check(sorted(digests(out).values()) == wanted, (call, number, digests(out), again))
            check(set(names) <= set(visible(out)), (call, number, names, visible(out)))
    check(killed >= 12, "only %d runs were killed" % killed)
    print(killed, "runs killed")


def disk_full():
    """F42: found out before the copying; nothing is left; goes on when there is room."""
    data, _ = card("full", deployments=1, images=4, clips=0, size=600000)
    if os.geteuid() != 0:
        print("not root: no small disk to fill")
        return
    disk = SCRATCH / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1500k", "none", str(disk)], capture_output=True,
                      check=False).returncode != 0:
        print("cannot mount: no small disk to fill")
        return
    try:
        run = package(data, "--output-path", disk, "--package-name", "x").expect(1, "x.zip", "No space left")
        check(run.json["error"]["kind"] == "system" and visible(disk) == [], (run, visible(disk)))
        subprocess.run(["mount", "-o", "remount,size=4m", str(disk)], check=True)
        run = package(data, "--output-path", disk).expect(0)
        check(run.json["resumed"] and visible(disk) == ["x.yaml", "x.zip"], run)
        check_pair(load(disk / "x.yaml"), disk / "x.zip")
    finally:
        subprocess.run(["umount", str(disk)], check=False)


def write_protected():
    """F50: a card whose switch says 'lock': the message says why, and what puts ledger and package elsewhere."""
    data, files = card("locked", deployments=1, images=2, clips=0)
    locked = ["unshare", "-m" if os.geteuid() == 0 else "-Urm", "sh", "-c",
              f'mount --bind {data} {data} && mount -o remount,ro,bind {data} && exec "$0" "$@"']
    if subprocess.run([*locked, "true"], capture_output=True, check=False).returncode:
        print("cannot mount: no write-protected card")
        return
    elsewhere = ["--work-dir", SCRATCH / "locked-work"]
    package(data, before=locked).expect(1, "Read-only file system", "--work-dir")
    package(data, *elsewhere, before=locked).expect(1, "Read-only file system", "--output-path")
    run = package(data, *elsewhere, "--output-path", SCRATCH / "locked-out", before=locked).expect(0)
    check(run.json["packages"][0]["files"] == len(files), run)


def file_size_limit():
    """F43: a limit of 1,000 blocks of 512 bytes; an error, never a short file."""
    data, _ = card("limit", deployments=1, images=2, clips=0, size=600000)
    package(data, "--dry-run").expect(0)
    for trap in ("", 'trap "" XFSZ; '):
        run = package(data, "--output-path", SCRATCH / "limited",
                      before=["bash", "-c", trap + 'ulimit -f 1000; exec "$0" "$@"'])
        check(run.status in (1, 153, -25) and not any(n[0] != "." for n in visible(SCRATCH / "limited")), run)
    run = package(data, "--output-path", SCRATCH / "limited").expect(0)
    check(len(visible(SCRATCH / "limited")) == 2, visible(SCRATCH / "limited"))


def a_file_that_keeps_growing():
    """F51: it is left out and named, whenever the change is seen; the rest is packaged."""
    data, files = card("grow", deployments=1, images=8, clips=0, size=400000)
    path, stop = data / files[3]["path"], threading.Event()

    def grow():
        with open(path, "ab", buffering=0) as out:
            while not stop.is_set():
                out.write(b"x" * 10)
                time.sleep(0.0005)

    thread = threading.Thread(target=grow)
    thread.start()
    try:
        run = package(data, "--package-name", "x").expect(1, files[3]["path"])
    finally:
        stop.set()
        thread.join()
    check(run.json["packages"][0]["files"] == len(files) - 1, run)
    check([s["path"] for s in run.json["skipped"] if s["failed"]] == [files[3]["path"]], run)
    check_pair(load(data / "x.yaml"), data / "x.zip")


def a_file_that_cannot_be_read():
    """F39: the survey knew it, the card no longer gives it: left out, exit 1, and taken in when it is back."""
    if not can_trace():
        print("strace cannot run here: nothing made unreadable")
        return
    data, files = card("unreadable", deployments=1, images=4, clips=0)
    package(data, "--output-path", SCRATCH / "before", "--package-name", "x").expect(0)
    bad = data / files[1]["path"]
    more = ["--output-path", SCRATCH / "after", "--package-name", "x"]
    run = package(data, *more, before=["strace", "-f", "-o", "/dev/null", "-P", bad, "-e", "inject=pread64:error=EIO:when=1+"])
    run.expect(1, files[1]["path"], "Input/output error")
    check(run.json["packages"][0]["files"] == 3, run)
    check_pair(load(SCRATCH / "after/x.yaml"), SCRATCH / "after/x.zip")
    package(data, *more).expect(0)
    check(digests(SCRATCH / "after") == digests(SCRATCH / "before"), "the file was not taken in")


def stopped():
    """SIGTERM and Ctrl-C: exit 143 and 130, under the final names nothing or all, and the next run ends it."""
    data, _ = card("stopped", deployments=1, images=100, clips=0, size=400000)
    for name, status in (("TERM", 143), ("INT", 130)):
        out = SCRATCH / ("stopped-" + name)
        run = package(data, "--output-path", out, before=["timeout", "--preserve-status", "-s", name, "0.12"])
        check(run.status in (0, status), run)
        names = [n for n in visible(out) if n[0] != "."] if out.exists() else []
        # The signal may also come when all is written and only the report is missing.
        if names:
            stem = sorted(names)[0].removesuffix(".yaml")
            check(sorted(names) == [stem + ".yaml", stem + ".zip"], (run, names))
            check_pair(load(out / (stem + ".yaml")), out / (stem + ".zip"))
        check(run.status != 0 or names, run)
        package(data, "--output-path", out).expect(0)
        check(len(visible(out)) == 2, visible(out))


def two_at_once():
    """F49: the second says who holds the data path, within the second, and exits 75."""
    data, _ = card("twice", deployments=1, images=2, clips=0)
    package(data).expect(0)
    lock = data / ".trapkit/lock"
    holder = subprocess.Popen(["flock", "--exclusive", "--no-fork", str(lock), "sleep", "30"])
    try:
        time.sleep(0.3)
        began = time.monotonic()
        package(data).expect(75)
        check(time.monotonic() - began < 5, "waited")
    finally:
        holder.kill()
        holder.wait()
    package(data).expect(0)


def main():
    Run("--version").expect(0)
    run_tests([killed_anywhere, disk_full, write_protected, file_size_limit, a_file_that_keeps_growing, a_file_that_cannot_be_read,
               stopped, two_at_once])


main()
