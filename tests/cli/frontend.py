# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of the front end share: running the program, on pipes and on a terminal, and counting failures."""
import json
import os
import pathlib
import pty
import re
import select
import signal
import subprocess
import sys
import time

SCRATCH = pathlib.Path(os.environ["SCRATCH"])
TRAPKIT = os.environ["TRAPKIT"]
failures = []


def check(condition, text):
    if not condition:
        failures.append(text)
        print("FAILED:", text)


def environment(**more):
    """A clean environment: no setting of this shell gets in."""
    clean = {key: value for key, value in os.environ.items() if "__" not in key and key not in (
        "TRAPKIT_SETTINGS_DIR", "NO_COLOR", "VISUAL", "EDITOR")}
    clean.update(more)
    return clean


def run(*arguments, env=None, text="", program=TRAPKIT, cwd=None):
    """(exit status, standard output, standard error)."""
    done = subprocess.run([program, *arguments], input=text.encode(), capture_output=True, cwd=cwd or SCRATCH,
                          env=environment(**(env or {})), timeout=60, check=False)
    return done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")


def document(*arguments, **more):
    """The one JSON document on standard output, whatever the exit status, which must be in it."""
    status, out, _ = run(*arguments, "--json", **more)
    try:
        found = json.loads(out)
    except ValueError:
        check(False, f"{arguments}: standard output is no JSON document: {out!r}")
        return {}
    check(found.get("exit") == status and found.get("ok") == (status == 0) and "error" in found,
          f"{arguments}: the document's exit, ok, error do not fit status {status}: {found}")
    check(re.fullmatch(r"trapkit/[a-z-]+/1", found.get("schema", "")), f"{arguments}: schema {found.get('schema')}")
    return found


def peak_memory(*arguments):
    """MiB that a run took at most. A sanitizer takes more than the program: 0 then, and no run."""
    if "sanitize" in TRAPKIT:
        return 0
    process = subprocess.Popen([TRAPKIT, *arguments], cwd=SCRATCH, env=environment(), stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    check(process.returncode == 0, f"{arguments}: status {process.returncode}")
    return used.ru_maxrss / 1024


class Terminal:
    """The program with a terminal of its own as standard input, output and error."""

    def __init__(self, *arguments, env=None):
        self.master, slave = pty.openpty()
        self.process = subprocess.Popen([TRAPKIT, *arguments], stdin=slave, stdout=slave, stderr=slave, cwd=SCRATCH,
                                        env=environment(**(env or {})), start_new_session=True)
        os.close(slave)
        self.seen = ""

    def read(self, seconds):
        """True while more may come."""
        ready, _, _ = select.select([self.master], [], [], seconds)
        if not ready:
            return True
        try:
            part = os.read(self.master, 65536)
        except OSError:
            return False
        self.seen += part.decode("utf-8", "replace")
        return bool(part)

    def wait_for(self, text, seconds=10):
        end = time.monotonic() + seconds
        while text not in self.seen and time.monotonic() < end:
            if not self.read(0.2):
                break
        return text in self.seen

    def type(self, text):
        os.write(self.master, text.encode())

    def signal(self, number):
        self.process.send_signal(number)

    def finish(self, seconds=10):
        """Exit status; the process is killed when it takes longer."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and self.read(0.1):
            if self.process.poll() is not None and not select.select([self.master], [], [], 0.05)[0]:
                break
        try:
            status = self.process.wait(max(0.1, end - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = self.process.wait()
        os.close(self.master)
        return status


def listed_commands():
    """Names below "Commands:" of the program's help."""
    return commands_of(run("--help")[1])


def commands_of(help_text):
    found = re.search(r"^Commands:\n((?:  .*\n)+)", help_text, re.M)
    return [line.split()[0] for line in found.group(1).splitlines() if re.match(r"  [a-z]", line)] if found else []


def end():
    print(f"{len(failures)} failed")
    sys.exit(1 if failures else 0)


__all__ = ["SCRATCH", "TRAPKIT", "Terminal", "check", "commands_of", "document", "end", "environment", "listed_commands",
           "run", "signal"]
