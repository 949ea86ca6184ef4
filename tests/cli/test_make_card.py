#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The made-up cards other tests use: the same for one seed, of the wanted size, good to exiftool and ffmpeg."""
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(os.environ["ROOT"])
SCRATCH = pathlib.Path(os.environ["SCRATCH"])
MAKE = ROOT / "tests/fixtures/make_card.py"


def tree(folder):
    found = {}
    for path in sorted(folder.rglob("*")):
        data = path.read_bytes() if path.is_file() else b"folder"
        found[str(path.relative_to(folder))] = hashlib.sha256(data).hexdigest(), path.is_file() and path.stat().st_mtime
    return found


def make(name, *arguments):
    subprocess.run([os.environ.get("PYTHON", sys.executable), "-B", MAKE, SCRATCH / name, *arguments],
                   check=True, stdout=subprocess.DEVNULL)
    return SCRATCH / name


def main():
    every = ["--messy", "--collide", "--clips", "2", "--collections", "2", "--images", "3"]
    first = make("first", *every, "--manifest", SCRATCH / "manifest.json")
    assert tree(first) == tree(make("again", *every)), "the same seed gave another card"
    assert tree(first) != tree(make("other", *every, "--seed", "2")), "another seed gave the same card"
    for name in ("Zima 2024/R1 – Łódź 5/DCIM/100RECNX/IMG_0001.JPG", "R9999/Site A", "R9999/site-a", "empty collection"):
        assert (first / name).exists(), name
    sized = make("sized", "--images", "4", "--clips", "0", "--size", "300000")
    sizes = {path.stat().st_size for path in sized.rglob("*.JPG")}
    assert sizes == {300000}, sizes
    digests = {digest for digest, _ in tree(sized).values()}
    assert len(digests) == 8 + 1, "pictures repeat"  # eight pictures, and what all folders share
    if shutil.which("exiftool") is None or shutil.which("ffmpeg") is None:
        print("exiftool or ffmpeg is not installed")
        sys.exit(77)
    manifest = {str(first / row["path"]): row for row in json.loads((SCRATCH / "manifest.json").read_text("utf-8"))}
    told = json.loads(subprocess.run(["exiftool", "-n", "-j", "-q", "-r", "-DateTimeOriginal", "-CreateDate", "-FileSize",
                                      "-MIMEType", "-ImageWidth", first / "R0001"], stdout=subprocess.PIPE,
                                     check=True).stdout)
    assert len(told) == 2 * (3 + 2), len(told)
    for row in told:
        want = manifest[row["SourceFile"]]
        date = row.get("DateTimeOriginal", row.get("CreateDate"))
        assert (date, row["FileSize"], row["MIMEType"], row["ImageWidth"]) == (
            want["taken"], want["size"], want["type"], want["width"]), (row, want)
        process = subprocess.run(["ffmpeg", "-v", "warning", "-nostdin", "-i", row["SourceFile"], "-f", "null", "-"],
                                 stderr=subprocess.PIPE, check=False)
        assert process.returncode == 0 and process.stderr == b"", process.stderr
    print("%d files looked at" % len(told))


main()
