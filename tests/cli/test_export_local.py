#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""trapkit export --local: packages against an account of the same rules in Python, and what is refused.

The rows are worked out here from the card and the results file by other means than the program's: events by
looking at every pair of files, names from a table. Packages also go through tests/fixtures/camtrap_checks.py,
which knows nothing of trapkit, and through `trapkit validate`.
"""
import csv
import datetime
import gzip
import hashlib
import io
import json
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import zipfile
import zoneinfo

ROOT = pathlib.Path(os.environ["ROOT"])
SCRATCH = pathlib.Path(os.environ["SCRATCH"])
sys.path[:0] = [str(ROOT / "tests/fixtures"), str(ROOT / "tests/cli")]
import camtrap_checks  # noqa: E402
import make_card  # noqa: E402
from frontend import check, document, failures, run  # noqa: E402

ZONE = zoneinfo.ZoneInfo("Europe/Warsaw")
SECOND = datetime.timedelta(seconds=1)
DATA = SCRATCH / "data"
BASE = ("export", "--local", "--data-path", str(DATA), "--timezone", "Europe/Warsaw")

METADATA = """
title = "Deer of the north, 2024"
version = "2.1"
[[contributors]]
title = "Ann Ypsilon"
role = "contact"
[[licenses]]
scope = "data"
name = "CC0-1.0"
[[licenses]]
scope = "media"
name = "CC-BY-4.0"
[project]
title = "North"
samplingDesign = "simpleRandom"
captureMethod = ["activityDetection"]
individualAnimals = false
[classes]
"Red Deer" = "Cervus elaphus"
[[taxonomic]]
scientificName = "Cervus elaphus"
taxonRank = "species"
vernacularNames = { eng = "red deer" }
[[taxonomic]]
scientificName = "Lynx lynx"
"""
CLASSES = {"1": "red deer", "2": "wild boar", "3": "blank", "10": "human"}
DESCRIPTIONS = {"1": "a;mammalia;cetartiodactyla;cervidae;cervus;elaphus;red deer",
                "2": "b;mammalia;cetartiodactyla;suidae;sus;;wild boar", "3": "c;;;;;;blank",
                "10": "d;mammalia;primates;hominidae;homo;sapiens;human"}


def at(text):
    return datetime.datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=datetime.timezone.utc)


def make_data():
    """Two collections; bursts, single files, a camera folder, a clip; times are the camera's clock."""
    shutil.rmtree(DATA, ignore_errors=True)
    card, rng = make_card.Card(DATA, seed=3, pixels=(64, 48), clip_frames=30), random.Random(3)
    for deployment, start in (("summer/R1-A1_01", at("2024-05-03 21:00:00")), ("summer/R1-B2", at("2024-05-04 08:00:00")),
                              ("winter/R2-C3", at("2024-12-24 06:00:00"))):
        moment = start
        for number in range(40):
            moment += rng.choice([1, 1, 2, 9, 10, 11, 200, 899, 900, 901, 4000]) * SECOND
            sub = "100RECNX/" if number > 30 and deployment.endswith("B2") else ""
            if number == 20:
                card.mp4(f"{deployment}/CLIP_0020.MP4", moment)
            else:
                card.image(f"{deployment}/{sub}IMG_{number:04d}.JPG", moment)
    return card.files


def detection(rng, video):
    box = {"category": rng.choice("11123"), "conf": rng.choice([0.05, 0.199, 0.2, 0.926, 1.0]),
           "bbox": rng.choice([[0.1204, 0.2762, 0.1539, 0.2825], [0.9, 0, 0.2, 1], [-0.001, 0.5, 0.5, 0.6], [0, 0, 1, 1]])}
    if rng.random() < 0.5:
        box["classifications"] = [[rng.choice(list(CLASSES)), rng.choice([0.9, 0.5, 0.49])], ["3", 0.01]]
    if video:
        box["frame_number"] = rng.choice([0, 15])
    return box


def make_results(files, path, **header):
    rng, images = random.Random(5), []
    for index, file in enumerate(files):
        image = {"file": file["path"], "detections": []}
        if file["type"].startswith("video"):
            image["frame_rate"] = 15.0
        for _ in range(rng.choice([0, 0, 0, 1, 1, 2, 4])):
            image["detections"].append(detection(rng, "frame_rate" in image))
        if index % 17 == 5:
            image.update(failure="image access failure", detections=None)
        images.append(image)
    info = {"format_version": "1.6", "detector": "md_v5a.0.1.pt", "classifier": "speciesnet-4.0.1a",
            "detection_completion_time": "2025-01-02 09:30:00", "detector_metadata": {"megadetector_version": "v5a.0.1"}}
    document_of = {"images": images, "detection_categories": {"1": "animal", "2": "person", "3": "vehicle"},
                   "classification_categories": CLASSES, "classification_category_descriptions": DESCRIPTIONS,
                   "info": dict(info, **header)}
    path.write_text(json.dumps(document_of, indent=1))
    return document_of


def write_inputs(files):
    (DATA / "metadata.toml").write_text(METADATA)
    ends = {}
    for file in files:
        deployment, taken = file["path"].split("/")[1], wall(file)
        first, last = ends.get(deployment, (taken, taken))
        ends[deployment] = min(first, taken), max(last, taken)
    with open(DATA / "deployments.csv", "w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["longitude", "deploymentID", "deploymentStart", "deploymentEnd", "latitude", "locationID", "tags"])
        for i, (name, (first, last)) in enumerate(sorted(ends.items())):
            # With an offset, without, and in upper case.
            start = first.strftime("%Y-%m-%d %H:%M") if i == 1 else first.isoformat()
            writer.writerow([f"2{i}.12345", name if i else name.lower(), start, (last + 9 * SECOND).isoformat(),
                             f"52.{i}6789", f"L{i}", "a|b"])


# ---- the account in Python ----

def wall(file):
    return datetime.datetime.strptime(file["taken"], "%Y:%m:%d %H:%M:%S").replace(tzinfo=ZONE)


def label_of(box, class_threshold):
    """(type, name, probability, whether the classifier said it)"""
    kind = {"1": "animal", "2": "human", "3": "vehicle"}[box["category"]]
    if kind != "animal":
        return kind, "Homo sapiens" if kind == "human" else "", box["conf"], False
    best, confidence = (box.get("classifications") or [["3", 0]])[0]
    name = {"1": "Cervus elaphus", "2": "Sus", "10": "Homo sapiens"}.get(best)
    if confidence < class_threshold or name is None:
        return kind, "", box["conf"], False
    return ("human" if best == "10" else kind), name, confidence, True


def clamp(box):
    x, y, width, height = box
    left, top = max(x, 0), max(y, 0)
    return [round(v, 6) for v in (left, top, min(x + width, 1) - left, min(y + height, 1) - top)]


def account(files, results, threshold=0.2, least=0.1, class_threshold=0.5, interval=900, drop=()):
    """{path: file with its sights} and the events: [(deployment, first, last, rows)]."""
    told = {image["file"]: image for image in results["images"]}
    for file in files:
        image = told.get(file["path"], {"detections": None})
        file["looked"] = image["detections"] is not None
        file["sights"] = [(box, *label_of(box, class_threshold)) for box in image["detections"] or ()
                          if box["conf"] >= threshold]
        doubts = [box["conf"] for box in image["detections"] or () if least <= box["conf"] < threshold]
        file["doubt"] = [max(doubts)] if doubts and not file["sights"] else []
        file["kinds"] = {sight[1] for sight in file["sights"]} or {
            "unclassified" if not file["looked"] else "unknown" if file["doubt"] else "blank"}
        file["seconds"] = file.get("duration", 0) if file["type"].startswith("video") else 0
    files = [file for file in files if not file["kinds"] & set(drop)]
    events = []
    for deployment in sorted({file["path"].split("/")[1] for file in files}):
        own = sorted((f for f in files if f["path"].split("/")[1] == deployment), key=wall)
        events += events_of(deployment, own, interval)
    return files, events


def events_of(deployment, own, interval):
    # Bursts: no more than ten seconds from one file to the next.
    burst = [0] * len(own)
    for i in range(1, len(own)):
        burst[i] = burst[i - 1] + (wall(own[i]) - wall(own[i - 1]) > 10 * SECOND)
    busy = {burst[i] for i, file in enumerate(own) if file["sights"]}
    occupied = [file for i, file in enumerate(own) if burst[i] in busy]
    latest = max(map(wall, own)) + 9 * SECOND  # the deployment's end in the table
    spans, reach = [], None
    for file in occupied:
        end = wall(file) + file["seconds"] * SECOND
        if reach is None or wall(file) - reach >= interval * SECOND:
            spans.append([wall(file), end])
        reach = spans[-1][1] = max(spans[-1][1], end)
    spans = [(start, min(end, latest)) for start, end in spans]
    quiet = [file for file in own if not any(start <= wall(file) <= end for start, end in spans)]
    runs = []
    for file in quiet:
        last = wall(runs[-1][-1]) if runs else None
        between = last and any(last < start < wall(file) for start, _ in spans)
        if last and wall(file) - last < interval * SECOND and not between:
            runs[-1].append(file)
        else:
            runs.append([file])
    events = [(deployment, start, end, rows_of([f for f in own if start <= wall(f) <= end])) for start, end in spans]
    for files in runs:
        kinds = set().union(*(f["kinds"] for f in files))
        kind = next(kind for kind in ("unclassified", "unknown", "blank") if kind in kinds)
        events.append((deployment, wall(files[0]), wall(files[-1]), {(kind, ""): 0}))
    return events


def rows_of(files):
    """{(type, name): the most at once}"""
    most = {}
    for file in files:
        at_once = {}
        for box, kind, name, _, _ in file["sights"]:
            key = box.get("frame_number"), kind, name
            at_once[key] = at_once.get(key, 0) + 1
        for (_, kind, name), count in at_once.items():
            most[kind, name] = max(most.get((kind, name), 0), count)
    return {key: 0 if key[0] == "vehicle" else count for key, count in most.items()}


# ---- comparing ----

def read_package(path):
    package = camtrap_checks.Package(path)
    descriptor = package.descriptor()
    tables = {}
    for resource in descriptor["resources"]:
        header, *rows = package.table(resource)
        tables[resource["name"]] = [dict(zip(header, row)) for row in rows]
    return descriptor, tables


def export(output, *options, status=0, base=BASE):
    found = document(*base, "--output", output, *options)
    check(found.get("exit") == status, f"export {options}: exit {found.get('exit')}, {found.get('error')}")
    return found


def check_package(path, media=False):
    wrong = camtrap_checks.check(path, media)
    check(not wrong, f"{path}: {wrong[:5]}")
    status, out, err = run("validate", str(path), *(["--check-media"] if media else []))
    check(status == 0, f"validate {path}: {out[:1500]}{err}")
    return out


def iso(moment):
    return moment.astimezone(ZONE).isoformat()


def check_media_rows(tables, files, prefix):
    expected = sorted((prefix + f["path"], iso(wall(f)), f["type"], f["path"].split("/")[1].lower()) for f in files)
    got = sorted((r["filePath"], r["timestamp"], r["fileMediatype"], r["deploymentID"].lower()) for r in tables["media"])
    check(got == expected, f"media rows differ: {[p for p in zip(got, expected) if p[0] != p[1]][:2]}")
    check(all(r["captureMethod"] == "activityDetection" for r in tables["media"]), "captureMethod")


def expected_observation(file, sight, latest):
    box, kind, name, probability, named = sight
    moment = wall(file) + box.get("frame_number", 0) // 15 * SECOND
    return (iso(min(moment, latest)), kind, name, "" if kind == "vehicle" else "1", *map(float, clamp(box["bbox"])),
            "MegaDetector v5a.0.1" + (" + speciesnet-4.0.1a" if named else ""), float(probability))


def check_observations(tables, files, prefix):
    path_of = {r["mediaID"]: r["filePath"] for r in tables["media"]}
    got = {}
    for row in tables["observations"]:
        if row["observationLevel"] == "media":
            box = [float(row[c]) for c in ("bboxX", "bboxY", "bboxWidth", "bboxHeight") if row[c]]
            got.setdefault(path_of[row["mediaID"]], []).append(
                (row["eventStart"], row["observationType"], row["scientificName"], row["count"], *box, row["classifiedBy"],
                 *([float(row["classificationProbability"])] if row["classificationProbability"] else [])))
            check(row["eventStart"] == row["eventEnd"], f"{row}")
            check(row["classificationTimestamp"] == ("2025-01-02T09:30:00+01:00" if row["classifiedBy"] else ""), f"{row}")
    for file in files:
        latest = max(wall(f) for f in files if f["path"].split("/")[1] == file["path"].split("/")[1]) + 9 * SECOND
        if file["sights"]:
            expected = [expected_observation(file, sight, latest) for sight in file["sights"]]
        else:
            by = ("MegaDetector v5a.0.1",) if file["looked"] else ("",)
            expected = [(iso(wall(file)), *file["kinds"], "", "", *by, *file["doubt"])]
        check(got.get(prefix + file["path"]) == expected, f"{file['path']}: {got.get(prefix + file['path'])} not {expected}")


def check_events(tables, events):
    got = sorted((r["deploymentID"].lower(), r["eventStart"], r["eventEnd"], r["observationType"], r["scientificName"],
                  int(r["count"] or 0)) for r in tables["observations"] if r["observationLevel"] == "event")
    expected = sorted((deployment.lower(), iso(start), iso(end), *key, count)
                      for deployment, start, end, rows in events for key, count in rows.items())
    check(got == expected, f"events differ: {[pair for pair in zip(got, expected) if pair[0] != pair[1]][:3]}, "
                           f"{len(got)} not {len(expected)}")


def check_rows(path, files, results, prefix="media/", **rules):
    files, events = account(files, results, **rules)
    descriptor, tables = read_package(path)
    check_media_rows(tables, files, prefix)
    check_observations(tables, files, prefix)
    check_events(tables, events)
    return descriptor, tables


def check_usual(files, results):
    found = export("plain", "--detections", "md.json", "--export-filetype", "csv")
    descriptor, tables = check_rows(SCRATCH / "plain", files, results)
    check_package(SCRATCH / "plain", media=True)
    check(found["media"] == len(files) == len(tables["media"]), f"counts {found}")
    check(found["observations"] == len(tables["observations"]), f"counts {found}")
    kinds = [r["observationType"] for r in tables["observations"] if r["observationLevel"] == "media"]
    for count, kind in ("blanks", "blank"), ("unknown", "unknown"), ("unclassified", "unclassified"):
        check(found[count] == kinds.count(kind) > 0, f"{kind}: {found}")
    check(found["media_files"] == "linked", f"media {found['media_files']}")
    linked = SCRATCH / "plain/media" / files[0]["path"]
    check(linked.stat().st_ino == (DATA / files[0]["path"]).stat().st_ino, "the media are not links")
    check(descriptor["name"] == "deer-of-the-north-2024" and descriptor["version"] == "2.1", f"{descriptor}")
    check([taxon["scientificName"] for taxon in descriptor["taxonomic"]].count("Lynx lynx") == 0, "an unseen taxon")
    told = {taxon["scientificName"]: taxon for taxon in descriptor["taxonomic"]}
    check(told["Cervus elaphus"] == {"scientificName": "Cervus elaphus", "taxonRank": "species",
                                     "vernacularNames": {"eng": "red deer"}}, f"{told}")
    check(told["Sus"] == {"scientificName": "Sus", "taxonRank": "genus", "kingdom": "Animalia", "class": "Mammalia",
                          "order": "Cetartiodactyla", "family": "Suidae", "genus": "Sus",
                          "vernacularNames": {"eng": "wild boar"}}, f"{told}")
    check(tables["deployments"][0]["deploymentTags"] == "a|b", "TRAPPER's tags")
    people = {r["mediaID"] for r in tables["observations"] if r["observationType"] in ("human", "vehicle", "unknown")}
    check(all((r["filePublic"] == "false") == (r["mediaID"] in people) for r in tables["media"]), "filePublic")


def digest(path):
    path = pathlib.Path(path)
    files = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file())
    return hashlib.sha256(b"".join(p.read_bytes() for p in files)).hexdigest()


def check_same_bytes():
    for output, options in (("one.zip", ()), ("copied.zip", ("--copy-media",)), ("folder", ("--no-media",))):
        export(output, "--detections", "md.json", *options)
        first = digest(SCRATCH / output)
        again = export(output, "--detections", "md.json", *options)
        check(again["up_to_date"] and digest(SCRATCH / output) == first, f"{output}: not up to date")
        export("other-" + output, "--detections", "md.json", *options)
        check(digest(SCRATCH / ("other-" + output)) == first, f"{output}: other bytes")
        for jobs in "1", "4":
            shutil.rmtree(DATA / ".trapkit")
            export("other-" + output, "--detections", "md.json", "--overwrite", "--jobs", jobs, *options)
            check(digest(SCRATCH / ("other-" + output)) == first, f"{output}: other bytes, surveyed anew with {jobs} workers")
        check_package(SCRATCH / output, media="--copy-media" in options)
    newest = max(p.stat().st_mtime for p in [*DATA.rglob("*.*"), SCRATCH / "md.json"] if ".trapkit" not in str(p))
    created = read_package(SCRATCH / "one.zip")[0]["created"]
    check(created == datetime.datetime.fromtimestamp(int(newest), datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
          f"created {created}")
    export("dated.zip", "--created", "2024-06-02 11:30:00")
    check(read_package(SCRATCH / "dated.zip")[0]["created"] == "2024-06-02T09:30:00Z", "--created")


def check_options(files, results):
    md = ("--detections", "md.json", "--no-media")
    for options, rules in ((("--threshold", "0.95"), {"threshold": 0.95}), (("--threshold", "0.05"), {"threshold": 0.05}),
                           (("--class-threshold", "0.8"), {"class_threshold": 0.8}),
                           (("--event-interval", "2m"), {"interval": 120}), (("--event-interval", "1h"), {"interval": 3600}),
                           (("--exclude-human",), {"drop": ("human",)}), (("--exclude-blank",), {"drop": ("blank",)})):
        export("tried", *md, *options, "--overwrite")
        check_rows(SCRATCH / "tried", files, results, **rules)
        check_package(SCRATCH / "tried")
    export("tried", *md, "--no-private-human", "--no-private-vehicle", "--private-species", "sus", "--overwrite")
    tables = read_package(SCRATCH / "tried")[1]
    boars = {r["mediaID"] for r in tables["observations"] if r["scientificName"] == "Sus"}
    check(boars and all((r["filePublic"] == "false") == (r["mediaID"] in boars) for r in tables["media"]), "private-species")
    export("tried", *md, "--coordinate-precision", "0.01", "--title", "Two", "--keywords", "a,b", "--overwrite")
    descriptor, tables = read_package(SCRATCH / "tried")
    check([(r["latitude"], r["longitude"], r["coordinateUncertainty"]) for r in tables["deployments"]] == [
        ("52.07", "20.12", "1600"), ("52.17", "21.12", "1600"), ("52.27", "22.12", "1600")], f"{tables['deployments']}")
    check(descriptor["coordinatePrecision"] == 0.01 and descriptor["title"] == "Two" and
          descriptor["keywords"] == ["a", "b"], f"{descriptor}")
    check_package(SCRATCH / "tried")
    export("tried", "--overwrite", "--no-media")
    tables = read_package(SCRATCH / "tried")[1]
    check({r["observationType"] for r in tables["observations"]} == {"unclassified"}, "without detections")
    check_package(SCRATCH / "tried")


def check_doubts(files):
    """Half of the usual threshold leaves in doubt what is there, unless the results tell a conservative one."""
    told = {"megadetector_version": "v5a.0.1", "typical_detection_threshold": 0.9, "conservative_detection_threshold": 0.03}
    results = make_results(files, SCRATCH / "told.json", detector_metadata=told)
    export("doubts", "--detections", "told.json", "--no-media")
    check_rows(SCRATCH / "doubts", files, results, threshold=0.9, least=0.03)
    check_package(SCRATCH / "doubts")
    del told["conservative_detection_threshold"]
    results = make_results(files, SCRATCH / "told.json", detector_metadata=told)
    export("doubts", "--detections", "told.json", "--no-media", "--overwrite")
    check_rows(SCRATCH / "doubts", files, results, threshold=0.9, least=0.45)


def check_where_detectors_stood(files, results):
    """The same rows, whatever folder the detector was given and whatever it made of the paths."""
    export("stood", "--detections", "md.json", "--no-media", "--created", "2025-01-01", "--export-filetype", "csv")
    expected = (SCRATCH / "stood/observations.csv").read_bytes()

    def same(name, *paths):
        export("stood2", *[a for p in paths for a in ("--detections", str(p))], "--no-media", "--created", "2025-01-01",
               "--export-filetype", "csv", "--overwrite")
        check((SCRATCH / "stood2/observations.csv").read_bytes() == expected, f"{name}: other observations")

    def variant(name, change, keep=lambda file: True, **header):
        path = SCRATCH / f"{name}.json"
        images = [dict(i, file=change(i["file"])) for i in results["images"] if keep(i["file"])]
        path.write_text(json.dumps(dict(results, images=images, info=dict(results["info"], **header))))
        return path

    same("absolute", variant("absolute", lambda f: str(DATA / f)))
    same("windows", variant("windows", lambda f: "D:\\cards\\" + f.replace("/", "\\"), format_version="1.3"))
    same("above", variant("above", lambda f: "./data/" + f, format_version=1.0))
    same("by collection", *[variant(c, lambda f: f.partition("/")[2], lambda f, c=c: f.startswith(c))
                            for c in ("summer", "winter")])
    wrong = [dict(i, detections=[]) for i in results["images"][:9] if i["detections"]]
    (SCRATCH / "earlier.json").write_text(json.dumps(dict(results, images=wrong)))
    same("the later one counts", SCRATCH / "earlier.json", SCRATCH / "md.json")
    extra = dict(results, images=results["images"] + [{"file": "summer/R1-B2/GONE.JPG", "detections": []}])
    (SCRATCH / "extra.json").write_text(json.dumps(extra))
    found = export("stood3", "--detections", "extra.json", "--no-media")
    check(found["unmatched"] == 1 and found["undetected"] == 0, f"unmatched {found}")
    (SCRATCH / "less.json").write_text(json.dumps(dict(results, images=results["images"][1:])))
    found = export("stood4", "--detections", "less.json", "--no-media")
    check(found["unmatched"] == 0 and found["undetected"] == 1, f"undetected {found}")


def check_places(files):
    """Media where they lie: paths lead from the package to the data path below it."""
    above = SCRATCH / "above"
    shutil.copytree(DATA, above / "cards", ignore=shutil.ignore_patterns(".trapkit"))
    base = ("export", "--local", "--data-path", str(above / "cards"), "--timezone", "Europe/Warsaw")
    found = export(str(above), base=base)
    check(found["media_files"] == "in_place" and not (above / "media").exists(), f"in place: {found}")
    check_package(above, media=True)
    check(all(r["filePath"].startswith("cards/") for r in read_package(above)[1]["media"]), "paths in place")
    found = export(str(above / "cards"), base=base)
    check(found["media_files"] == "in_place", "the data path itself")
    check_package(above / "cards", media=True)
    found = export(str(above / "cards"), "--export-filetype", "csv", status=1, base=base)
    check("table of deployments that it is made of" in found["error"]["message"], f"{found['error']}")
    os.rename(above / "cards/summer/R1-B2/IMG_0001.JPG", above / "cards/summer/R1-B2/IMG..0001.JPG")
    found = export(str(above), "--overwrite", status=1, base=base)
    check(found["failed"] == 1 and found["media"] == len(files) - 1, f"..: {found['failed']} {found['media']}")
    found = export("copied", "--copy-media", base=base)
    check((SCRATCH / "copied/media/summer/R1-B2/IMG._0001.JPG").is_file(), "a name with .. is copied under another")
    check_package(SCRATCH / "copied", media=True)
    found = export("one2.zip", "--detections", "md.json")
    check(found["media_files"] == "none", f"media of a ZIP: {found['media_files']}")
    found = export(str(DATA / "package"), status=2)
    check("lies in the data path" in found["error"]["message"], f"{found['error']}")


def check_reads_no_media():
    """Known files are not opened; strace may not trace everywhere."""
    if shutil.which("strace") is None:
        return
    trace = SCRATCH / "trace"
    done = subprocess.run(["strace", "-f", "-e", "trace=openat,open", "-o", trace, os.environ["TRAPKIT"], *BASE, "--output",
                           "traced", "--detections", "md.json"], cwd=SCRATCH, capture_output=True, check=False)
    if done.returncode == 0 and trace.exists():
        opened = re.findall(r'"([^"]*\.(?:JPG|MP4))"', trace.read_text())
        check(not opened, f"media files were opened: {opened[:3]}")


# ---- what is refused ----

def refused(*options, status=1, base=BASE, output="refused"):
    found = export(output, *options, status=status, base=base)
    check(not (SCRATCH / "refused").exists(), f"{options}: something was written")
    return found["error"]["message"] if found.get("error") else ""


def expect(message, *words):
    for word in words:
        check(word in message, f"'{word}' is not in: {message}")


def with_file(name, text, *options, status=1):
    path = SCRATCH / name
    path.write_text(text)
    return refused(*options, str(path), status=status)


def check_refused_tables():
    header = "deploymentID,latitude,longitude,deploymentStart,deploymentEnd\r\n"
    rows = ["r1-a1_01,52,23,2024-05-01,2024-06-01", "r1-b2,52,23,2024-05-01,2024-06-01", "r2-c3,52,23,2024-12-01,2025-01-01"]

    def table(*lines):
        return header + "\r\n".join(lines) + "\r\n"

    expect(refused("--deployments", "none.csv"), "there is no 'none.csv'", "trapkit template")
    expect(with_file("t.csv", "", "--deployments"), "is empty")
    expect(with_file("t.csv", "deploymentID,latitude\r\n", "--deployments"), "no column 'longitude'", "--merge")
    expect(with_file("t.csv", table(rows[0].replace("52", "95"), *rows[1:]), "--deployments"), "line 2", "latitude", "'95'")
    expect(with_file("t.csv", table(rows[0], rows[1].replace("52", "")), "--deployments"), "line 3", "latitude")
    expect(with_file("t.csv", table(*rows[:2], rows[2].replace("2024-12-01", "soon")), "--deployments"), "line 4",
           "deploymentStart", "'soon'")
    expect(with_file("t.csv", table(*rows, rows[0]), "--deployments"), "line 5", "deploymentID")
    expect(with_file("t.csv", table(*rows, rows[0].upper()), "--deployments"), "stand for the same folder")
    expect(with_file("t.csv", table(*rows[:2], rows[2].replace("c3", "c4")), "--deployments"),
           "no deployment 'r2-c3' for folder 'winter/R2-C3'", "is it 'r2-c4'?")
    many = export("refused", "--deployments", "t.csv", status=1)
    check(len(many["problems"]) == 1, f"problems: {many['problems']}")


def check_refused_metadata():
    expect(refused("--metadata", "none.toml"), "there is no 'none.toml'", "--init-metadata")
    expect(with_file("m.toml", "title = ", "--metadata"), "m.toml:1")
    for text, *words in ((METADATA.replace('role = "contact"', 'role = "boss"'), "line 6", "role"),
                         (METADATA.replace("simpleRandom", "simple random"), "samplingDesign"),
                         (METADATA.replace('title = "Ann Ypsilon"', 'title = "FILL IN: name"'), "line 5", "filled in"),
                         (METADATA.replace("[classes]", "[classes]\nx = 3"), "give class 'x' a scientific name")):
        expect(with_file("m.toml", text, "--metadata"), *words)
    path = SCRATCH / "m.toml"
    path.write_text("licences = 3\ntemporal = 3\n" + METADATA)
    status, _, err = run(*BASE, "--output", "warned", "--metadata", str(path), "--no-media")
    check(status == 0 and "line 1: 'licences' is no property" in err and "'licenses'?" in err and
          "'temporal' is computed" in err, f"{status} {err}")


def check_refused_results(results):
    expect(with_file("r.json", "{", "--detections"), "'", "ends in the middle")
    expect(with_file("r.json", "[]", "--detections"), "Microsoft")
    elsewhere = dict(results, images=[{"file": "elsewhere/a.jpg", "detections": []}])
    expect(with_file("r.json", json.dumps(elsewhere), "--detections"), "none of the files", "'elsewhere/a.jpg'", "--data-path")
    expect(refused("--detections", "none.json"), "cannot open 'none.json'")
    os.mkfifo(SCRATCH / "fifo")
    expect(refused("--detections", "fifo"), "is not a file")
    cut = json.dumps(results)[:-1000]
    expect(with_file("r.json", cut, "--detections"), "ends in the middle")


def check_refused_options():
    expect(refused("--copy-media", "--no-media", status=2), "one of --copy-media")
    expect(refused("--threshold", "87", status=2), "--threshold", "from 0 to 1")
    expect(refused("--coordinate-precision", "fine", status=2), "--coordinate-precision")
    expect(refused("--created", "today", status=2), "--created")
    expect(refused("--clear-cache", status=2), "--clear-cache is for packages that are fetched")
    expect(refused("--export-filetype", "parquet", status=2), "csv.gz or csv")
    expect(refused("--link-media", status=2, output="refused.zip"), "a ZIP cannot hold links")
    expect(refused(status=78, base=BASE[:4]), "no time zone", "--timezone")
    status, _, err = run("export", "12", "--event-interval", "2m")
    check(status == 2 and "--event-interval is for packages that are built with --local" in err, f"{status} {err}")
    status, _, err = run("export", "--local")
    check(status == 2 and "--data-path" in err and "--output" in err, f"{status} {err}")
    (SCRATCH / "plain/media.csv").write_text("mine\n")
    expect(refused("--detections", "md.json", "--export-filetype", "csv", output="plain"), "is there and differs", "--overwrite")
    check((SCRATCH / "plain/media.csv").read_text() == "mine\n", "it was replaced")
    export("plain", "--detections", "md.json", "--export-filetype", "csv", "--overwrite")
    check_package(SCRATCH / "plain", media=True)
    expect(refused("--detections", "md.json", "--overwrite", output="plain"), "plain/deployments.csv' is there and would stay",
           "remove it")
    status, _, err = run(*BASE, "--output", "plain", "--detections", "md.json", "--export-filetype", "csv", "--exclude-human", "--overwrite")
    check(status == 0 and re.search(r"'.*plain/media' holds \d+ files that are not in the package", err), f"{status} {err}")
    strange = SCRATCH / "strange/media/summer/R1-B2"
    strange.mkdir(parents=True)
    (strange / "IMG_0000.JPG").write_text("mine")
    expect(refused("--detections", "md.json", output="strange"), "is another file")
    check((strange / "IMG_0000.JPG").read_text() == "mine" and not (SCRATCH / "strange/datapackage.json").exists(), "strange")


def check_init_and_dry_run():
    place = SCRATCH / "new.toml"
    status, out, _ = run("export", "--init-metadata", "--metadata", "new.toml")
    check(status == 0 and "new.toml" in out and "[[contributors]]" in place.read_text(), f"{status} {out}")
    status, _, err = run("export", "--init-metadata", "--metadata", "new.toml")
    check(status == 1 and "new.toml" in err, "the file was replaced")
    expect(refused("--metadata", "new.toml"), "'new.toml', line 5: title is still to be filled in")
    place.write_text(re.sub(r"FILL IN[:,]? ?", "x ", place.read_text()))
    export("filled", "--metadata", "new.toml", "--no-media")
    check_package(SCRATCH / "filled")
    before = sorted(SCRATCH.rglob("*"))
    status, out, _ = run(*BASE, "--output", "dry/x", "--detections", "md.json", "-n")
    check(status == 0 and "Would write 'dry/x'" in out, f"{status} {out}")
    check(sorted(SCRATCH.rglob("*")) == before, "a dry run wrote something")


def main():
    files = make_data()
    write_inputs(files)
    results = make_results(files, SCRATCH / "md.json")
    check_usual(files, results)
    check_same_bytes()
    check_options(files, results)
    check_doubts(files)
    check_where_detectors_stood(files, results)
    check_places(files)
    check_reads_no_media()
    check_refused_tables()
    check_refused_metadata()
    check_refused_results(results)
    check_refused_options()
    check_init_and_dry_run()
    return bool(failures)


sys.exit(main())
