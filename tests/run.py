#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs every test there is, a few at a time ($TEST_JOBS), and ends with the line "N passed, N failed, N skipped".

A test is a unit program, a script below tests/cli, tests/faults or tests/rules (test_*.sh, test_*.py), or a
fuzz target replaying its corpus. Exit 0 passes, 77 skips (the last line says why), anything else fails and
its whole output is shown. Each gets an empty scratch folder in $SCRATCH and an empty $HOME.
"""
import concurrent.futures
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = pathlib.Path(os.environ.get("TRAPKIT_BUILD", ROOT / "build/plain"))
LIMIT = int(os.environ.get("TEST_SECONDS", "600"))
# One more than there are processors: many tests do nothing but wait for a server to give up.
JOBS = int(os.environ.get("TEST_JOBS", min(os.cpu_count() or 1, 7) + 1))


def commands():
    """Those that wait for a network or for time come first: they leave the processors to the others."""
    sanitize = os.environ.get("TRAPKIT_SANITIZE", "")
    for folder in ("faults", "cli", "rules"):
        if folder == "rules" and sanitize:
            continue
        for script in sorted((ROOT / "tests" / folder).glob("test_*")):
            if script.suffix == ".sh":
                yield folder + "/" + script.name, ["bash", str(script)]
            elif script.suffix == ".py":
                yield folder + "/" + script.name, [os.environ.get("PYTHON", sys.executable), str(script)]
    for program in sorted((BUILD / "unit").glob("test_*")):
        if not program.suffix and (ROOT / "tests/unit" / (program.name + ".c")).exists():
            yield "unit/" + program.name, [str(program)]
    for program in sorted((BUILD / "fuzz").glob("fuzz_*")):
        corpus = ROOT / "tests/fuzz/corpus" / program.name[5:]
        if not program.suffix and corpus.is_dir():
            yield "fuzz/" + program.name, [str(program), str(corpus)]


def run(name, command):
    began = time.monotonic()
    scratch = tempfile.mkdtemp(prefix="trapkit-test-")
    # Servers under test run as users of their own, and must get to the folders that they serve.
    os.chmod(scratch, 0o755)
    home = os.path.join(scratch, "home")
    os.mkdir(home)
    environment = dict(os.environ, SCRATCH=scratch, HOME=home, LC_ALL="C.UTF-8", ROOT=str(ROOT),
                       TRAPKIT=str(BUILD / "trapkit"), TRAPKIT_BUILD=str(BUILD),
                       ASAN_OPTIONS="abort_on_error=0:exitcode=99",
                       TSAN_OPTIONS=f"exitcode=99:suppressions={ROOT}/tests/thread_sanitizer.supp")
    for key in list(environment):
        if "__" in key and key.split("__")[0].isupper():
            del environment[key]
    process = subprocess.Popen(command, cwd=scratch, env=environment, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
    try:
        output, _ = process.communicate(timeout=LIMIT)
        status = process.returncode
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        output, _ = process.communicate()
        output += b"\nstopped: over %d seconds" % LIMIT
        status = 124
    subprocess.run(["chmod", "-R", "u+rwx", scratch], stderr=subprocess.DEVNULL, check=False)
    shutil.rmtree(scratch, ignore_errors=True)
    return name, status, output.decode("utf-8", "replace"), time.monotonic() - began


def main():
    words = sys.argv[1:]
    chosen = [c for c in commands() if not words or any(word in c[0] for word in words)]
    passed, failed, skipped = 0, [], 0
    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        for name, status, output, seconds in pool.map(lambda c: run(*c), chosen):
            last = output.strip().splitlines()[-1] if output.strip() else ""
            if status == 0:
                passed += 1
                print(f"ok    {name} ({seconds:.1f} s)", flush=True)
            elif status == 77:
                skipped += 1
                print(f"skip  {name}: {last}", flush=True)
            else:
                failed.append(name)
                print(f"FAIL  {name} (exit {status}, {seconds:.1f} s)\n{output}", flush=True)
    for name in failed:
        print("failed:", name)
    print(f"{passed} passed, {len(failed)} failed, {skipped} skipped")
    return 1 if failed or not passed else 0


sys.exit(main())
