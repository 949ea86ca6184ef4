# SPDX-License-Identifier: GPL-3.0-or-later
"""Drives the small client in tests/unit/test_transfer.c, and the checks that the FTP fault tests share."""
import json
import os
import pathlib
import signal
import subprocess
import time

PROGRAM = str(pathlib.Path(os.environ["TRAPKIT_BUILD"]) / "unit/test_transfer")
SCRATCH = pathlib.Path(os.environ["SCRATCH"])
# enum error_kind
INPUT, SYSTEM, USAGE, SETTINGS, UNAVAILABLE, NETWORK, BUSY, REFUSED, REMOTE, CANCELLED = range(1, 11)


class Outcome:
    def __init__(self, status, output, detail, seconds):
        self.status, self.detail, self.seconds = status, detail, seconds
        self.operations = [json.loads(line) for line in output.splitlines()]

    @property
    def last(self):
        return self.operations[-1]

    @property
    def message(self):
        return self.last["message"]

    def __repr__(self):
        return f"status {self.status} after {self.seconds:.1f} s: {self.operations}\n{self.detail}"


def arguments(server, operations, url=None, **settings):
    settings = {"password": server.password, "ca": server.ca, "timeout": 5, **settings}
    return [PROGRAM, url or server.url(), *[f"{k}={v}" for k, v in settings.items() if v is not None], *operations]


def client(server, *operations, url=None, **settings):
    began = time.monotonic()
    done = subprocess.run(arguments(server, operations, url, **settings), capture_output=True, text=True,
                          errors="surrogateescape", timeout=100, check=False)
    outcome = Outcome(done.returncode, done.stdout, done.stderr, time.monotonic() - began)
    check("Sanitizer" not in done.stderr and done.returncode >= 0, "the client does not crash", outcome)
    check(server.password not in done.stdout + done.stderr, "the password is never shown", outcome)
    return outcome


def stopped_client(server, after, *operations, number=signal.SIGTERM, **settings):
    """As client(), with a signal `after` seconds, or once `after()` holds; `seconds` counts from the signal."""
    process = subprocess.Popen(arguments(server, operations, **settings), stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
    if callable(after):
        limit = time.monotonic() + 60
        while not after() and process.poll() is None and time.monotonic() < limit:
            time.sleep(0.02)
    else:
        time.sleep(after)
    began = time.monotonic()
    process.send_signal(number)
    output, detail = process.communicate(timeout=60)
    return Outcome(process.returncode, output, detail, time.monotonic() - began)


def check(truth, what, *seen):
    if not truth:
        raise AssertionError("not so: " + what + "\n" + "\n".join(str(s) for s in seen))


def make_file(name, size):
    """Bytes that differ everywhere, the same in each run."""
    path = SCRATCH / name
    step = b"".join((i * 2654435761 % 2**32).to_bytes(4, "little") for i in range(16384))
    with open(path, "wb") as file:
        left = size
        block = 0
        while left > 0:
            piece = block.to_bytes(8, "big") + step
            file.write(piece[:left])
            left -= len(piece)
            block += 1
    return path


def same(path, other):
    return pathlib.Path(path).read_bytes() == pathlib.Path(other).read_bytes()
