#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the ledger rests on gives way: it is deleted, damaged, of a newer version, on a locked card, or another machine
is at work on the same disk; the data path comes back under another name; the server lost everything, or its project.
Nothing is in TRAPPER twice, nothing is taken for delivered that is not, and each message says what to do."""
import contextlib
import os
import pathlib
import shutil
import sqlite3
import subprocess
import sys
import zipfile

sys.path.insert(0, str(pathlib.Path(os.environ["ROOT"]) / "tests/servers"))
from field import Field, check, run_all, wait_for  # noqa: E402
from make_card import make_card  # noqa: E402

WORLD = {"deployments": [{"deploymentID": f"r0001-loc0{d}_01", "locationID": "32_01", "project": 5} for d in (1, 2)]}


def world(scratch, **more):
    return Field(scratch, world=WORLD, **more)


def pictures(field, count=3, deployment=1, seed=1, size=None, data=None):
    """IMG_0001 … in a deployment of R0001: other pictures for another seed."""
    data = data or field.data
    card = field.scratch / "card"
    make_card(card, deployments=1, images=count, clips=0, seed=seed, size=size)
    home = data / f"R0001/R0001-LOC0{deployment}_01"
    shutil.copytree(card / "R0001/R0001-LOC01_01", home, dirs_exist_ok=True)
    shutil.rmtree(card)


def pipeline(data, *more):
    return ["pipeline", "--data-path", data, "--trigger", *more]


def each_once(field, count):
    members = [(c["name"], r["member"]) for c in field.trapper.collections.values() for r in c["resources"]]
    check(len(members) == len(set(members)) == count, (count, members))


def ledger_removed(scratch):
    """The packages that still lie there tell that something was made of these pictures."""
    with world(scratch) as field:
        pictures(field)
        field.run(*pipeline(field.data, "--package-name", "winter"))
        shutil.rmtree(field.data / ".trapkit")
        for more in ([], ["--dry-run"], ["--package-name", "other"]):
            done = field.run(*pipeline(field.data, *more), expect=1)
            check("winter.yaml" in done.stderr and "twice" in done.stderr and "--again" in done.stderr, done)
        each_once(field, 3)
        # As it says: what was not delivered is sent, what was stays where it is.
        done = field.run("upload", "--file-yaml", field.data / "winter.yaml", "--file-zip", field.data / "winter.zip",
                         "--trigger", expect=1)
        check("another computer" in done.stderr, done)
        each_once(field, 3)
        pictures(field, deployment=2, seed=2)
        shutil.rmtree(field.data / "R0001/R0001-LOC01_01")
        field.run(*pipeline(field.data, "--again"))
        each_once(field, 6)
        field.run(*pipeline(field.data))
        each_once(field, 6)


def ledger_damaged(scratch):
    """F44: set aside and begun anew, and the loss is remembered until somebody says what to do."""
    with world(scratch) as field:
        pictures(field)
        field.run(*pipeline(field.data, "--output-path", scratch / "packages", "--package-name", "winter"))
        ledger = field.data / ".trapkit/ledger.sqlite3"
        os.truncate(ledger, ledger.stat().st_size * 6 // 10)
        for warned in (True, False):
            done = field.run(*pipeline(field.data), expect=1)
            check(("set aside as" in done.stderr) == warned and "look at the server" in done.stderr, done)
        each_once(field, 3)
        field.run("report", "--data-path", field.data)
        pictures(field, deployment=2, seed=2)
        shutil.rmtree(field.data / "R0001/R0001-LOC01_01")
        field.run(*pipeline(field.data, "--again"))
        field.run(*pipeline(field.data))
        each_once(field, 6)


def ledger_of_a_newer_version(scratch):
    with world(scratch) as field:
        pictures(field)
        field.run(*pipeline(field.data))
        with contextlib.closing(sqlite3.connect(field.data / ".trapkit/ledger.sqlite3")) as db:
            db.execute("PRAGMA user_version = 999")
        archive = next(field.data.glob("*.zip"))
        for words in (pipeline(field.data), ["upload", "--data-path", field.data, "--trigger"],
                      ["upload", "--file-yaml", archive.with_suffix(".yaml"), "--file-zip", archive, "--trigger"]):
            check("newer trapkit" in field.run(*words, expect=1).stderr, words)
        each_once(field, 3)


def locked_card(scratch):
    """F50: with a ledger on it, and then the ledger elsewhere: what it knew has to be taken along."""
    with world(scratch) as field:
        pictures(field)
        field.run(*pipeline(field.data))
        pictures(field, deployment=2, seed=2)
        locked = ["unshare", "-m", "sh", "-c", f"mount --bind {field.data} {field.data} && mount -o "
                  f"remount,bind,ro {field.data} && exec \"$0\" \"$@\""]
        if subprocess.run([*locked, "true"], capture_output=True, check=False).returncode != 0:
            print("not tried: a locked card (needs root and mount namespaces)")
            return
        check("--work-dir" in field.run(*pipeline(field.data), prefix=locked, expect=1).stderr, "locked")
        elsewhere = ["--work-dir", scratch / "memory", "--output-path", scratch / "packages"]
        done = field.run(*pipeline(field.data, *elsewhere), prefix=locked, expect=1)
        check("copy that file" in done.stderr, done)
        each_once(field, 3)
        shutil.copy(field.data / ".trapkit/ledger.sqlite3", scratch / "memory")
        field.run(*pipeline(field.data, *elsewhere), prefix=locked)
        each_once(field, 6)


def moved(scratch):
    """A disk that is mounted elsewhere in the middle of an upload: gone on with, from where it was."""
    with world(scratch) as field:
        pictures(field, size=400_000)
        process = field.start(*pipeline(field.data), "--limit-rate", "300K")
        wait_for(lambda: field.arriving() > 200_000, what="the upload")
        process.kill()
        process.communicate()
        for name in ("elsewhere", "and again"):
            there = scratch / name
            min(p for p in (field.data, scratch / "elsewhere") if p.exists()).rename(there)
            done = field.run("--json", *pipeline(there))
            each_once(field, 3)
            check(len(done.json["upload"]["packages"]) == (name == "elsewhere"), done)
        check(len(field.processed()) == 1 and len(field.on_server()) == 2, field.on_server())
        check("Up to date" in field.run("upload", "--data-path", there, "--trigger").stdout, "upload")


def moved_by_an_older_version(scratch):
    """A ledger of version 6 kept the folders of packages absolute."""
    with world(scratch) as field:
        pictures(field)
        field.run("package", "--data-path", field.data)
        with contextlib.closing(sqlite3.connect(field.data / ".trapkit/ledger.sqlite3")) as db:
            db.execute("UPDATE packages SET folder = CAST(? AS BLOB)", (os.path.realpath(field.data),))
            db.execute("PRAGMA user_version = 6")
            db.commit()
        check("Up to date" in field.run("package", "--data-path", field.data).stdout, "not known")
        field.data.rename(scratch / "elsewhere")
        field.run("upload", "--data-path", scratch / "elsewhere", "--trigger")
        each_once(field, 3)


def packages_deleted(scratch):
    """The archive is gone before it was sent: said, made again, and then forgotten."""
    with world(scratch) as field:
        pictures(field)
        field.run("package", "--data-path", field.data, "--package-name", "one")
        for kind in ("yaml", "zip"):
            (field.data / f"one.{kind}").unlink()
        upload = ["upload", "--data-path", field.data, "--trigger"]
        check("make the package again" in field.run(*upload, expect=1).stderr, "no word")
        field.run("package", "--data-path", field.data, "--package-name", "two")
        field.run(*upload)
        each_once(field, 3)
        check("Up to date" in field.run(*upload).stdout, "the lost one is still waited for")


def the_same_names_again(scratch):
    """A counter that began anew: IMG_0001 of the next card, in the same deployment and in another."""
    with world(scratch) as field:
        pictures(field)
        field.run(*pipeline(field.data))
        shutil.rmtree(field.data / "R0001/R0001-LOC01_01")
        pictures(field, seed=2)
        pictures(field, deployment=2, seed=3)
        field.run(*pipeline(field.data))
        members = [r["member"] for c in field.trapper.collections.values() for r in c["resources"]]
        check(len(members) == 9 and len(set(members)) == 6, members)
        field.run(*pipeline(field.data))
        check(field.trapper.resource_count("R0001") == 9, "sent again")


def the_next_season(scratch):
    """Another data path with the same collection, deployment and file names: appended, and the first stays."""
    with world(scratch) as field:
        for season in ("2025", "2026"):
            pictures(field, seed=int(season), data=scratch / season)
            field.run(*pipeline(scratch / season, "--package-name", "r0001-" + season))
        check(field.trapper.resource_count("R0001") == 6 and len(field.trapper.collections) == 1, field.trapper.collections)
        # A name that is taken there is not given twice.
        pictures(field, seed=7, data=scratch / "other")
        done = field.run(*pipeline(scratch / "other", "--package-name", "r0001-2026"), expect=1)
        check("--package-name" in done.stderr and field.trapper.resource_count("R0001") == 6, done)
        # As it says; what is done stays done.
        for _ in range(2):
            field.run(*pipeline(scratch / "other", "--package-name", "r0001-other"))
            field.run("upload", "--data-path", scratch / "other", "--trigger")
            check(field.trapper.resource_count("R0001") == 9 and len(field.on_server()) == 6, field.on_server())


def two_of_one_name(scratch):
    """Two people send packages of one name into one account at once: the second one to end gets no name, and nobody's
    pictures are replaced."""
    with world(scratch) as field:
        runs = []
        for deployment in (1, 2):
            data = scratch / str(deployment)
            pictures(field, deployment=deployment, seed=deployment, size=300_000 * deployment, data=data)
            runs.append(field.start(*pipeline(data, "--package-name", "winter", "--limit-rate", "300K")))
            wait_for(lambda: field.arriving() > 0, what="the upload")
        ends = [(run.communicate(timeout=60), run.returncode) for run in runs]
        check(sorted(end[1] for end in ends) == [0, 1], ends)
        refused = [said for (_, said), status in ends if status == 1][0]
        check("--package-name" in refused and "did not put it there" in refused, ends)
        each_once(field, 3)
        check(len(field.processed()) == 1, field.processed())
        # Names with the time in them: the same command again is enough.
        for deployment in (1, 2):
            field.run(*pipeline(scratch / str(deployment)))
        each_once(field, 6)


def clock_set_back(scratch):
    """F59: the laptop's clock is wrong, then right, then wrong the other way: what is new is seen, nothing goes twice."""
    if not shutil.which("faketime") or os.environ.get("TRAPKIT_SANITIZE"):
        print("not tried: a wrong clock (no faketime, or sanitizers)")
        return
    with Field(scratch, ftp=False, trapper=False) as field:
        outbox = scratch / "outbox"
        for number, clock in enumerate(("+400d", "+0d", "-400d", "+0d"), 1):
            pictures(field, seed=number, deployment=number)
            words = ["pipeline", "--data-path", field.data, "--no-validate", "--to", f"file://{outbox}"]
            for new in (1, 0):
                done = field.run("--json", *words, prefix=["faketime", "-f", clock])
                check(len(done.json["upload"]["packages"]) == new, (clock, new, str(done)))
        members = []
        for archive in outbox.glob("*.zip"):
            with zipfile.ZipFile(archive) as opened:
                members += opened.namelist()
        check(len(members) == len(set(members)) == 12, members)


def server_set_up_anew(scratch):
    with world(scratch) as field:
        pictures(field)
        field.run(*pipeline(field.data))
        again = ["upload", "--data-path", field.data, "--trigger", "--again"]
        check("Up to date" in field.run(*again).stdout, "nothing was lost")
        for file in field.ftp.files.iterdir():
            file.unlink()
        field.trapper.collections.clear()
        check("Up to date" in field.run(*again[:-1]).stdout, "not known without a look")
        done = field.run(*again)
        check("no longer at" in done.stderr, done)
        each_once(field, 3)
        field.run(*again)
        each_once(field, 3)
        # Taken in and removed by the server is not lost.
        next(field.ftp.files.glob("*.zip")).unlink()
        field.run(*again)
        each_once(field, 3)


def project_deleted(scratch):
    """The server refuses what it got: with another project all is packaged anew, and the old packages rest."""
    with world(scratch) as field:
        pictures(field)
        field.trapper.world.update(research_projects=[], classification_projects=[])
        done = field.run(*pipeline(field.data), expect=1)
        check("Project 5 does not exist" in done.stderr and "put that right" in done.stderr, done)
        field.trapper.world["research_projects"] = [{"pk": n, "name": str(n), "acronym": str(n)} for n in (5, 6)]
        field.write_settings(GENERAL__project_id=6)
        field.run(*pipeline(field.data, "--again", "--package-name", "anew"))
        each_once(field, 3)
        for words in (pipeline(field.data), ["upload", "--data-path", field.data, "--trigger"]):
            field.run(*words)
            each_once(field, 3)


def another_machine(scratch):
    """Two machines on one disk whose locks do not reach from one to the other (bindfs keeps them apart)."""
    mounts = [scratch / "here", scratch / "there"]
    with world(scratch) as field, contextlib.ExitStack() as stack:
        pictures(field, size=600_000)
        for mount in mounts:
            mount.mkdir()
            if not shutil.which("bindfs") or subprocess.run(["bindfs", field.data, mount], capture_output=True,
                                                            check=False).returncode != 0:
                print("not tried: two machines (needs bindfs and /dev/fuse)")
                return
            stack.callback(subprocess.run, ["umount", mount], check=False)
        other = ["unshare", "-u", "sh", "-c", 'hostname other && exec "$0" "$@"']
        process = field.start(*pipeline(mounts[0]), "--limit-rate", "400K")
        wait_for(lambda: field.arriving() > 100_000, what="the upload")
        done = field.run(*pipeline(mounts[1]), prefix=other, expect=75)
        check(f"pid {process.pid} " in done.stderr and "/there/.trapkit/lock" in done.stderr, done)
        said = process.communicate(timeout=60)
        check(process.returncode == 0, said)
        field.run(*pipeline(mounts[1]), prefix=other)
        each_once(field, 3)
        check(len(field.processed()) == 1, field.processed())


run_all([ledger_removed, ledger_damaged, ledger_of_a_newer_version, locked_card, moved, moved_by_an_older_version,
         packages_deleted, the_same_names_again, the_next_season, two_of_one_name,
         clock_set_back, server_set_up_anew, project_deleted, another_machine],
        os.environ["SCRATCH"])
