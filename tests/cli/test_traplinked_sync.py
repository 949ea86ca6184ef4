#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""trapkit traplinked-sync against a stand-in for the API: every example of the documentation, codes, state, outputs."""
import contextlib
import csv
import io
import json
import os
import pathlib
import sqlite3
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(os.environ["ROOT"]) / "tests/servers"))
import trapper_server  # noqa: E402
from field import TRAPKIT, Result, check, run_all, shared  # noqa: E402
from traplinked_server import BAIT, TOKEN, TraplinkedServer, device, example  # noqa: E402

SINCE = "2021-01-01T00:00:00"


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


def examples_of_the_documentation(scratch):
    """The requests as the documentation writes them, byte for byte, and what its answers become."""
    cases = [
        ([], "/devices?reports_since=" + SINCE, {"TESTDEVICE1", "TESTDEVICE2", "TESTDEVICE3"}),
        (["--ids", "TESTDEVICE1,TESTDEVICE2"], "/devices?ids=TESTDEVICE1,TESTDEVICE2&reports_since=" + SINCE,
         {"TESTDEVICE1", "TESTDEVICE2"}),
        (["--location-path", "//MyLocation"], "/devices?location_path=%2F%2FMyLocation&reports_since=" + SINCE,
         {"TESTDEVICE1"}),
        (["--location-id", "30fc3989-efdf-4e58-a1dc-9bec0a399908"],
         "/devices?location_id=30fc3989-efdf-4e58-a1dc-9bec0a399908&reports_since=" + SINCE, {"TESTDEVICE1"}),
        (["--location-path", "//MyLocation", "--include-sublocations"],
         "/devices?location_path=%2F%2FMyLocation&reports_since=" + SINCE + "&include_sublocations",
         {"TESTDEVICE1", "TESTDEVICE2"}),
        (["--location-id", "30fc3989-efdf-4e58-a1dc-9bec0a399908", "--include-sublocations"],
         "/devices?location_id=30fc3989-efdf-4e58-a1dc-9bec0a399908&reports_since=" + SINCE + "&include_sublocations",
         {"TESTDEVICE1", "TESTDEVICE2"}),
    ]
    with Station(scratch) as station:
        for number, (words, path, serials) in enumerate(cases):
            station.database = station.scratch / f"{number}.sqlite3"
            station.server.clear()
            station.run("--reports-since", SINCE, *words)
            check(station.asked() == [path], f"{station.asked()} is not {path}")
            request = station.server.requests[0]
            check(request["auth"] == "Bearer" and request["auth_ok"] and not request["elsewhere"], request)
            check({r[0] for r in station.rows("SELECT serial_number FROM devices")} == serials, f"{words}: devices")
            found = station.rows("SELECT serial_number, type, type_name, timestamp, user, description FROM reports"
                                 " ORDER BY timestamp")
            check(found == [("TESTDEVICE1", 2, "trap_was_triggered", "2021-01-31T06:53:29Z", None, None),
                            ("TESTDEVICE1", 14, "trap_was_infested", "2021-02-02T14:44:54Z", "Admin API",
                             "my description")], f"{words}: {found}")
        station.database = station.scratch / "0.sqlite3"
        found = station.rows("SELECT name, type_name, status_name, battery_status, last_heartbeat, trap_1, trap_2,"
                             " operation_mode_name, transfer_mode_name, location_path FROM device_latest"
                             " ORDER BY serial_number")
        check(found[0] == ("TESTDEVICE1", "jerry", "triggered", 1.0, "2021-01-06T16:10:00Z", 1, 0, "snaptrap_mode",
                           "wi_fi", "//MyLocation"), found)
        check(found[2][2] == "inactive" and found[2][9] is None, found)
        # Before --device-fields, the other base URL, and network devices.
        station.server.network = [
            {"serial_number": "NET1", "device_type": "gateway", "product_identifier": "GW-1", "status": "connected",
             "location": {"name": "MyLocation", "path": "//MyLocation", "address": "Road 1"}},
            {"serial_number": "NET2", "description": "", "device_type": "repeater", "product_identifier": "R-2",
             "status": "N/A"}]
        station.server.clear()
        station.run("--network-devices")
        check(station.asked() == ["/devices?reports_since=2021-01-31T14:44:54", "/network-devices"], station.asked())
        check(station.rows("SELECT serial_number, status, status_name FROM network_devices ORDER BY 1") ==
              [("NET1", "connected", "connected"), ("NET2", "N/A", "not_available")], "network devices")
        check(station.one("SELECT address FROM locations WHERE path = '//MyLocation'") == "Road 1", "address")
        station.server.clear()
        station.run("--network-devices=only", "--ids", "NET1", "--device-fields", "status,device_type")
        check(station.asked() == ["/network-devices?ids=NET1&device_fields=serial_number,status,device_type"],
              station.asked())


def outputs(scratch):
    with Station(scratch) as station:
        station.server.find("TESTDEVICE2").update(latitude=52.5, longitude=-13.25, name='a "b",\nc')
        done = station.run("--json", "--reports-since", SINCE)
        check(done.json["schema"] == "trapkit/traplinked-sync/1" and done.json["run"]["reports_new"] == 2, done)
        check([d["status_name"] for d in done.json["devices"]] == ["triggered", "triggered", "inactive"], done)
        rows = list(csv.DictReader(io.StringIO(station.run("--format", "csv").stdout, newline="")))
        check(rows[1]["name"] == 'a "b",\nc' and rows[1]["latitude"] == "52.5" and rows[0]["trap_1"] == "true", rows)
        features = json.loads(station.run("--format", "geojson").stdout)
        check(features["type"] == "FeatureCollection" and len(features["features"]) == 1, features)
        check(features["features"][0]["geometry"] == {"type": "Point", "coordinates": [-13.25, 52.5]}, features)
        check(features["features"][0]["properties"]["serial_number"] == "TESTDEVICE2", features)
        station.server.find("TESTDEVICE3")["reports"] = [{"type": 20, "timestamp": "2021-02-02T14:44:54"}]
        lines = station.run("--format", "jsonl").stdout.splitlines()
        check([json.loads(line)["type_name"] for line in lines] == ["catch_detected"], lines)
        check(station.run("--format", "jsonl").stdout == "", "a report twice")
        lines = station.run("--format", "jsonl", "--since-run", "0", "--no-fetch").stdout.splitlines()
        check(len(lines) == 3, lines)
        target = station.scratch / "devices.csv"
        station.run("--format", "csv", "--output", target)
        station.run("--format", "csv", "--output", target)
        station.server.find("TESTDEVICE3")["battery_status"] = 0.25
        station.run("--format", "csv", "--output", target, expect=1)
        station.run("--format", "csv", "--output", target, "--overwrite")
        check(",0.25," in target.read_text(), "overwritten")
        lines = station.run("--format", "csv", "--since-run", "last", "--no-fetch").stdout.splitlines()
        check(len(lines) == 1, lines)
        for name in ("devices", "reports", "history", "locations", "network-devices", "runs", "alerts"):
            check(len(station.run("--no-fetch", "--table", name).stdout.splitlines()) >= 1, name)
        before = station.dump(runs=True)
        station.server.find("TESTDEVICE3")["status"] = 4
        station.run("--dry-run")
        check(station.dump(runs=True) == before, "a dry run writes")
        station.database = station.scratch / "none" / "x.sqlite3"
        station.run("--dry-run")
        check(not station.database.parent.exists(), "a dry run creates")


CASES = [examples_of_the_documentation, outputs]
if __name__ == "__main__":
    run_all(CASES, os.environ["SCRATCH"])
