#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""trapkit upload against a real pure-ftpd, an outbox and the TRAPPER stand-in: what, where, once."""
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(os.environ["ROOT"]) / "tests/servers"))
from field import Field, check, run_all, tree  # noqa: E402


def to_the_server_once(scratch):
    with Field(scratch) as field:
        yaml, archive = field.package("winter")
        words = ["upload", "--file-yaml", yaml, "--file-zip", archive, "--trigger"]
        before = tree(scratch / "packages")
        dry = field.run("--json", "--dry-run", *words)
        check(tree(scratch / "packages") == before, "a dry run left something behind")
        check(field.on_server() == [] and not field.trapper.requests, "a dry run went to the server")
        check(dry.json["packages"][0]["status"] == "would_deliver" and dry.json["packages"][0]["would_trigger"], dry)
        first = field.run("--json", *words)
        package = first.json["packages"][0]
        check(first.json["schema"] == "trapkit/upload/1" and first.json["ok"] is True, first)
        check(package["status"] == "delivered" and package["triggered"] is True and package["task"], first)
        check(package["bytes_sent"] == yaml.stat().st_size + archive.stat().st_size, first)
        check(package["resumed_at"] is None and package["attempts"] == 2, first)
        check(field.on_server() == ["winter.yaml", "winter.zip"], field.on_server())
        check(field.ftp.path("winter.zip").read_bytes() == archive.read_bytes(), "the ZIP differs")
        check(field.ftp.path("winter.yaml").read_bytes() == yaml.read_bytes(), "the YAML differs")
        check(field.trapper.resource_count("winter") == 3, field.trapper.collections)
        log = field.ftp.log()
        again = field.run("--json", *words)
        check(again.json["packages"][0]["status"] == "already_delivered", again)
        check(again.json["packages"][0]["trigger_reason"] == "by an earlier run", again)
        check(len(field.processed()) == 1, field.processed())
        check(field.ftp.log() == log, "the second run sent something")
        human = field.run(*words)
        check("is at ftps://technician@localhost" in human.stdout, human)
        # Asked or not: what is processed is not offered for processing.
        check("--trigger" not in field.run(*words[:-1]).stdout, "offered again")


def ledger_of_the_data_path(scratch):
    """Packages known to a data path: those not yet there are sent, all up to date says so."""
    with Field(scratch) as field:
        data = scratch / "data"
        data.mkdir()
        for name in ("autumn", "winter"):
            yaml, archive = field.package(name, folder=data)
            field.run("upload", "--data-path", data, "--file-yaml", yaml, "--file-zip", archive, "--to",
                      f"file://{scratch}/outbox")
        done = field.run("--json", "upload", "--data-path", data, "--trigger", "--wait", "20", "--parallel", "2")
        check([p["status"] for p in done.json["packages"]] == ["delivered"] * 2, done)
        check([p["processed"] for p in done.json["packages"]] == [True] * 2, done)
        check(len(field.on_server()) == 4 and len(field.processed()) == 2, field.on_server())
        again = field.run("upload", "--data-path", data, "--trigger")
        check("Up to date" in again.stdout, again)
        check(len(field.processed()) == 2, field.processed())
        outbox = field.run("upload", "--data-path", data, "--to", f"file://{scratch}/outbox")
        check("Up to date" in outbox.stdout, outbox)
        empty = scratch / "nothing"
        empty.mkdir()
        nothing = field.run("upload", "--data-path", empty)
        check("no package" in nothing.stdout, nothing)


def outbox_then_server(scratch):
    """A disk carried to the office: same guarantees, processing started from there."""
    with Field(scratch) as field:
        yaml, archive = field.package("winter")
        outbox = scratch / "usb disk" / "outbox"
        outbox.parent.mkdir()
        done = field.run("--json", "upload", "--file-yaml", yaml, "--file-zip", archive, "--trigger", "--to",
                         f"file://{outbox}")
        package = done.json["packages"][0]
        check(package["status"] == "delivered" and package["triggered"] is False, done)
        check("outbox" in package["trigger_reason"], done)
        check(sorted(p.name for p in outbox.iterdir()) == ["winter.yaml", "winter.zip"], list(outbox.iterdir()))
        said = field.run("upload", "--file-yaml", yaml, "--file-zip", archive, "--trigger", "--to", f"file://{outbox}")
        check(f"--file-yaml '{outbox}/winter.yaml'" in said.stdout and "--trigger" in said.stdout, said)
        check(not field.trapper.requests, field.trapper.requests)
        field.run("upload", "--file-yaml", outbox / "winter.yaml", "--file-zip", outbox / "winter.zip", "--trigger")
        check(field.trapper.resource_count("winter") == 3 and len(field.processed()) == 1, field.processed())


def files_of_others_stay(scratch):
    with Field(scratch) as field:
        yaml, archive = field.package("winter")
        theirs = field.ftp.path("winter.zip")
        theirs.write_bytes(b"x" * archive.stat().st_size)
        os.chown(theirs, field.ftp.owner, field.ftp.group)
        words = ["upload", "--file-yaml", yaml, "--file-zip", archive, "--trigger"]
        refused = field.run(*words, expect=1)
        check("'winter.zip'" in refused.stderr and "--overwrite" in refused.stderr, refused)
        check(theirs.read_bytes() == b"x" * archive.stat().st_size, "overwritten")
        check(not field.processed(), field.processed())
        field.run(*words, "--overwrite")
        check(theirs.read_bytes() == archive.read_bytes(), "not replaced")
        check(field.on_server() == ["winter.yaml", "winter.zip"], field.on_server())
        # The same names with other contents are another package: nothing is replaced unasked.
        field.package("winter", images=4)
        refused = field.run(*words, expect=1)
        check("earlier package" in refused.stderr, refused)


def settings_decide(scratch):
    with Field(scratch, UPLOAD__trigger=True, UPLOAD__remove_zip=True) as field:
        yaml, archive = field.package("winter")
        quiet = field.run("upload", "--no-trigger", "--file-yaml", yaml, "--file-zip", archive)
        check(not field.processed(), field.processed())
        check("--trigger" in quiet.stdout, quiet)
        field.run("upload", "--file-yaml", yaml, "--file-zip", archive)
        check(len(field.processed()) == 1, field.processed())
        check(field.on_server() == ["winter.yaml"], field.on_server())  # the stand-in removed the ZIP
        field.run("upload", "--file-yaml", yaml, "--file-zip", archive)
        check(len(field.processed()) == 1 and field.on_server() == ["winter.yaml"], field.on_server())


def plain_ftp_needs_consent(scratch):
    with Field(scratch, UPLOAD__ftp_tls=False) as field:
        yaml, archive = field.package("winter")
        words = ["upload", "--file-yaml", yaml, "--file-zip", archive]
        refused = field.run(*words, expect=78)
        check("ftp_tls = true" in refused.stderr and "--insecure-ftp" in refused.stderr, refused)
        check(field.on_server() == [], field.on_server())
        field.run(*words, "--insecure-ftp")
        check(field.on_server() == ["winter.yaml", "winter.zip"], field.on_server())


def wrong_command_lines(scratch):
    with Field(scratch, ftp=False, trapper=False) as field:
        yaml, archive = field.package("winter")
        to = ("--to", f"file://{scratch}/outbox")
        check("pairs" in field.run("upload", "--file-yaml", yaml, *to, expect=2).stderr, "pairs")
        check("--data-path" in field.run("upload", expect=2).stderr, "nothing named")
        check("no folder" in field.run("upload", "--data-path", scratch / "none", *to, expect=1).stderr, "no folder")
        swapped = field.run("upload", "--file-yaml", archive, "--file-zip", yaml, *to, expect=1)
        check("--file-zip" in swapped.stderr or "definition" in swapped.stderr, swapped)
        missing = field.run("upload", "--file-yaml", yaml, "--file-zip", scratch / "none.zip", *to, expect=1)
        check("none.zip" in missing.stderr, missing)
        check("GENERAL.host" in field.run("upload", "--file-yaml", yaml, "--file-zip", archive, expect=78).stderr,
              "no destination")
        check(not (scratch / "outbox").exists(), "something was written")


def several_pairs(scratch):
    with Field(scratch, ftp=False, trapper=False) as field:
        words = []
        for name in ("one", "two"):
            yaml, archive = field.package(name, folder=scratch / name)
            words += ["--file-yaml", yaml, "--file-zip", archive]
        done = field.run("--json", "upload", *words, "--to", f"file://{scratch}/outbox")
        check([p["name"] for p in done.json["packages"]] == ["one", "two"], done)
        check(len(list((scratch / "outbox").iterdir())) == 4, "files")
        for name in ("one", "two"):
            check((scratch / name / ".trapkit/ledger.sqlite3").exists(), name)


def busy_ledger(scratch):
    """The second of two runs says who holds the ledger, and exits 75."""
    import fcntl
    with Field(scratch, ftp=False, trapper=False) as field:
        yaml, archive = field.package("winter")
        words = ["upload", "--file-yaml", yaml, "--file-zip", archive, "--to", f"file://{scratch}/outbox"]
        field.run(*words)
        with open(yaml.parent / ".trapkit/lock", "r+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            field.run(*words, expect=75)
        field.run(*words)


run_all([to_the_server_once, ledger_of_the_data_path, outbox_then_server, files_of_others_stay, settings_decide,
         plain_ftp_needs_consent, wrong_command_lines, several_pairs, busy_ledger], os.environ["SCRATCH"])
