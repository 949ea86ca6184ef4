#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Our speed beside the peers': each job runs us and every peer in turn, A B A B …, and prints medians and ratios.

The corpus is made once, outside the tree ($BENCH_DIR, default ~/.cache/trapkit-bench), the same every time.
A peer that is not installed is named. Both sides' work is checked before a number counts. `BENCH_RUNS` (5) and
`BENCH_IMAGES` (1000) make it shorter; arguments pick jobs by name. A table goes to stdout, the figures as JSON to
build/bench.json.
"""
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(ROOT / "tests/fixtures"), str(ROOT / "tests/servers")]
BUILD = pathlib.Path(os.environ.get("TRAPKIT_BUILD", ROOT / "build/plain"))
TRAPKIT = str(BUILD / "trapkit")
RUNS = int(os.environ.get("BENCH_RUNS", "5"))
IMAGES = int(os.environ.get("BENCH_IMAGES", "1000"))
BASE = pathlib.Path(os.environ.get("BENCH_DIR", pathlib.Path.home() / ".cache/trapkit-bench"))
results = []


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


def quiet(command, **options):
    return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                          check=True, **options)


def timed(run):
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


def job(name, ours, peers, target, prepare=None, runs=RUNS):
    """`ours` and `peers` {label: function}; each runs `runs` times after one warm-up, in turn."""
    contestants = {"trapkit": ours, **peers}
    times = {label: [] for label in contestants}
    for number in range(runs + 1):
        for label, run in contestants.items():
            if prepare:
                prepare(label)
            seconds = timed(run)
            if number:
                times[label].append(seconds)
    medians = {label: statistics.median(values) for label, values in times.items()}
    print(f"\n{name}  (target: {target})")
    for label, seconds in medians.items():
        ratio = medians["trapkit"] / seconds
        note = "" if label == "trapkit" else f"   trapkit / {label} = {ratio:.2f}"
        print(f"  {label:24} {seconds * 1000:10.1f} ms{note}", flush=True)
    results.append({"job": name, "target": target, "median_s": medians,
                    "ratio": {k: medians["trapkit"] / v for k, v in medians.items() if k != "trapkit"}})


def missing(label, program):
    if shutil.which(program):
        return False
    print(f"  {label}: not measured, '{program}' is not installed")
    return True


def card(name, images, size):
    import make_card
    folder = BASE / f"{name}-{images}-{size}"
    if not (folder / ".complete").exists():
        shutil.rmtree(folder, ignore_errors=True)
        print(f"making {folder} …", flush=True)
        quiet([sys.executable, make_card.__file__, str(folder), "--collections", "1", "--deployments", "10",
               "--images", str(max(1, images // 10)), "--clips", "0", "--size", str(size), "--seed", "7"])
        (folder / ".complete").touch()
    return folder


def settings(folder):
    """A settings folder of its own, so that nobody's real one is read."""
    (folder / "settings").mkdir(exist_ok=True)
    path = folder / "settings/default.toml"
    path.write_text('[GENERAL]\nhost = "https://localhost"\nlogin = "field@example.org"\npassword = "x"\n'
                    'project_id = 12\n[PACKAGE]\ntimezone = "Europe/Warsaw"\n')
    path.chmod(0o600)
    return ["--settings-dir", str(folder / "settings")]


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
        peers = {"cp -r": lambda: quiet(["cp", "-r", str(folder), str(out / "copy")]), "python zipfile": python_zip}
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


def convert_corpus():
    """Ten pictures of 12 MP as a camera makes them: a scene with the noise of its sensor."""
    corpus = BASE / "convert-1"
    pictures = corpus / "data/winter/R1"
    if not (corpus / "made").exists():
        shutil.rmtree(corpus, ignore_errors=True)
        pictures.mkdir(parents=True)
        for i in range(10):
            quiet(["ffmpeg", "-y", "-f", "lavfi", "-i", f"testsrc2=size=4000x3000:rate=1,noise=alls=12:all_seed={i}",
                   "-frames:v", "1", "-q:v", "5", "-pix_fmt", "yuvj422p", pictures / f"{i}.jpg"])
            os.utime(pictures / f"{i}.jpg", (1719828000, 1719828000))
        (corpus / "made").touch()
    return corpus / "data", sorted(pictures.iterdir())


def works(program, option):
    """Installed, and not somebody's stand-in of that name."""
    return shutil.which(program) and subprocess.run([program, option], capture_output=True, check=False).returncode == 0


def bench_convert():
    if shutil.which("ffmpeg") is None:
        missing("convert", "ffmpeg")
        return
    data, pictures = convert_corpus()
    with tempfile.TemporaryDirectory(dir=BASE) as scratch:
        words = settings(pathlib.Path(scratch))
        out = pathlib.Path(scratch) / "out"

        def prepare(_):
            shutil.rmtree(out, ignore_errors=True)
            out.mkdir()
            shutil.rmtree(data / ".trapkit", ignore_errors=True)

        def made(found, what):
            if len(found) != len(pictures):
                raise SystemExit(f"{what} made {len(found)} of {len(pictures)} renditions")

        def ours(jobs):
            quiet([TRAPKIT, *words, "convert", "--data-path", data, "-q", "-j", str(jobs)])
            made(list((data / ".trapkit/renditions").rglob("*.jpg")), "trapkit")

        def each(*command):
            for picture in pictures:
                quiet([*(str(word).replace("IN", str(picture)).replace("OUT", str(out / picture.name))
                         for word in command)])
            made(list(out.iterdir()), command[0])

        peers = {"ffmpeg, one each": lambda: each(
            "ffmpeg", "-threads", "1", "-i", "IN", "-vf", "scale=1920:1440:flags=lanczos", "-q:v", "3", "-threads", "1",
            "OUT")}
        for program, command in (("vipsthumbnail", ["vipsthumbnail", "IN", "--size", "1920x1920>", "-o", "OUT[Q=85]"]),
                                 ("convert", ["convert", "IN", "-limit", "thread", "1", "-resize", "1920x1920>",
                                              "-quality", "85", "OUT"])):
            if works(program, "--version" if program == "vipsthumbnail" else "-version"):
                peers[f"{program}, one each"] = lambda command=command: each(*command)
            else:
                print(f"  convert: not measured, '{program}' is not installed")
        peers["trapkit -j 2"] = lambda: ours(2)
        job("convert: 10 JPEG of 12 MP to 1920, one worker", lambda: ours(1), peers,
            "<= 1/3.5 of vipsthumbnail, 1/2 of ffmpeg; -j 2 twice as fast", prepare=prepare)


def bench_convert_video():
    if shutil.which("ffmpeg") is None:
        missing("convert_video", "ffmpeg")
        return
    corpus = BASE / "convert-video-1"
    clip = corpus / "data/winter/R1/clip.avi"
    if not (corpus / "made").exists():
        clip.parent.mkdir(parents=True, exist_ok=True)
        quiet(["ffmpeg", "-y", "-f", "lavfi", "-i", "testsrc2=size=1280x720:rate=15,noise=alls=8", "-f", "lavfi", "-i",
               "sine=440:sample_rate=8000", "-t", "10", "-c:v", "mjpeg", "-q:v", "4", "-pix_fmt", "yuvj422p", "-c:a",
               "pcm_s16le", clip])
        os.utime(clip, (1719828000, 1719828000))
        (corpus / "made").touch()
    with tempfile.TemporaryDirectory(dir=BASE) as scratch:
        words, out = settings(pathlib.Path(scratch)), pathlib.Path(scratch) / "out.mp4"

        def ours():
            shutil.rmtree(corpus / "data/.trapkit", ignore_errors=True)
            quiet([TRAPKIT, *words, "convert", "--data-path", corpus / "data", "-q", "-j", "1"])

        def peer():
            quiet(["ffmpeg", "-y", "-threads", "1", "-i", clip, "-c:v", "libx264", "-preset", "veryfast", "-crf", "23",
                   "-pix_fmt", "yuv420p", "-threads", "1", "-c:a", "aac", "-movflags", "+faststart", out])

        job("convert: AVI of 10 s, 720p, to MP4, one thread", ours, {"ffmpeg, same preset": peer}, "<= 1.0 of ffmpeg")


JOBS = {"convert": bench_convert, "convert_video": bench_convert_video, "start": bench_start, "survey": bench_survey, "package": bench_package, "upload": bench_upload}


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
