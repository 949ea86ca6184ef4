#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""trapkit template: the table as Python's csv and zoneinfo make it, what is merged, and what is warned of."""
import csv
import datetime
import io
import json
import os
import pathlib
import shutil
import subprocess
import sys
import zoneinfo

ROOT = pathlib.Path(os.environ["ROOT"])
SCRATCH = pathlib.Path(os.environ["SCRATCH"])
sys.path.insert(0, str(ROOT / "tests/fixtures"))
import make_card  # noqa: E402

UTC = datetime.timezone.utc
HOUR = datetime.timedelta(hours=1)
MINIMAL = ["deploymentID", "locationID", "deploymentStart", "deploymentEnd", "cameraModel"]
FULL = ("deploymentID locationID locationName latitude longitude coordinateUncertainty deploymentStart deploymentEnd setupBy "
        "cameraID cameraModel cameraDelay cameraHeight cameraDepth cameraTilt cameraHeading detectionDistance timestampIssues "
        "baitUse featureType habitat deploymentGroups deploymentTags deploymentComments").split()


def trapkit(*arguments, status=0):
    environment = dict(os.environ, TZ="America/Lima")
    ran = subprocess.run([os.environ["TRAPKIT"], "template", *map(str, arguments)], stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, env=environment, check=False)
    assert ran.returncode == status, (arguments, ran.returncode, ran.stdout.decode(), ran.stderr.decode())
    return ran.stdout, ran.stderr.decode()


def table(*arguments, status=0):
    text, said = trapkit("--output", "-", *arguments, status=status)
    return list(csv.DictReader(io.StringIO(text.decode(), newline=""))), said


def write(path, text):
    path.write_bytes(text.encode())
    return path


def expected_rows(files, zone, ignore_dst, form):
    """The rule of contracts/trapper.md 5.1 and 7, by Python's means."""
    folders = {}
    for file in files:
        if file["taken"]:
            folders.setdefault(os.path.dirname(file["path"]), []).append(file)
    for folder in sorted(folders):
        moments = []
        for file in folders[folder]:
            local = datetime.datetime.strptime(file["taken"], "%Y:%m:%d %H:%M:%S").replace(tzinfo=zone)
            offset = local.utcoffset() - (local.dst() if ignore_dst else datetime.timedelta())
            moments.append(local.replace(tzinfo=datetime.timezone(offset)))
        name = os.path.basename(folder).lower()
        first = next(f for f in folders[folder] if f.get("make"))
        model = "%s %s" % (first["make"].lower(), first["model"].lower())
        yield [name, name.partition("-")[2], form(min(moments)), form(max(moments)), model]


def check_exact_bytes():
    data = SCRATCH / "plain"
    files = make_card.make_card(data, collections=2, deployments=2, images=4, clips=1, seed=7)
    files = [f for f in files if not f["path"].endswith(".MP4")]
    for path in data.rglob("*.MP4"):
        path.unlink()
    forms = {"offset": lambda t: t.strftime("%Y-%m-%dT%H:%M:%S%z"), "naive": lambda t: t.strftime("%Y-%m-%dT%H:%M:%S"),
             "utc": lambda t: t.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}
    where = {f["path"].split("/")[1].lower(): make_card_gps(f["path"]) for f in files}
    for zone in ("Europe/Warsaw", "America/St_Johns", "Asia/Kolkata", "Australia/Lord_Howe"):
        for ignore in (False, True):
            for name, form in forms.items():
                out = io.StringIO(newline="")
                writer = csv.writer(out)
                writer.writerow(MINIMAL + ["longitude", "latitude"])
                for row in expected_rows(files, zoneinfo.ZoneInfo(zone), ignore, form):
                    writer.writerow(row + where[row[0]])
                got, _ = trapkit("--data-path", data, "--timezone", zone, "--time-format", name, "--output", "-",
                                 *(["--ignore-dst"] if ignore else []))
                assert got == out.getvalue().encode(), (zone, ignore, name, got, out.getvalue())
    return data


def make_card_gps(path):
    """What make_card gives every other deployment."""
    collection, deployment = (int(part) for part in (path[1:5], path.split("LOC")[1][:2]))
    if deployment % 2 == 0:
        return ["", ""]
    return [repr(round(23.5 + (deployment - 1) / 100, 7)), repr(round(52.1 + (collection - 1) / 10 + (deployment - 1) / 100, 7))]


def check_without_gps():
    data = SCRATCH / "nogps"
    card = make_card.Card(data)
    card.deployment("C/R1-32_01", 3, 0, make_card.FIRST)
    text, said = trapkit("--data-path", data, "--output", "-")
    assert text.splitlines(True)[0] == b"deploymentID,locationID,deploymentStart,deploymentEnd,cameraModel\r\n", text
    assert b"\r\nr1-32_01,32_01,2024-06-01T" in text and b"+0000,trapmaker tm-1\r\n" in text
    assert "no time zone is set" in said
    rows, _ = table("--data-path", data, "--timezone", "UTC", "--columns", "full")
    assert list(rows[0]) == FULL, list(rows[0])
    assert rows[0]["deploymentStart"].endswith("+00:00") and rows[0]["cameraID"] == "TM100000000001"


def check_files(data):
    """Where it is written, and that nothing is overwritten unasked."""
    zone = ["--timezone", "Europe/Warsaw"]
    target = data / "deployments.csv"
    trapkit("--data-path", data, *zone, "--dry-run")
    assert not target.exists()
    trapkit("--data-path", data, *zone)
    made = target.read_bytes()
    out, _ = trapkit("--data-path", data, *zone)
    assert b"up to date" in out
    _, said = trapkit("--data-path", data, *zone, "--ignore-dst", status=1)
    assert "--overwrite" in said and target.read_bytes() == made
    trapkit("--data-path", data, *zone, "--ignore-dst", "--overwrite")
    assert target.read_bytes() != made
    trapkit("--data-path", data, *zone, "--output-path", SCRATCH / "new" / "folder")
    assert (SCRATCH / "new/folder/deployments.csv").read_bytes() == made
    out, _ = trapkit("--data-path", data, *zone, "--output", SCRATCH / "t.csv", "--json", "--collection", "R0002",
                     "--collection", "R0002")
    document = json.loads(out)
    assert document["schema"] == "trapkit/template/1" and document["ok"] and document["rows"] == 2, document
    assert document["output"] == str(SCRATCH / "t.csv") and document["zone"] == "Europe/Warsaw"
    first = document["deployments"][0]
    assert first["id"] == "r0002-loc01_01" and first["folder"] == "R0002/R0002-LOC01_01" and first["files"] == 5, first
    assert first["first"].endswith("+02:00") and len(first["cameras"]) == 1 and first["warnings"] == []


def check_wrong_use(data):
    _, said = trapkit("--data-path", data, "--timezone", "Europe/Warsow", status=2)
    assert "Europe/Warsaw" in said
    trapkit("--data-path", SCRATCH / "missing", "--timezone", "UTC", status=1)
    assert not (SCRATCH / "missing").exists()
    (SCRATCH / "hollow").mkdir()
    _, said = trapkit("--data-path", SCRATCH / "hollow", "--timezone", "UTC", status=1)
    assert "no table was written" in said and not (SCRATCH / "hollow/deployments.csv").exists()
    trapkit("--data-path", data, "--collection", "R0009", "--timezone", "UTC", status=1)
    trapkit("--data-path", data, "--output", "-", "--json", status=2)


def check_merge():
    data = SCRATCH / "merge"
    card = make_card.Card(data)
    for number, taken in enumerate((datetime.datetime(2024, 6, 10, 8, tzinfo=UTC), datetime.datetime(2024, 6, 20, 8, tzinfo=UTC))):
        for name in ("R1-32_01", "R1-33_01", "R1-34_01"):
            card.image("C/%s/IMG_%04d.JPG" % (name, number + 1), taken)
    old = write(SCRATCH / "old.csv",
                "\ufeffdeploymentID;habitat;deploymentStart;deploymentEnd;cameraModel;_id\r\n"
                "R1-32_01;\"wet; forest\";2024-06-09 17:00:00;2024-06-21;(unknown) (unknown);17\r\n"
                "r1-33_01;;2024-06-10T12:00:00+0200;2024-06-20T10:00:00+0200;my own;\r\n"
                "r9-1;dry;2023-01-01T00:00:00;soon;x;9\r\n")
    rows, said = table("--data-path", data, "--timezone", "Europe/Warsaw", "--merge", old)
    assert list(rows[0]) == MINIMAL + ["habitat", "_id"], list(rows[0])
    # Kept: both enclose the files (08:00 and 08:00); a day alone as an end is the whole day.
    assert rows[0] == {"deploymentID": "r1-32_01", "locationID": "32_01", "deploymentStart": "2024-06-09T17:00:00+0200",
                       "deploymentEnd": "2024-06-21T23:59:59+0200", "cameraModel": "trapmaker tm-1",
                       "habitat": "wet; forest", "_id": "17"}, rows[0]
    # The start leaves out the file of 08:00 (+0200) and is replaced; the end is kept.
    assert rows[1]["deploymentStart"] == "2024-06-10T08:00:00+0200" and rows[1]["cameraModel"] == "my own", rows[1]
    assert rows[1]["deploymentEnd"] == "2024-06-20T10:00:00+0200" and "leaves files out" in said
    assert rows[2]["deploymentID"] == "r1-34_01" and rows[2]["habitat"] == ""
    assert rows[3] == {"deploymentID": "r9-1", "locationID": "", "deploymentStart": "2023-01-01T00:00:00+0100",
                       "deploymentEnd": "soon", "cameraModel": "x", "habitat": "dry", "_id": "9"}, rows[3]
    assert "1 row of" in said
    again, _ = table("--data-path", data, "--timezone", "Europe/Warsaw", "--merge", old, "--columns", "full")
    assert list(again[0]) == FULL + ["_id"] and again[0]["habitat"] == "wet; forest"
    # What is merged with itself does not change.
    target = SCRATCH / "self.csv"
    trapkit("--data-path", data, "--timezone", "Europe/Warsaw", "--output", target)
    out, _ = trapkit("--data-path", data, "--timezone", "Europe/Warsaw", "--output", target, "--merge", target)
    assert b"up to date" in out
    for text, message in (("a,b\r\n", "no column deploymentID"), ("deploymentID\r\nx,y\r\n", "more cells"),
                          ('deploymentID\r\n"x', "never closed")):
        _, said = trapkit("--data-path", data, "--timezone", "UTC", "--merge", write(SCRATCH / "bad.csv", text), status=1)
        assert message in said, said


def check_locations():
    data = SCRATCH / "merge"
    places = write(SCRATCH / "places.csv", "locationID,longitude,latitude,locationName\n33_1,1,2,\n"
                   "32_01,23.50,52.1,Dąb\n34_01,-70.5,-33.25,\n")
    rows, said = table("--data-path", data, "--timezone", "UTC", "--locations", places)
    assert list(rows[0]) == MINIMAL + ["longitude", "latitude", "locationName"]
    assert (rows[0]["longitude"], rows[0]["latitude"], rows[0]["locationName"]) == ("23.50", "52.1", "Dąb")
    assert rows[1]["longitude"] == "" and "location '33_01' is not in" in said and "the nearest is '33_1'" in said, said
    gpx = write(SCRATCH / "places.gpx", '<gpx><wpt lat="52.25" lon="23.75"><name>32_01</name></wpt></gpx>')
    rows, _ = table("--data-path", data, "--timezone", "UTC", "--locations", gpx)
    assert rows[0]["longitude"] == "23.75" and rows[0]["latitude"] == "52.25" and "locationName" not in rows[0]
    # The spelling of the locations file wins, and positions far from the pictures' are told.
    other = SCRATCH / "spelling"
    card = make_card.Card(other)
    card.image("C/R1-dab wielki/a.jpg", make_card.FIRST, gps=(52.1, 23.5))
    places = write(SCRATCH / "spelt.csv", "locationID,longitude,latitude\nDĄB Wielki,23.5,53.1\n")
    rows, said = table("--data-path", other, "--timezone", "UTC", "--locations", places)
    assert rows[0]["locationID"] == "DĄB Wielki" and rows[0]["latitude"] == "53.1"
    assert "111.2 km" in said, said  # one degree of latitude: 6371.0088 km * pi / 180
    for text, message in (("locationID,lon\n", "lacks a column"), ("locationID,longitude,latitude\na,b,c\n", "line 2"),
                          ("", "is empty")):
        _, said = trapkit("--data-path", data, "--timezone", "UTC", "--locations", write(SCRATCH / "bad.csv", text), status=1)
        assert message in said, said


def warnings_of(files, *arguments, status=0, camera=lambda i: 0):
    """Makes one deployment of (name, time) and returns its warnings and its JSON."""
    data = SCRATCH / "warn"
    shutil.rmtree(data, ignore_errors=True)
    card = make_card.Card(data)
    for i, (name, taken) in enumerate(files):
        if taken is None:
            card.image("C/R1-1/" + name, make_card.FIRST + 5 * HOUR, exif=False)
        else:
            card.image("C/R1-1/" + name, taken, camera(i))
    out, _ = trapkit("--data-path", data, "--timezone", "Europe/Warsaw", "--json", "--overwrite", *arguments, status=status)
    found = json.loads(out)["deployments"][0]
    return " | ".join(found["warnings"]), found


def check_warnings():
    def day(number, hour=12):
        return datetime.datetime(2024, 6, 1, hour, tzinfo=UTC) + datetime.timedelta(days=number)

    assert warnings_of([("IMG_%04d.JPG" % i, day(i)) for i in range(1, 6)])[0] == ""
    said, found = warnings_of([("IMG_0001.JPG", datetime.datetime(1999, 1, 1, tzinfo=UTC)), ("IMG_0002.JPG", day(2)),
                               ("IMG_0003.JPG", day(3)), ("IMG_0004.JPG", datetime.datetime(2031, 1, 1, tzinfo=UTC))])
    assert "2 files dated before 2001 or in the future" in said, said
    assert found["first"] == "2024-06-03T12:00:00+02:00" and found["last"] == "2024-06-04T12:00:00+02:00", found
    said, found = warnings_of([("IMG_0001.JPG", datetime.datetime(1999, 1, 1, tzinfo=UTC))])
    assert "corrected by hand" in said and found["first"] == "1999-01-01T00:00:00+01:00", (said, found)
    said, _ = warnings_of([("IMG_%04d.JPG" % i, day(i % 3)) for i in range(1, 6)])
    assert "out of order with the file numbers: the clock goes back from 2024-06-03T12:00:00 to 2024-06-01T12:00:00" in said
    assert "'IMG_0003.JPG'" in said, said
    # A counter that began anew after 9999 is in order.
    wrapped = [("IMG_9998.JPG", day(1)), ("IMG_9999.JPG", day(2)), ("IMG_0001.JPG", day(3)), ("IMG_0002.JPG", day(4))]
    assert warnings_of(wrapped)[0] == ""
    said, _ = warnings_of([("IMG_0001.JPG", day(1)), ("IMG_0002.JPG", day(20))])
    assert "no files for 19 days, from 2024-06-02 to 2024-06-21" in said, said
    said, found = warnings_of([("IMG_%04d.JPG" % i, day(i)) for i in range(1, 5)], camera=lambda i: i % 2)
    assert "two or more cameras in one folder" in said and len(found["cameras"]) == 2, said
    said, found = warnings_of([("IMG_0001.JPG", day(0, 1)), ("X.JPG", None)])
    assert "1 file without a date; the time of writing was taken" in said and found["undated"] == 1
    # The mtime is an instant: 2024-06-01T10:00Z.
    assert found["last"] == "2024-06-01T12:00:00+02:00", found
    said, found = warnings_of([("IMG_0001.JPG", day(0, 1)), ("X.JPG", None)], "--time-fallback", "refuse")
    assert "left out" in said and found["last"] == "2024-06-01T01:00:00+02:00", found
    gap = datetime.datetime(2024, 3, 31, 2, 30, tzinfo=UTC)
    assert "hour that summer time leaves out" in warnings_of([("a1.JPG", gap)])[0]
    assert "hour that comes twice" in warnings_of([("a1.JPG", gap.replace(month=10, day=27))])[0]
    assert warnings_of([("a1.JPG", gap)], "--ignore-dst")[0] == ""


def check_odd_folders():
    data = SCRATCH / "odd"
    card = make_card.Card(data)
    for folder in ("Site A", "site-a", "ß", "alone"):
        card.image("C/%s/a.jpg" % folder, make_card.FIRST)
    out, said = trapkit("--data-path", data, "--timezone", "UTC", "--json", status=1)
    assert json.loads(out)["rows"] == 3 and "the same deploymentID 'site-a'" in said
    assert "no deploymentID can be made" in said and "no locationID" in said, said


def main():
    data = check_exact_bytes()
    check_without_gps()
    check_files(data)
    check_wrong_use(data)
    check_merge()
    check_locations()
    check_warnings()
    check_odd_folders()
    print("ok")


main()
