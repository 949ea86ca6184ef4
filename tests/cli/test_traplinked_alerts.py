#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Alerts of trapkit traplinked-sync: each told once, repeated, recovered; the hook; --check; --every."""
import datetime
import json
import os
import pathlib
import signal
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(os.environ["ROOT"]) / "tests/servers"))
from field import TRAPKIT, check, run_all, wait_for  # noqa: E402
from traplinked_server import TOKEN, device  # noqa: E402
from traplinked_station import Station  # noqa: E402


def hours_ago(hours):
    then = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=hours)
    return then.strftime("%Y-%m-%dT%H:%M:%S")


def hook(scratch, status=0):
    """A command that keeps what it is given; its path has a blank."""
    script = pathlib.Path(scratch) / "my hook.sh"
    script.write_text(f'#!/bin/sh\necho said to standard output\ncat >>"$1"\nenv >"$1.env"\nexit {status}\n')
    script.chmod(0o755)
    told = pathlib.Path(scratch) / "told.json"
    return f"'{script}' {told}", told


def each_once(scratch):
    """The same answer ten times is one alert; over and again is two; the status holds as long as the state does."""
    with Station(scratch) as station:
        lines = [station.run("--alert", "triggered", expect=3).stdout for _ in range(10)]
        check(len(lines[0].splitlines()) == 2 and "TESTDEVICE1" in lines[0] and "trap 2" in lines[0], lines)
        check(lines[1:] == [""] * 9, lines)
        station.server.find("TESTDEVICE1").update(status=1, trap_1=False)
        done = station.run("--alert", "triggered", expect=3)
        check(done.stdout.startswith("recovered: TESTDEVICE1 ") and len(done.stdout.splitlines()) == 1, done)
        station.server.find("TESTDEVICE2").update(status=1, trap_2=False)
        check("recovered: TESTDEVICE2" in station.run("--alert", "triggered").stdout, "recovery")
        check(station.run("--alert", "triggered").stdout == "", "recovery told twice")
        # Inactive by its status, triggered by its trap.
        station.server.find("TESTDEVICE3").update(status=0, trap_2=True)
        check("new: TESTDEVICE3" in station.run("--alert", "triggered", expect=3).stdout, "trap_2 alone")
        # Rearmed and triggered between two looks: the state is the same, the event is not.
        now = datetime.datetime.now(datetime.timezone.utc)
        stamp = [(now + datetime.timedelta(seconds=s)).strftime("%Y-%m-%dT%H:%M:%S") for s in (1, 2)]
        station.server.find("TESTDEVICE3")["reports"] = [{"type": 3, "timestamp": stamp[0]},
                                                         {"type": 2, "timestamp": stamp[1]}]
        time.sleep(2.1)
        check("new: TESTDEVICE3" in station.run("--alert", "triggered", expect=3).stdout, "triggered again")
        check(station.run("--alert", "triggered", expect=3).stdout == "", "and once")
        done = station.run("--alert", "triggered", "--repeat-after", "1s", expect=3)
        time.sleep(1.1)
        done = station.run("--alert", "triggered", "--repeat-after", "1s", expect=3)
        check(done.stdout.startswith("again: TESTDEVICE3"), done)


def every_kind(scratch):
    devices = [device("ACTIVE", last_heartbeat=hours_ago(1)),
               device("LOW", battery_status=0.15, status=4, last_heartbeat=hours_ago(1)),
               device("OLD", last_heartbeat=hours_ago(30), battery_status=0.25),
               device("BAIT", type=5, status=13, last_heartbeat=hours_ago(1)),
               device("BOTH", type=5, status=14, last_heartbeat=hours_ago(1)),
               device("BUSY", type=5, status=11, last_heartbeat=hours_ago(1)),
               device("NEW", status=77, last_heartbeat=...)]
    wanted = {"battery_low": {"LOW"}, "battery_below=20%": {"LOW"}, "battery_below=0.3": {"LOW", "OLD"},
              "heartbeat_older=26h": {"OLD"}, "heartbeat_older=30m": {"ACTIVE", "LOW", "OLD", "BAIT", "BOTH", "BUSY"},
              "bait_low": {"BAIT", "BOTH"}, "activity_critical": {"BOTH", "BUSY"}, "Activity-Critical": {"BOTH", "BUSY"},
              "unknown_77": {"NEW"}, "heartbeat_failed": set(), "bait_low,battery_low": {"LOW", "BAIT", "BOTH"}}
    with Station(scratch, devices=devices) as station:
        for rule, serials in wanted.items():
            station.database = station.scratch / f"{rule}.sqlite3"
            done = station.run("--json", "--alert", rule, expect=3 if serials else 0)
            check({a["serial_number"] for a in done.json["alerts"]} == serials, f"{rule}: {done}")
            check(all(a["state"] == "new" for a in done.json["alerts"]), done)
        # Only those asked for; without asking the server, too.
        station.database = station.scratch / "one.sqlite3"
        station.run("--ids", "ACTIVE", "--alert", "battery_low")
        station.run()
        check("new: LOW" in station.run("--no-fetch", "--alert", "battery_low", expect=3).stdout, "no fetch")
        # Another job's alerts on the same database do not disturb this one's.
        check(station.run("--alert", "bait_low", expect=3).stdout.count("new: ") == 2, "other job")
        check(station.run("--alert", "battery_low", expect=3).stdout == "", "disturbed")


def own_interval(scratch):
    """A device that calls every hour is overdue after a day of silence, one that calls daily is not yet."""
    hourly, daily = device("HOURLY"), device("DAILY")
    with Station(scratch, devices=[hourly, daily, device("FRESH", last_heartbeat=hours_ago(500))]) as station:
        for i in range(5):
            hourly["last_heartbeat"], daily["last_heartbeat"] = hours_ago(30 - i), hours_ago(122 - 24 * i)
            # Four of them are too few to judge by.
            done = station.run("--json", "--alert", "heartbeat_overdue", expect=3 if i == 4 else 0)
        check([a["serial_number"] for a in done.json["alerts"]] == ["HOURLY"] and
              "usually every 60 min" in done.json["alerts"][0]["detail"], done)
        station.run("--alert", "heartbeat_overdue=27")
        hourly["last_heartbeat"] = hours_ago(2)
        check("recovered: HOURLY" in station.run("--alert", "heartbeat_overdue").stdout, "recovery")


def network_devices(scratch):
    gateway = {"serial_number": "GATE", "device_type": "gateway", "product_identifier": "GW-1", "status": "connected",
               "description": "Mill", "location": {"name": "Hall", "path": "//Site//Hall"}}
    # Serial numbers of traps and of network devices need not differ.
    with Station(scratch, devices=[device("GATE", status=3)], network=[gateway]) as station:
        station.run("--alert", "disconnected")
        check(station.asked()[-1] == "/network-devices", station.asked())
        gateway["status"] = "disconnected"
        done = station.run("--alert", "disconnected", expect=3)
        check(done.stdout.startswith("new: GATE 'Mill' at //Site//Hall: disconnected (gateway), since "), done)
        check(station.run("--alert", "disconnected", expect=3).stdout == "", "told twice")
        check(station.run("--check", "--no-fetch", "--alert", "disconnected", expect=2).stdout.startswith(
            "TRAPLINKED CRITICAL: 1 alert: GATE disconnected"), "monitoring")
        check(set(station.rows("SELECT serial_number, name, alert FROM open_alerts")) ==
              {("GATE", "GATE", "triggered"), ("GATE", "Mill", "disconnected")}, "view")
        gateway["status"] = "connected"
        check("recovered: GATE" in station.run("--network-devices=only", "--alert", "disconnected").stdout, "recovery")


def command_is_told(scratch):
    with Station(scratch) as station:
        words, told = hook(scratch)
        done = station.run("--alert", "triggered", "--on-alert", words, expect=3, UPLOAD__FTP_PASSWORD="marker")
        check("said to standard output" in done.stderr and "said to" not in done.stdout, done)
        document = json.loads(told.read_text())
        check(document["schema"] == "trapkit/traplinked-alert/1" and document["open"] == 2, document)
        check([(e["serial_number"], e["state"], e["alert"], e["severity"]) for e in document["events"]] ==
              [("TESTDEVICE1", "new", "triggered", "critical"), ("TESTDEVICE2", "new", "triggered", "critical")],
              document)
        environment = pathlib.Path(str(told) + ".env").read_text()
        check(TOKEN not in environment and "marker" not in environment and "HOME=" in environment, "a secret is handed on")
        told.unlink()
        station.run("--alert", "triggered", "--on-alert", words, expect=3)
        check(not told.exists(), "told twice")
        # One that fails is told again by the next run.
        station.server.find("TESTDEVICE3").update(status=3)
        bad, _ = hook(scratch, 5)
        done = station.run("--alert", "triggered", "--on-alert", bad, expect=1)
        check("status 5" in done.stderr, done)
        told.unlink()
        good, _ = hook(scratch)
        station.run("--alert", "triggered", "--on-alert", good, expect=3)
        check([e["serial_number"] for e in json.loads(told.read_text())["events"]] == ["TESTDEVICE3"], "told again")
        station.server.find("TESTDEVICE3").update(status=1)
        done = station.run("--alert", "triggered", "--on-alert", "/no/such/program", expect=1)
        check("/no/such/program" in done.stderr, done)
        # No shell: what it would do to such words does not happen.
        station.run("--alert", "triggered", "--on-alert", f"/bin/sh -c 'exit 7'; touch {scratch}/shell", expect=1)
        check(not (pathlib.Path(scratch) / "shell").exists(), "a shell ran")


def monitoring(scratch):
    with Station(scratch) as station:
        done = station.run("--check", expect=2)
        check(done.stdout.startswith("TRAPLINKED CRITICAL: 2 alerts: TESTDEVICE1 triggered") and
              "| alerts=2 devices=3" in done.stdout and len(done.stdout.splitlines()) == 1, done)
        check(station.run("--check", expect=2).stdout.startswith("TRAPLINKED CRITICAL: 2"), "told is no matter")
        done = station.run("--check", "--alert", "battery_below=99.9%")
        check(done.stdout.startswith("TRAPLINKED OK: 0 alerts |"), done)
        station.server.find("TESTDEVICE1")["battery_status"] = 0.1
        check(station.run("--check", "--alert", "battery_below=20%", expect=1).stdout.startswith(
            "TRAPLINKED WARNING: 1 alert: TESTDEVICE1 battery_below"), "warning")
        station.server.fault("status", status=500, times=0)
        check(station.run("--check", expect=3).stdout.startswith("TRAPLINKED UNKNOWN: "), "unknown")


def keeps_running(scratch):
    """--every: goes on through lost networks, ends on a refused token, stops within a second of being asked."""
    with Station(scratch) as station:
        def start(*words):
            return subprocess.Popen([TRAPKIT, "traplinked-sync", "--every", "1", *words], stdin=subprocess.DEVNULL,
                                    stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=scratch,
                                    env=station.environment(TRAPLINKED__MINIMUM_INTERVAL="0.3"))

        def runs():
            return station.one("SELECT count(*) FROM runs") if station.database.exists() else 0
        process = start("--format", "jsonl")
        try:
            wait_for(lambda: len(station.server.requests) >= 2, what="the second turn")
            # Between turns nobody holds the database.
            station.run("--no-fetch", "--wait-lock", "5")
            station.server.fault("empty", times=0)
            station.server.clear_requests()
            wait_for(lambda: len(station.server.requests) >= 2, what="turns without an answer")
            station.server.clear()
            before = runs()
            wait_for(lambda: runs() > before, what="a turn after the network came back")
            began = time.monotonic()
            process.send_signal(signal.SIGTERM)
            out, err = process.communicate(timeout=10)
        finally:
            process.kill()
        check(process.returncode == 143 and time.monotonic() - began < 1.5, f"{process.returncode}: {err}")
        check(len(out.splitlines()) == 2 and all(json.loads(line)["type"] for line in out.splitlines()), out)
        check(err.count("without an answer") == 1 and "works again" in err, err)
        # A server that asks for an hour of peace gets it.
        station.server.clear()
        station.server.fault("status", status=429, retry_after=3600, times=0)
        process = start()
        wait_for(lambda: station.server.requests, what="a turn that is sent away")
        time.sleep(2)
        process.terminate()
        out, err = process.communicate(timeout=10)
        check(len(station.server.requests) == 1 and process.returncode == 143 and "1 h 00 min" in err, err)
        station.server.clear()
        station.server.fault("status", status=401, times=0)
        process = start()
        out, err = process.communicate(timeout=10)
        check(process.returncode == 77, f"{process.returncode}: {err}")
        done = subprocess.run([TRAPKIT, "traplinked-sync", "--every", "1"], stdin=subprocess.DEVNULL, check=False,
                              capture_output=True, text=True, env=station.environment(), timeout=10)
        check("every 60 s" in done.stderr and done.returncode == 77, done)


if __name__ == "__main__":
    run_all([each_once, every_kind, own_interval, network_devices, command_is_told, monitoring, keeps_running], os.environ["SCRATCH"])
