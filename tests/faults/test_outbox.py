#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A folder as destination: resumed, flushed, renamed; full, write-protected and missing disks say what to do."""
import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(os.environ["ROOT"]) / "tests/servers"))
from ftp_client import CANCELLED, INPUT, PROGRAM, REMOTE, SCRATCH, Outcome, check, make_file, same  # noqa: E402


def put(*words, before=()):
    done = subprocess.run([*before, PROGRAM, *words], capture_output=True, text=True, check=False, timeout=60)
    check(done.returncode >= 0 and "Sanitizer" not in done.stderr, "no crash", done)
    return Outcome(done.returncode, done.stdout, done.stderr, 0)


def main():
    box = SCRATCH / "disk/outbox"
    url = f"file://{box}"
    big = make_file("big", 9000000)
    done = put(url, f"store:{big}:a.part")
    check(done.status == REMOTE and "mounted" in done.message, "the disk is not there", done)
    box.parent.mkdir()
    done = put(url, "login", f"store:{big}:a.part", "size:a.part", "rename:a.part:a.zip", "size:a.part", "mkdir:x/y",
               f"store:{big}:x/y/b", "delete:x/y/b")
    check(done.status == 0 and same(big, box / "a.zip"), "stored and renamed", done)
    check(done.operations[2]["size"] == 9000000 and done.operations[4]["size"] == -1, "sizes", done)

    with open(box / "b.part", "wb") as part:
        part.write(big.read_bytes()[:4000000])
    done = put(url, f"resume:{big}:b.part")
    check(done.status == 0 and done.last["sent"] == 5000000 and same(big, box / "b.part"), "resumed", done)
    (box / "c.part").write_bytes(b"x" * 20000000)
    done = put(url, f"at1000:{big}:c.part")
    check(done.status == 0 and (box / "c.part").stat().st_size == 9000000, "what was longer is cut", done)
    done = put(url, f"at1000:{big}:d.part")
    check(done.status == REMOTE, "nothing to go on from", done)

    process = subprocess.Popen([PROGRAM, url, "rate=2000000", f"store:{big}:e.part"], stdout=subprocess.PIPE, text=True)
    try:
        process.wait(1.5)
    except subprocess.TimeoutExpired:
        process.terminate()
    output, _ = process.communicate(timeout=10)
    check(process.returncode == CANCELLED, "stopped", output)
    left = (box / "e.part").stat().st_size
    check(0 < left < 9000000, "what was written stays", left)
    done = put(url, f"resume:{big}:e.part")
    check(done.status == 0 and done.last["offset"] == left and same(big, box / "e.part"), "goes on", done)

    # F43: no file over 1 MB (ulimit counts KiB in bash)
    done = put(url, f"store:{big}:f.part", before=["bash", "-c", 'trap "" XFSZ; ulimit -f 1000; exec "$0" "$@"'])
    check(done.status == REMOTE and "--max-size" in done.message, "file too large", done)
    for name in ("../up", "a\nb"):
        check(put(url, f"store:{big}:{name}").status == INPUT, "no way out of the folder", name)

    mount = ["unshare", "-m" if os.geteuid() == 0 else "-Urm", "sh", "-c",
             f'mount -t tmpfs -o size=4m none {box} && exec "$0" "$@"']
    if subprocess.run([*mount, "true"], capture_output=True, check=False).returncode:
        print("left out: full and write-protected disks (no mount here)")
        return
    done = put(url, f"store:{big}:g.part", "size:g.part", before=mount)
    check(done.operations[0]["kind"] == REMOTE and "make room" in done.operations[0]["message"], "disk full", done)
    check(done.last["size"] > 0, "the part stays", done)
    mount[-1] = mount[-1].replace("size=4m", "ro,size=4m")
    done = put(url, f"store:{big}:g.part", before=mount)
    check(done.status == REMOTE and "write-protected" in done.message, "write-protected", done)


main()
