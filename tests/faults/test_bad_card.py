#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cards and machines that fail under package and convert: what can be read is packaged, the rest is named, exit 1."""
import os
import pathlib
import resource
import shutil
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(os.environ["ROOT"]) / "tests/fixtures"))
from package_oracle import SCRATCH, TRAPKIT, Run, card, check, check_pair, load, package, run_tests  # noqa: E402

SANITIZED = bool(os.environ.get("TRAPKIT_SANITIZE"))


def quiet(*words, **more):
    return subprocess.run([str(w) for w in words], capture_output=True, check=False, **more)


class Disk:
    """A small file system in a file, on a loop device; None of it when that cannot be had here."""

    def __init__(self, name, megabytes, make):
        self.image, self.at = SCRATCH / (name + ".img"), SCRATCH / name
        self.at.mkdir()
        with open(self.image, "wb") as image:
            image.truncate(megabytes << 20)
        self.good = os.geteuid() == 0 and shutil.which(make[0]) is not None and quiet(*make, self.image).returncode == 0

    def mount(self, options="loop"):
        self.good = self.good and quiet("mount", "-o", options, self.image, self.at).returncode == 0
        return self.good

    def unmount(self, *options):
        quiet("umount", *options, self.at)


def read_errors(names, disk):
    """What cannot be read of them, by the kernel's own word."""
    bad = []
    for name in names:
        try:
            (disk.at / name).read_bytes()
        except OSError:
            bad.append(name)
    return bad


def forget_cache():
    pathlib.Path("/proc/sys/vm/drop_caches").write_text("3")


def packaged_but(disk, data, names, bad, name):
    """All but the bad ones, which are named, each once."""
    run = package(data, "--work-dir", SCRATCH / (name + "-work"), "--output-path", SCRATCH / (name + "-out"),
                  "--package-name", "x").expect(1)
    said = sorted(s["path"] for s in run.json["skipped"] if s["failed"])
    check(said == sorted(str(pathlib.Path(disk.at / n).relative_to(data)) for n in bad), (said, bad, run))
    check(all("Input/output error" in s["reason"] for s in run.json["skipped"]), run)
    check(run.json["files"] == len(names) - len(bad), run)
    check_pair(load(SCRATCH / (name + "-out/x.yaml")), SCRATCH / (name + "-out/x.zip"))


def most_of_the_card():
    """F38: the end of the disk is not there any more."""
    disk = Disk("cut", 24, ["mkfs.ext4", "-q", "-F", "-O", "^has_journal"])
    if not disk.mount():
        print("not tried: no loop device here")
        return
    made, files = card("cut-card", deployments=1, images=16, clips=0, size=1_000_000)
    shutil.copytree(made, disk.at / "data")
    disk.unmount()
    disk.mount("loop,ro")
    try:
        os.truncate(disk.image, 10 << 20)
        forget_cache()
        names = ["data/" + f["path"] for f in files]
        bad = read_errors(names, disk)
        if not 0 < len(bad) < len(names):
            print(f"not tried: {len(bad)} of {len(names)} cannot be read")
            return
        forget_cache()
        packaged_but(disk, disk.at / "data", names, bad, "cut")
    finally:
        disk.unmount()


def power_loss():
    """F44: the disk as it would be found after the power went: right after the end of a run, and in the midst of one."""
    disk = Disk("power", 64, ["mkfs.ext4", "-q", "-F"])
    if not disk.mount("loop,noauto_da_alloc,commit=1"):
        print("not tried: no loop device here")
        return
    made, files = card("power-card", deployments=2, images=12, clips=0, size=300_000)
    shutil.copytree(made, disk.at / "data")
    os.sync()
    found = Disk("found", 1, ["true"])
    words = ["--package-name", "x", "--max-size", "2M"]

    def look(state):
        """Mounts the disk as it is now, and goes on there."""
        quiet("cp", "--sparse=always", disk.image, found.image)
        check(found.mount(), "the copy cannot be mounted")
        try:
            parts = [p for p in (found.at / "data").glob("x*.yaml")]
            for part in parts:
                check_pair(load(part), part.with_suffix(".zip"))
            check(len(parts) == 4 or state != "done", parts)
            run = package(found.at / "data", *words).expect(0)
            check(run.json["up_to_date"] == (state == "done") or state != "done", run)
            held = [r["file"] for p in (found.at / "data").glob("x*.yaml") for c in load(p)["collections"]
                    for d in c["deployments"] for r in d["resources"]]
            check(len(held) == len(files), held)
            return len(parts)
        finally:
            found.unmount()

    try:
        process = subprocess.Popen([TRAPKIT, "package", "-q", "--data-path", disk.at / "data", "--no-validate",
                                    "--project-id", "7", "--timezone", "Europe/Warsaw", *words])
        while process.poll() is None and not list((disk.at / "data").glob("x_part002.yaml")):
            time.sleep(0.002)
        print(f"found {look('midst')} of 4 parts in the midst of it")
        check(process.wait() == 0, "the run whose disk was looked at")
        look("done")
    finally:
        disk.unmount()


def one_file():
    """F39: a file system that knows what it wrote, and one file with other bytes in it."""
    disk = Disk("sums", 120, ["mkfs.btrfs", "-q", "-f", "-d", "single", "-m", "single"])
    if not disk.mount():
        print("not tried: no btrfs here")
        return
    made, files = card("sums-card", deployments=1, images=4, clips=0, size=300_000)
    shutil.copytree(made, disk.at / "data")
    disk.unmount()
    middle = (made / files[1]["path"]).read_bytes()[150_000:150_064]
    image = disk.image.read_bytes()
    check(image.count(middle) == 1, "the picture is not where it should be")
    with open(disk.image, "r+b") as file:
        file.seek(image.index(middle))
        file.write(b"bad")
    disk.mount("loop,ro")
    try:
        packaged_but(disk, disk.at / "data", ["data/" + f["path"] for f in files], ["data/" + files[1]["path"]], "sums")
    finally:
        disk.unmount()


def pulled_out():
    """F41: the card goes in the middle of packaging (a FUSE disk whose server is killed); taken up when it is back."""
    data, _ = card("pulled", deployments=2, images=100, clips=0, size=400_000)
    slot, work, out = SCRATCH / "slot", SCRATCH / "pulled-work", SCRATCH / "pulled-out"
    slot.mkdir()
    if os.geteuid() != 0 or not shutil.which("bindfs") or not os.path.exists("/dev/fuse"):
        print("not tried: no disk to pull out (needs root, bindfs and /dev/fuse)")
        return
    more = ["--work-dir", work, "--output-path", out, "--package-name", "x"]
    disk = subprocess.Popen(["bindfs", "-f", data, slot])
    try:
        while not os.path.ismount(slot) and disk.poll() is None:
            time.sleep(0.02)
        package(slot, "--work-dir", work, "--output-path", SCRATCH / "unused", "--dry-run").expect(0)
        puller = threading.Thread(target=pull, args=(disk, out))
        puller.start()
        run = package(slot, *more, "--jobs", 1)
        puller.join()
    finally:
        disk.kill()
        disk.wait()
        quiet("umount", slot)
    run.expect(1, f"'{slot}' is gone", "same command")
    check(len(run.err.splitlines()) < 3 and not (out / "x.yaml").exists(), run)
    package(data, *more).expect(0)
    check(sum(len(d["resources"]) for c in load(out / "x.yaml")["collections"] for d in c["deployments"]) == 200, "not all")


def pull(disk, out):
    """Kills the disk's server once something is being written."""
    end = time.monotonic() + 20
    while time.monotonic() < end and not any(p.stat().st_size > 1_000_000 for p in out.glob(".*zip*")):
        time.sleep(0.005)
    disk.kill()


def no_room_for_renditions():
    """F42: one word and the end of it, not one for each of thousands; what was made is whole, and goes on later."""
    data, _ = card("large", deployments=1, images=6, clips=0, size=900_000)
    disk = SCRATCH / "small"
    disk.mkdir()
    if os.geteuid() != 0 or quiet("mount", "-t", "tmpfs", "-o", "size=900k", "none", disk).returncode != 0:
        print("not tried: no small disk to fill")
        return
    try:
        words = ["convert", "--data-path", data, "--output-path", disk / "web", "--resize", "1600x1600", "--jobs", 1]
        Run(*words).expect(1, "No space left", "make room")
        check(len(Run(*words).err.splitlines()) == 1, "more than one line")
        made = {p.name: p.read_bytes() for p in (disk / "web").rglob("*") if p.is_file()}
        check(0 < len(made) < 6 and all(b[-2:] == b"\xff\xd9" for b in made.values()), made.keys())
        subprocess.run(["mount", "-o", "remount,size=8m", disk], check=True)
        Run(*words).expect(0)
        again = {p.name: p.read_bytes() for p in (disk / "web").rglob("*") if p.is_file()}
        check(len(again) == 6 and made.items() <= again.items(), again.keys())
    finally:
        quiet("umount", disk)


def no_room_for(kind, *words, limit):
    def lower():
        resource.setrlimit(kind, (limit, limit))
    return package(*words, preexec_fn=lower)


def few_descriptors():
    """F47: a limit that is too low is named, and no picture is left out for it."""
    data, _ = card("descriptors", deployments=2, images=20, clips=0)
    for limit in (8, 12, 16, 24, 64):
        out = SCRATCH / f"descriptors-{limit}"
        run = no_room_for(resource.RLIMIT_NOFILE, data, "--output-path", out, limit=limit)
        check(run.status == (0 if limit == 64 else 1) and (run.status == 0 or "Too many open files" in run.err), run)
        check(run.status == 0 or not out.exists() or not list(out.iterdir()), (limit, run))


def no_memory():
    """F47: an end in words, not a crash without any."""
    if SANITIZED:
        return
    data, _ = card("memory", deployments=1, images=4, clips=0)
    package(data, "--package-name", "x").expect(0)
    for megabytes in (6, 8, 10, 12, 16, 40):
        run = no_room_for(resource.RLIMIT_AS, data, "--output-path", SCRATCH / "memory-out", "--again", limit=megabytes << 20)
        check(run.status in (0, 1, 69, 127), run)
        check(run.status == 0 or "memory" in run.err or "map" in run.err or "thread" in run.err, run)
    check(run.status == 0, "40 MB are not enough")


def odd_files():
    """F52: a loop of links, pipes, devices, the longest name, a path that is too long: no hang, no loss, told."""
    data, files = card("odd", deployments=1, images=2, clips=0)
    home = (data / files[0]["path"]).parent
    (home / "loop.jpg").symlink_to("loop.jpg")
    (home / "100LOOP").symlink_to(".")
    os.mkfifo(home / "pipe.jpg")
    if os.geteuid() == 0:
        os.mknod(home / "device.jpg", 0o600 | 0o020000, os.makedev(1, 5))  # /dev/zero
    longest = "N" * 251 + ".JPG"
    shutil.copy2(data / files[0]["path"], home / longest)
    deep = os.open(home, os.O_RDONLY)
    for level in range(20):
        os.mkdir("100" + "D" * 5, dir_fd=deep)
        below = os.open("100" + "D" * 5, os.O_RDONLY, dir_fd=deep)
        os.close(deep)
        deep = below
    os.close(deep)
    run = package(data, "--package-name", "x", "-v").expect(1)
    reasons = {s["path"].split("/", 2)[2]: (s["failed"], s["reason"]) for s in run.json["skipped"]}
    check(reasons["loop.jpg"][0] and reasons["100LOOP"][0] and "link" in reasons["100LOOP"][1], reasons)
    check(not reasons["pipe.jpg"][0] and "pipe" in reasons["pipe.jpg"][1], reasons)
    check(os.geteuid() != 0 or "device" in reasons["device.jpg"][1], reasons)
    check(run.json["files"] == 3, run)
    check_pair(load(data / "x.yaml"), data / "x.zip")


def every_call_may_fail():
    """F40: the n-th read, write or flush fails: no package that is not whole, and the next run makes it."""
    if SANITIZED or quiet("strace", "-o", "/dev/null", "true").returncode != 0:
        print("not tried: strace cannot run here")
        return
    data, _ = card("calls", deployments=1, images=3, clips=0)
    failed = 0
    for call, error, numbers in (("write", "ENOSPC", (1, 2, 3, 5)), ("fsync,fdatasync", "EIO", (1, 2, 4, 6)),
                                 ("pwrite64", "EIO", (1, 5, 12)), ("rename,link", "EIO", (1, 2)), ("ftruncate", "EIO", (1, 2))):
        for number in numbers:
            out, work = SCRATCH / "calls-out", SCRATCH / "calls-work"
            for folder in (out, work):
                shutil.rmtree(folder, ignore_errors=True)
            more = ["--output-path", out, "--work-dir", work, "--package-name", "x"]
            run = package(data, *more, before=["strace", "-f", "-o", "/dev/null", "-e",
                                               f"inject={call}:error={error}:when={number}"])
            check(run.status in (0, 1), run)
            check(run.status == 0 or "error:" in run.err, (call, number, run))
            failed += run.status != 0
            if (out / "x.yaml").exists():
                check_pair(load(out / "x.yaml"), out / "x.zip")
            package(data, *more).expect(0)
            check_pair(load(out / "x.yaml"), out / "x.zip")
            check(sorted(p.name for p in out.iterdir()) == ["x.yaml", "x.zip"], list(out.iterdir()))
    check(failed >= 8, f"only {failed} calls made a difference")


def bare_environment():
    """F50: cron's: no HOME, no PATH, nothing; and a user who may not write there."""
    data, _ = card("bare", deployments=1, images=2, clips=0)
    run = package(data, "--package-name", "x", before=["env", "-i"])
    run.expect(0)
    check_pair(load(data / "x.yaml"), data / "x.zip")
    if os.geteuid() != 0 or SANITIZED:
        return
    other, _ = card("others", deployments=1, images=2, clips=0)
    run = package(other, before=["setpriv", "--reuid", "65534", "--clear-groups", "env", "-i"])
    run.expect(1, "Permission denied", "--work-dir")


def main():
    run_tests([most_of_the_card, power_loss, one_file, pulled_out, no_room_for_renditions,
               few_descriptors, no_memory, odd_files, every_call_may_fail,
               bare_environment])


main()
