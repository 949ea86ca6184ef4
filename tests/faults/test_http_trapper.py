#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""TRAPPER's API against the stand-in: logins, lists, exports, refusals, and the trigger that goes out once."""
import json
import os
import pathlib
import subprocess
import sys
import zipfile

ROOT = pathlib.Path(os.environ["ROOT"])
SCRATCH = pathlib.Path(os.environ["SCRATCH"])
CLIENT = os.path.join(os.environ["TRAPKIT_BUILD"], "unit/test_trapper")
TOKEN, PASSWORD = "token-marker-5150", "password-marker-5151"
EMAIL = "technician@example.org"
PROCESS = "/storage/api/collection/process/"
sys.path.insert(0, str(ROOT / "tests/servers"))
import trapper_server  # noqa: E402

failures = []
outputs = []


def check(name, condition, detail=""):
    print(("ok    " if condition else "FAIL  ") + name + ("" if condition else ": %s" % (detail,)), flush=True)
    if not condition:
        failures.append(name)


def ask(server, *words, **options):
    options = dict({"ca": server.ca_file, "token": TOKEN}, **options)
    command = [CLIENT, options.pop("url", server.url), *map(str, words)]
    for key, value in options.items():
        command += ["--" + key, str(value)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
    outputs.append(run.stdout + run.stderr)
    if run.returncode != 0:
        return {"result": None, "kind": "crash", "message": run.stderr}
    return json.loads(run.stdout)


def test_login(server):
    check("token", ask(server, "login")["result"] == 0)
    basic = {"token": "", "user": EMAIL, "password": PASSWORD}
    check("password", ask(server, "login", **basic)["result"] == 0)
    check("slash at the end of host", ask(server, "login", url=server.url + "/")["result"] == 0)
    reply = ask(server, "login", token="wrong")
    check("wrong token", reply["kind"] == "refused" and "GENERAL.token" in reply["message"], reply)
    reply = ask(server, "login", **dict(basic, password="wrong-" + PASSWORD))
    check("wrong password: asked once", reply["kind"] == "refused" and "GENERAL.password" in reply["message"]
          and len([r for r in server.requests if r["status"] == 401]) == 2, reply)
    server.fault("html")
    reply = ask(server, "login")
    check("web page instead of data", reply["kind"] == "network" and "web page" in reply["message"], reply)
    server.fault("cut")
    reply = ask(server, "login")
    check("cut JSON", reply["kind"] == "network", reply)
    server.fault("status", status=404, body="<h1>Not here</h1>")
    reply = ask(server, "login")
    check("404", reply["kind"] == "remote" and "Not here" in reply["message"] and "GENERAL.host" in reply["message"],
          reply)
    server.fault("status", status=403, body="<html><title>Blocked</title></html>")
    reply = ask(server, "login")
    check("403", reply["kind"] == "refused" and "Blocked" in reply["message"], reply)
    server.fault("status", status=503, times=0)
    reply = ask(server, "login", retries=1)
    check("503 after retries", reply["kind"] == "network" and "2 attempts" in reply["message"], reply)
    server.clear()
    server.fault("status", status=429, retry_after=5000)
    reply = ask(server, "login", retries=3)
    check("429 says how long", reply["kind"] == "network" and "1 h 23 min" in reply["message"], reply)


def test_lists(server):
    many = [{"pk": n, "name": "Project %d" % n, "acronym": "P%d" % n} for n in range(1, 451)]
    names = [p["name"] for p in many]
    server.world["research_projects"] = many
    for style in ("new", "old", "bare"):
        server.world["style"] = style
        reply = ask(server, "research")
        check("450 projects, %s envelope" % style, reply.get("items") == names, reply.get("message"))
    server.world.update(style="new", largest_page=70)
    check("a server with smaller pages", ask(server, "research").get("items") == names)
    server.world["largest_page"] = 500
    check("classification", ask(server, "classification").get("items") == ["Forest classification"])
    for form in ("csv", "gzip", "zip"):
        server.world["exports"] = form
        check("locations as " + form, ask(server, "locations").get("items") == ["32_01", "32_02"])
        check("deployments as " + form, ask(server, "deployments").get("items") == ["r1-32_01", "r1-32_02"])
    server.world["exports"] = "csv"
    server.fault("html", match="export")
    reply = ask(server, "locations")
    check("web page instead of a table", reply["kind"] == "network", reply)
    server.fault("short", match="export")
    check("short table, then whole", ask(server, "locations", retries=1).get("items") == ["32_01", "32_02"])


def write_package(server, name, deployment="r1-32_01"):
    folder = server.ftp_root / "collections"
    (folder / (name + ".yaml")).write_text("""collections:
- name: winter
  project_id: 7
  timezone: Europe/Warsaw
  timezone_ignore_dst: false
  resources_dir: winter
  deployments:
  - deployment_id: %s
    resources:
    - name: a.jpg
      file: a.jpg
      date_recorded: 2024-07-01T09:00:00+0000
      mime_type: image/jpeg
      file_width: 1
      file_height: 1
      file_size: 3
      file_fps: null
      file_duration: null
""" % deployment)
    with zipfile.ZipFile(folder / (name + ".zip"), "w") as archive:
        archive.writestr("winter/%s/a.jpg" % deployment, "abc")


def triggers(server):
    return len([r for r in server.requests if r["path"] == PROCESS])


def test_process(server):
    write_package(server, "p")
    send = ("process", "p.yaml", "p.zip", 0)
    reply = ask(server, *send)
    check("processed", reply["result"] == 0 and "being processed" in reply["answer"]
          and server.resource_count("winter") == 1, reply)
    reply = ask(server, "collections", "winter")
    check("collection found by name", reply.get("items") and len(reply["items"]) == 1, reply)
    pk = reply["items"][0]
    check("part of a name is no match", ask(server, "collections", "wint").get("items") == [])
    check("resources counted", ask(server, "resources", pk).get("count") == 1)
    server.fault("lose", match=PROCESS)
    server.clear_requests()
    reply = ask(server, "login-process", *send[1:], retries=3)
    check("lost answer after a login on the same connection: one request, may have been sent",
          reply["result"] == -1 and reply["maybe_sent"] and reply["kind"] == "network" and triggers(server) == 1
          and server.resource_count("winter") == 2, (reply, server.requests))
    for status in (500, 502, 504):
        server.clear()
        server.fault("status", status=status, match=PROCESS)
        reply = ask(server, *send, retries=3)
        check("%d: one request, may have been done" % status, reply["maybe_sent"] and reply["kind"] == "network"
              and triggers(server) == 1, reply)
    for status, kind in ((400, "remote"), (401, "refused"), (403, "refused"), (404, "remote"), (429, "network")):
        server.clear()
        server.fault("status", status=status, match=PROCESS)
        reply = ask(server, *send, retries=3)
        check("%d: one request, not done" % status, not reply["maybe_sent"] and reply["kind"] == kind
              and triggers(server) == 1, reply)
    server.clear()
    server.fault("redirect", match=PROCESS)
    reply = ask(server, *send)
    check("redirect: not followed", reply["kind"] == "remote" and not reply["maybe_sent"]
          and len(server.requests) == 1, reply)
    server.clear()
    server.fault("html", match=PROCESS)
    reply = ask(server, *send)
    check("web page: may have been sent", reply["maybe_sent"] and reply["kind"] == "network", reply)
    write_package(server, "q", deployment="R1-32_01")
    reply = ask(server, "process", "q.yaml", "q.zip", 0)
    check("the server's words", reply["kind"] == "remote" and not reply["maybe_sent"]
          and "Deployment R1-32_01 does not exist." in reply["message"], reply)
    reply = ask(server, "process", "p.yaml", "none.zip", 0)
    check("missing file", reply["kind"] == "remote" and "none.zip" in reply["message"], reply)
    reply = ask(server, "process", "p.yaml", "p.zip", 1)
    check("remove_zip", reply["result"] == 0 and not (server.ftp_root / "collections/p.zip").exists(), reply)
    check("resources doubled by repeats", server.resource_count("winter") == 3)


def main():
    world = dict(users=[{"email": EMAIL, "username": "technician", "password": PASSWORD, "token": TOKEN}])
    with trapper_server.TrapperServer(SCRATCH, world=world) as server:
        for test in (test_login, test_lists, test_process):
            server.clear()
            test(server)
        log = server.log_file.read_text()
    check("no secret in any output or log", outputs and not any(s in text for text in outputs + [log]
                                                               for s in (TOKEN, PASSWORD)))
    print("%d failed" % len(failures))
    return 1 if failures else 0


sys.exit(main())
