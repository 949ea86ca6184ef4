#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Three who use trapkit: the technician with a messy card, cron at night, and a CI system."""
import fcntl
import json
import os
import pathlib
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(os.environ["ROOT"]) / "tests/servers"))
from field import JPEG, ROOT, Field, check, run_all, tree  # noqa: E402
from make_card import make_card  # noqa: E402

WORLD = {"deployments": [{"deploymentID": f"r0001-loc0{d}_01", "locationID": f"32_0{d}", "project": 5} for d in (1, 2)]}
STATUSES = {"input": 1, "usage": 2, "unavailable": 69, "network": 75, "busy": 75, "refused": 77, "settings": 78}


def told_before_hours_of_work(scratch):
    """A folder that is no deployment is told before anything is converted; an empty one is no obstacle."""
    with Field(scratch, world=WORLD, PACKAGE__timezone=None) as field:
        make_card(field.data, deployments=2, images=2)
        (field.data / "R0001/R0001-LOC02_01").rename(field.data / "R0001/R0001-LOC03_01")
        (field.data / "R0001/New folder").mkdir()
        words = ["pipeline", "--data-path", field.data, "--convert", "--resize", "64x64", "--trigger"]
        refused = field.run("--json", *words, expect=1)
        check("'r0001-loc03_01' is not on the server; is 'r0001-loc0" in refused.json["error"]["message"] and
              "trapkit template" in refused.json["error"]["message"], refused)
        check("convert" not in refused.json and not (field.data / ".trapkit/renditions").exists(), refused)
        # The only one that is known is gone, too: the zone, which its location would tell, is not what is missing.
        (field.data / "R0001/R0001-LOC01_01").rename(field.data / "R0001/R0001-LOC04_01")
        refused = field.run("--json", *words, expect=1)
        check(len(refused.json["package"]["findings"]) == 2 and "2 deployments" in refused.json["error"]["message"], refused)
        for name in (1, 2):
            (field.data / f"R0001/R0001-LOC0{5 - name}_01").rename(field.data / f"R0001/R0001-LOC0{name}_01")
        done = field.run(*words)
        check("R0001/New folder: the folder is empty" in done.stderr, done)
        check(field.trapper.resource_count("R0001") == 6 and len(field.processed()) == 1, done)


def the_same_order_in_one_file(scratch):
    """Where both streams go into one file, as cron's mail and CI's log do, all stands in the order in which it was said."""
    with Field(scratch, ftp=False, trapper=False) as field:
        make_card(field.data, deployments=1, images=1)
        words = ("convert", "--data-path", field.data, "--resize", "64x64", "--output-path", scratch / "out")
        field.run(*words)
        next(field.data.rglob("*.JPG")).write_bytes(JPEG)
        done = subprocess.run(field.command(*words), env=field.environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, check=False)
        made, failed = done.stdout.find("Made "), done.stdout.find("could not be converted")
        check(done.returncode == 1 and 0 <= made < failed, done)


def cron(scratch):
    """Silent while all is well; otherwise a mail that names what to look at, and a status that says when to come back."""
    with Field(scratch, world=WORLD) as field:
        files = make_card(field.data, deployments=2, images=3)
        words = ["pipeline", "--data-path", field.data, "--trigger", "-q"]
        for _ in range(2):
            done = field.run(*words)
            check(done.stdout + done.stderr == "", done)
        check(field.trapper.resource_count("R0001") == len(files), field.trapper.collections)
        # One that cannot be read stops nobody: the others go, and the mail names it.
        folder = field.data / "R0001/R0001-LOC01_01"
        (folder / "NEW_1.JPG").write_bytes((folder / "IMG_0001.JPG").read_bytes() + b"1")
        (folder / "NEW_2.JPG").symlink_to("nowhere")
        (folder / "NEW_3\udcff.JPG").write_bytes((folder / "IMG_0001.JPG").read_bytes() + b"3")
        done = field.run(*words, expect=1)
        check(done.stdout == "" and "NEW_2.JPG: " in done.stderr and "NEW_3\\xFF.JPG: " in done.stderr and "\033" not in done.stderr, done)
        check(field.trapper.resource_count("R0001") == len(files) + 1, field.trapper.collections)
        for name in ("NEW_2.JPG", "NEW_3\udcff.JPG"):
            (folder / name).unlink()
        with open(field.data / ".trapkit/lock", "r+", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            done = field.run(*words, expect=75)
            check("is in use by pid" in done.stderr and "--wait-lock" in done.stderr and done.stdout == "", done)
        (folder / "NEW_4.JPG").write_bytes((folder / "IMG_0001.JPG").read_bytes() + b"4")
        field.ftp.stop()
        done = field.run(*words, "--retries", "0", expect=75)
        check(done.stdout == "" and "localhost" in done.stderr, done)
        field.ftp.start()
        done = field.run(*words, expect=77, UPLOAD__FTP_PASSWORD="wrong")
        check("UPLOAD.ftp_password" in done.stderr, done)
        check(field.run(*words, expect=0).stderr == "", "the next night")


def documented():
    """{schema: its members} as trapkit-ci(7) lists them."""
    found, schema = {}, None
    for line in (ROOT / "man/trapkit-ci.7").read_text("utf-8").splitlines():
        if line.startswith(".It trapkit/"):
            schema = line[4:]
            found[schema] = set()
        elif line.startswith(".Ss"):
            schema = None
        elif schema and line.startswith(".Li "):
            found[schema] |= set(line[4:].split()) - set(",;:.")
    return found


def check_members(pages, schema, document):
    """Each member of the document, and of what is listed in it, is one that the page has."""
    for name, value in document.items():
        check(name in pages[schema], f"trapkit-ci(7) has no {name} in {schema}")
        if schema == "trapkit/pipeline/1" and name != "survey":
            check_members(pages, f"trapkit/{name}/1", value)
            continue
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, dict):
                check(set(item) <= pages[schema], f"trapkit-ci(7), {schema}, {name}: {set(item) - pages[schema]}")


def continuous_integration(scratch):
    """One JSON document whatever happens, no colour and nothing drawn in a log, and the status of the document."""
    with Field(scratch, world=WORLD) as field:
        make_card(field.data, deployments=2, images=2)
        data = ("--data-path", field.data)
        cases = [(("pipeline", *data), 0), (("pipeline",), 2), (("pipeline", "--dat-path", "x"), 2),
                 (("package", *data, "--config", scratch / "none.toml"), 78), (("pipeline", "--data-path", scratch / "none"), 1),
                 (("template", *data), 0), (("report", *data), 0), (("profile", "check", field.data), 3),
                 (("validate", scratch / "none.zip"), 1), (("export", "7000"), 1), (("upload", *data), 0),
                 (("helpers", "test_connection"), 0), (("config", "check"), 0), (("traplinked-sync",), 78),
                 (("helpers", "deployments"), 0), (("helpers", "locations"), 0), (("helpers", "research_projects"), 0),
                 (("helpers", "test_external_tools"), 0), (("convert", *data), 0), (("package", *data, "--again"), 0),
                 (("upload", *data), 0), (("validate", field.data / "none.yaml"), 1)]
        pages = documented()
        for words, status in cases:
            done = field.run("--json", *words, expect=status, CI="true")
            told = done.json
            check(told["exit"] == status and told["ok"] == (status == 0) and told["schema"] ==
                  "trapkit/" + "-".join(w for w in words[:1 + (words[0] in ("profile", "helpers", "config"))]) + "/1", done)
            check((told["error"] is None) == (status in (0, 3)) and (told["error"] is None or (
                STATUSES.get(told["error"]["kind"], 1) == status and told["error"]["message"] in done.stderr)), done)
            members = {k: v for k, v in told.items() if k not in ("schema", "ok", "exit", "error")}
            check(not members or told["schema"] == "trapkit/traplinked-sync/1" or told["schema"] in pages, told["schema"])
            if told["schema"] in pages:
                check_members(pages, told["schema"], members)
            check(not re.search(r"[\033\r]|\[#* *\]", done.stderr), done)
        before = {path: what[:2] for path, what in tree(field.data).items()}
        for words in (("pipeline", *data), ("convert", *data), ("report", *data, "--overwrite")):
            field.run("--json", "--dry-run", *words)
        check({path: what[:2] for path, what in tree(field.data).items()} == before, "a dry run changed something")
        events = field.run("convert", *data, "--resize", "64x64", "--progress=json").stderr.splitlines()
        check(events and all("event" in json.loads(line) for line in events), events)


if __name__ == "__main__":
    run_all([told_before_hours_of_work, the_same_order_in_one_file, cron, continuous_integration], os.environ["SCRATCH"])
