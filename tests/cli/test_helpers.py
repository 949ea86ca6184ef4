#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""trapkit helpers: the tutorial's names, the connection test with each thing wrong in turn, tables, no secrets."""
import csv
import io
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(os.environ["ROOT"]) / "tests/servers"))
from field import PASSWORD, Field, check, run_all  # noqa: E402

TOKEN = "token-marker-8128"
WORLD = {"users": [{"email": "technician@example.org", "username": "technician", "password": PASSWORD,
                    "token": TOKEN}]}


def statuses(result):
    return {c["name"]: c["status"] for c in result.json["checks"]}


def message(result, name):
    return next(c["message"] for c in result.json["checks"] if c["name"] == name)


def external_tools(scratch):
    with Field(scratch, ftp=False, trapper=False) as field:
        for name in ("test_external_tools", "test-external-tools", "tet"):
            done = field.run("--json", "helpers", name)
            found = {t["name"]: t for t in done.json["tools"]}
            check(done.json["schema"] == "trapkit/helpers-test_external_tools/1", done)
            check(all(found[n]["status"] == "ok" for n in ("OpenSSL", "libcurl", "libzip", "SQLite", "time zones")),
                  done)
            check(found["model runtime"]["status"] in ("ok", "absent"), done)
        broken = field.run("helpers", "test_external_tools", expect=69, TZDIR=str(scratch / "none"))
        check("apt install tzdata" in broken.stdout, broken)
        linked = field.scratch / "trapper-tools"
        linked.symlink_to(os.environ["TRAPKIT"])
        check("libcurl" in field.run("helpers", "test_external_tools", program=str(linked)).stdout, "as trapper-tools")


def connection_good(scratch):
    with Field(scratch, world=WORLD) as field:
        before = field.on_server()
        done = field.run("helpers", "test_connection")
        lines = done.stdout.splitlines()
        check(len(lines) == 5 and all(line.startswith("ok ") for line in lines), done)
        check("Forest survey" in done.stdout and "TLSv1." in done.stdout, done)
        check(field.on_server() == before, "the probe file stays")
        check(statuses(field.run("--json", "helpers", "test-connection", "-n"))["upload login"] == "skipped", "dry run")
        classified = field.run("--json", "helpers", "tc", "--project-id", "7")
        check("classification project" in message(classified, "project"), classified)
        field.write_settings(GENERAL__token=TOKEN)
        check("the token" in message(field.run("--json", "helpers", "tc"), "TRAPPER login"), "token")
        outbox = field.run("--json", "helpers", "tc", "--to", f"file://{scratch}/outbox")
        check(statuses(outbox)["upload folder"] == "ok" and not list((scratch / "outbox").iterdir()), outbox)


def connection_bad(scratch):
    """One thing wrong at a time: that line says so, the others go on. The outbox saves logins, which are slow."""
    elsewhere = ("--to", f"file://{scratch}/outbox")
    with Field(scratch, world=WORLD) as field:
        field.write_settings(GENERAL__password="wrong", UPLOAD__ftp_password=PASSWORD)
        done = field.run("--json", "helpers", "test_connection", expect=77)
        check(statuses(done) == {"TRAPPER login": "FAILED", "project": "skipped", "upload login": "ok",
                                 "TLS certificate": "ok", "upload folder": "ok"}, done)
        check("GENERAL.password" in message(done, "TRAPPER login"), done)
        check(done.json["error"]["kind"] == "refused", done)
        field.write_settings(UPLOAD__ftp_password="wrong")
        done = field.run("--json", "helpers", "test_connection", expect=77)
        check(statuses(done)["TRAPPER login"] == "ok" and statuses(done)["upload login"] == "FAILED", done)
        field.write_settings(GENERAL__project_id=999)
        done = field.run("--json", "helpers", "test_connection", *elsewhere, expect=78)
        check("research_projects" in message(done, "project"), done)
        field.write_settings(GENERAL__ca_file=None)
        done = field.run("--json", "helpers", "test_connection", *elsewhere, expect=77)
        check("ca_file" in message(done, "TRAPPER login"), done)
        field.write_settings(UPLOAD__ca_file=None)
        done = field.run("--json", "helpers", "test_connection", expect=77)
        check("pin_sha256" in message(done, "upload login"), done)
        field.write_settings(UPLOAD__ftp_tls=False)
        done = field.run("--json", "helpers", "test_connection", expect=78)
        check("ftp_tls = true" in message(done, "upload login"), done)
        check(statuses(field.run("--json", "helpers", "tc", "--insecure-ftp", expect=None))["TRAPPER login"] == "ok",
              "consent")
        field.write_settings(GENERAL__host="http://trapper.example.org")
        done = field.run("--json", "helpers", "test_connection", *elsewhere, expect=78)
        check("unencrypted" in message(done, "TRAPPER login"), done)
        field.write_settings(GENERAL__retries=0)
        field.trapper.fault("status", status=503, times=0)
        field.run("--json", "helpers", "test_connection", *elsewhere, expect=75)
        field.trapper.clear()


def the_password_goes_nowhere_else(scratch):
    """--to another host: TRAPPER's password is not tried there."""
    with Field(scratch, world=WORLD) as field:
        there = f"ftps://technician@127.0.0.1:{field.ftp.port}/collections"
        done = field.run("--json", "helpers", "test_connection", "--to", there, expect=78)
        check("UPLOAD.ftp_password" in message(done, "upload login"), done)
        field.run("--json", "helpers", "test_connection", "--to", there.replace("127.0.0.1", "localhost"))


def tables(scratch):
    with Field(scratch, ftp=False, world=WORLD) as field:
        done = field.run("helpers", "research_projects")
        check("Forest survey" in done.stdout and "FORS" in done.stdout, done)
        done = field.run("--json", "helpers", "research-projects")
        check(done.json["projects"][0]["pk"] == 5 and done.json["projects"][0]["acronym"] == "FORS", done)
        done = field.run("--json", "helpers", "classification_projects")
        check(done.json["projects"][0]["pk"] == 7, done)
        done = field.run("--json", "helpers", "locations")
        check(done.json["locations"][0] == {"id": "32_01", "longitude": 23.5, "latitude": 52.7,
                                            "timezone": "Europe/Warsaw", "ignore_dst": False,
                                            "research_project": "5"}, done)
        done = field.run("helpers", "locations", "--csv", "--research-project", "5")
        rows = list(csv.DictReader(io.StringIO(done.stdout)))
        check([r["locationID"] for r in rows] == ["32_01", "32_02"] and rows[0]["longitude"] == "23.5", done)
        check("research_project=5" in field.trapper.requests[-1]["path"], field.trapper.requests[-1])
        done = field.run("helpers", "deployments", "--csv")
        rows = list(csv.DictReader(io.StringIO(done.stdout)))
        check([r["deploymentID"] for r in rows] == ["r1-32_01", "r1-32_02"], done)
        check(not field.run("--json", "helpers", "deployments", "--research-project", "6").json["deployments"], "none")
        field.run("helpers", "deployments", "--research-project", "0", expect=2)


def no_secret_is_shown(scratch):
    """Field.run() fails on the password in any output; here the token, the log and `ps` as well."""
    with Field(scratch, world=WORLD, GENERAL__token=TOKEN) as field:
        log = scratch / "log.txt"
        for fault in ("status", "empty", "short", "html", "redirect"):
            field.trapper.fault(fault, status=302 if fault == "redirect" else 500, times=2)
            for words in (["research_projects"], ["test_connection", "--to", f"file://{scratch}/outbox"]):
                done = field.run("-vv", "--logfile", log, "helpers", *words, expect=None)
                check(TOKEN not in done.stdout + done.stderr, done)
        field.run("-vv", "--logfile", log, "helpers", "test_connection")
        text = log.read_text()
        check(TOKEN not in text and PASSWORD not in text and text, "a secret is in the log")
        check([r["auth"] for r in field.trapper.requests if r["foreign"]] == [None] * len(
            [r for r in field.trapper.requests if r["foreign"]]), "a secret went to another host")
        check(any(r["foreign"] for r in field.trapper.requests), "no redirect was followed")


run_all([external_tools, connection_good, connection_bad, the_password_goes_nowhere_else, tables, no_secret_is_shown],
        os.environ["SCRATCH"])
