#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""trapkit traplinked-sync against a stand-in for the API: every example of the documentation, codes, state, outputs."""
import csv
import io
import json
import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(os.environ["ROOT"]) / "tests/servers"))
from field import check, run_all  # noqa: E402
from traplinked_server import BAIT, device  # noqa: E402
from traplinked_station import Station  # noqa: E402

SINCE = "2021-01-01T00:00:00"


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
        # Network devices, and --device-fields.
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
    # The other base URL, with and without a slash at its end.
    with Station(scratch / "v1", base="/api/v1") as station:
        for end in ("", "/"):
            station.run("--reports-since", SINCE, TRAPLINKED__BASE_URL=station.server.url + end)
            check(station.server.requests[-1]["path"] == "/api/v1/devices?reports_since=" + SINCE, "the other base URL")


def outputs(scratch):
    manual = " ".join((pathlib.Path(os.environ["ROOT"]) / "man/trapkit-traplinked.5").read_text("utf-8").split())
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
            # The columns are promised to users.
            header = station.run("--no-fetch", "--table", name, "--format", "csv").stdout.splitlines()[0]
            check(f".It Cm {name} {header.replace(',', ', ')} " in manual, f"the manual has other columns: {header}")
        before = station.dump(runs=True)
        station.server.find("TESTDEVICE3")["status"] = 4
        station.run("--dry-run")
        check(station.dump(runs=True) == before, "a dry run writes")
        station.database = station.scratch / "none" / "x.sqlite3"
        station.run("--dry-run")
        check(not station.database.parent.exists(), "a dry run creates")


STATUS = {0: "inactive", 1: "active", 2: "heartbeat_failed", 3: "triggered", 4: "battery_low",
          6: "unstable_wi_fi_connection", 7: "light_infestation", 8: "severe_infestation", 9: "false_triggered",
          10: "activity_warning", 11: "activity_critical", 12: "catch_detected", 13: "bait_low",
          14: "activity_critical_and_bait_low", 5: "unknown_5", 99: "unknown_99"}
REPORT = {2: "trap_was_triggered", 3: "trap_was_rearmed", 14: "trap_was_infested", 15: "light_infestation",
          16: "severe_infestation", 17: "false_triggering", 18: "activity_warning", 19: "activity_critical",
          20: "catch_detected", 21: "activity_noticed", 22: "activity_threshold_reached", 23: "bait_low",
          24: "activity_threshold_reached_and_bait_low", 25: "activity_threshold_reset", 1: "unknown_1",
          13: "unknown_13"}
TYPE = {0: "jerry", 1: "jerry_lora", 2: "trapme", 3: "tom", 4: "trapsensor", 5: "jerry_bait_rat", 6: "unknown_6"}
MODE = {0: "snaptrap_mode", 1: "movement_mode", 2: "insect_mode", 3: "bait_mode", 4: "unknown_4"}
TRANSFER = {0: "wi_fi", 1: "lora", 2: "unknown_2"}


def codes(scratch):
    """F36: every documented code by its name; others as unknown_N, said once in the life of the database."""
    devices = [device(f"S{code}", status=code) for code in STATUS]
    devices += [device(f"T{code}", type=code) for code in TYPE]
    devices += [device(f"M{code}", operation_mode=code) for code in MODE]
    devices += [device(f"W{code}", transfer_mode=code) for code in TRANSFER]
    devices.append(device("R", reports=[{"type": code, "timestamp": f"2021-01-01T00:00:{code:02}"} for code in REPORT]))
    devices.append(device("BAIT", type=5, reports=[{"type": 3, "timestamp": "2021-01-01T00:00:00"}]))
    with Station(scratch, devices=devices) as station:
        first = station.run()
        for column, letter, names in (("status", "S", STATUS), ("type", "T", TYPE), ("operation_mode", "M", MODE),
                                      ("transfer_mode", "W", TRANSFER)):
            for code, name in names.items():
                found = station.rows(f"SELECT {column}, {column}_name FROM devices WHERE serial_number = ?",
                                     f"{letter}{code}")
                check(found == [(code, name)], f"{column} {code}: {found}")
        found = dict(station.rows("SELECT type, type_name FROM reports WHERE serial_number = 'R'"))
        check(found == REPORT, found)
        check(station.one("SELECT status_name FROM devices WHERE serial_number = 'BAIT'") == "bait_available", "bait")
        check(station.one("SELECT type_name FROM reports WHERE serial_number = 'BAIT'") == "bait_was_replaced", "bait")
        for text in ("status 5 ", "status 99 ", "type 6 ", "operation_mode 4 ", "transfer_mode 2 ", "report type 1 ",
                     "report type 13 "):
            check(first.stderr.count(text + "is unknown") == 1, f"'{text}' is not said once: {first}")
        check("unknown" not in station.run().stderr, "said again")
        station.server.find("S1")["status"] = 5
        check("unknown" not in station.run().stderr, "said again for another device")


def null_missing_and_strange(scratch):
    """F36: null, left out, text for numbers, new fields: told apart, kept, said once."""
    bait = dict(zip(BAIT, (True, 3, 12, {"threshold_value": 5, "timeframe_value": 2, "timeframe_type": "d"}, "Paste",
                           100, 20, "2021-05-05T05:05:05", "Ann", "2021-06-06T06:06:06", "Ben", True)))
    devices = [device("RAT", type=5, trap_1=None, trap_2=None, **bait), device("BARE", description=..., trap_1=...),
               device("TEXT", status="3", battery_status="0.5", trap_1="true", trap_2="false"),
               device("ODD", status="broken", battery_status=[1], colour="red", last_heartbeat="yesterday")]
    with Station(scratch, devices=devices) as station:
        first = station.run("--json")
        found = {d["serial_number"]: d for d in first.json["devices"]}
        rat = found["RAT"]
        check(rat["trap_1"] is None and "trap_1" not in rat["missing_fields"], rat)
        check((rat["activity_threshold_value"], rat["activity_timeframe_value"], rat["activity_timeframe_type"]) ==
              (5, 2, "d"), rat)
        check((rat["is_bait_monitoring_enabled"], rat["bait_low_count"], rat["bait_pad_activity_count"],
               rat["bait_manufacturer_and_type"], rat["bait_weight_grams"], rat["bait_calibration_weight_grams"],
               rat["last_bait_replaced_at"], rat["last_bait_replaced_by_name"], rat["last_activity_reset_at"],
               rat["last_activity_reset_by_name"], rat["is_bait_available"]) ==
              (True, 3, 12, "Paste", 100, 20, "2021-05-05T05:05:05Z", "Ann", "2021-06-06T06:06:06Z", "Ben", True), rat)
        bare = found["BARE"]
        check(bare["trap_1"] is None and "trap_1" in bare["missing_fields"] and "description" in bare["missing_fields"]
              and "trap_2" not in bare["missing_fields"], bare)
        check((found["TEXT"]["status"], found["TEXT"]["battery_status"], found["TEXT"]["trap_1"],
               found["TEXT"]["trap_2"]) == (3, 0.5, True, False), found["TEXT"])
        check((found["ODD"]["status"], found["ODD"]["battery_status"]) == (None, None), found["ODD"])
        raw = json.loads(station.one("SELECT raw FROM devices WHERE serial_number = 'ODD'"))
        check((raw["status"], raw["colour"], raw["last_heartbeat"]) == ("broken", "red", "yesterday"), raw)
        for word in ("colour", "broken", "yesterday"):
            check(word in first.stderr, f"'{word}' is not said: {first}")
        check(station.run().stderr.count("\n") == 1, "said again")
        # Entries that cannot be taken are left out, counted, and the rest is stored.
        station.server.devices += [{"name": "no serial"}, device("GOOD", reports=[{"type": 2}, {"timestamp": "x"}])]
        done = station.run("--json", expect=1)
        check(done.json["run"]["skipped"] == 3 and station.one("SELECT count(*) FROM devices") == 5, done)


def history_and_places(scratch):
    """A row when anything changes, none when nothing does; a location is not lost; what vanishes is marked."""
    with Station(scratch) as station:
        station.run()
        check(station.one("SELECT count(*) FROM device_history") == 3, "first rows")
        before = station.dump()
        station.run()
        check(station.dump() == before, "the second run writes")
        one = station.server.find("TESTDEVICE1")
        one.update(status=1, trap_1=False, battery_status=0.9)
        station.run()
        found = station.rows("SELECT changed, status_name, trap_1, battery_status, raw FROM device_history"
                             " WHERE serial_number = 'TESTDEVICE1' ORDER BY id DESC LIMIT 1")[0]
        check(set(found[0].split(",")) == {"status", "trap_1", "battery_status"} and found[1:4] == ("active", 0, 0.9),
              found)
        check(json.loads(found[4]) == {"status": 1, "trap_1": False, "battery_status": 0.9}, found)
        before = station.dump()
        # By location the answer has no locations; with some fields only these.
        station.run("--location-path", "//MyLocation")
        station.run("--device-fields", "name,status")
        check(station.dump() == before, "an answer without the location changes something")
        check(station.asked()[-1].endswith("device_fields=serial_number,name,status"), station.asked())
        one["location"] = {"name": "MyLocation", "path": "//MyLocation", "address": "Road 1"}
        station.run()
        del one["location"]
        station.run()
        check(station.rows("SELECT path, address FROM locations WHERE path = '//MyLocation'") ==
              [("//MyLocation", "Road 1")], "location")
        check(station.one("SELECT location_path FROM device_latest WHERE serial_number = 'TESTDEVICE1'") ==
              "//MyLocation", "the location is lost")
        gone = station.server.devices.pop()
        station.run()
        station.run("--ids", "TESTDEVICE1")
        check(station.rows("SELECT serial_number FROM devices WHERE absent_since IS NOT NULL") == [("TESTDEVICE3",)],
              "absent")
        before = station.dump()
        station.run()
        check(station.dump() == before, "absent again")
        station.server.devices.append(gone)
        station.run()
        check(station.one("SELECT count(*) FROM devices WHERE absent_since IS NULL") == 3, "present again")
        check([r[0] for r in station.rows("SELECT changed FROM device_history WHERE serial_number = 'TESTDEVICE3'")][1:]
              == ["absent", "present"], "history of absence")
        done = station.run("--ids", "TESTDEVICE1,NOBODY")
        check("'NOBODY'" in done.stderr, done)


def reports_once(scratch):
    """Equal seconds, late arrivals, overlap, other scopes: each event once, none lost."""
    trap = device("A", reports=[{"type": 2, "timestamp": "2021-03-10T10:00:00"}] * 2)
    other = device("B", reports=[{"type": 2, "timestamp": "2021-01-01T00:00:00"}])

    def count():
        return station.one("SELECT count(*) FROM reports")
    with Station(scratch, devices=[trap, other]) as station:
        station.run("--ids", "A")
        check(count() == 2, "two events of one second")
        station.run("--ids", "A")
        check(count() == 2, "doubled")
        check(station.asked()[-1] == "/devices?ids=A&reports_since=2021-03-08T10:00:00", station.asked())
        # Late, within the overlap; a third of the same second; earlier than the overlap: by hand.
        trap["reports"] = trap["reports"] + [{"type": 3, "timestamp": "2021-03-09T00:00:00"},
                                             {"type": 2, "timestamp": "2021-03-10T10:00:00"}]
        station.run("--ids", "A", "--overlap", "36h")
        check(count() == 4, count())
        # B was never asked for: what is known of A must not hide its reports.
        station.run()
        check(count() == 5, "the reports of another scope are lost")
        # A clock that is ahead must not move the mark.
        trap["reports"].append({"type": 2, "timestamp": "2099-01-01T00:00:00"})
        station.run()
        trap["reports"].append({"type": 2, "timestamp": "2021-03-11T00:00:00"})
        station.run()
        check(count() == 7 and station.one("SELECT max(reports_until) FROM runs") == "2021-03-11T00:00:00Z", count())
        # A run that asks for later ones only leaves the gap to the next.
        trap["reports"].append({"type": 2, "timestamp": "2021-03-20T00:00:00"})
        trap["reports"].append({"type": 2, "timestamp": "2021-04-20T00:00:00"})
        station.run("--reports-since", "2021-04-01")
        station.run()
        check(count() == 9, "a gap")
        days = station.rows("SELECT day, type_name, reports, devices FROM reports_by_day WHERE day = '2021-03-10'")
        check(days == [("2021-03-10", "trap_was_triggered", 3, 1)], days)
        station.run("--reports-since", "none")
        check(station.asked()[-1] == "/devices", station.asked())
        station.run("--reports-since", "2021-01-01T02:00:00+02:00")
        check(station.asked()[-1] == "/devices?reports_since=2021-01-01T00:00:00", station.asked())


def wrong_command_lines(scratch):
    with Station(scratch) as station:
        for words in (["--ids", "A", "--location-id", "x"], ["--location-path", "MyLocation"],
                      ["--include-sublocations"], ["--reports-since", "tomorrow"], ["--alert", "trigered"],
                      ["--alert", "battery_below=200%"], ["--since-run", "x"], ["--format", "xml"],
                      ["--format", "geojson", "--table", "reports"], ["--on-alert", "a 'b"], ["--token", "x"],
                      ["--every", "0"], ["--json", "--every", "60"]):
            station.run(*words, expect=2)
        check("'triggered'" in station.run("--alert", "trigered", expect=2).stderr, "nearest")
        station.run(expect=78, TRAPLINKED__TOKEN=None)
        station.run(expect=78, TRAPLINKED__BASE_URL="http://api.traplinked.example/api/v1")
        station.run("--no-fetch", expect=1)
        check(station.server.requests == [] and not station.database.exists(), "something was done")


def the_shell_opens_it(scratch):
    with Station(scratch) as station:
        station.run()
        for view, lines in (("open_alerts", 2), ("device_latest", 3), ("reports_by_day", 2)):
            done = subprocess.run(["sqlite3", "-readonly", str(station.database), f"SELECT * FROM {view}"],
                                  capture_output=True, text=True, check=True)
            check(len(done.stdout.splitlines()) == lines and not done.stderr, f"{view}: {done.stdout}")
        check(station.one("PRAGMA user_version") == 3 and station.rows("PRAGMA foreign_key_check") == [] and
              station.one("PRAGMA integrity_check") == "ok" and station.one("PRAGMA journal_mode") == "wal", "pragmas")


CASES = [examples_of_the_documentation, outputs, codes, null_missing_and_strange, history_and_places, reports_once,
         wrong_command_lines, the_shell_opens_it]
if __name__ == "__main__":
    run_all(CASES, os.environ["SCRATCH"])
