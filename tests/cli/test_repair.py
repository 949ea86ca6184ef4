#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""trapkit validate --repair: what exporters write in other words becomes a clean Camtrap DP 1.0.2 package, by our validator and by checks
that are none of ours; what cannot be mended stays and is told."""
import csv
import gzip
import io
import json
import os
import pathlib
import subprocess
import sys
import zipfile

ROOT = pathlib.Path(os.environ["ROOT"])
SCRATCH = pathlib.Path(os.environ["SCRATCH"])
sys.path.insert(0, str(ROOT / "tests/fixtures"))
import camtrap_checks  # noqa: E402
from camtrap_package import COLUMNS, add_column, contents, package, table_bytes, trapper_export, zip_bytes  # noqa: E402

M, D, O = "media", "deployments", "observations"
failures = []


def check(condition, text):
    if not condition:
        failures.append(text)
        print("FAILED:", text)


def run(*words, status=0):
    ran = subprocess.run([os.environ["TRAPKIT"], "validate", "--json", *map(str, words)], cwd=SCRATCH, capture_output=True, timeout=60,
                         check=False)
    check(status is None or ran.returncode == status, f"{words}: exit {ran.returncode}, not {status}: {ran.stderr.decode()}"
          f"{ran.stdout.decode()[:2000]}")
    return json.loads(ran.stdout)


def write(files, name):
    for path, data in files.items():
        (SCRATCH / name / path).parent.mkdir(parents=True, exist_ok=True)
        (SCRATCH / name / path).write_bytes(data)
    return name


def rows(place, table):
    files = {p.name: p.read_bytes() for p in (SCRATCH / place).iterdir()} if (SCRATCH / place).is_dir() else {
        n: zipfile.ZipFile(SCRATCH / place).read(n) for n in zipfile.ZipFile(SCRATCH / place).namelist()}
    data = files.get(table + ".csv") or gzip.decompress(files[table + ".csv.gz"])
    return list(csv.DictReader(io.StringIO(data.decode(), newline="")))


def clean(place, name):
    # Three of them are about what export --local promises, not about the standard.
    found = [text for text in camtrap_checks.check(SCRATCH / place) if not text.endswith(("classified by nobody", "of no event"))
             and not text.startswith("fileName")]
    check(found == [], f"{name}: the independent checks say {found}")


def trapper_exports():
    (SCRATCH / "own.zip").write_bytes(zip_bytes(trapper_export(own_columns=True), top="inner/"))
    check(run("own.zip", status=3)["counts"]["error"] == 3, "its own columns are errors")
    for out in "mended", "mended.zip":
        found = run("own.zip", "--repair", out)
        what = {(c["table"], c["column"]): c["what"] for c in found["changes"]}
        check(set(what) == {(D, None), (M, None), (O, None), (None, None)} and "metadata.json" in what[None, None]
              and all("_id" in what[t, None] for t in COLUMNS), found["changes"])
        check(found["output"] == out and found["packages"][0]["rows"] == {D: 2, M: 3, O: 3}, found)
        clean(out, out)
        check([r["observationID"] for r in rows(out, O)] == ["o1", "o2", "o3"], rows(out, O))
    check(sorted(os.listdir(SCRATCH / "mended")) == ["datapackage.json", "deployments.csv.gz", "media.csv.gz", "observations.csv.gz"],
          os.listdir(SCRATCH / "mended"))
    again = run("own.zip", "--repair", "mended.zip", status=1)
    check("--overwrite" in again["error"]["message"], again)
    before = (SCRATCH / "mended.zip").read_bytes()
    run("own.zip", "--repair", "mended.zip", "--overwrite")
    check((SCRATCH / "mended.zip").read_bytes() == before, "the same bytes again")
    (SCRATCH / "media.zip").write_bytes(zip_bytes(trapper_export(events=False)))
    run("media.zip", "--repair", "gbif")
    check(json.loads((SCRATCH / "gbif/datapackage.json").read_text())["gbifIngestion"] == {"observationLevel": "media"},
          "without events GBIF is told to take media rows")


# table, row, column, as it was, as it must be; times and words from contracts/camtrap-dp.md sections 6, 7 and 16
CELLS = [
    (M, 1, "timestamp", "2024-05-03 21:14:05+02:00", "2024-05-03T21:14:05+02:00"),
    (M, 1, "timestamp", "2024-05-03T21:14:05+0200", "2024-05-03T21:14:05+02:00"),
    (M, 1, "timestamp", "2024-05-03T21:14:05.000+02", "2024-05-03T21:14:05+02:00"),
    (M, 1, "timestamp", "2024-05-03 19:14:05 z", "2024-05-03T19:14:05Z"),
    (D, 1, "deploymentStart", "2024-05-01T08:00+02:00", "2024-05-01T08:00:00+02:00"),
    (M, 1, "filePublic", "No", "false"), (M, 1, "filePublic", "", "false"), (M, 2, "favorite", "F", "false"),
    (M, 1, "fileMediatype", "JPEG", "image/jpeg"), (M, 1, "fileMediatype", "IMAGE/JPEG", "image/jpeg"),
    (M, 1, "filePath", "media\\1.JPG", "media/1.JPG"), (M, 1, "filePath", "./media/1.JPG", "media/1.JPG"),
    (M, 1, "captureMethod", "motionDetection", "activityDetection"), (M, 1, "captureMethod", "Activity detection", "activityDetection"),
    (D, 1, "cameraHeight", "1,2", "1.2"), (D, 1, "latitude", " 52.5 ", "52.5"), (D, 1, "cameraTilt", "5.0", "5"),
    (D, 2, "featureType", "none", ""), (D, 2, "cameraHeight", "NaN", ""), (D, 2, "cameraDelay", "N/A", ""), (D, 2, "habitat", "NA", ""),
    (O, 1, "count", "1.0", "1"), (O, 1, "sex", "unknown", ""), (O, 1, "sex", "F", "female"), (O, 1, "lifeStage", "young", "juvenile"),
    (O, 1, "observationType", "Animal", "animal"), (O, 1, "classificationMethod", "AI", "machine"),
    (O, 1, "bboxX", "-0.0001", "0"), (O, 1, "bboxWidth", "0.9000002", "0.9"), (O, 1, "classificationProbability", "93", "0.93"),
    (O, 1, "eventEnd", "", "2024-05-03T19:14:05Z"),
]
# property, as it was, as it must be (None = not there)
PROPERTIES = [
    ("version", 2, "2"), ("title", None, None), ("name", "Winter Survey 2024", "winter-survey-2024"), ("keywords", [], None),
    ("keywords", "lynx, wolf", ["lynx", "wolf"]), ("homepage", "www.example.org/x", "https://www.example.org/x"),
    ("created", "2024-06-02", "2024-06-02T00:00:00Z"), ("contributors.0.role", "author", None),
    ("contributors.0.role", "Rights holder", "rightsHolder"), ("project.samplingDesign", "simple random", "simpleRandom"),
    ("project.individualAnimals", "false", False), ("project.captureMethod", "motionDetection", ["activityDetection"]),
    ("project.observationLevel", ["media"], ["media", "event"]), ("taxonomic", [], [{"scientificName": "Lynx lynx"}]),
    ("taxonomic.0.vernacularNames", {"en": "lynx", "x-y": "?"}, {"eng": "lynx"}), ("temporal", {}, {"start": "2024-05-01", "end": "2024-05-31"}),
    ("spatial", None, {"type": "Polygon", "coordinates": [[[23.5, 51], [23.5, 51], [23.5, 52.5], [23.5, 52.5], [23.5, 51]]]}),
    ("coordinatePrecision", None, None),
    ("relatedIdentifiers", [{"relationType": "isDerivedFrom", "relatedIdentifier": "x", "relatedIdentifierType": "DOI"}],
     [{"relationType": "IsDerivedFrom", "relatedIdentifier": "x", "relatedIdentifierType": "DOI"}]),
]


def step(thing, key):
    return thing[int(key)] if isinstance(thing, list) else thing.get(key)


def cells_and_properties():
    for number, (table, row, column, given, wanted) in enumerate(CELLS):
        made = package()
        made[table][row - 1][COLUMNS[table].index(column)] = given
        if column == "sex" and wanted == "female":
            made["json"]["contributors"][0]["role"] = "contact"
        name = write(contents(made), f"c{number}")
        found = run(name, "--repair", f"c{number}-mended")
        check(rows(f"c{number}-mended", table)[row - 1][column] == wanted, f"{column} {given!r}: {rows(f'c{number}-mended', table)[row - 1]}")
        changed = [(c["table"], c["column"]) for c in found["changes"]]
        check(changed == [(table, column)], f"{column} {given!r}: {found['changes']}")
        clean(f"c{number}-mended", f"{column} {given!r}")
    for number, (path, given, wanted) in enumerate(PROPERTIES):
        made = package()
        thing = made["json"]
        *way, last = path.split(".")
        for key in way:
            thing = step(thing, key)
        thing[last] = given
        write(contents(made), f"p{number}")
        run(f"p{number}", "--repair", f"p{number}-mended")
        thing = json.loads((SCRATCH / f"p{number}-mended/datapackage.json").read_text())
        for key in path.split("."):
            thing = step(thing, key)
        check(thing == wanted, f"{path} {given!r}: {thing!r}")
        clean(f"p{number}-mended", f"{path} {given!r}")


def tables_of_other_forms():
    made = package()
    made["json"] = json.loads(json.dumps(made["json"]).replace("/1.0.2/", "/1.0/"))
    made["json"]["resources"].append({"name": "extra", "path": "extra.csv"})
    made["json"]["resources"][0]["dialect"] = {"delimiter": ";"}
    for table in COLUMNS:   # backwards, an own column in the middle, some of the empty ones not there
        order = [i for i, name in enumerate(COLUMNS[table]) if not name.endswith("Comments")][::-1]
        made["headers"][table] = [made["headers"][table][i] for i in order]
        made[table] = [[one[i] for i in order] for one in made[table]]
        add_column(made, table, "Note", ["a, \"b\"\nc"] * 9, 3)
    made["headers"][D][made["headers"][D].index("deploymentTags")] = "tags"
    made[D][0][made["headers"][D].index("tags")] = "x|y"
    made[M].append(list(made[M][2]))
    made["raw"][D] = b"\xef\xbb\xbf" + table_bytes(made, D).replace(b",", b";").replace(b"a;", b"a,") .replace(b"\n", b"\n")
    made["raw"][O] = table_bytes(made, O) + b"\n\n"
    made["raw"][D] = "\ufeff".encode() + csv_of(made, D, ";")
    write(contents(made), "forms")
    found = run("forms", "--repair", "forms.zip")
    clean("forms.zip", "other forms")
    check(rows("forms.zip", D)[0]["deploymentTags"] == "x|y" and len(rows("forms.zip", M)) == 3, rows("forms.zip", D))
    for table in COLUMNS:
        same = [dict(zip(COLUMNS[table], one)) for one in package()[table]]
        if table == D:
            same[0]["deploymentTags"] = "x|y"
        check(rows("forms.zip", table) == same, f"{table}: {rows('forms.zip', table)}")
    text = json.dumps(found["changes"])
    for what in ("does not know left out", "missing added", "standard's order", "twice", "blank row", "1.0.2", "none of the three"):
        check(what in text, f"{what}: {text}")


def csv_of(made, table, delimiter):
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, lineterminator="\r\n").writerows([made["headers"][table], *made[table]])
    return text.getvalue().encode()


def what_cannot_be_mended():
    made = package()
    made[M][0][COLUMNS[M].index("timestamp")] = "2024-05-03T21:14:05"
    write(contents(made), "naive")
    found = run("naive", "--repair", "naive-mended", status=3)
    check([f["rule"] for f in found["findings"] if f["severity"] == "error"] == ["T05"] and found["changes"] == [], found)
    check("not copied" not in json.dumps(found), "talk is no part of the document")
    for name, spoil in {"long": lambda t: t.replace(b"\nm2,", b"\nm2,x,"), "torn": lambda t: t + b'"open',
                        "latin": lambda t: t.replace(b"\nm2", b"\nm\xfc")}.items():
        made = package()
        made["raw"][M] = spoil(table_bytes(made, M))
        write(contents(made), name)
        found = run(name, "--repair", name + "-mended", status=1)
        check("media.csv" in found["error"]["message"] and not (SCRATCH / (name + "-mended")).exists(), found)
    check([p.name for p in SCRATCH.iterdir() if p.name.startswith(".")] == [], "nothing is left behind")
    made = package()
    del made["json"]["resources"][1]
    write(contents(made), "without")
    check("media" in run("without", "--repair", "x", status=1)["error"]["message"], "a table that is not there")
    run("without", "naive", "--repair", "x", status=2)
    (SCRATCH / "trapper.yaml").write_text("collections: []\n")
    check("TRAPPER package" in run("trapper.yaml", "--repair", "x", status=1)["error"]["message"], "not that kind of package")
    run("naive", "--repair", "y", "--dry-run")
    check(not (SCRATCH / "y").exists(), "a dry run")


for test in trapper_exports, cells_and_properties, tables_of_other_forms, what_cannot_be_mended:
    test()
sys.exit(1 if failures else 0)
