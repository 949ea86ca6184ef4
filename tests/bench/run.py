#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Our speed beside the peers': each job runs us and every peer in turn, A B A B …, and prints medians and ratios.

The corpus is made once, outside the tree ($BENCH_DIR, default ~/.cache/trapkit-bench), the same every time.
A peer that is not installed is named. Both sides' work is checked before a number counts. `BENCH_RUNS` (5) and
`BENCH_IMAGES` (1000) make it shorter; arguments pick jobs by name. A table goes to stdout, the figures as JSON to
build/bench.json.
"""
import gzip
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile

import detect
import scale
from bench import (BASE, BUILD, HERE, IMAGES, RUNS, TRAPKIT, card, convert_corpus, job, missing, quiet, results,
                   settings)


DEFINITION = """collections:
- name: c
  project_id: 12
  timezone: Europe/Warsaw
  timezone_ignore_dst: false
  resources_dir: c
  deployments:
  - deployment_id: d
    resources:
    - {name: big.mp4, file: big.mp4, date_recorded: 2024-07-01T09:00:00+0000}
"""


def bench_start():
    with tempfile.TemporaryDirectory() as scratch:
        source = pathlib.Path(scratch) / "empty.c"
        source.write_text("int main(void) { return 0; }\n")
        empty = str(source.with_suffix(""))
        quiet(["gcc", "-O2", "-o", empty, str(source)])

        def often(command):
            def run():
                for _ in range(50):
                    quiet(command)
            return run
        peers = {"empty C program": often([empty])}
        for label, command in {"curl": ["curl", "--version"], "ffmpeg": ["ffmpeg", "-version"],
                               "exiftool": ["exiftool", "-ver"]}.items():
            if not missing(label, command[0]):
                peers[label] = often(command)
        job("start: 50 × --version", often([TRAPKIT, "--version"]), peers, "3 ms each")


def bench_survey():
    folder = card("survey", IMAGES, 2_500_000)
    floor = str(BASE / "floor")
    quiet(["gcc", "-O2", "-o", floor, str(HERE / "floor.c")])
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        common = [TRAPKIT, *settings(scratch), "template", "--data-path", str(folder), "--output", "-", "-q"]

        def fresh():
            work = scratch / "work"
            shutil.rmtree(work, ignore_errors=True)
            quiet([*common, "--work-dir", str(work)])
        again_work = scratch / "again"
        quiet([*common, "--work-dir", str(again_work)])
        time.sleep(2.1)
        quiet([*common, "--work-dir", str(again_work)])
        peers = {"floor: read 64 KiB": lambda: quiet([floor, "read", str(folder)])}
        if not missing("exiftool", "exiftool"):
            peers["exiftool -fast2"] = lambda: quiet(["exiftool", "-q", "-fast2", "-n", "-j", "-r", str(folder)])
        if not missing("exiv2", "exiv2"):
            names = [str(p) for p in folder.rglob("*.JPG")] + [str(p) for p in folder.rglob("*.jpg")]
            peers["exiv2"] = lambda: quiet(["exiv2", "-q", "-g", "DateTimeOriginal", *names])
        job(f"survey of {IMAGES} JPEGs, new ledger", fresh, peers, "2 × the floor")
        job("survey again, nothing changed", lambda: quiet([*common, "--work-dir", str(again_work)]),
            {"floor: stat": lambda: quiet([floor, "stat", str(folder)])}, "3 × stat", runs=RUNS * 3)


def bench_package():
    folder = card("survey", IMAGES, 2_500_000)
    out = BASE / "out"

    def clean(_label):
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir()
        os.sync()
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        work = scratch / "work"
        common = [TRAPKIT, *settings(scratch), "package", "--data-path", str(folder), "--output-path", str(out),
                  "--package-name", "bench", "--no-validate", "--overwrite", "-q", "--work-dir", str(work)]

        def ours():
            quiet(common)
            assert (out / "bench.zip").stat().st_size > IMAGES * 2_000_000

        def python_zip():
            with zipfile.ZipFile(out / "python.zip", "w") as archive:
                for path in sorted(folder.rglob("*.[jJ]*")):
                    archive.write(path, path.relative_to(folder))

        def copy():
            quiet(["cp", "-r", str(folder), str(out / "copy")])

        # What we publish is on the disk, what cp has written mostly is not.
        peers = {"cp -r": copy, "cp -r, then sync": lambda: (copy(), os.sync()), "python zipfile": python_zip}
        if not missing("zip", "zip"):
            peers["zip -0"] = lambda: quiet(["zip", "-0", "-q", "-r", str(out / "zip.zip"), "."], cwd=folder)
        job(f"package: YAML + ZIP of {IMAGES} × 2.5 MB", ours, peers, "1.05 × cp -r", clean, runs=min(RUNS, 3))
    shutil.rmtree(out, ignore_errors=True)


def bench_upload():
    import ftp_peers
    size = 1 << 30
    with tempfile.TemporaryDirectory(dir=BASE) as scratch:
        scratch = pathlib.Path(scratch)
        scratch.chmod(0o755)
        big = scratch / "big.zip"
        with open(big, "wb") as stream:
            block = os.urandom(1 << 20)
            for _ in range(size >> 20):
                stream.write(block)
        # What upload takes is a package: a definition, and an archive of one stored file.
        payload, big = big, scratch / "bench.zip"
        with zipfile.ZipFile(big, "w") as archive:
            archive.write(payload, "c/d/big.mp4")
        payload.unlink()
        (scratch / "bench.yaml").write_text(DEFINITION)
        size = big.stat().st_size
        with ftp_peers.PureFtpd(scratch) as server:
            remote = pathlib.Path(server.files)

            def clean(_label):
                for path in remote.rglob("*"):
                    if path.is_file():
                        path.unlink()
                shutil.rmtree(scratch / "work", ignore_errors=True)
            environment = dict(os.environ, UPLOAD__FTP_PASSWORD=server.password)
            ours = [TRAPKIT, *settings(scratch), "--set", f"UPLOAD.ca_file={server.ca}", "upload", "--file-yaml",
                    str(scratch / "bench.yaml"), "--file-zip", str(big), "-q", "--work-dir", str(scratch / "work"),
                    "--to", server.url("localhost")]

            def check():
                assert any(p.stat().st_size == size for p in remote.rglob("*") if p.is_file())

            def run_ours():
                quiet(ours, env=environment)
                check()
            netrc = scratch / "netrc"
            netrc.write_text(f"machine localhost login {server.user} password {server.password}\n")
            netrc.chmod(0o600)
            peers = {}
            if not missing("curl", "curl"):
                peers["curl"] = lambda: (quiet(["curl", "-s", "--ssl-reqd", "--cacert", str(server.ca), "--netrc-file",
                                                str(netrc), "-T", str(big), f"ftp://localhost:{server.port}/collections/"]), check())
            if not missing("lftp", "lftp"):
                script = (f"set ssl:ca-file {server.ca}; set ftp:ssl-force yes; set ftp:ssl-protect-data yes; "
                          f"open -u {server.user},{server.password} -p {server.port} localhost; cd /collections; put {big}; bye")
                peers["lftp"] = lambda: (quiet(["lftp", "-c", script]), check())
            job("upload of 1 GiB, FTPS, pure-ftpd", run_ours, peers, "1.0 × the best peer", clean, runs=min(RUNS, 3))


def works(*names):
    """The first that is installed, and not somebody's stand-in of that name."""
    for name in names:
        if shutil.which(name) and subprocess.run([name, "--version"], capture_output=True, check=False).returncode == 0:
            return name
    print(f"  {names[-1]}: not measured, it is not installed")
    return None


def shrinkers(pictures, out):
    """The peers, each as its manual tells to do many pictures: in one process, one thread, about our quality."""
    peers = {}

    def peer(label, *command):
        def run():
            quiet([*map(str, command)])
            made(list(out.iterdir()), len(pictures), label)
        peers[label] = run
    if works("vipsthumbnail"):
        peer("vipsthumbnail", "env", "VIPS_CONCURRENCY=1", "vipsthumbnail", *pictures, "--size", "1920x1920>", "-o",
             f"{out}/%s.jpg[Q=85]")
    peer("ffmpeg", "ffmpeg", "-threads", "1", "-i", pictures[0].parent / "%d.jpg", "-vf",
         "scale=1920:-1:flags=lanczos", "-q:v", "3", "-threads", "1", f"{out}/%d.jpg")
    if magick := works("mogrify-im6.q16", "mogrify"):
        peer("ImageMagick", magick, "-limit", "thread", "1", "-path", out, "-resize", "1920x1920>", "-quality", "85",
             *pictures)
    return peers


def made(found, wanted, who):
    if len(found) != wanted:
        raise SystemExit(f"{who} made {len(found)} of {wanted} renditions")


def bench_convert():
    if shutil.which("ffmpeg") is None:
        missing("convert", "ffmpeg")
        return
    for name, size, count in (("12 MP", "4000x3000", 20), ("24 MP", "6000x4000", 10)):
        data, pictures = convert_corpus(f"convert-{size}", size, count)
        with tempfile.TemporaryDirectory(dir=BASE) as scratch:
            words = settings(pathlib.Path(scratch))
            out = pathlib.Path(scratch) / "out"

            def prepare(_):
                shutil.rmtree(out, ignore_errors=True)
                out.mkdir()
                shutil.rmtree(data / ".trapkit", ignore_errors=True)

            def ours(jobs):
                quiet([TRAPKIT, *words, "convert", "--data-path", data, "-q", "-j", str(jobs)])
                made(list((data / ".trapkit/renditions").rglob("*.jpg")), count, "trapkit")
            job(f"convert: {count} JPEG of {name} to 1920, one worker", lambda: ours(1),
                {"trapkit -j 2": lambda: ours(2), **shrinkers(pictures, out)},
                "1/3.5 of vipsthumbnail, 1/2 of ffmpeg; -j 2 1.95 times as fast", prepare=prepare)


def bench_convert_video():
    if shutil.which("ffmpeg") is None:
        missing("convert_video", "ffmpeg")
        return
    corpus = BASE / "convert-video-2"
    scene = ["-f", "lavfi", "-i", "testsrc2=size=1280x720:rate=15,noise=alls=8", "-f", "lavfi", "-i",
             "sine=440:sample_rate=16000", "-t", "10"]
    kinds = {"clip.avi": ["-c:v", "mjpeg", "-q:v", "4", "-pix_fmt", "yuvj422p", "-c:a", "pcm_s16le"],
             "fit.mp4": ["-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-c:a", "aac"]}
    clips = {name: corpus / f"{name}-data/winter/R1/{name}" for name in kinds}
    if not (corpus / "made").exists():
        for name, options in kinds.items():
            clips[name].parent.mkdir(parents=True, exist_ok=True)
            quiet(["ffmpeg", "-y", *scene, *options, clips[name]])
            os.utime(clips[name], (1719828000, 1719828000))
        (corpus / "made").touch()
    with tempfile.TemporaryDirectory(dir=BASE) as scratch:
        words, out = settings(pathlib.Path(scratch)), pathlib.Path(scratch) / "out.mp4"

        def ours(name):
            data = corpus / f"{name}-data"
            shutil.rmtree(data / ".trapkit", ignore_errors=True)
            quiet([TRAPKIT, *words, "convert", "--data-path", data, "-q", "-j", "1"])
            made(list((data / ".trapkit/renditions").rglob("*.mp4")), 1, "trapkit")

        def peer(name, *options):
            quiet(["ffmpeg", "-y", "-threads", "1", "-i", clips[name], *options, "-movflags", "+faststart", out])
        job("convert: AVI of 10 s, 720p, to MP4, one thread", lambda: ours("clip.avi"),
            {"ffmpeg, same preset": lambda: peer("clip.avi", "-c:v", "libx264", "-preset", "veryfast", "-crf", "23",
                                                 "-pix_fmt", "yuv420p", "-threads", "1", "-c:a", "aac")},
            "1.0 of ffmpeg", runs=min(RUNS, 3))
        job("convert: MP4 that is fit, packed anew", lambda: ours("fit.mp4"),
            {"ffmpeg -c copy": lambda: peer("fit.mp4", "-c", "copy")}, "1.0 of ffmpeg")


COUNT_ROWS = """
import csv, sys
rows = 0
for name in sys.argv[1:]:
    with open(name, newline="", encoding="utf-8") as table:
        rows += sum(1 for row in csv.reader(table)) - 1
assert rows == int(sys.stdin.read())
"""


def bench_validate():
    """A Camtrap DP package, all rules, against what it takes Python's csv module to walk through the same rows."""
    import camtrap_package
    files = 500 * IMAGES
    folder = BASE / f"camtrap-{files}"
    if not (folder / ".complete").exists():
        shutil.rmtree(folder, ignore_errors=True)
        print(f"making {folder} …", flush=True)
        (folder / ".complete").write_text(str(camtrap_package.large_package(folder, files)))
        packed = folder / "packed"
        packed.mkdir()
        for table in camtrap_package.COLUMNS:
            (packed / f"{table}.csv.gz").write_bytes(gzip.compress((folder / f"{table}.csv").read_bytes(), 6))
        (packed / "datapackage.json").write_text((folder / "datapackage.json").read_text().replace(".csv\"", ".csv.gz\""))
    rows = int((folder / ".complete").read_text())
    tables = [str(folder / f"{table}.csv") for table in camtrap_package.COLUMNS]

    def ours(path):
        done = subprocess.run([TRAPKIT, "validate", "--json", str(path)], stdin=subprocess.DEVNULL, capture_output=True, check=True)
        assert sum(json.loads(done.stdout)["packages"][0]["rows"].values()) == rows

    def python():
        subprocess.run([sys.executable, "-c", COUNT_ROWS, *tables], input=str(rows), text=True, check=True)
    job(f"validate {rows} rows", lambda: ours(folder), {"python csv, reading only": python,
                                                       "the same as .csv.gz": lambda: ours(folder / "packed")}, "1 million rows a second")
    median = results[-1]["median_s"]["trapkit"]
    results[-1]["rows_per_second"] = rows / median
    print(f"  {rows / median / 1e6:.2f} million rows a second")


JOBS = {"validate": bench_validate, "convert": bench_convert, "convert_video": bench_convert_video, "start": bench_start, "survey": bench_survey, "package": bench_package, "upload": bench_upload,
        **detect.JOBS, **scale.JOBS}


def main():
    BASE.mkdir(parents=True, exist_ok=True)
    chosen = [name for name in JOBS if not sys.argv[1:] or name in sys.argv[1:]]
    for name in chosen:
        try:
            JOBS[name]()
        except subprocess.CalledProcessError as failure:
            print(f"\n{name}: {failure.cmd[0]} failed with {failure.returncode}: {failure.stderr.decode()[-500:]}")
            results.append({"job": name, "failed": failure.returncode})
    (BUILD.parent / "bench.json").write_text(json.dumps({"runs": RUNS, "jobs": results}, indent=2) + "\n")
    return 1 if any("failed" in r for r in results) else 0


sys.exit(main())
