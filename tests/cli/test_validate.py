#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""trapkit validate: a clean package of our own, one mutation after another with the rule that must find it, hostile archives,
TRAPPER packages; and the standard's official example where it lies beside the checkout."""
import gzip
import hashlib
import json
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import time
import zipfile
import zlib

ROOT = pathlib.Path(os.environ["ROOT"])
SCRATCH = pathlib.Path(os.environ["SCRATCH"])
sys.path.insert(0, str(ROOT / "tests/fixtures"))
from camtrap_package import BASE, COLUMNS, JPEG, contents, large_package, package, table_bytes  # noqa: E402

SANITIZED = bool(os.environ.get("TRAPKIT_SANITIZE"))
failures = []


def check(condition, text):
    if not condition:
        failures.append(text)
        print("FAILED:", text)


def write(made, name="p"):
    folder = SCRATCH / name
    shutil.rmtree(folder, ignore_errors=True)
    for path, data in contents(made).items():
        if ".." in path or path.startswith("/"):
            continue
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    return folder


def run(path, *options, status=None):
    ran = subprocess.run([os.environ["TRAPKIT"], "validate", "--json", *options, str(path)], stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, timeout=600 if SANITIZED else 60, check=False)
    check(status is None or ran.returncode == status, f"{path} {options}: exit {ran.returncode}, not {status}: {ran.stderr.decode()}"
          f"{ran.stdout.decode()[:2000]}")
    return json.loads(ran.stdout)


def at(table, number, column, value):
    def change(made):
        made[table][number - 1][COLUMNS[table].index(column)] = value
    return change


def many(*changes):
    def change(made):
        for one in changes:
            one(made)
    return change


def prop(path, *value):
    """Sets a property, or takes it away."""
    def change(made):
        thing = made["json"]
        keys = [int(key) if key.isdigit() else key for key in path.split(".")]
        for key in keys[:-1]:
            thing = thing[key]
        if value:
            thing[keys[-1]] = value[0]
        else:
            del thing[keys[-1]]
    return change


def raw(name, edit):
    def change(made):
        made["raw"][name] = edit(json.dumps(made["json"]).encode() if name == "json" else table_bytes(made, name))
    return change


def header(name, edit):
    def change(made):
        edit(made["headers"][name], made[name])
    return change


def again(table, number, **cells):
    def change(made):
        more = list(made[table][number - 1])
        for column, value in cells.items():
            more[COLUMNS[table].index(column)] = value
        made[table].append(more)
    return change


def drop_column(names, rows):
    names.pop()
    for one in rows:
        one.pop()


def swap_columns(names, _rows):
    names[1], names[2] = names[2], names[1]


def add_id(names, rows):
    names.append("_id")
    for one in rows:
        one.append("7")


E, W, I = "error", "warning", "info"
M, D, O = "media", "deployments", "observations"
# rule, severity, table or None, row or None, column or None, how the package is spoilt
MUTATIONS = [
    ("S01", E, None, None, None, raw("json", lambda text: text[:-1])),
    ("S01", E, None, None, None, raw("json", lambda text: b"\xff" + text)),
    ("S01", E, None, None, None, raw("json", lambda text: b"[]")),
    ("S01", W, None, None, "created", raw("json", lambda text: text[:-1] + b', "created": "2024-06-02T09:31:00Z"}')),
    ("S02", E, None, None, "contributors", prop("contributors")),
    ("S02", E, None, None, "contributors", prop("contributors", [])),
    ("S02", E, None, None, "contributors[0].role", prop("contributors.0.role", "author")),
    ("S02", E, None, None, "project.individualAnimals", prop("project.individualAnimals", "false")),
    ("S02", E, None, None, "project.samplingDesign", prop("project.samplingDesign", "simple random")),
    ("S02", E, None, None, "title", prop("title", None)),
    ("S02", E, None, None, "name", prop("name", "With Capitals")),
    ("S02", E, None, None, "keywords", prop("keywords", [])),
    ("S02", E, None, None, "licenses", prop("licenses.1")),
    ("S02", E, None, None, "taxonomic.vernacularNames", prop("taxonomic.0.vernacularNames", {"en": "lynx"})),
    ("S02", E, None, None, "relatedIdentifiers[0].relationType", prop("relatedIdentifiers", [
        {"relationType": "isDerivedFrom", "relatedIdentifier": "x", "relatedIdentifierType": "DOI"}])),
    ("S03", E, None, None, "profile", prop("profile")),
    ("S03", E, None, None, "profile", prop("profile", BASE.replace("1.0.2", "1.0-rc.1") + "camtrap-dp-profile.json")),
    ("S04", E, None, None, "resources", prop("resources.2.name", "other")),
    ("S04", E, None, None, "resources", lambda made: made["json"]["resources"].append(made["json"]["resources"][0])),
    ("S05", E, None, None, "resources.media.profile", prop("resources.1.profile")),
    ("S05", E, None, None, "resources.media.schema", prop("resources.1.schema", BASE.replace("1.0.2", "1.0.1") + "media-table-schema.json")),
    ("S05", E, None, None, "resources.media.schema", prop("resources.1.schema", {"fields": []})),
    ("S06", W, None, None, "resources.media.schema", prop("resources.1.schema", {"fields": [{"name": "x"}]})),
    ("S06", W, None, None, "resources.media.schema", prop("resources.1.schema", BASE + "other-table-schema.json")),
    ("S07", E, None, None, "resources.media.path", prop("resources.1.path", "../media.csv")),
    ("S07", E, None, None, "resources.media.path", prop("resources.1.path", "/media.csv")),
    ("S07", W, None, None, "resources.media.path", prop("resources.1.path", "https://example.org/media.csv")),
    ("S08", E, None, None, "media.csv", prop("resources.1.bytes", 1)),
    ("S08", E, None, None, "media.csv", prop("resources.1.hash", "0" * 32)),
    ("S08", E, None, None, "media.csv", prop("resources.1.hash", "sha256:" + "0" * 64)),
    ("S09", E, None, None, "created", prop("created", "2024-06-02")),
    ("S09", E, None, None, "temporal.start", prop("temporal.start", "notadate")),
    ("S09", E, None, None, "temporal.end", prop("temporal.end", "2024-02-30")),
    ("S09", E, None, None, "temporal", prop("temporal.start", "2024-06-01")),
    ("S10", W, None, None, "homepage", prop("homepage", "example.org")),
    ("S11", W, None, None, "licenses", prop("licenses.1.scope", "data")),
    ("S11", W, None, None, "licenses", prop("licenses")),
    ("S12", W, None, None, "spatial", prop("spatial.coordinates.0.4", [20, 51])),
    ("S12", W, None, None, "spatial", prop("spatial.coordinates.0.1", [240, 50])),
    ("S12", E, None, None, "spatial", prop("spatial", {"type": "Polygon", "coordinates": [1, 2, 3, 4]})),
    ("S12", E, None, None, "spatial", prop("spatial", {})),
    ("T01", E, M, 1, None, raw(M, lambda text: text.replace(b"\nm1,", b"\nm\0,"))),
    ("T01", E, M, 2, None, raw(M, lambda text: text.replace(b"\nm2,", b"\nm\xfc,"))),
    ("T01", E, M, None, None, raw(M, gzip.compress)),
    ("T02", E, O, None, None, raw(O, lambda text: text.replace(b",", b";"))),
    ("T02", E, O, 1, None, raw(O, lambda text: text.replace(b"\n", b"\r"))),
    ("T03", E, D, None, None, header(D, drop_column)),
    ("T03", E, D, None, None, header(D, swap_columns)),
    ("T03", E, D, None, None, header(D, add_id)),
    ("T03", E, M, None, None, raw(M, lambda text: b"")),
    ("T04", E, M, 4, None, raw(M, lambda text: text + b"\n")),
    ("T04", E, M, 3, None, raw(M, lambda text: text[:-2] + b"\n")),
    ("T04", E, M, 1, None, raw(M, lambda text: text.replace(b"\nm1,", b"\nm1,x,"))),
    ("T04", E, M, 4, None, raw(M, lambda text: text + b'"open')),
    ("T05", E, M, 1, "timestamp", at(M, 1, "timestamp", "2024-05-03T21:14:05")),
    ("T05", E, M, 1, "timestamp", at(M, 1, "timestamp", "2024-05-03 21:14:05Z")),
    ("T05", E, M, 1, "timestamp", at(M, 1, "timestamp", "2024-02-30T21:14:05Z")),
    ("T05", E, M, 1, "timestamp", at(M, 1, "timestamp", "2024-05-03T24:00:00Z")),
    ("T05", W, M, 1, "timestamp", at(M, 1, "timestamp", "2024-05-03T21:14:05+0200")),
    ("T05", E, O, 1, "count", at(O, 1, "count", "1.0")),
    ("T05", E, D, 1, "cameraHeight", at(D, 1, "cameraHeight", "1,2")),
    ("T05", E, M, 2, "filePublic", at(M, 2, "filePublic", "yes")),
    ("T06", E, D, 1, "latitude", at(D, 1, "latitude", "")),
    ("T06", E, M, 1, "fileMediatype", at(M, 1, "fileMediatype", "NA")),
    ("T07", E, D, 1, "latitude", at(D, 1, "latitude", "90.0000001")),
    ("T07", E, O, 1, "count", at(O, 1, "count", "0")),
    ("T07", E, O, 1, "lifeStage", at(O, 1, "lifeStage", "unknown")),
    ("T07", E, O, 1, "classificationProbability", at(O, 1, "classificationProbability", "93")),
    ("T07", E, M, 1, "filePath", at(M, 1, "filePath", "../1.JPG")),
    ("T07", E, M, 1, "fileMediatype", at(M, 1, "fileMediatype", "IMAGE/JPEG")),
    ("T08", E, M, 2, "mediaID", at(M, 2, "mediaID", "m1")),
    ("T08", E, O, 4, "observationID", again(O, 3)),
    ("T08", E, D, 3, "deploymentID", again(D, 2, cameraID="c9")),
    ("R01", E, M, 1, "deploymentID", at(M, 1, "deploymentID", "A")),
    ("R01", E, O, 3, "deploymentID", at(O, 3, "deploymentID", "b ")),
    ("R01", E, O, 1, "mediaID", at(O, 1, "mediaID", "nowhere")),
    ("R02", W, O, 3, "deploymentID", at(O, 3, "deploymentID", "a")),
    ("R02", W, O, 3, "deploymentID", many(at(O, 3, "deploymentID", "a"), at(D, 1, "cameraID", "c2"),
                                          at(D, 1, "deploymentEnd", "2024-05-31T18:00:00+02:00"))),
    ("R03", W, O, 3, "mediaID", at(O, 3, "mediaID", "")),
    ("R03", W, O, 2, "mediaID", at(O, 2, "mediaID", "m2")),
    ("R04", I, D, 3, "deploymentID", again(D, 2, deploymentID="c", cameraID="c9")),
    ("R04", I, D, 3, "deploymentID", again(D, 2, deploymentID="B", cameraID="c9")),
    ("R04", I, D, 2, "deploymentID", at(O, 3, "mediaID", "m1")),
    ("C01", W, D, 1, "deploymentStart", at(D, 1, "deploymentStart", "2024-05-16T08:00:00+02:00")),
    ("C01", I, D, 2, "deploymentEnd", at(D, 2, "deploymentEnd", "2924-05-16T08:00:00+02:00")),
    ("C01", I, D, 2, "deploymentEnd", many(at(D, 2, "deploymentEnd", "2924-05-16T08:00:00+02:00"), prop("temporal.end", "2924-05-16"))),
    ("C02", W, M, 1, "timestamp", many(*(at(M, 1, name, value) for name, value in (
        ("timestamp", "2024-05-01T07:59:59+02:00"), ("fileMediatype", "video/mp4"), ("fileName", "1.mp4"),
        ("filePath", "https://example.org/1.mp4"))))),
    ("C02", W, M, 1, "timestamp", at(M, 1, "timestamp", "2024-05-16T21:14:05+02:00")),
    ("C02", I, M, 1, "timestamp", many(at(M, 1, "timestamp", "2024-05-16T21:14:05+02:00"), at(D, 1, "timestampIssues", "true"))),
    ("C03", W, O, 2, "eventStart", at(O, 2, "eventEnd", "2024-05-03T19:14:04Z")),
    ("C03", W, O, 2, "eventStart", at(O, 2, "eventEnd", "2024-05-23T19:14:04Z")),
    ("C04", W, O, 1, "eventStart", at(O, 1, "eventEnd", "2024-05-03T19:14:06Z")),
    ("C04", W, O, 1, "eventStart", many(at(M, 1, "fileMediatype", "video/mp4"), at(O, 1, "eventStart", "2024-05-03T19:14:04Z"))),
    ("C05", I, O, 4, "eventID", again(O, 2, observationID="o4", eventEnd="2024-05-03T19:14:08Z")),
    ("C05", I, O, 4, "eventStart", again(O, 2, observationID="o4", eventID="e9", eventStart="2024-05-04T19:14:08Z",
                                        eventEnd="2024-05-04T19:14:08Z")),
    ("C06", I, M, 1, "timestamp", at(M, 1, "timestamp", "2000-01-01T00:00:05+02:00")),
    ("C06", I, M, 2, "timestamp", at(M, 2, "timestamp", "2024-05-03T21:14:04+02:00")),
    ("C06", I, M, 2, "timestamp", many(at(M, 1, "filePath", "media/2.JPG"), at(M, 1, "fileName", "2.JPG"), at(M, 2, "filePath", "media/1.JPG"),
                                       at(M, 2, "fileName", "1.JPG"), lambda made: made[M].insert(0, made[M].pop(1)))),
    ("C07", W, D, 2, "cameraID", at(D, 2, "deploymentStart", "2024-05-15T07:00:00+02:00")),
    ("C08", W, D, 2, "locationID", at(D, 2, "locationID", "l1")),
    ("C08", W, D, 1, "latitude", many(at(D, 1, "latitude", "0"), at(D, 1, "longitude", "0"))),
    ("C08", W, D, 1, "latitude", many(at(D, 1, "latitude", "23.5"), at(D, 1, "longitude", "52.5"))),
    ("B01", W, O, 1, "bboxX", at(O, 1, "bboxWidth", "")),
    ("B01", W, O, 1, "bboxWidth", at(O, 1, "bboxX", "0.8")),
    ("B01", W, O, 2, "bboxX", many(*(at(O, 2, name, "0.5") for name in ("bboxX", "bboxY", "bboxWidth", "bboxHeight")))),
    ("B02", I, O, 1, "bboxX", many(*(at(O, 1, name, value) for name, value in zip(
        ("bboxX", "bboxY", "bboxWidth", "bboxHeight"), "0011")))),
    ("B02", I, O, 4, "bboxX", again(O, 1, observationID="o4")),
    ("V01", W, O, 3, "count", at(O, 3, "count", "1")),
    ("V02", I, O, 1, "scientificName", at(O, 1, "scientificName", "")),
    ("V02", W, O, 1, "scientificName", at(O, 1, "observationType", "vehicle")),
    ("V03", W, O, 1, "classifiedBy", at(O, 1, "classifiedBy", "")),
    ("V04", W, D, 1, "cameraDepth", at(D, 1, "cameraDepth", "1")),
    ("V05", W, O, 4, "eventID", again(O, 2, observationID="o4")),
    ("M01", W, None, None, "taxonomic", prop("taxonomic", [])),
    ("M01", W, None, None, "taxonomic", prop("taxonomic", [{"scientificName": "Lynx lynx"}] * 2)),
    ("M01", W, None, None, "taxonomic", prop("taxonomic", [{"scientificName": "Lynx lynx"}, {"scientificName": "Sus scrofa"}])),
    ("M02", W, None, None, "project.observationLevel", prop("project.observationLevel", ["media"])),
    ("M02", W, None, None, "project.captureMethod", prop("project.captureMethod", ["activityDetection", "timeLapse"])),
    ("M03", W, D, 1, "latitude", at(D, 1, "latitude", "54")),
    ("M03", W, None, None, "temporal.end", prop("temporal.end", "2024-06-03")),
    ("M04", I, D, 1, "latitude", many(prop("coordinatePrecision", 0.1), at(D, 1, "latitude", "52.51"))),
    ("F01", W, M, 1, "filePath", at(M, 1, "filePath", "C:\\media\\1.JPG")),
    ("F02", W, M, 1, "filePath", at(M, 1, "filePath", "media/9/1.JPG")),
    ("F03", W, M, 1, "fileName", at(M, 1, "fileName", "7.JPG")),
    ("F03", W, M, 1, "fileMediatype", at(M, 1, "fileMediatype", "video/mp4")),
    ("F04", W, M, 1, "exifData", at(M, 1, "exifData", "Make: X")),
    ("F04", I, M, 1, "exifData", at(M, 1, "exifData", '{"GPSLatitude": 1}')),
    ("P01", W, O, 1, "mediaID", many(at(M, 1, "filePublic", "true"), at(O, 1, "observationType", "human"))),
    ("G01", W, None, None, "gbifIngestion", lambda made: made[O].pop(1)),
    ("G01", W, None, None, "gbifIngestion", many(prop("project.observationLevel", ["media"]), lambda made: made[O].pop(1), again(
        O, 1, observationID="o2", mediaID="m2", eventStart="2024-05-03T19:14:07Z", eventEnd="2024-05-03T19:14:07Z"))),
    ("G02", I, M, 1, "filePath", at(M, 1, "filePath", "https://example.org/1.JPG?rt=abc")),
]
CATALOGUE = ("S01 S02 S03 S04 S05 S06 S07 S08 S09 S10 S11 S12 T01 T02 T03 T04 T05 T06 T07 T08 R01 R02 R03 R04 C01 C02 C03 C04 C05 "
             "C06 C07 C08 B01 B02 V01 V02 V03 V04 V05 M01 M02 M03 M04 F01 F02 F03 F04 P01 G01 G02").split()


def has(found, rule, severity, table, number, column):
    return any(one["rule"] == rule and one["severity"] == severity and one["table"] == table and one["row"] == number
               and one["column"] == column and one["message"] for one in found["findings"])


def test_mutations():
    alone = set()
    for index, (rule, severity, table, number, column, change) in enumerate(MUTATIONS):
        made = package()
        change(made)
        found = run(write(made))
        name = f"mutation {index} ({rule} {severity} {table} {number} {column})"
        check(has(found, rule, severity, table, number, column), f"{name} not found: {json.dumps(found['findings'])[:1500]}")
        check(found["exit"] == (3 if found["counts"]["error"] else 0), f"{name}: exit {found['exit']}")
        check(severity != E or found["counts"]["error"] > 0, f"{name}: no error counted")
        if {one["rule"] for one in found["findings"]} == {rule}:
            alone.add(rule)
    missing = set(CATALOGUE) - {one[0] for one in MUTATIONS}
    check(not missing, f"rules without a mutation: {missing}")
    missing = set(CATALOGUE) - alone
    check(not missing, f"rules without a mutation that they alone catch: {missing}")


def zip_of(files, name="p.zip", top="", method=zipfile.ZIP_DEFLATED):
    path = SCRATCH / name
    with zipfile.ZipFile(path, "w", method) as archive:
        for file, data in files.items():
            archive.writestr(top + file, data)
    return path


def test_forms():
    made = package()
    for number, resource in enumerate(made["json"]["resources"]):
        data = table_bytes(made, resource["name"])
        resource["bytes"] = len(data)
        resource["hash"] = hashlib.md5(data).hexdigest() if number else "sha256:" + hashlib.sha256(data).hexdigest()
    folder = write(made)
    zipped = package()
    for resource in zipped["json"]["resources"]:
        resource["path"] += ".gz"
    places = [folder, folder / "datapackage.json", zip_of(contents(made)), zip_of(contents(made), "top.zip", "top/"),
              zip_of(contents(made), "stored.zip", "", zipfile.ZIP_STORED), write(zipped, "gz"), zip_of(contents(zipped), "gz.zip")]
    for place in places:
        for options in [], ["--check-media"], ["--strict"]:
            found = run(place, *options, status=0)
            check(found["findings"] == [] and found["packages"][0]["version"] == "1.0.2", f"{place}: {found}")
            check(found["packages"][0]["rows"] == {"deployments": 2, "media": 3, "observations": 3}, f"{place}: {found['packages']}")
    for version in "1.0", "1.0.1":
        older = package()
        text = json.dumps(older["json"]).replace("/1.0.2/", f"/{version}/").encode()
        older["json"] = json.loads(text)
        found = run(write(older), status=0)
        check(found["findings"] == [] and found["packages"][0]["version"] == version, f"{version}: {found}")
        at(D, 1, "cameraHeight", "NA")(older)
        check(has(run(write(older), status=3), "T05", E, D, 1, "cameraHeight"), f"NA is no missing value in {version}")
    made = package()
    at(M, 1, "filePath", "media/9/1.JPG")(made)
    run(write(made), status=0)
    run(write(made), "--strict", status=3)
    check(has(run(write(made), "--check-media", status=3), "F02", E, M, 1, "filePath"), "--check-media makes it an error")
    folder = write(package())
    (folder / "media/1.JPG").write_bytes(b"GIF89a" + b"0" * 20)
    check(has(run(folder, "--check-media", status=3), "F02", E, M, 1, "fileMediatype"), "contents of another type")
    run(SCRATCH / "nowhere", status=1)
    (SCRATCH / "no.zip").write_bytes(b"no archive at all")
    run(SCRATCH / "no.zip", status=1)


def test_lists():
    write(package(), "one")
    made = package()
    at(O, 1, "count", "0")(made)
    write(made, "two words")
    (SCRATCH / "list").write_bytes(f"{SCRATCH}/one\n\n{SCRATCH}/two words\r\n".encode())
    (SCRATCH / "list0").write_bytes(f"{SCRATCH}/one\0{SCRATCH}/two words\0".encode())
    for options in ["--files-from", SCRATCH / "list"], ["--files-from", SCRATCH / "list0", "-0"]:
        found = run(SCRATCH / "one", *map(str, options), status=3)
        check([one["path"] for one in found["packages"]] == [f"{SCRATCH}/{name}" for name in ("one", "one", "two words")], found["packages"])
    ran = subprocess.run([os.environ["TRAPKIT"], "validate", "--json", "--files-from", "-"], input=f"{SCRATCH}/one\n{SCRATCH}/gone\n"
                         f"{SCRATCH}/two words\n".encode(), capture_output=True, timeout=60, check=False)
    found = json.loads(ran.stdout)
    check(ran.returncode == 1 and "gone" in found["packages"][1]["error"] and found["counts"]["error"] == 1
          and "1 of 3" in found["error"]["message"], f"one that is not there does not stop the others: {found}")
    ran = subprocess.run([os.environ["TRAPKIT"], "validate"], stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False)
    check(ran.returncode == 2 and b"--files-from" in ran.stderr, ran.stderr)


def test_counts():
    made = package()
    for number in range(100, 400):
        again(O, 3, observationID=f"x{number}", mediaID="gone", count="0")(made)
    found = run(write(made), "--most", "5", status=3)
    lost = [one for one in found["findings"] if one["rule"] == "R01"]
    groups = {(one["rule"], one["column"]): one["count"] for one in found["packages"][0]["groups"]}
    check(len(lost) == 1 and "300" in lost[0]["message"], f"a lost key is told once, with its count: {lost}")
    check(groups[("T07", "count")] == 300 and len([one for one in found["findings"] if one["rule"] == "T07"]) == 5,
          "counted to the end, kept up to the limit")


def test_long():
    """Tables of many blocks, plain and packed: all rows are counted, and what is wrong far behind has its row."""
    folder = SCRATCH / "long"
    large_package(folder, 4000)
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    places = [folder, zip_of(files, "long.zip"), zip_of({name + ".gz" if name.endswith(".csv") else name: gzip.compress(data) if
              name.endswith(".csv") else data.replace(b'.csv"', b'.csv.gz"') for name, data in files.items()}, "long.gz.zip")]
    for place in places:
        found = run(place, status=0)
        check(found["findings"] == [] and found["packages"][0]["rows"] == {"deployments": 4, "media": 4000, "observations": 4400}, found)
    lines = files["media.csv"].splitlines(keepends=True)
    lines[3999] = lines[3999].replace(lines[3999][:32], lines[1][:32])
    lines[4000] = lines[4000].replace(b",image/jpeg,", b",image/jpeg\xff,")
    (folder / "media.csv").write_bytes(b"".join(lines))
    lines = files["observations.csv"].splitlines(keepends=True)
    lines[4400] = lines[4400].replace(b"o0004000,", b"o0000001,")
    lines.insert(4000, b'"' + b"long " * 40000 + b'"\n')   # longer than a block
    (folder / "observations.csv").write_bytes(b"".join(lines))
    found = run(folder, status=3)
    for expected in ("T08", E, M, 3999, "mediaID"), ("T01", E, M, 4000, None), ("T08", E, O, 4401, "observationID"), ("T04", E, O, 4000, None):
        check(has(found, *expected), f"{expected} is not in {found['findings'][:9]}")


def spoil(path, edit):
    path.write_bytes(edit(path.read_bytes()))
    return path


def test_hostile():
    files = contents(package())
    for name in "../evil", "/abs", "a/../../b", "C:\\x", "a\\b":
        found = run(zip_of(dict(files, **{name: b"x"}), "h.zip"), status=3)
        check(any(one["rule"] == "S07" and one["value"] == name for one in found["findings"]), f"{name}: {found['findings']}")
    path = SCRATCH / "link.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
        link = zipfile.ZipInfo("link")
        link.create_system = 3
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    check(any(one["value"] == "link" for one in run(path, status=3)["findings"]), "a link in a ZIP")
    path = zip_of(dict(files, xxxxx=b"1", yyyyy=b"2"), "twice.zip")
    check(any(one["rule"] == "S07" and one["value"] == "xxxxx" for one in
              run(spoil(path, lambda data: data.replace(b"yyyyy", b"xxxxx")), status=3)["findings"]), "a name twice")
    path = zip_of(files, "crc.zip", "", zipfile.ZIP_STORED)
    check(run(spoil(path, lambda data: data.replace(b"\nm1,a,", b"\nm1,b,")), status=3)["counts"]["error"] > 0, "a wrong CRC")
    folder = write(package())
    os.replace(folder / "media.csv", SCRATCH / "outside.csv")
    (folder / "media.csv").symlink_to(SCRATCH / "outside.csv")
    check(any(one["rule"] == "S07" for one in run(folder, status=3)["findings"]), "a link out of the folder")
    made = package()
    made["json"]["resources"][1]["path"] = "media.csv.gz"
    folder = write(made)
    whole = (folder / "media.csv.gz").read_bytes()
    plain = table_bytes(made, M)
    for name, data, expected in (("cut", whole[:-9], True), ("crc", whole[:-8] + b"0000" + whole[-4:], True),
                                 ("junk", whole + b"junk", True), ("zeros", whole + bytes(8), True),
                                 ("two members", gzip.compress(plain[:50]) + gzip.compress(plain[50:]), False)):
        (folder / "media.csv.gz").write_bytes(data)
        found = run(folder, status=3 if expected else 0)
        check(any(one["rule"] == "T04" and one["table"] == M for one in found["findings"]) == expected, f"gzip {name}: {found}")
    (folder / "media.csv.gz").write_bytes(gzip.compress(plain + b"m" * (100 << 20), 9))
    found = run(folder, status=3)
    check(any(one["rule"] == "T04" for one in found["findings"]), f"a long line: {found['findings']}")
    (folder / "media.csv.gz").write_bytes(gzip.compress(plain + b"\n" * (100 << 20), 9))
    found = run(folder, status=3)
    check(any(one["rule"] == "T04" and "times its size" in one["message"] for one in found["findings"]), "a bomb is refused")
    path = SCRATCH / "huge.zip"
    path.write_bytes(b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, 65535, 65535, 0xFFFFFFFE, 0, 0))
    run(path, status=1)
    path = zip_of(files, "short.zip")
    run(spoil(path, lambda data: data[:-30]), status=1)


def peak(path, expected):
    """Exit status `expected`, within bounds of memory and time; the findings."""
    began = time.monotonic()
    process = subprocess.Popen([os.environ["TRAPKIT"], "validate", "--json", str(path)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    out = process.stdout.read()
    process.stdout.close()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    check(process.returncode == expected, f"{path}: exit {process.returncode}, not {expected}: {out[:500]}")
    # The longest row takes 16 MiB, its marks and what is read ahead a few more.
    check(SANITIZED or usage.ru_maxrss < 96 << 10, f"{path}: {usage.ru_maxrss} KiB of memory")
    check(SANITIZED or time.monotonic() - began < 30, f"{path}: {time.monotonic() - began:.0f} s")
    return json.loads(out).get("findings", [])


def packed(pieces):
    """gzip of b"..." * n, n times, without holding it."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join(packer.compress(data) for data, count in pieces for _ in range(count)) + packer.flush()


def test_bounds():
    """Each kind of hostile archive that the standard's readers meet: refused, with memory that does not grow with it."""
    made = package()
    folder = write(made, "endless")
    os.truncate(folder / "media.csv", 10 << 30)   # NUL bytes, ten GiB of them in one line, without a disk for them
    found = peak(folder, 3)
    check(any(f["rule"] == "T04" and f["table"] == M and "16 MiB" in f["message"] for f in found), f"ten GiB in a line: {found}")
    head = table_bytes(made, M)
    for name, piece in (("line", b"m" * (1 << 20)), ("quoted", b'"' * (1 << 20)), ("nul", bytes(1 << 20)), ("rows", b"\n" * (1 << 20))):
        made["json"]["resources"][1]["path"] = "media.csv.gz"
        folder = write(made, "bomb-" + name)
        (folder / "media.csv.gz").write_bytes(packed([(head, 1), (piece, 160)]))
        found = peak(folder, 3)
        check(any(f["rule"] == "T04" and f["table"] == M for f in found), f"a gzip bomb of {name}: {found}")
    with zipfile.ZipFile(SCRATCH / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in contents(package()).items():
            if name != "observations.csv":
                archive.writestr(name, data)
        with archive.open("observations.csv", "w", force_zip64=True) as out:
            out.write(table_bytes(made, O))
            for _ in range(160):
                out.write(b"o" * (1 << 20))
    check(any(f["rule"] == "T04" and f["table"] == O for f in peak(SCRATCH / "bomb.zip", 3)), "a ZIP bomb")
    with zipfile.ZipFile(SCRATCH / "descriptor.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        with archive.open("datapackage.json", "w", force_zip64=True) as out:
            for _ in range(160):
                out.write(b" " * (1 << 20))
    peak(SCRATCH / "descriptor.zip", 1)
    folder = write(package(), "deep")
    (folder / "datapackage.json").write_bytes(b"[" * (8 << 20))
    check([f["rule"] for f in peak(folder, 3)] == ["S01"], "brackets, eight million deep")
    (folder / "datapackage.json").write_bytes(b'{"a":' * (1 << 20) + b"1" + b"}" * (1 << 20))
    check([f["rule"] for f in peak(folder, 3)] == ["S01"], "objects, a million deep")
    # The directory names one entry's bytes again and again: a small archive that unpacks to petabytes.
    path = zip_of(dict(contents(package()), **{f"copy{n}": b"x" * 1000 for n in range(3)}), "overlap.zip", "", zipfile.ZIP_STORED)
    data = bytearray(path.read_bytes())
    offsets = [i for i in range(len(data)) if data[i:i + 4] == b"PK\1\2" and data[i + 46:i + 50] == b"copy"]
    for at in offsets[1:]:
        data[at + 42:at + 46] = data[offsets[0] + 42:offsets[0] + 46]
    path.write_bytes(data)
    check(any(f["rule"] == "S07" and "shares its bytes" in f["message"] for f in peak(path, 3)), "entries that overlap")
    folder = write(package(), "linked")
    shutil.rmtree(folder / "media")
    (folder / "media").symlink_to("/etc")
    (folder / "observations.csv").unlink()
    (folder / "observations.csv").symlink_to("/etc/passwd")
    found = peak(folder, 3)
    check(any(f["rule"] == "S07" and "observations" in (f["column"] or "") + (f["table"] or "") + f["message"] for f in found),
          f"links out of the folder: {found}")
    check("root:" not in json.dumps(found), "nothing of the other file is shown")
    folder = write(package(), "pipe")
    (folder / "media.csv").unlink()
    os.mkfifo(folder / "media.csv")
    check(any(f["rule"] == "S07" for f in peak(folder, 3)), "a pipe is not waited for")


def test_trapper():
    yaml = ("collections:\n- name: winter\n  project_id: 1\n  resources_dir: winter\n  timezone: Europe/Warsaw\n"
            "  timezone_ignore_dst: false\n  deployments:\n  - deployment_id: d1\n    resources:\n"
            "    - name: a.jpg\n      file: a.jpg\n      date_recorded: '2024-07-01T08:00:00+0000'\n")
    (SCRATCH / "w.yaml").write_text(yaml)
    zip_of({"winter/d1/a.jpg": JPEG}, "w.zip", "", zipfile.ZIP_STORED)
    for name in "w.yaml", "w.zip":
        found = run(SCRATCH / name, status=0)
        check(found["packages"][0]["kind"] == "trapper" and not found["counts"]["error"], f"TRAPPER package: {found}")
    zip_of({"winter/d1/b.jpg": JPEG}, "w.zip", "", zipfile.ZIP_STORED)
    rules = {one["rule"] for one in run(SCRATCH / "w.yaml", status=3)["findings"]}
    check({"Y01", "Y02"} <= rules, f"missing and extra: {rules}")
    (SCRATCH / "w.yaml").write_text(yaml.replace("'2024-07-01T08:00:00+0000'", "2024-07-01T08:00:00+00:00"))
    rules = {one["rule"] for one in run(SCRATCH / "w.yaml", status=3)["findings"]}
    check("Y06" in rules, f"a date that is not text: {rules}")
    (SCRATCH / "w.zip").unlink()
    run(SCRATCH / "w.yaml", status=1)


def test_official():
    place = pathlib.Path(os.environ.get("TRAPKIT_CAMTRAP_DP", ROOT.parent / "shared/data/camtrap-dp-1.0.2")) / "example"
    if not place.is_dir():
        return False
    found = run(place, status=0)
    groups = {(one["rule"], one["severity"]): one["count"] for one in found["packages"][0]["groups"]}
    # contracts/camtrap-dp.md, "Corrections": a licence without name, three cells, ten pictures that are not there.
    check(groups == {("S11", W): 1, ("F04", W): 3, ("F02", W): 10}, f"the official example: {groups}")
    return True


# Bounds first: a child counts the memory that its parent had when it was made.
for test in test_bounds, test_forms, test_mutations, test_lists, test_counts, test_long, test_hostile, test_trapper:
    test()
official = test_official()
print(f"{len(MUTATIONS)} mutations of {len(CATALOGUE)} rules")
if failures:
    sys.exit(1)
if not official:
    print("the official example was not checked: it is not beside the checkout (TRAPKIT_CAMTRAP_DP names its folder); all else passed")
