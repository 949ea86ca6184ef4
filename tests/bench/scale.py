# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs of the benchmark that are about many: files over FTPS, memory, growth with the number of files, all stages at once."""
import contextlib
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import bench


def quiet_json(command, **options):
    return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=True,
                          **options).stdout


def record(name, target, good, **figures):
    shown = ", ".join(f"{key.replace('_', ' ')} {value:.2f}" for key, value in figures.items())
    print(f"  {name:44} {shown}   (target: {target}){'' if good else '   MISSED'}", flush=True)
    bench.results.append({"job": name, "target": target, "met": good, **figures})


# ---- many files over FTPS ----

@contextlib.contextmanager
def ftp_server(scratch):
    """A pure-ftpd, and what each client needs to be told of it."""
    import ftp_peers
    with ftp_peers.PureFtpd(scratch) as server:
        netrc = scratch / "netrc"
        netrc.write_text(f"machine localhost login {server.user} password {server.password}\n")
        netrc.chmod(0o600)
        server.netrc = netrc
        yield server


def empty(folder):
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def curl_files(server, scratch, files):
    config = scratch / "curl.config"
    config.write_text("\nnext\n".join(
        f'upload-file = "{path}"\nurl = "ftp://localhost:{server.port}/collections/{number}.jpg"\nssl-reqd\n'
        f'cacert = "{server.ca}"\nnetrc-file = "{server.netrc}"\nsilent' for number, path in enumerate(files)))
    return ["curl", "--parallel", "--parallel-max", "2", "--config", str(config)]


def lftp_mirror(server, folder):
    return ["lftp", "-c", f"set ssl:ca-file {server.ca}; set ftp:ssl-force yes; set ftp:ssl-protect-data yes; "
            f"open -u {server.user},{server.password} -p {server.port} localhost; mirror -R -P4 {folder} /collections/mirror"]


def rclone_copy(server, folder):
    word = quiet_json(["rclone", "obscure", server.password]).decode().strip()
    return ["rclone", "copy", "--transfers", "4", "--ftp-host", "localhost", "--ftp-port", str(server.port), "--ftp-user",
            server.user, "--ftp-pass", word, "--ftp-explicit-tls", "--ftp-no-check-certificate", str(folder),
            ":ftp:/collections/copy"]


def upload_many():
    """We send packages, a deployment each; the others the same pictures one by one."""
    folder = bench.card("survey", bench.IMAGES, 2_500_000)
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() == ".jpg")
    total = sum(path.stat().st_size for path in files)
    with tempfile.TemporaryDirectory(dir=bench.BASE) as scratch:
        scratch = pathlib.Path(scratch)
        scratch.chmod(0o755)
        work = [*bench.settings(scratch), "--work-dir", str(scratch / "work"), "-q", "--data-path", str(folder)]
        bench.quiet([bench.TRAPKIT, "package", *work, "--output-path", str(scratch / "out"), "--split", "deployment",
                     "--no-validate"])
        fresh = scratch / "packaged"
        shutil.copytree(scratch / "work", fresh)
        with ftp_server(scratch) as server:
            remote = pathlib.Path(server.files)
            ours = [bench.TRAPKIT, "upload", *work, "--set", f"UPLOAD.ca_file={server.ca}", "--parallel", "2", "--to",
                    server.url("localhost")]

            def clean(_label):
                empty(remote)
                shutil.rmtree(scratch / "work")
                shutil.copytree(fresh, scratch / "work")

            def run(command):
                def go():
                    bench.quiet(command, env=dict(os.environ, UPLOAD__FTP_PASSWORD=server.password))
                    assert sum(path.stat().st_size for path in remote.rglob("*") if path.is_file()) >= total
                return go
            peers = {}
            for label, make in {"curl -Z": lambda: curl_files(server, scratch, files),
                                "lftp mirror -P4": lambda: lftp_mirror(server, folder),
                                "rclone --transfers 4": lambda: rclone_copy(server, folder)}.items():
                if not bench.missing(label, label.split()[0]):
                    peers[label] = run(make())
            bench.job(f"upload of {len(files)} × 2.5 MB, FTPS, pure-ftpd", run(ours), peers, "1/1.2 of the best peer", clean,
                      runs=1)


# ---- memory, and growth with the number of files ----

def tree(count):
    """So many tiny pictures, fifty in a deployment, made of one."""
    import make_card
    folder = bench.BASE / f"tiny-{count}"
    if (folder / ".complete").exists():
        return folder / "data"
    print(f"making {folder} …", flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    bench.quiet([sys.executable, make_card.__file__, str(folder / "one"), "--collections", "1", "--deployments", "1",
                 "--images", "1", "--clips", "0", "--size", "2000"])
    picture = next(path for path in (folder / "one").rglob("*") if path.suffix.lower() == ".jpg").read_bytes()
    for number in range(count):
        place = folder / f"data/c/c-L{number // 50:04}_1"
        if number % 50 == 0:
            place.mkdir(parents=True)
        path = place / f"IMG_{number % 50:04}.JPG"
        path.write_bytes(picture)
        os.utime(path, (1719828000, 1719828000))
    (folder / ".complete").touch()
    return folder / "data"


def measured(command, **options):
    """Seconds of processors, and the most memory in bytes, of one command."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, **options)
    trouble = process.stderr.read()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command, stderr=trouble)
    return used.ru_utime + used.ru_stime, used.ru_maxrss * 1024


def growth():
    """Processor time, which does not wait for a disk, and memory, of 10,000 and of 100,000 files."""
    counts = (10_000, 100_000)
    spent = {}
    print("\ngrowth from 10,000 to 100,000 files, and memory")
    for count in counts:
        data = tree(count)
        with tempfile.TemporaryDirectory(dir=bench.BASE) as scratch:
            scratch = pathlib.Path(scratch)
            work = [*bench.settings(scratch), "--work-dir", str(scratch / "work"), "-q", "--data-path", str(data)]
            commands = {
                "survey": ["template", *work, "--output", str(scratch / "table.csv")],
                "package": ["package", *work, "--output-path", str(scratch / "out"), "--package-name", "all", "--no-validate"],
                "upload": ["upload", *work, "--to", f"file://{scratch}/outbox"],
                "validate": ["validate", *bench.settings(scratch), "-q", str(scratch / "out/all.zip")],
            }
            (scratch / "outbox").mkdir()
            for verb, command in commands.items():
                spent[verb, count] = measured([bench.TRAPKIT, *command])
    for verb in commands:
        (few, _), (many, memory) = spent[verb, counts[0]], spent[verb, counts[1]]
        limit = (64 << 20) + 200 * counts[1]
        record(f"{verb} of 100,000 files", f"11 × 10,000 files; {limit / 1e6:.0f} MB", many <= 11 * few and memory <= limit,
               seconds=many, times=many / few, megabytes=memory / 1e6)


# ---- all stages at once ----

def pipeline():
    """pipeline beside its stages one after the other, over FTPS, a package for each deployment."""
    folder = bench.card("survey", max(10, bench.IMAGES // 4), 2_500_000)
    with tempfile.TemporaryDirectory(dir=bench.BASE) as scratch:
        scratch = pathlib.Path(scratch)
        scratch.chmod(0o755)
        with ftp_server(scratch) as server:
            common = [*bench.settings(scratch), "--work-dir", str(scratch / "work"), "-q", "--data-path", str(folder)]
            making = ["--output-path", str(scratch / "out"), "--split", "deployment", "--no-validate"]
            sending = ["--set", f"UPLOAD.ca_file={server.ca}", "--to", server.url("localhost")]
            stages = {"survey": ["template", *common, "--output", str(scratch / "table.csv")],
                      "package": ["package", *common, *making], "upload": ["upload", *common, *sending]}
            times = {label: [] for label in (*stages, "pipeline")}

            def clean():
                empty(pathlib.Path(server.files))
                for name in ("work", "out"):
                    shutil.rmtree(scratch / name, ignore_errors=True)
                (scratch / "table.csv").unlink(missing_ok=True)
                os.sync()

            def run(label, command):
                began = time.perf_counter()
                bench.quiet([bench.TRAPKIT, *command], env=dict(os.environ, UPLOAD__FTP_PASSWORD=server.password))
                times[label].append(time.perf_counter() - began)
            for _ in range(min(bench.RUNS, 3)):
                clean()
                for label, command in stages.items():
                    run(label, command)
                clean()
                run("pipeline", ["pipeline", *common, *making, *sending])
    medians = {label: statistics.median(values) for label, values in times.items()}
    slowest = max(medians[label] for label in stages)
    print("\nall stages at once")
    record("pipeline", "1.15 × the slowest stage", medians["pipeline"] <= 1.15 * slowest, **medians,
           times=medians["pipeline"] / slowest)


JOBS = {"upload_many": upload_many, "growth": growth, "pipeline": pipeline}
