#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""trapkit pipeline: from a card to processed pictures, again and again, with nothing done twice."""
import os
import pathlib
import sys
import zipfile

sys.path.insert(0, str(pathlib.Path(os.environ["ROOT"]) / "tests/servers"))
import yaml  # noqa: E402
from field import Field, check, run_all, tree, wait_for  # noqa: E402
from make_card import make_card  # noqa: E402

WORLD = {"deployments": [{"deploymentID": f"r000{c}-loc0{d}_01", "locationID": f"32_0{d}", "project": 5}
                         for c in (1, 2) for d in (1, 2)]}


def at_once(scratch):
    """Everything in one command; a second run reads nothing, sends nothing, changes nothing."""
    with Field(scratch, world=WORLD) as field:
        files = make_card(field.data, images=4)
        words = ["pipeline", "--data-path", field.data, "--package-name", "season", "--trigger", "--wait", "30"]
        done = field.run("--json", *words)
        check(done.json["schema"] == "trapkit/pipeline/1", done)
        check(set(done.json) >= {"survey", "package", "upload"}, done)
        check(done.json["survey"]["files"] == len(files) == done.json["package"]["files"], done)
        sent = done.json["upload"]["packages"][0]
        check(sent["status"] == "delivered" and sent["triggered"] and sent["processed"], done)
        check(field.trapper.resource_count("R0001") == len(files), field.trapper.collections)
        check(field.on_server() == ["season.yaml", "season.zip"], field.on_server())
        # What is there is the card: every picture's bytes, under its deployment's id.
        with zipfile.ZipFile(field.ftp.path("season.zip")) as archive:
            check(len(archive.namelist()) == len(files), archive.namelist())
            for file in files:
                collection, deployment, name = file["path"].split("/")
                inside = archive.read(f"{collection}/{deployment.lower()}/{name}")
                check(inside == (field.data / file["path"]).read_bytes(), file["path"])
        before, requests = tree(field.data), len(field.processed())
        again = field.run("--json", *words[:-2])
        check(again.json["survey"]["read"] == 0 and again.json["package"]["up_to_date"] is True, again)
        check(again.json["upload"]["packages"] == [] and again.json["upload"]["up_to_date"] == 1, again)
        same = [k for k, v in tree(field.data).items() if before.get(k) != v and not k.startswith(".trapkit")]
        check(same == [] and len(field.processed()) == requests, (same, field.processed()))


def dry_run_creates_nothing(scratch):
    with Field(scratch, world=WORLD) as field:
        make_card(field.data, images=2)
        words = ["pipeline", "--data-path", field.data, "--package-name", "season", "--trigger"]
        before = tree(field.data)
        dry = field.run("--json", "--dry-run", *words)
        check(tree(field.data) == before, "a dry run changed the data path")
        check(field.on_server() == [] and not field.processed(), "a dry run sent something")
        told = dry.json["package"]["packages"][0]
        check(dry.json["upload"]["packages"] == [{"name": "season", "status": "would_deliver", "would_trigger": True}],
              dry)
        real = field.run("--json", *words)
        made = real.json["package"]["packages"][0]
        check((told["files"], told["bytes"]) == (made["files"], made["bytes"]), (told, made))
        check((field.data / "season.zip").stat().st_size == told["bytes"], told)
        up = field.run("--json", "--dry-run", *words)
        check(up.json["upload"]["packages"] == [], up)


def parts_overlap(scratch):
    """With parts, the first is on its way before the last is written."""
    with Field(scratch, world=WORLD) as field:
        files = make_card(field.data, images=10, clips=0, size=400_000)
        process = field.start("pipeline", "--data-path", field.data, "--package-name", "season", "--max-size", "900K",
                              "--trigger", "--parallel", "2")
        out, err = process.communicate(timeout=120)
        check(process.returncode == 0, (out, err))
        check(field.trapper.resource_count("R0001") == len(files), field.trapper.collections)
        parts = len([n for n in field.on_server() if n.endswith(".zip")])
        check(parts == 10 and len(field.processed()) == parts, field.on_server())
        last_written = (field.data / f"season_part{parts:03}.zip").stat().st_mtime
        check((field.ftp.files / "season_part001.zip").stat().st_mtime < last_written + 1, "no overlap")


def outbox(scratch):
    with Field(scratch, ftp=False, world=WORLD) as field:
        make_card(field.data, images=2)
        words = ["pipeline", "--data-path", field.data, "--package-name", "season", "--trigger", "--to",
                 f"file://{scratch}/outbox"]
        done = field.run("--json", *words)
        check(done.json["upload"]["packages"][0]["triggered"] is False, done)
        check(sorted(p.name for p in field.outbox.iterdir()) == ["season.yaml", "season.zip"], done)
        check(field.outbox.joinpath("season.zip").read_bytes() == (field.data / "season.zip").read_bytes(), "differs")
        check("Up to date" in field.run(*words).stdout, "not up to date")


def chosen_collections(scratch):
    with Field(scratch, world=WORLD) as field:
        files = make_card(field.data, collections=2, images=2)
        here = [f for f in files if f["path"].startswith("R0002/")]
        field.run("pipeline", "--data-path", field.data, "--collection", "R0002", "--trigger")
        check(field.trapper.resource_count("R0002") == len(here), field.trapper.collections)
        check(field.trapper.resource_count("R0001") == 0, field.trapper.collections)


def options_of_the_stages(scratch):
    """No copies: rows of package, upload and the network are taken as they are, and settings by section."""
    with Field(scratch, world=WORLD, PACKAGE__timezone=None, UPLOAD__trigger=True) as field:
        make_card(field.data, images=2)
        words = ["pipeline", "--data-path", field.data]
        done = field.run("--json", *words, "--package-name", "named", "--timezone", "Europe/Warsaw", "--retries", "0")
        check(field.on_server() == ["named.yaml", "named.zip"], done)
        check(len(field.processed()) == 1, "UPLOAD.trigger was not heard")
        document = yaml.safe_load(field.ftp.path("named.yaml").read_text())
        check(document["collections"][0]["timezone"] == "Europe/Warsaw", document)
        check(field.run(*words, "--timezone", "Europe/Warschau", expect=2).stderr.count("error:") == 1, "zone")
        wrong = field.run(*words, "--timezone", "Europe/Madrid", expect=1)
        check("Europe/Warsaw" in wrong.stderr, wrong)
        field.write_settings(PACKAGE__timezone="Europe/Warschau")
        field.run(*words, expect=78)
        check("--package-name" in field.run(*words, "--packagename", "x", expect=2).stderr, "no suggestion")


def what_must_be_there(scratch):
    with Field(scratch, world=WORLD) as field:
        make_card(field.data, images=2)
        check("--data-path" in field.run("pipeline", expect=2).stderr, "data path")
        field.run("pipeline", "--data-path", scratch / "none", expect=1)
        (field.data / "R0001/R0001-LOC02_01").rename(field.data / "R0001/R0001-LOC07_01")
        unknown = field.run("pipeline", "--data-path", field.data, expect=1)
        check("r0001-loc07_01" in unknown.stderr and field.on_server() == [], unknown)


def convert_first(scratch):
    """What is delivered are the renditions, by one command and by the tutorial's three; and each is made once."""
    for words in (["pipeline"], ["convert", "package", "upload"]):
        scratch_of = scratch / words[0]
        scratch_of.mkdir()
        with Field(scratch_of, world=WORLD) as field:
            make_card(field.data, images=2, clips=2, pixels=(2400, 1800))
            common = ["--data-path", field.data]
            if words == ["pipeline"]:
                dry = field.run("--json", "pipeline", *common, "--convert", "--package-name", "season", "--dry-run")
                check(dry.json["convert"]["pictures"] > 0 and not (field.data / ".trapkit").exists(), dry)
                done = field.run("--json", "pipeline", *common, "--convert", "--package-name", "season", "--trigger")
                check(done.json["convert"]["failed"] == 0 and done.json["convert"]["videos"] > 0, done)
                again = field.run("--json", "pipeline", *common, "--convert", "--package-name", "season", "--trigger")
                check(again.json["convert"]["pictures"] + again.json["convert"]["videos"] == 0, again)
                check(again.json["package"]["up_to_date"] is True and again.json["upload"]["packages"] == [], again)
            else:
                field.run("convert", *common)
                field.run("package", *common, "--package-name", "season")
                field.run("upload", *common, "--trigger")
            made = {p.relative_to(field.data / ".trapkit/renditions").as_posix(): p
                    for p in (field.data / ".trapkit/renditions").rglob("*") if p.is_file()}
            check(any(n.endswith(".mp4") for n in made) and any(n.lower().endswith(".jpg") for n in made), sorted(made))
            with zipfile.ZipFile(field.ftp.path("season.zip")) as archive:
                names = archive.namelist()
                check(not any(n.lower().endswith(".avi") for n in names), names)
                for name, path in made.items():
                    collection, deployment, file = name.split("/")
                    check(archive.read(f"{collection}/{deployment.lower()}/{file}") == path.read_bytes(), name)
            listed = yaml.safe_load(field.ftp.path("season.yaml").read_text())
            for resource in [r for d in listed["collections"][0]["deployments"] for r in d["resources"]]:
                check(resource["name"].lower().endswith((".jpg", ".mp4")), resource)
                check("avi" not in str(resource).lower() and max(resource.get("width") or 0, 1) <= 1920, resource)


def one_bad_picture(scratch):
    """One that cannot be sent is left out and told, and the exit status says so; a damaged one goes along."""
    with Field(scratch, world=WORLD) as field:
        files = make_card(field.data, images=3, clips=0)
        damaged, bad = field.data / files[0]["path"], field.data / files[1]["path"]
        damaged.write_bytes(damaged.read_bytes()[:3000])
        os.rename(bad, os.path.join(os.fsencode(bad.parent), b"Jon\xe1s.JPG"))
        done = field.run("--json", "pipeline", "--data-path", field.data, "--trigger", expect=1)
        check(done.json["ok"] is False and done.json["error"] is None, done)
        check(any(s["path"].endswith("Jon\\xE1s.JPG") and s["reason"] for s in done.json["package"]["skipped"]), done)
        check(field.trapper.resource_count("R0001") == len(files) - 1, field.trapper.collections)


def two_at_once(scratch):
    """The second run names the holder and exits 75; with --wait-lock it waits its turn."""
    with Field(scratch, world=WORLD) as field:
        make_card(field.data, images=4, clips=0, size=300_000)
        words = ["pipeline", "--data-path", field.data, "--limit-rate", "800K", "--trigger"]
        first = field.start(*words)
        wait_for(lambda: field.arriving() > 0, what="the upload")
        busy = field.run(*words, expect=75)
        check(str(first.pid) in busy.stderr, busy)
        waited = field.run(*words, "--wait-lock", "60")
        first.communicate()
        check(first.returncode == 0 and "Up to date" in waited.stdout, waited)
        check(len(field.processed()) == 1, field.processed())


run_all([at_once, dry_run_creates_nothing, parts_overlap, outbox, chosen_collections, options_of_the_stages,
         what_must_be_there, convert_first, one_bad_picture, two_at_once], os.environ["SCRATCH"])
