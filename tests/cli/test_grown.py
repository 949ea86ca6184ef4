#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A data path that grows: each file is packaged and sent once, new ones in additional packages."""
import os
import pathlib
import shutil
import signal
import sys
import time
import zipfile

sys.path.insert(0, str(pathlib.Path(os.environ["ROOT"]) / "tests/servers"))
import yaml  # noqa: E402
from field import Field, check, run_all, wait_for  # noqa: E402
from make_card import make_card  # noqa: E402

WORLD = {"deployments": [{"deploymentID": f"r000{c}-loc0{d}_01", "locationID": f"32_0{min(d, 2)}", "project": 5}
                         for c in (1, 2) for d in (1, 2, 3)]}


def grow(field, deployment, first, count, size=None, seed=2):
    """Pictures IMG_{first}… into R0001's deployment of that number; returns their paths."""
    made = make_card(field.scratch / f"card-{seed}-{deployment}-{first}", deployments=1, images=count, clips=0, seed=seed,
                     size=size)
    home = field.data / f"R0001/R0001-LOC0{deployment}_01"
    home.mkdir(parents=True, exist_ok=True)
    names = []
    for i, file in enumerate(made):
        name = home / f"IMG_{first + i:04}.JPG"
        shutil.copy2(field.scratch / f"card-{seed}-{deployment}-{first}" / file["path"], name)
        names.append(name)
    return names


def members(field):
    return [r["member"] for c in field.trapper.collections.values() for r in c["resources"]]


def each_once(field, count, triggers):
    found = members(field)
    check(len(found) == len(set(found)) == count, (count, sorted(found)))
    check(field.trapper.resource_count("R0001") == count, (count, field.trapper.collections))
    check(len(field.processed()) == triggers, field.processed())


def up_to_date(field, words):
    here = field.on_server()
    done = field.run("--json", *words)
    check(done.json["package"]["up_to_date"] is True and done.json["upload"]["packages"] == [], done)
    check(field.on_server() == here, "something was sent")
    return done


def three_nights(scratch):
    with Field(scratch, world=WORLD) as field:
        words = ["pipeline", "--data-path", field.data, "--trigger", "--wait", "20"]
        grow(field, 1, 1, 3)
        (field.data / "R0001/R0001-LOC03_01").mkdir()
        first = field.run("--json", *words)
        check(first.json["package"]["delivered_earlier"] == 0, first)
        each_once(field, 3, 1)
        # The second night: files in an old deployment, and a new one.
        grow(field, 1, 11, 2)
        grow(field, 2, 1, 2, seed=3)
        dry = field.run("--json", "--dry-run", *words)
        check([p["status"] for p in dry.json["upload"]["packages"]] == ["would_deliver"], dry)
        second = field.run("--json", *words)
        package = second.json["package"]
        check(package["delivered_earlier"] == 3 and package["files"] == 4 and len(package["packages"]) == 1, second)
        check(package["packages"][0]["bytes"] == dry.json["package"]["packages"][0]["bytes"], (dry, second))
        check("3 files are in earlier packages" in second.stderr and "--again" in second.stderr, second)
        check("twice" not in second.stderr, second)
        check(second.json["upload"]["packages"][0]["processed"] is True, second)
        each_once(field, 7, 2)
        listed = yaml.safe_load(pathlib.Path(package["packages"][0]["yaml"]).read_text())["collections"]
        check([(d["deployment_id"], len(d["resources"])) for c in listed for d in c["deployments"]] ==
              [("r0001-loc01_01", 2), ("r0001-loc02_01", 2)], listed)
        # The third night: only the second deployment; the first is not listed at all.
        grow(field, 2, 11, 1)
        third = field.run("--json", *words)
        check(third.json["package"]["delivered_earlier"] == 7 and third.json["package"]["files"] == 1, third)
        listed = yaml.safe_load(pathlib.Path(third.json["package"]["packages"][0]["yaml"]).read_text())["collections"]
        check([d["deployment_id"] for c in listed for d in c["deployments"]] == ["r0001-loc02_01"], listed)
        each_once(field, 8, 3)
        check(len(field.on_server()) == 6, field.on_server())
        idle = up_to_date(field, words[:-2])
        check(idle.json["package"]["delivered_earlier"] == 8 and len(idle.json["package"]["packages"]) == 3, idle)
        check("nothing is new" in field.run(*words[:-2]).stdout, "no word")
        check("Up to date" in field.run("upload", "--data-path", field.data, "--trigger").stdout, "upload has more")
        # Other settings do not bring back what was delivered.
        up_to_date(field, [*words[:-2], "--max-size", "1G"])
        # Files that left the card and come back are known.
        home = field.data / "R0001/R0001-LOC01_01"
        home.rename(scratch / "away")
        up_to_date(field, words[:-2])
        (scratch / "away").rename(home)
        up_to_date(field, words[:-2])


def names(scratch):
    """NAME is the first, NAME_2 the next, also when the first was removed here to make room."""
    with Field(scratch, world=WORLD) as field:
        words = ["pipeline", "--data-path", field.data, "--package-name", "winter", "--trigger"]
        grow(field, 1, 1, 2)
        field.run(*words)
        grow(field, 1, 11, 2)
        field.run(*words)
        for name in ("winter", "winter_2"):
            (field.data / f"{name}.zip").unlink()
            (field.data / f"{name}.yaml").unlink()
        up_to_date(field, words)
        grow(field, 1, 21, 2)
        field.run(*words)
        check([n for n in field.on_server() if n.endswith(".zip")] == ["winter.zip", "winter_2.zip", "winter_3.zip"],
              field.on_server())
        each_once(field, 6, 3)


def a_file_changed(scratch):
    with Field(scratch, world=WORLD) as field:
        words = ["pipeline", "--data-path", field.data, "--trigger"]
        old = grow(field, 1, 1, 3)
        field.run(*words)
        # Only touched, or copied anew: known by its contents, and read once for that.
        os.utime(old[0], (1_700_000_000, 1_700_000_000))
        up_to_date(field, words)
        new = grow(field, 2, 1, 1, seed=9)[0]
        shutil.copy2(new, old[1])
        new.unlink()
        os.utime(old[1], (1_710_000_000, 1_710_000_000))
        done = field.run("--json", *words)
        check(done.json["package"]["changed"] == 1 and done.json["package"]["files"] == 1, done)
        check("IMG_0002.JPG" in done.stderr and "both" in done.stderr, done)
        check(field.trapper.resource_count("R0001") == 4, field.trapper.collections)
        up_to_date(field, words)


def again(scratch):
    with Field(scratch, world=WORLD) as field:
        words = ["pipeline", "--data-path", field.data, "--trigger"]
        grow(field, 1, 1, 2)
        field.run(*words)
        field.run(*words, "--again")
        check(field.trapper.resource_count("R0001") == 4 and len(field.processed()) == 2, field.trapper.collections)
        up_to_date(field, words)


def package_alone(scratch):
    """Nothing was sent: one package with everything; the earlier one is superseded."""
    with Field(scratch, world=WORLD) as field:
        grow(field, 1, 1, 2)
        field.run("package", "--data-path", field.data, "--package-name", "one")
        grow(field, 1, 11, 2)
        both = field.run("--json", "package", "--data-path", field.data, "--package-name", "two")
        check(both.json["files"] == 4 and both.json["delivered_earlier"] == 0, both)
        field.run("upload", "--data-path", field.data, "--trigger")
        check(field.on_server() == ["two.yaml", "two.zip"], field.on_server())
        each_once(field, 4, 1)
        # Then additional ones, of which upload sends what is not yet there; a later one supersedes.
        grow(field, 1, 21, 1)
        field.run("package", "--data-path", field.data, "--package-name", "three")
        grow(field, 2, 1, 1)
        more = field.run("--json", "package", "--data-path", field.data, "--package-name", "four")
        check(more.json["files"] == 2 and more.json["delivered_earlier"] == 4, more)
        field.run("upload", "--data-path", field.data, "--trigger")
        each_once(field, 6, 2)
        check("four.zip" in field.on_server() and "three.zip" not in field.on_server(), field.on_server())
        # A time zone that was wrong: only what was not sent is made anew.
        grow(field, 2, 11, 1)
        field.run("package", "--data-path", field.data, "--no-validate", "--timezone", "UTC")
        other = field.run("--json", "pipeline", "--data-path", field.data, "--trigger")
        check(other.json["package"]["files"] == 1, other)
        each_once(field, 7, 3)


def collection(field, name, deployment):
    """Two pictures in a collection of that name."""
    grow(field, deployment, 1, 2, seed=deployment)
    (field.data / name).mkdir()
    (field.data / f"R0001/R0001-LOC0{deployment}_01").rename(field.data / name / f"R0001-LOC0{deployment}_01")


def overlapping(scratch):
    """Each of two packages holds files that the other has not: the newer one is sent, and what remains is told."""
    with Field(scratch, world=WORLD) as field:
        for deployment, name in enumerate(("north", "middle", "south"), 1):
            collection(field, name, deployment)
        (field.data / "R0001").rmdir()
        package = ["package", "--data-path", field.data, "--package-name"]
        upload = ["upload", "--data-path", field.data, "--trigger"]
        field.run(*package, "one", "--collection", "north", "--collection", "middle")
        two = field.run(*package, "two", "--collection", "middle", "--collection", "south")
        check("'one'" in two.stderr and "was not sent" in two.stderr, two)
        for run in (["--dry-run"], [], []):
            done = field.run("--json", *upload, *run, expect=1)
            said = done.json["error"]["message"]
            check("'one'" in said and "2 of its 4 files" in said and "'two'" in said and "trapkit package" in said, done)
            refused = done.json["packages"][0]
            check(refused["name"] == "one" and refused["reason"] == said and not refused["bytes_sent"], done)
        check(field.on_server() == ["two.yaml", "two.zip"] and len(members(field)) == 4, field.on_server())
        # As it says.
        rest = field.run("--json", *package, "three")
        check(rest.json["files"] == 2 and rest.json["delivered_earlier"] == 4, rest)
        done = field.run(*upload)
        check("'one' is left out" in done.stderr, done)
        found = members(field)
        check(len(found) == len(set(found)) == 6 and len(field.processed()) == 2, found)
        check("Up to date" in field.run(*upload).stdout, "upload has more")


def another_card(scratch):
    """A package that waits, and a card that was emptied since: the next package does not stand for it."""
    with Field(scratch, world=WORLD) as field:
        old = grow(field, 1, 1, 3)
        field.run("package", "--data-path", field.data, "--package-name", "one")
        for file in old:
            file.unlink()
        grow(field, 1, 11, 2)
        field.run("package", "--data-path", field.data, "--package-name", "two")
        field.run("upload", "--data-path", field.data, "--trigger")
        each_once(field, 5, 2)


def converted(scratch):
    """With --convert: only what is new is rendered, packaged and sent, whenever the run is killed."""
    with Field(scratch, world=WORLD) as field:
        words = ["pipeline", "--data-path", field.data, "--package-name", "s", "--convert", "--resize", "200x200",
                 "--trigger"]
        made = field.data / ".trapkit/renditions/R0001/R0001-LOC01_01"

        def rendered():
            return {p.name: p.stat().st_mtime_ns for p in made.iterdir()}
        grow(field, 1, 1, 3)
        first = field.run("--json", *words)
        check(first.json["convert"]["pictures"] == 3, first)
        before, stamps = {p.name: p.read_bytes() for p in made.iterdir()}, rendered()
        grow(field, 1, 11, 4, size=100_000)
        for wait in (0.02, 0.04, 0.06, 0.09, 0.13, 0.2, 0.3):
            process = field.start(*words, "--limit-rate", "100K")
            time.sleep(wait)
            process.send_signal(signal.SIGKILL)
            process.communicate()
        done = field.run("--json", *words, expect=None)
        if done.status == 75:
            done = field.run("--json", *words, "--force-trigger")
        check(done.json["convert"]["unchanged"] >= 3, done)
        each_once(field, 7, 2)
        check({name: stamps[name] for name in before} == {n: t for n, t in rendered().items() if n in before},
              "a rendition was made again")
        check(field.on_server() == ["s.yaml", "s.zip", "s_2.yaml", "s_2.zip"], field.on_server())
        for name, count in (("s.zip", 3), ("s_2.zip", 4)):
            with zipfile.ZipFile(field.ftp.path(name)) as archive:
                files = archive.namelist()
                check(len(files) == count, files)
                for file in files:
                    check(archive.read(file) == (made / pathlib.Path(file).name).read_bytes(), f"{file}: not the rendition")
        # Other settings for renditions, or none, do not bring back what was delivered.
        up_to_date(field, words)
        up_to_date(field, [*words, "--quality", "50"])
        up_to_date(field, [word for word in words if word != "--convert"])


def interrupted_then_grown(scratch):
    """An upload that was begun is gone on with; the new files follow in a package of their own."""
    with Field(scratch, world=WORLD) as field:
        words = ["pipeline", "--data-path", field.data, "--trigger"]
        grow(field, 1, 1, 3, size=300_000)
        process = field.start(*words, "--limit-rate", "300K")
        wait_for(lambda: field.arriving() > 100_000, what="the upload")
        process.send_signal(signal.SIGKILL)
        process.communicate()
        old = sorted(field.data.glob("*.zip"))
        before = old[0].read_bytes()
        grow(field, 2, 1, 2)
        done = field.run("--json", *words)
        check(done.json["package"]["delivered_earlier"] == 3 and done.json["package"]["files"] == 2, done)
        sent = done.json["upload"]["packages"]
        check([p["status"] for p in sent] == ["delivered"] * 2 and sent[0]["resumed_at"], done)
        check(old[0].read_bytes() == before == field.ftp.path(old[0].name).read_bytes(), "other bytes")
        each_once(field, 5, 2)
        up_to_date(field, words)


def parts_then_grown(scratch):
    """Some parts sent, some written, some not yet: nothing twice, nothing lost, whether it grew or not."""
    for grown in (False, True):
        with Field(scratch / str(grown), world=WORLD) as field:
            words = ["pipeline", "--data-path", field.data, "--trigger", "--max-size", "250K", "--package-name", "s"]
            grow(field, 1, 1, 6, size=200_000)
            process = field.start(*words, "--limit-rate", "250K")
            wait_for(lambda: "s_part002.yaml" in field.on_server(), what="the second part")
            process.send_signal(signal.SIGKILL)
            process.communicate()
            # As if the run had ended before the last parts were written.
            for part in (5, 6):
                for kind in ("zip", "yaml"):
                    (field.data / f"s_part00{part}.{kind}").unlink(missing_ok=True)
            if grown:
                grow(field, 2, 1, 2)
            done = field.run("--json", *words, expect=None)
            if done.status == 75 and "--force-trigger" in done.stderr:
                done = field.run("--json", *words, "--force-trigger", expect=None)
            check(done.status == 0, done)
            found = members(field)
            check(len(found) == len(set(found)) == (8 if grown else 6), sorted(found))
            zips = [n for n in field.on_server() if n.endswith(".zip")]
            check({f"s_part00{n}.zip" for n in range(1, 5)} <= set(zips), zips)
            check(len(zips) == 6, zips)
            check(len(field.processed()) == len(zips), (zips, field.processed()))
            up_to_date(field, words)


def killed_while_adding(scratch):
    """kill -9 again and again while the additional package is made and sent."""
    with Field(scratch, world=WORLD) as field:
        words = ["pipeline", "--data-path", field.data, "--trigger", "--package-name", "s"]
        grow(field, 1, 1, 2)
        field.run(*words)
        first = {p.name: p.read_bytes() for p in field.data.glob("s.*")}
        grow(field, 1, 11, 4, size=100_000)
        for wait in (0.02, 0.05, 0.08, 0.12, 0.2, 0.3, 0.5):
            process = field.start(*words, "--limit-rate", "600K")
            time.sleep(wait)
            process.send_signal(signal.SIGKILL)
            process.communicate()
        done = field.run(*words, expect=None)
        if done.status == 75:
            field.run(*words, "--force-trigger")
        each_once(field, 6, 2)
        check(field.on_server() == ["s.yaml", "s.zip", "s_2.yaml", "s_2.zip"], field.on_server())
        check({n: (field.data / n).read_bytes() for n in first} == first, "the first package changed")
        check(sorted(p.name for p in field.data.glob("s*.zip")) == ["s.zip", "s_2.zip"], "leftovers")
        up_to_date(field, words)


def outbox_first(scratch):
    """What went to a disk is not packaged again; a run to the server sends both there."""
    with Field(scratch, world=WORLD) as field:
        words = ["pipeline", "--data-path", field.data, "--trigger"]
        grow(field, 1, 1, 2)
        field.run(*words, "--to", f"file://{scratch}/outbox")
        grow(field, 1, 11, 2)
        done = field.run("--json", *words, "--to", f"file://{scratch}/outbox")
        check(done.json["package"]["files"] == 2 and len(list(field.outbox.glob("*.zip"))) == 2, done)
        up_to_date(field, [*words, "--to", f"file://{scratch}/outbox"])
        grow(field, 1, 21, 1)
        field.run(*words)
        each_once(field, 5, 3)
        for file in [*field.data.glob("*.zip"), *field.data.glob("*.yaml")]:
            file.unlink()
        up_to_date(field, words)
        gone = field.run("--json", *words, "--to", f"file://{scratch}/other")
        check("no longer lies here" in gone.stderr and gone.json["upload"]["packages"] == [], gone)


def of_a_version_before(scratch):
    """A ledger that does not know what its packages hold: still up to date, and nothing sent twice unasked."""
    import sqlite3
    with Field(scratch, world=WORLD) as field:
        words = ["pipeline", "--data-path", field.data, "--trigger"]
        old = grow(field, 1, 1, 2)
        field.run(*words)
        with sqlite3.connect(field.data / ".trapkit/ledger.sqlite3") as db:
            db.executescript("DROP TABLE packaged; DROP TABLE packaged_folders; DROP TABLE camera_files; DROP TABLE notes;"
                             "ALTER TABLE packages DROP COLUMN recorded; ALTER TABLE packages DROP COLUMN blur; PRAGMA user_version = 2;")
        db.close()
        up_to_date(field, words)
        grow(field, 1, 11, 2)
        refused = field.run(*words, expect=1)
        check("twice" in refused.stderr and "out of the data path" in refused.stderr and "--again" in refused.stderr,
              refused)
        each_once(field, 2, 1)
        # What it says, done: then it is known what is there.
        away = scratch / "delivered"
        away.mkdir()
        for file in old:
            file.rename(away / file.name)
        field.run(*words, "--again")
        each_once(field, 4, 2)
        grow(field, 1, 21, 1)
        field.run(*words)
        each_once(field, 5, 3)


run_all([three_nights, names, a_file_changed, again, package_alone, overlapping, another_card, converted,
         interrupted_then_grown, parts_then_grown, killed_while_adding, outbox_first, of_a_version_before], os.environ["SCRATCH"])
