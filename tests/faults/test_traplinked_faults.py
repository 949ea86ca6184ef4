#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that can go wrong under traplinked-sync: the database stays as it was, the token stays in its header.

By hand with more: KILL_TIMES=50 KILL_SEED=1 TRAPLINKED_DEVICES=10000 make check ONLY=traplinked_faults
"""
import contextlib
import json
import os
import pathlib
import random
import resource
import signal
import sqlite3
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(os.environ["ROOT"]) / "tests/servers"))
from field import TRAPKIT, check, run_all, wait_for  # noqa: E402
from traplinked_server import device, example  # noqa: E402
from traplinked_station import Station  # noqa: E402

KILLS = int(os.environ.get("KILL_TIMES", "20"))
SEED = int(os.environ.get("KILL_SEED") or time.time_ns() % 100_000)
TOKEN = "token-marker-4711-with-a-length-that-looks-like-one"
GOOD = json.dumps({"devices": [device("X", status=4)]})
RAW = {
    "empty": "", "null": "null", "list": "[]", "no devices": '{"error": "maintenance"}', "text": '"devices"',
    "no list": '{"devices": {"a": 1}}', "cut": GOOD[:-30], "cut in a string": GOOD[:40], "two": GOOD + GOOD,
    "behind": GOOD + "x", "twice": GOOD[:-1] + ', "devices": []}', "comma": '{"devices": [1,]}', "no value": '{"devices": [,]}',
    "deep": '{"devices": [' + "[" * 5000 + "]" * 5000 + "]}", "bytes": GOOD.replace("active", "\udcff").encode(
        "utf-8", "surrogateescape") + b"\xff", "html": "<html><body>Sign in</body></html>", "bracket": '{"devices": [}',
    "second entry": '{"devices": [' + json.dumps(device("X")) + ", {\"serial_number\": ]}",
}


def tree(folder):
    return {p.name: p.read_bytes() for p in sorted(pathlib.Path(folder).iterdir()) if p.is_file()}


def every_fault(scratch):
    """Each kind of reply that is not a whole good answer: exit status, and not a byte stored."""
    with Station(scratch, token=TOKEN) as station:
        station.run()
        before = station.dump(runs=True)
        station.server.devices = [device("X", status=4)]
        cases = [(75, ("status", {"status": 429, "retry_after": 7})), (75, ("status", {"status": 429})),
                 (75, ("status", {"status": 500})), (75, ("status", {"status": 503, "body": "<html>"})),
                 (77, ("status", {"status": 401})), (77, ("status", {"status": 403})), (1, ("status", {"status": 400})),
                 (1, ("status", {"status": 404})), (1, ("status", {"status": 204})), (75, ("empty", {})),
                 (75, ("short", {})), (75, ("html", {})), (75, ("cut", {})), (75, ("stall", {"seconds": 5})),
                 (1, ("redirect", {"location": "foreign"})), (77, ("redirect", {"location": "http://localhost:1/"}))]
        cases += [(75, ("raw", {"body": body})) for body in RAW.values()]
        strangers = []
        for status, (action, arguments) in cases:
            station.server.clear()
            station.server.fault(action, times=0, **arguments)
            done = station.run("--timeout", "1", expect=None)
            check(done.status == status, f"{action} {str(arguments)[:100]}: exit {done.status} is not {status}: {done}")
            check(station.dump(runs=True) == before, f"{action} {str(arguments)[:100]} changed the database")
            if status in (77, 1) and action == "status":
                check(len(station.server.requests) == 1, f"{arguments}: asked again")
            strangers += [r["auth"] for r in station.server.requests if r["foreign"]]
            if arguments.get("retry_after"):
                check("wait 7.0 s" in done.stderr, f"Retry-After is not told: {done}")
        check(strangers == [None], f"another host saw {strangers}")
        # The second answer of a run fails: nothing of the first stays.
        station.server.clear()
        station.server.fault("status", status=500, match="/network-devices", times=0)
        station.run("--network-devices", expect=75)
        check(station.dump(runs=True) == before, "half a run was stored")
        # 429, then good: waited for.
        station.server.clear()
        station.server.fault("status", status=429, retry_after=1, times=1)
        began = time.monotonic()
        station.run("--retries", "1")
        check(time.monotonic() - began >= 1 and len(station.server.requests) == 2, "Retry-After")


def the_token_is_nowhere(scratch):
    """Not in what is said, logged, stored or seen in the process list; in the header alone."""
    with Station(scratch, token=TOKEN) as station:
        log = station.scratch / "log"
        for action in ("status", "empty", "short", "html", "redirect", "cut", None):
            station.server.clear()
            if action:
                station.server.fault(action, times=0, status=302 if action == "redirect" else 500)
            station.run("-vv", "--json", "--logfile", log, "--alert", "triggered", "--on-alert", "/bin/cat", expect=None)
        check(all(r["auth"] == "Bearer" and not r["elsewhere"] for r in station.server.requests), "elsewhere")
        check(station.server.requests and log.stat().st_size > 0, "nothing was seen")
        station.server.fault("stall", seconds=2)
        process = subprocess.Popen([TRAPKIT, "traplinked-sync"], env=station.environment(), stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(lambda: station.server.faults == [], what="the stalled request")
        check(TOKEN.encode() not in pathlib.Path(f"/proc/{process.pid}/cmdline").read_bytes(), "in the process list")
        process.wait(20)
        check(not any(TOKEN in text for text in station.outputs), "said")
        for path in pathlib.Path(scratch).rglob("*"):
            if path.is_file():
                check(TOKEN.encode() not in path.read_bytes(), f"in {path}")


def killed_at_any_moment(scratch):
    """kill -9 at random moments while data comes: what is there is whole, and in the end all is there once."""
    print(f"seed {SEED}: {KILLS} kills", flush=True)
    chance = random.Random(SEED)
    devices = [device(f"D{i:04}", status=i % 5, reports=[
        {"type": 2, "timestamp": f"2021-01-{d + 1:02}T{i % 24:02}:00:00"} for d in range(10)]) for i in range(400)]
    with Station(scratch, devices=devices) as station:
        began = time.monotonic()
        station.run()
        whole = time.monotonic() - began
        expected = station.rows("SELECT serial_number, timestamp, type FROM reports ORDER BY 1, 2, 3")
        check(len(expected) == 4000, len(expected))
        station.database.unlink()
        for name in ("-wal", "-shm", ".lock"):
            pathlib.Path(str(station.database) + name).unlink(missing_ok=True)
        seen = set()
        for i in range(KILLS):
            for item in station.server.devices[i * 400 // KILLS:(i + 1) * 400 // KILLS]:
                item["status"] = 9
            process = subprocess.Popen([TRAPKIT, "traplinked-sync"], env=station.environment(), stdin=subprocess.DEVNULL,
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(whole * chance.random())
            process.kill()
            process.wait()
            if not station.database.exists() or station.database.stat().st_size == 0:
                continue
            with contextlib.closing(sqlite3.connect(station.database)) as db:
                check(db.execute("PRAGMA integrity_check").fetchone() == ("ok",), f"round {i}: damaged")
                if db.execute("SELECT count(*) FROM sqlite_schema WHERE name = 'open_alerts'").fetchone() == (0,):
                    continue
                counts = (db.execute("SELECT count(*) FROM devices").fetchone()[0],
                          db.execute("SELECT count(*) FROM reports").fetchone()[0])
                check(counts in ((0, 0), (400, 4000)), f"round {i}: half of it: {counts}")
                check(db.execute("SELECT count(*) FROM runs WHERE finished IS NULL").fetchone() == (0,), "half a run")
                seen.add(counts)
        station.run()
        check(station.rows("SELECT serial_number, timestamp, type FROM reports ORDER BY 1, 2, 3") == expected, "reports")
        check(station.rows("SELECT serial_number FROM devices WHERE status = 9 EXCEPT SELECT serial_number FROM "
                           "device_history WHERE status = 9") == [], "a change without history")
        print(f"counts seen after a kill: {sorted(seen)}")


def one_at_a_time(scratch):
    with Station(scratch) as station:
        station.run()
        station.server.fault("stall", seconds=2)
        process = subprocess.Popen([TRAPKIT, "traplinked-sync"], env=station.environment(), stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(lambda: station.server.faults == [], what="the stalled request")
        began = time.monotonic()
        done = station.run(expect=75)
        check(f"pid {process.pid} " in done.stderr and time.monotonic() - began < 1.5, done)
        station.run("--no-fetch")
        station.run("--wait-lock", "20")
        check(process.wait(20) == 0, "the first")


def not_a_database_of_ours(scratch):
    with Station(scratch) as station:
        station.database.write_text("something else " * 100)
        before = tree(scratch)
        done = station.run(expect=1)
        check("traps.sqlite3" in done.stderr, done)
        check(tree(scratch)["traps.sqlite3"] == before["traps.sqlite3"], "overwritten")
        station.database.unlink()
        with contextlib.closing(sqlite3.connect(station.database)) as db:
            db.execute("CREATE TABLE devices (x)")
            db.commit()
        check("something else" in station.run(expect=1).stderr, "a foreign database")
        station.database.unlink()
        station.run()
        with contextlib.closing(sqlite3.connect(station.database)) as db:
            db.execute("PRAGMA user_version = 999")
        check("newer trapkit" in station.run(expect=1).stderr, "a newer one")
        with contextlib.closing(sqlite3.connect(station.database)) as db:
            db.execute("PRAGMA user_version = 3")
        data = bytearray(station.database.read_bytes())
        data[4096:8192] = b"\xa5" * 4096
        station.database.write_bytes(data)
        done = station.run(expect=None)
        check(done.status == 1 and "malformed" in done.stderr, done)


def an_older_one(scratch):
    """Version 1 had no alerts: its data stays, alerts work; those that version 2 told are not told again."""
    with Station(scratch) as station:
        station.run()
        with contextlib.closing(sqlite3.connect(station.database)) as db:
            db.executescript("DROP VIEW open_alerts; DROP VIEW all_devices; DROP TABLE alerts; PRAGMA user_version = 1;")
        before = [line for line in station.dump() if line.startswith("INSERT")]
        station.run("--alert", "triggered", expect=3)
        check(station.one("PRAGMA user_version") == 3, "version")
        check([line for line in station.dump() if line.startswith("INSERT") and '"alerts"' not in line] == before, "data")
        with contextlib.closing(sqlite3.connect(station.database)) as db:
            db.executescript("DROP VIEW open_alerts; DROP VIEW all_devices; PRAGMA user_version = 2;"
                             "CREATE VIEW open_alerts AS SELECT * FROM alerts WHERE closed IS NULL")
        check(station.run("--alert", "triggered", expect=3).stdout == "", "told again after the migration")


def disk_full(scratch):
    """A file that may not grow further: an error that says so, and what was stored stays."""
    with Station(scratch) as station:
        station.run()
        before = station.dump(runs=True)
        station.server.devices = example() + [device(f"D{i:05}") for i in range(3000)]

        def limit():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (300000, 300000))
        done = subprocess.run([TRAPKIT, "traplinked-sync"], env=station.environment(), stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, preexec_fn=limit, check=False)
        check(done.returncode == 1 and "traps.sqlite3" in done.stderr, done)
        check(station.dump(runs=True) == before, "half of it stayed")
        station.run()
        check(station.one("SELECT count(*) FROM devices") == 3003, "after making room")


def memory(scratch):
    """2,000 devices with 10,000 reports; by hand 10,000 with 50,000."""
    count = int(os.environ.get("TRAPLINKED_DEVICES", "2000"))
    bait = {"activity_alert_threshold": {"threshold_value": 5, "timeframe_value": 2, "timeframe_type": "d"}}
    devices = [device(f"D{i:06}", name=f"Trap number {i}", type=5, latitude=50 + i / 1e5, longitude=10.5, **bait,
                      location={"name": f"Hall {i % 50}", "path": f"//Site//Hall {i % 50}", "address": "Some street 12"},
                      reports=[{"type": 21 + r, "timestamp": f"2021-01-{r + 1:02}T{i % 24:02}:{i % 60:02}:00",
                                "user": "Somebody", "description": "what was seen there"} for r in range(5)])
               for i in range(count)]
    with Station(scratch, devices=devices) as station:
        sizes = []
        for _ in range(2):
            done = subprocess.run(["/usr/bin/env", "python3", "-c", "import resource, subprocess, sys\n"
                                   "r = subprocess.run(sys.argv[1:]).returncode\n"
                                   "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)\n"
                                   "sys.exit(r)", TRAPKIT, "traplinked-sync", "-q", "--alert", "heartbeat_failed"],
                                  capture_output=True, text=True, env=station.environment(), check=False)
            check(done.returncode == 0 and not done.stderr, done)
            sizes.append(int(done.stdout))
            if len(sizes) == 1:
                before = station.dump()
        check(station.one("SELECT count(*) FROM reports") == 5 * count, "reports")
        check(station.dump() == before, "the second run writes")
        last = station.rows("SELECT bytes, devices_changed, reports_new FROM runs ORDER BY id")
        print(f"{count} devices, {5 * count} reports, {last[0][0]} bytes: {sizes} MiB resident, then nothing written")
        if not os.environ.get("TRAPKIT_SANITIZE"):
            check(max(sizes) <= 64, f"{sizes} MiB")


if __name__ == "__main__":
    run_all([every_fault, the_token_is_nowhere, killed_at_any_moment, one_at_a_time, not_a_database_of_ours, an_older_one,
             disk_full, memory], os.environ["SCRATCH"])
