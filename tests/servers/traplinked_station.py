# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of traplinked-sync share: a stand-in for the API, a database, and the program to run."""
import contextlib
import os
import pathlib
import sqlite3
import subprocess

import trapper_server
from field import TRAPKIT, Result, check, shared
from traplinked_server import TraplinkedServer


class Station:
    """A stand-in, a database, and the program."""

    def __init__(self, scratch, **server):
        self.scratch = pathlib.Path(scratch)
        self.database = self.scratch / "traps.sqlite3"
        certificate = shared("traplinked", scratch, trapper_server.make_certificates)
        self.server = TraplinkedServer(scratch, certificate=certificate, **server)
        self.outputs = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.close()

    def environment(self, **more):
        clean = {k: v for k, v in os.environ.items() if "__" not in k}
        clean.update(HOME=str(self.scratch), LC_ALL="C.UTF-8", TRAPLINKED__TOKEN=self.server.token,
                     TRAPLINKED__BASE_URL=self.server.url, TRAPLINKED__DATABASE=str(self.database),
                     GENERAL__CA_FILE=self.server.ca_file, GENERAL__RETRIES="0")
        clean.update(more)
        return {k: v for k, v in clean.items() if v is not None}

    def run(self, *words, expect=0, **environment):
        command = [TRAPKIT, "traplinked-sync", *map(str, words)]
        done = subprocess.run(command, capture_output=True, text=True, env=self.environment(**environment), timeout=120,
                              stdin=subprocess.DEVNULL, cwd=self.scratch, check=False)
        result = Result(command, done, "--json" in words)
        self.outputs.append(done.stdout + done.stderr)
        check(expect is None or result.status == expect, f"expected exit {expect}: {result}")
        return result

    def rows(self, sql, *values):
        with contextlib.closing(sqlite3.connect(self.database)) as db:
            return db.execute(sql, values).fetchall()

    def one(self, sql, *values):
        return self.rows(sql, *values)[0][0]

    def dump(self, runs=False):
        """Everything in it as SQL; without the rows of runs, which every run adds to."""
        with contextlib.closing(sqlite3.connect(self.database)) as db:
            return [line for line in db.iterdump() if runs or not line.startswith(
                ('INSERT INTO "runs"', 'INSERT INTO "sqlite_sequence"'))]

    def asked(self):
        return [r["path"][len(self.server.base):] for r in self.server.requests]
