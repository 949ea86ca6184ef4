# SPDX-License-Identifier: GPL-3.0-or-later
"""What the jobs of the benchmark share: the corpus, running us and the peers in turn, the figures."""
import os
import pathlib
import resource
import shutil
import statistics
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(ROOT / "tests/fixtures"), str(ROOT / "tests/servers")]
BUILD = pathlib.Path(os.environ.get("TRAPKIT_BUILD", ROOT / "build/plain"))
TRAPKIT = str(BUILD / "trapkit")
RUNS = int(os.environ.get("BENCH_RUNS", "5"))
IMAGES = int(os.environ.get("BENCH_IMAGES", "1000"))
BASE = pathlib.Path(os.environ.get("BENCH_DIR", pathlib.Path.home() / ".cache/trapkit-bench"))
results = []


def quiet(command, **options):
    return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                          check=True, **options)


def timed(run):
    """Seconds on the wall, and of processors: these hold also on a machine that is busy with other things."""
    def processors():
        # A peer in Python may work in this very process.
        spent = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        return sum(used.ru_utime + used.ru_stime for used in spent)
    began, used = time.perf_counter(), processors()
    run()
    return time.perf_counter() - began, processors() - used


def job(name, ours, peers, target, prepare=None, runs=RUNS):
    """`ours` and `peers` {label: function}; each runs `runs` times after one warm-up, in turn."""
    contestants = {"trapkit": ours, **peers}
    times = {label: [] for label in contestants}
    for number in range(runs + 1):
        for label, run in contestants.items():
            if prepare:
                prepare(label)
            spent = timed(run)
            if number:
                times[label].append(spent)
    wall, processors = ({label: statistics.median(pair[i] for pair in pairs) for label, pairs in times.items()}
                        for i in (0, 1))
    ratio = {k: wall["trapkit"] / v for k, v in wall.items() if k != "trapkit"}
    print(f"\n{name}  (target: {target})")
    for label, seconds in wall.items():
        used = processors[label]
        note = "" if label == "trapkit" else (f"   trapkit / {label} = {ratio[label]:.2f}"
                                              f" (processors {processors['trapkit'] / used:.2f})")
        print(f"  {label:24} {seconds * 1000:10.1f} ms {used * 1000:10.1f} ms of processors{note}", flush=True)
    results.append({"job": name, "target": target, "median_s": wall, "processors_s": processors, "ratio": ratio})


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


def convert_corpus(name, size, count):
    """Pictures as a camera makes them: a scene with the noise of its sensor."""
    corpus = BASE / name
    pictures = corpus / "data/winter/R1"
    if not (corpus / "made").exists():
        shutil.rmtree(corpus, ignore_errors=True)
        pictures.mkdir(parents=True)
        for i in range(count):
            quiet(["ffmpeg", "-y", "-f", "lavfi", "-i", f"testsrc2=size={size}:rate=1,noise=alls=12:all_seed={i}",
                   "-frames:v", "1", "-q:v", "5", "-pix_fmt", "yuvj422p", pictures / f"{i}.jpg"])
            os.utime(pictures / f"{i}.jpg", (1719828000, 1719828000))
        (corpus / "made").touch()
    return corpus / "data", sorted(pictures.iterdir())


def settings(folder):
    """A settings folder of its own, so that nobody's real one is read."""
    (folder / "settings").mkdir(exist_ok=True)
    path = folder / "settings/default.toml"
    path.write_text('[GENERAL]\nhost = "https://localhost"\nlogin = "field@example.org"\npassword = "x"\n'
                    'project_id = 12\n[PACKAGE]\ntimezone = "Europe/Warsaw"\n')
    path.chmod(0o600)
    return ["--settings-dir", str(folder / "settings")]
