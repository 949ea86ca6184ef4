#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""--split camera: a folder in which several cameras left pictures becomes a deployment of each, in the table and in
the package alike; without it, it is told."""
import csv
import io
import os
import pathlib
import sys
import zipfile

import yaml

sys.path.insert(0, str(pathlib.Path(os.environ["ROOT"]) / "tests/servers"))
from field import Field, check, run_all, tree  # noqa: E402

import camera_files as cameras  # noqa: E402
import make_card  # noqa: E402

FOLDER = "winter/R1-32_01"
# By hand: the number of the HyperFire, the model of the Browning, which has none; films go with the picture before.
HYPERFIRE, BROWNING = "r1-32_01-h500de01120343", "r1-32_01-btc-8ehp5u"
OWNER = {"IMG_0000.AVI": HYPERFIRE, "IMG_0001.JPG": HYPERFIRE, "IMG_0002.JPG": HYPERFIRE, "IMG_0003.AVI": HYPERFIRE,
         "IMG_0101.JPG": BROWNING, "IMG_0102.JPG": BROWNING, "IMG_0103.AVI": BROWNING, "IMG_0201.JPG": HYPERFIRE}


def card(data, others=1):
    folder = data / FOLDER
    folder.mkdir(parents=True)
    films = make_card.Card(data)
    for number, name in enumerate(OWNER):
        taken = f"2024:03:0{number + 1} 10:00:00"
        if name.endswith("AVI"):
            films.avi(f"{FOLDER}/{name}", make_card.FIRST)
            continue
        block = cameras.with_exif(make="RECONYX", model="HC500", taken=taken, note=cameras.hyperfire()) \
            if OWNER[name] == HYPERFIRE else \
            cameras.with_exif(make="BROWNING", model="BTC-8EHP5U", taken=taken, comment=cameras.BROWNING)
        (folder / name).write_bytes(cameras.picture(block, seed=number))
    for i in range(others):
        (data / f"winter/R2-32_0{i + 2}").mkdir()
        (data / f"winter/R2-32_0{i + 2}/IMG_0001.JPG").write_bytes(
            cameras.picture(cameras.with_exif(make="BROWNING", model="BTC-8EHP5U", taken="2024:03:01 10:00:00"), seed=99))


def table(done):
    return {row["deploymentID"]: row for row in csv.DictReader(io.StringIO(done.stdout))}


def in_the_table(scratch):
    with Field(scratch, ftp=False, trapper=False) as field:
        card(field.data)
        words = ["template", "--data-path", field.data, "--output", "-", "--columns", "full"]
        plain = field.run(*words)
        check(set(table(plain)) == {"r1-32_01", "r2-32_02"}, plain)
        check("reconyx hc500 no. H500DE01120343 (3 files), browning btc-8ehp5u (2 files)" in plain.stderr and
              "--split camera" in plain.stderr, plain)
        split = field.run(*words, "--split", "camera")
        rows = table(split)
        check(set(rows) == {HYPERFIRE, BROWNING, "r2-32_02"}, split)
        check([rows[i]["locationID"] for i in (HYPERFIRE, BROWNING)] == ["32_01"] * 2, "the location is the folder's")
        check(rows[HYPERFIRE]["cameraID"] == "H500DE01120343" and rows[HYPERFIRE]["cameraModel"] == "reconyx hc500", rows)
        check(rows[BROWNING]["cameraID"] == "" and rows[BROWNING]["cameraModel"] == "browning btc-8ehp5u", rows)
        check(rows[HYPERFIRE]["deploymentStart"].startswith("2024-03-02") and
              rows[BROWNING]["deploymentStart"].startswith("2024-03-05"), rows)
        check("several" not in split.stderr and "two or more" not in split.stderr, split)
        field.write_settings(PACKAGE__split="camera")
        check(set(table(field.run(*words))) == set(rows), "the setting is the same for both")


def members(field, part):
    with open(part["yaml"], encoding="utf-8") as text, zipfile.ZipFile(part["zip"]) as archive:
        collection, = yaml.safe_load(text)["collections"]
        listed = {(d["deployment_id"], r["file"]) for d in collection["deployments"] for r in d["resources"]}
        stored = {tuple(name.split("/")[1:]) for name in archive.namelist()}
        check(listed == stored, f"{listed ^ stored}")
        for deployment, name in stored:
            folder = "R2-32_02" if deployment == "r2-32_02" else "R1-32_01"
            check(archive.read(f"winter/{deployment}/{name}") == (field.data / "winter" / folder / name).read_bytes(), name)
        return listed


def in_the_package(scratch):
    with Field(scratch, ftp=False, trapper=False) as field:
        card(field.data)
        words = ["--json", "package", "--data-path", field.data, "--no-validate", "--package-name", "x", "--output-path",
                 scratch / "out"]
        plain = field.run("--dry-run", *words)
        check("'winter/R1-32_01' holds pictures of several cameras" in plain.stderr and "--split camera" in plain.stderr,
              plain)
        dry = field.run("--dry-run", *words, "--split", "camera")
        check(f"'{FOLDER}' becomes a deployment for each of its cameras: reconyx hc500" in dry.stderr and
              "several" not in dry.stderr, dry)
        check(not (scratch / "out").exists(), "a dry run wrote something")
        done = field.run(*words, "--split", "camera")
        parts = [members(field, part) for part in done.json["packages"]]
        wanted = {(owner, name) for name, owner in OWNER.items()} | {("r2-32_02", "IMG_0001.JPG")}
        check(set().union(*parts) == wanted and sum(map(len, parts)) == len(wanted), parts)
        check([{d for d, _ in part} for part in parts] == [{BROWNING}, {HYPERFIRE}, {"r2-32_02"}], parts)
        before = tree(scratch / "out")
        field.run(*words, "--split", "camera")
        check(tree(scratch / "out") == before, "an unchanged tree was packaged anew")
        # A whole folder of each camera needs nothing: the same bytes with and without.
        (field.data / "winter/R1-32_01").rename(scratch / "away")
        one = field.run(*words[:-1], scratch / "one", "--split", "camera")
        two = field.run(*words[:-1], scratch / "two", "--split", "deployment")
        check([pathlib.Path(p["zip"]).read_bytes() for p in one.json["packages"]] ==
              [pathlib.Path(p["zip"]).read_bytes() for p in two.json["packages"]], "split where nothing is to be split")


def checked_on_the_server(scratch):
    with Field(scratch, ftp=False) as field:
        card(field.data, 0)
        done = field.run("package", "--data-path", field.data, "--split", "camera", expect=1)
        check(HYPERFIRE in done.stderr and BROWNING in done.stderr, done)


run_all([in_the_table, in_the_package, checked_on_the_server], os.environ["SCRATCH"])
