#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""trapkit validate: mutations generated from the standard's own tables of columns, types, limits and choices (contracts/camtrap-dp.md
sections 3 and 4), each with the one rule that must find it, in its table, row and column. Where the standard's schemas lie beside the
checkout, the tables here are compared with them first."""
import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(os.environ["ROOT"])
SCRATCH = pathlib.Path(os.environ["SCRATCH"])
sys.path.insert(0, str(ROOT / "tests/fixtures"))
from camtrap_package import COLUMNS, contents, package, table_bytes  # noqa: E402

SHARED = pathlib.Path(os.environ.get("TRAPKIT_CAMTRAP_DP", ROOT.parent / "shared/data/camtrap-dp-1.0.2"))
REQUIRED = {"deployments": "deploymentID latitude longitude deploymentStart deploymentEnd".split(),
            "media": "mediaID deploymentID timestamp filePath filePublic fileMediatype".split(),
            "observations": "observationID deploymentID eventStart eventEnd observationLevel observationType".split()}
# column: minimum, maximum (None = no limit)
INTEGERS = {"deployments": {"coordinateUncertainty": (1, None), "cameraDelay": (0, None), "cameraTilt": (-90, 90),
                            "cameraHeading": (0, 360)}, "media": {}, "observations": {"count": (1, None)}}
NUMBERS = {"deployments": {"latitude": (-90, 90), "longitude": (-180, 180), "cameraHeight": (0, None), "cameraDepth": (0, None),
                           "detectionDistance": (0, None)}, "media": {},
           "observations": {"individualPositionRadius": (0, None), "individualPositionAngle": (-90, 90), "individualSpeed": (0, None),
                            "bboxX": (0, 1), "bboxY": (0, 1), "bboxWidth": (1e-15, 1), "bboxHeight": (1e-15, 1),
                            "classificationProbability": (0, 1)}}
TIMES = {"deployments": ["deploymentStart", "deploymentEnd"], "media": ["timestamp"],
         "observations": ["eventStart", "eventEnd", "classificationTimestamp"]}
BOOLEANS = {"deployments": ["timestampIssues", "baitUse"], "media": ["filePublic", "favorite"], "observations": []}
CHOICES = {
    "deployments": {"featureType": "roadPaved roadDirt trailHiking trailGame roadUnderpass roadOverpass roadBridge culvert burrow "
                                   "nestSite carcass waterSource fruitingTree"},
    "media": {"captureMethod": "activityDetection timeLapse"},
    "observations": {"observationLevel": "media event", "observationType": "animal human vehicle blank unknown unclassified",
                     "cameraSetupType": "setup calibration", "lifeStage": "adult subadult juvenile", "sex": "female male",
                     "classificationMethod": "human machine"}}
failures = []


def check(condition, text):
    if not condition:
        failures.append(text)
        print("FAILED:", text)


def compare_with_the_standard():
    for table, columns in COLUMNS.items():
        schema = json.loads((SHARED / f"{table}-table-schema.json").read_text())
        fields = {field["name"]: field for field in schema["fields"]}
        check(list(fields) == columns, f"{table}: columns")
        for name, field in fields.items():
            limits = field.get("constraints", {})
            kind = field["type"]
            check((name in REQUIRED[table]) == bool(limits.get("required")), f"{name}: required")
            bounds = (limits.get("minimum"), limits.get("maximum"))
            check(INTEGERS[table].get(name) == (bounds if kind == "integer" else None), f"{name}: {kind} {bounds}")
            check(NUMBERS[table].get(name) == (bounds if kind == "number" else None), f"{name}: {kind} {bounds}")
            check((name in TIMES[table]) == (kind == "datetime"), f"{name}: {kind}")
            check((name in BOOLEANS[table]) == (kind == "boolean"), f"{name}: {kind}")
            check(CHOICES[table].get(name, "").split() == limits.get("enum", []), f"{name}: {limits.get('enum')}")


# ---- one row to spoil: number 1 of its table, where every column may be set ----

def cell(table, column, value):
    def change(made):
        made[table][0][COLUMNS[table].index(column)] = value
    return change


def cut_column(table, column):
    def change(made):
        at = made["headers"][table].index(column)
        for one in (made["headers"][table], *made[table]):
            del one[at]
    return change


def rename_column(table, column, name):
    def change(made):
        made["headers"][table][made["headers"][table].index(column)] = name
    return change


def swap_columns(table, left, right):
    """Header and cells alike: by name all is well, by position it is not."""
    def change(made):
        a, b = (made["headers"][table].index(name) for name in (left, right))
        for one in (made["headers"][table], *made[table]):
            one[a], one[b] = one[b], one[a]
    return change


def of_bytes(table, edit):
    def change(made):
        made["raw"][table] = edit(table_bytes(made, table))
    return change


def beyond(value, direction):
    """The next decimal outside a limit."""
    return f"{value + direction * 1e-6:.7f}" if isinstance(value, int) else "0"


def column_mutations():
    for table, columns in COLUMNS.items():
        for column in columns:
            yield "T03", table, None, None, cut_column(table, column)
        for left, right in zip(columns[::6], columns[1::6]):
            yield "T03", table, None, None, swap_columns(table, left, right)
        for column in columns[::5]:
            yield "T03", table, None, None, rename_column(table, column, column.lower() + "_")


def cell_mutations():
    for table in COLUMNS:
        for column in REQUIRED[table]:
            for value in ("", "NA", "nan") if column != "observationType" else ("",):
                yield "T06", table, 1, column, cell(table, column, value)
        for column, (minimum, maximum) in INTEGERS[table].items():
            for value in "1.0", "1e1", "0x10", "one", "1 0":
                yield "T05", table, 1, column, cell(table, column, value)
            yield "T07", table, 1, column, cell(table, column, str(minimum - 1))
            if maximum is not None:
                yield "T07", table, 1, column, cell(table, column, str(maximum + 1))
        for column, (minimum, maximum) in NUMBERS[table].items():
            for value in "1,5", "--1", "1.2.3", "high", "INF":
                yield "T05", table, 1, column, cell(table, column, value)
            yield "T07", table, 1, column, cell(table, column, beyond(minimum, -1))
            if maximum is not None:
                yield "T07", table, 1, column, cell(table, column, beyond(maximum, 1))
        for column in TIMES[table]:
            for value in ("2024-05-03T21:14:05", "2024-05-03 21:14:05Z", "2024-05-03T21:14:05.5Z", "2024-05-03", "2024-13-03T21:14:05Z",
                          "2024-05-32T21:14:05Z", "2023-02-29T21:14:05Z", "2024-05-03T24:00:00Z", "2024-05-03T21:60:05Z",
                          "2024-05-03T21:14:60Z", "2024-05-03T21:14:05+24:00", "2024-05-03T21:14Z", "20240503T211405Z",
                          "03.05.2024 21:14:05", "1714770845"):
                yield "T05", table, 1, column, cell(table, column, value)
        for column in BOOLEANS[table]:
            for value in "yes", "T", "tRUE", "2", "vrai":
                yield "T05", table, 1, column, cell(table, column, value)
        for column, choices in CHOICES[table].items():
            for choice in choices.split():
                yield "T07", table, 1, column, cell(table, column, choice.upper())
            yield "T07", table, 1, column, cell(table, column, choices.split()[0] + " ")
    for value in "/abs/1.JPG", "./1.JPG", "../1.JPG", "~/1.JPG", ".hidden/1.JPG", "a..b.JPG", "a/../1.JPG":
        yield "T07", "media", 1, "filePath", cell("media", "filePath", value)
    for value in "jpeg", "IMAGE/JPEG", "application/mp4", " image/jpeg":
        yield "T07", "media", 1, "fileMediatype", cell("media", "fileMediatype", value)


def form_mutations():
    for table, columns in COLUMNS.items():
        rows = {"deployments": 2, "media": 3, "observations": 3}[table]
        yield "T01", table, 1, None, of_bytes(table, lambda text: text.replace(b"\n", b"\n\xff", 1))
        yield "T01", table, 1, None, of_bytes(table, lambda text: text.replace(b"\n", b"\n\0", 1))
        yield "T01", table, None, None, of_bytes(table, lambda text: text.decode().encode("utf-16"))
        yield "T02", table, None, None, of_bytes(table, lambda text: text.replace(b",", b"\t"))
        yield "T02", table, None, None, of_bytes(table, lambda text: text.replace(b",", b";"))
        yield "T02", table, 1, None, of_bytes(table, lambda text: text.replace(b"\n", b"\r"))
        yield "T02", table, 1, None, of_bytes(table, lambda text: text.replace(b"\n", b'\n"x"', 1))
        yield "T03", table, None, None, of_bytes(table, lambda text: b"")
        yield "T04", table, rows + 1, None, of_bytes(table, lambda text: text + b"\r\n")
        yield "T04", table, 1, None, of_bytes(table, lambda text: text.replace(b"\n", b"\n\n", 1))
        yield "T04", table, rows, None, of_bytes(table, lambda text: text[:-1] + b",\n")
        yield "T04", table, rows, None, of_bytes(table, lambda text: text[:text.rindex(b",")] + b"\n")
        yield "T04", table, rows + 1, None, of_bytes(table, lambda text: text + b'"')
        yield "T08", table, rows + 1, columns[0], lambda made, table=table: made[table].append(list(made[table][-1]))


def prop(path, *value):
    def change(made):
        thing = made["json"]
        *way, last = [int(key) if key.isdigit() else key for key in path.split(".")]
        for key in way:
            thing = thing[key]
        if value:
            thing[last] = value[0]
        else:
            del thing[last]
    return change


def descriptor_mutations():
    """Section 3: what is required is taken away, what has a type gets another."""
    for name in "created", "contributors", "project", "spatial", "temporal", "taxonomic":
        yield "S02", None, None, name, prop(name)
    for name in "title", "samplingDesign", "captureMethod", "individualAnimals", "observationLevel":
        yield "S02", None, None, "project." + name, prop("project." + name)
    for name in "start", "end":
        yield "S02", None, None, "temporal." + name, prop("temporal." + name)
    for name in "id", "title", "description", "version", "image", "homepage", "bibliographicCitation":
        for value in None, 7, ["x"], {"x": "y"}:
            yield "S02", None, None, name, prop(name, value)
    for name in "keywords", "sources", "licenses", "contributors", "relatedIdentifiers", "references":
        for value in None, "text", 7, {"title": "x"}:
            yield "S02", None, None, name, prop(name, value)
    for name, value in (("coordinatePrecision", "0.1"), ("coordinatePrecision", None), ("name", ""), ("name", "A B"), ("name", "Ä"),
                        ("created", 2024), ("project", []), ("temporal", "2024")):
        yield "S02", None, None, name, prop(name, value)
    for name, value in (("title", None), ("samplingDesign", "random"), ("captureMethod", []), ("captureMethod", ["motionDetection"]),
                        ("captureMethod", "activityDetection"), ("individualAnimals", 0), ("observationLevel", "media"),
                        ("id", 5), ("acronym", 5), ("description", None)):
        yield "S02", None, None, "project." + name, prop("project." + name, value)
    for name, value in (("scope", "code"), ("scope", None), ("name", "CC BY 4.0")):
        yield "S02", None, None, "licenses[0]." + name, prop("licenses.0." + name, value)
    for name in "deployments", "media", "observations":
        at = list(COLUMNS).index(name)
        yield "S04", None, None, "resources", prop(f"resources.{at}.name", name.upper().lower() + "s")
        yield "S05", None, None, f"resources.{name}.profile", prop(f"resources.{at}.profile", "data-resource")
        yield "S05", None, None, f"resources.{name}.schema", prop(f"resources.{at}.schema")
        yield "S05", None, None, f"resources.{name}.path", prop(f"resources.{at}.path")
        for path in "/x.csv", "../x.csv", "~/x.csv", ".x.csv", "a/../../x.csv":
            yield "S07", None, None, f"resources.{name}.path", prop(f"resources.{at}.path", path)
    for value in "2024-06-02", "2024-06-02 09:31:00Z", "yesterday", "2024-02-30T00:00:00Z":
        yield "S09", None, None, "created", prop("created", value)
    for name in "start", "end":
        for value in "2024-5-1", "2024-05-32", "20240501", "2024-05-01T00:00:00Z":
            yield "S09", None, None, "temporal." + name, prop("temporal." + name, value)
    for value in "www.example.org", "/survey":
        yield "S10", None, None, "homepage", prop("homepage", value)
    for value in None, {"type": "Nowhere"}, {"type": "Point"}, {"type": "Polygon", "coordinates": [[[20, 50], [24, 50], [20, 50]]]}, \
            {"type": "Point", "coordinates": [1]}, {"type": "GeometryCollection"}:
        yield "S12", None, None, "spatial", prop("spatial", value)


MUTATIONS = [*column_mutations(), *cell_mutations(), *form_mutations(), *descriptor_mutations()]
BATCH = 40


def write(made, folder):
    for path, data in contents(made).items():
        if ".." in path or path[0] in "/~":
            continue
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)


def validate(names):
    done = subprocess.run([os.environ["TRAPKIT"], "validate", "--json", *names], cwd=SCRATCH, capture_output=True, timeout=120, check=False)
    check(done.returncode in (0, 3), f"{names}: exit {done.returncode}: {done.stderr.decode()}")
    found = {name: [] for name in names}
    for one in json.loads(done.stdout)["findings"]:
        found[one["package"]].append(one)
    return found


def main():
    if SHARED.is_dir():
        compare_with_the_standard()
    clean = package()
    write(clean, SCRATCH / "clean")
    check(validate(["clean"])["clean"] == [], "the package that is spoilt has findings itself")
    for first in range(0, len(MUTATIONS), BATCH):
        batch = MUTATIONS[first:first + BATCH]
        names = [f"m{first + i}" for i in range(len(batch))]
        for name, (*_, change) in zip(names, batch):
            made = package()
            change(made)
            write(made, SCRATCH / name)
        found = validate(names)
        for name, (rule, table, row, column, _) in zip(names, batch):
            hit = [one for one in found[name] if one["rule"] == rule and one["table"] == table and one["row"] == row
                   and (column is None or one["column"] == column) and one["message"]]
            check(hit, f"{name}: no {rule} in {table} {row} {column}: {json.dumps(found[name])[:800]}")
    print(f"{len(MUTATIONS)} generated mutations")
    return 1 if failures else 0


sys.exit(main())
