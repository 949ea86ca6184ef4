#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""trapkit export PROJECT against the stand-in: every parameter, both routes, one-time addresses, resume by range, whole or nothing."""
import gzip
import os
import pathlib
import signal
import sys
import time
import zipfile

sys.path.insert(0, str(pathlib.Path(os.environ["ROOT"]) / "tests/servers"))
from field import Field, check, run_all, tree, wait_for  # noqa: E402
from camtrap_package import COLUMNS, JPEG, trapper_export, zip_bytes  # noqa: E402

TOKEN = "0123456789abcdef"
DOWNLOAD = "/storage/packages/download/"


def large(size):
    return zip_bytes(dict(trapper_export(), **{"extra.bin": os.urandom(size)}), method=zipfile.ZIP_STORED)


# Larger than what the sockets hold, so that a break comes in the middle.
LARGE = large(3_000_000)


def field(scratch, **world):
    return Field(scratch, ftp=False, world=world, GENERAL__project_id=None)


def downloads(here):
    return [r for r in here.trapper.requests if r["path"].startswith(DOWNLOAD)]


def questions(here):
    return [r for r in here.trapper.requests if "/package/" in r["path"]]


def visible(here):
    return sorted(p.name for p in here.scratch.iterdir() if p.name.endswith(".zip") or p.name.startswith(".trapkit"))


def fetches(scratch):
    with field(scratch) as here:
        done = here.run("export", "7", "--json")
        check(visible(here) == ["package_7_1.zip"], f"the server's name, nothing else: {visible(here)}")
        check((here.scratch / "package_7_1.zip").read_bytes() == here.trapper.package, "the same bytes")
        check(done.json["project"] == 7 and done.json["output"] == "package_7_1.zip" and done.json["bytes"] == len(here.trapper.package)
              and done.json["packages"][0]["rows"] == {"deployments": 2, "media": 3, "observations": 3}
              and done.json["counts"]["error"] == 0 and done.json["server_said"].startswith("Package successfully"), done)
        done = here.run("export", "7", expect=1)
        check("exists already" in done.stderr and "--overwrite" in done.stderr, done)
        here.run("export", "7", "--overwrite")
        count = len(questions(here))
        here.run("export", "7", "--output", "package_7_1.zip", expect=1)
        check(len(questions(here)) == count, "a named file that is there: nothing is asked")
        (here.scratch / "there").mkdir()
        here.run("export", "7", "--output", "there")
        here.run("export", "7", "--output", "mine.zip", "--no-verify")
        check((here.scratch / "there/package_7_1.zip").exists() and (here.scratch / "mine.zip").exists(), "named outputs")
        done = here.run("export", "7", "--output", "gone/mine.zip", expect=1)
        check("there is no folder 'gone' for --output" in done.stderr, done)


def logs_in(scratch):
    with field(scratch, one_time=False) as here:
        here.run("export", "7", "--output", "a.zip")
        check({r["auth"] for r in here.trapper.requests} == {"Basic"}, "password, for the download too")
        here.run("export", "7", "--output", "b.zip", GENERAL__TOKEN=TOKEN)
        check({r["auth"] for r in here.trapper.requests[2:]} == {"Token"}, "token")
        done = here.run("export", "7", "--output", "c.zip", expect=77, GENERAL__TOKEN="wrong")
        check("GENERAL.token" in done.stderr and "Invalid token" in done.stderr and TOKEN not in done.stderr, done)
        here.trapper.world["address"] = "path"
        here.run("export", "7", "--output", "d.zip")
        here.trapper.world["address"] = "http"
        here.run("export", "7", "--output", "e.zip")
        check(all(r["auth_ok"] for r in downloads(here)), "an address without https is the server's own")
        here.trapper.fault("redirect", match=DOWNLOAD, location="foreign")
        here.run("export", "7", "--output", "f.zip", expect=1)
        check([r["auth"] for r in here.trapper.requests if r["foreign"]] == [None], "nothing secret goes to another server")


def asks_for_everything(scratch):
    with field(scratch) as here:
        here.run("export", "7", "--output", "a.zip")
        contents = {"export_format": ["camtrapdp"], "export_filetype": ["csv.gz"], "approved_only": ["true"], "exclude_blank": ["false"],
                    "all_deployments": ["true"], "include_events": ["false"], "trapper_url_token": ["true"],
                    "private_human": ["true"], "private_vehicle": ["true"], "version": ["1.0"]}
        check(here.trapper.package_queries == [contents], here.trapper.package_queries)
        here.run("export", "7", "--output", "b.zip", "--clear-cache", "--release", "--export-filetype", "csv", "--no-approved-only",
                 "--exclude-blank", "--filter-deployments", "r1-32_01,r1-32_02", "--include-events", "--events-count-var", "countNew",
                 "--no-private-human", "--no-private-vehicle", "--private-species", "Lynx lynx", "--private-species", "Canis lupus",
                 "--no-trapper-url-token", "--name", "winter", "--version-id", "2.0", "--title", "Wölfe & Luchse = 1",
                 "--description", "a b", "--keywords", "lynx,wolf", "--licenses", "CC0-1.0,CC-BY-4.0")
        check(here.trapper.package_queries[1] == {
            "clear_cache": ["true"], "release": ["true"], "export_format": ["camtrapdp"], "export_filetype": ["csv"],
            "approved_only": ["false"], "exclude_blank": ["true"], "all_deployments": ["false"],
            "filter_deployments": ["r1-32_01,r1-32_02"], "include_events": ["true"], "events_count_var": ["countNew"],
            "private_human": ["false"], "private_vehicle": ["false"], "private_species": ["Lynx lynx", "Canis lupus"],
            "trapper_url_token": ["false"], "name": ["winter"], "version": ["2.0"], "title": ["Wölfe & Luchse = 1"],
            "description": ["a b"], "keywords": ["lynx,wolf"], "licenses": ["CC0-1.0,CC-BY-4.0"]}, here.trapper.package_queries[1])
        here.run("export", "7", "--output", "c.zip", "--get-released")
        check((here.scratch / "c.zip").read_bytes() == (here.scratch / "b.zip").read_bytes(), "what was released")
        count = len(here.trapper.requests)
        done = here.run("export", "7", "--dry-run", "--output", "d.zip", "--title", "x y")
        check("title=x%20y" in done.stdout and "d.zip" in done.stdout and len(here.trapper.requests) == count
              and not (here.scratch / "d.zip").exists(), done)
        here.run("export", expect=2)
        here.run("export", "seven", expect=2)
        here.run("export", "7", "--local", expect=2)
        here.run("export", "7", "--release", "--get-released", expect=2)


def takes_both_routes(scratch):
    with field(scratch) as here:
        for routes in WORLD_ROUTES:
            here.trapper.world["package_routes"] = [routes]
            here.run("export", "7", "--output", "a.zip", "--overwrite")
        here.trapper.world["package_routes"] = []
        done = here.run("export", "7", "--output", "a.zip", "--overwrite", expect=1)
        check("helpers classification_projects" in done.stderr, done)


WORLD_ROUTES = ["/api/media-classifications/package/", "/media_classification/api/package/"]


def says_what_the_server_says(scratch):
    with field(scratch, forbidden_projects=[8], classification_projects=[{"pk": 7}, {"pk": 8}]) as here:
        done = here.run("export", "9", expect=1)
        check("knows no classification project 9" in done.stderr and "No ClassificationProject matches" in done.stderr, done)
        done = here.run("export", "8", expect=77)
        check("You do not have permission" in done.stderr and "may not see classification project 8" in done.stderr, done)
        done = here.run("export", "7", "--export-format", "trapper", expect=1)
        check("export_format must be 'camtrapdp'" in done.stderr, done)
        body = {"data": {"message": "Package generation failed", "errors": "Deployment x has no location.", "package": None}}
        for status in 200, 400:
            here.trapper.fault("status", match="/package/", status=status, body=body)
            done = here.run("export", "7", expect=1)
            check("Deployment x has no location." in done.stderr, done)
        here.trapper.fault("status", match="/package/", status=429, retry_after=3600)
        done = here.run("export", "7", expect=75)
        check("1 h" in done.stderr, done)
        here.trapper.fault("status", match="/package/", status=500, times=0)
        check("500" in here.run("export", "7", expect=75).stderr, "500 stays")
        here.trapper.clear()
        here.trapper.fault("html", match="/package/", times=0)
        check("web page" in here.run("export", "7", expect=75).stderr, "a sign-in page")
        here.trapper.clear()
        here.trapper.fault("status", match=DOWNLOAD, status=500, times=0)
        here.run("export", "7", expect=75)
        here.trapper.clear()
        check(visible(here) == [], f"nothing is left: {visible(here)}")
        here.run("export", "7")


def waits_for_the_server(scratch):
    """F37: a proxy gives up on the first request, but the server goes on: the second must not throw its work away."""
    with field(scratch) as here:
        here.trapper.fault("stall", match="/package/", seconds=2.5)
        here.run("export", "7", "--output", "a.zip", "--timeout", "1")
        check(len(questions(here)) == 1, "silence for longer than --timeout")
        here.trapper.fault("stall", match="/package/", seconds=30, times=2)
        done = here.run("export", "7", "--output", "b.zip", "--timeout", "1", "--build-timeout", "1", expect=75)
        check("sent nothing for 1 s" in done.stderr and "--build-timeout" in done.stderr and "--filter-deployments" in done.stderr, done)
        here.trapper.clear()
        here.trapper.fault("status", match="/package/", status=504)
        here.run("export", "7", "--output", "b.zip", "--clear-cache")
        check("clear_cache" in questions(here)[0]["path"] and "clear_cache" not in questions(here)[1]["path"], questions(here))
        here.trapper.clear()
        here.trapper.fault("lose", match="/package/", times=0)
        done = here.run("export", "7", "--output", "c.zip", "--release", expect=75)
        check(len(questions(here)) == 1 and "--get-released" in done.stderr, "a release is asked for once")


def resumes(scratch):
    with field(scratch) as here:
        here.trapper.package = LARGE
        here.trapper.fault("break", match=DOWNLOAD, after=1_000_000)
        here.trapper.fault("break", match=DOWNLOAD, after=500_000)
        here.trapper.world["one_time"] = False
        done = here.run("export", "7", "--output", "a.zip", "--json")
        ranges = [r["range"] for r in downloads(here)]
        check(len(ranges) == 3 and ranges[0] is None and all(r["status"] for r in downloads(here)), ranges)
        starts = [int(r[6:-1]) for r in ranges[1:]]
        check(0 < starts[0] <= 1_000_000 < starts[1] <= 1_500_000 and all(r["if_range"] for r in downloads(here)[1:]), ranges)
        check((here.scratch / "a.zip").read_bytes() == LARGE and done.json["resumed_at"] == 0, "whole")
        # The address is used up with the first request: a new one, and the rest from there.
        here.trapper.world["one_time"] = True
        here.trapper.clear()
        here.trapper.fault("break", match=DOWNLOAD, after=1_000_000)
        here.run("export", "7", "--output", "b.zip")
        check([r["status"] for r in downloads(here)] == [200, 403, 206] and len(questions(here)) == 2, downloads(here))
        check((here.scratch / "b.zip").read_bytes() == LARGE, "whole from two addresses")


def goes_on_where_it_was(scratch):
    with field(scratch) as here:
        here.trapper.package = LARGE
        here.trapper.fault("break", match=DOWNLOAD, after=1_000_000)
        here.trapper.fault("status", match=DOWNLOAD, status=503, times=0)
        done = here.run("export", "7", "--output", "a.zip", "--clear-cache", "--retries", "0", expect=75)
        check("MB of the package are here, and the same command goes on from there" in done.stderr, done)
        check(visible(here) == [".trapkit-export-7.json", ".trapkit-export-7.part"], visible(here))
        here.trapper.clear()
        done = here.run("export", "7", "--output", "a.zip", "--clear-cache", "--json")
        check("clear_cache" not in questions(here)[0]["path"], "the package that was made anew is the one to go on with")
        check(500_000 < done.json["resumed_at"] <= 1_000_000 and downloads(here)[0]["status"] == 206, done)
        check(visible(here) == ["a.zip"] and (here.scratch / "a.zip").read_bytes() == LARGE, "whole in two runs")
        # Another request is another package.
        for change in ("--exclude-blank",), ():
            here.trapper.clear()
            here.trapper.fault("break", match=DOWNLOAD, after=1_000_000)
            here.trapper.fault("status", match=DOWNLOAD, status=503, times=0)
            here.run("export", "7", "--output", "b.zip", "--overwrite", "--retries", "0", expect=75)
            here.trapper.clear()
            if not change:   # made anew in between: the tag differs
                here.trapper.package = large(2_000_000)
                here.trapper.packages = {key: here.trapper.package for key in here.trapper.packages}
            done = here.run("export", "7", "--output", "b.zip", "--overwrite", "--json", *change)
            check(done.json["resumed_at"] == 0 and downloads(here)[0]["status"] == 200, done)
            check((here.scratch / "b.zip").read_bytes() == here.trapper.package, "all of it anew")


def joins_only_what_belongs_together(scratch):
    """Without a tag the number of bytes must do, and the checks at the end."""
    for number, (etag, ranges) in enumerate([("none", True), ("weak", True), ("strong", False), ("none", False)]):
        with field(scratch / str(number), etag=etag, ranges=ranges, one_time=False) as here:
            here.trapper.package = LARGE
            here.trapper.fault("break", match=DOWNLOAD, after=2_000_000)
            here.run("export", "7", "--output", "a.zip")
            check((here.scratch / "a.zip").read_bytes() == LARGE, f"{etag} {ranges}")
            check([r["status"] for r in downloads(here)] == [200, 206 if ranges else 200], downloads(here))
            # The package changes under the same address, and only its contents tell.
            if etag == "strong":
                continue
            here.trapper.fault("break", match=DOWNLOAD, after=2_000_000)
            here.trapper.fault("status", match=DOWNLOAD, status=503, times=1)
            here.run("export", "7", "--output", "b.zip", "--retries", "0", expect=75)
            other = large(3_000_000)
            check(len(other) == len(LARGE), "of the same size")
            here.trapper.packages = {key: other for key in here.trapper.packages}
            here.run("export", "7", "--output", "b.zip")
            check((here.scratch / "b.zip").read_bytes() == other, f"{etag} {ranges}: all of it from one package")


def refuses_what_is_not_whole(scratch):
    with field(scratch) as here:
        good = trapper_export()
        hostile = {"cut": here.trapper.package[:-40], "no ZIP": b"hello", "empty": b"", "bomb": b"",
                   "no descriptor": zip_bytes({k: v for k, v in good.items() if k != "datapackage.json"}),
                   "no table": zip_bytes({k: v for k, v in good.items() if not k.startswith("media")}),
                   "leads out": zip_bytes(dict(good, **{"../evil": b"x"})),
                   "CRC": zip_bytes(good, method=zipfile.ZIP_STORED).replace(b'"title": "P"', b'"title": "Q"')}
        del hostile["bomb"]
        for name, data in hostile.items():
            here.trapper.package = data
            for options in (), ("--extract",):
                done = here.run("export", "7", "--clear-cache", "--output", "a", *options, expect=1)
                check("--clear-cache" in done.stderr, f"{name}: {done}")
                left = [p.name for p in here.scratch.iterdir() if p.name.startswith((".", "a", "evil"))]
                check(left == [], f"{name}: {left}")
        here.trapper.package = zip_bytes(dict(trapper_export(own_columns=True)))
        done = here.run("export", "7", "--clear-cache", "--output", "own.zip", "--json", expect=3)
        check({f["rule"] for f in done.json["findings"] if f["severity"] == "error"} == {"T03"}, done)
        check("validate" in done.stderr and (here.scratch / "own.zip").exists(), done)
        here.run("export", "7", "--output", "own.zip", "--overwrite", "--no-verify")


def extracts(scratch):
    with field(scratch) as here:
        here.run("export", "7", "--extract")
        folder = here.scratch / "package_7_1"
        check(sorted(p.name for p in folder.iterdir()) == ["datapackage.json", "deployments.csv.gz", "media.csv.gz",
                                                           "observations.csv.gz"], tree(folder))
        check({n: (folder / n).read_bytes() for n in os.listdir(folder)} == trapper_export(), "the files' bytes")
        check(visible(here) == [], visible(here))
        check("exists already" in here.run("export", "7", "--extract", expect=1).stderr, "it is there")
        here.trapper.package = zip_bytes(dict(trapper_export(), **{"media/x/1.jpg": JPEG}), top="inner/")
        here.run("export", "7", "--extract", "--clear-cache", "--output", "package_7_1", "--overwrite")
        check((folder / "media/x/1.jpg").read_bytes() == JPEG, "the folder around all of it is left away")
        (folder / "notes.txt").write_text("mine")
        done = here.run("export", "7", "--extract", "--output", "package_7_1", "--overwrite", expect=1)
        check("notes.txt" in done.stderr and (folder / "notes.txt").read_text() == "mine" and (folder / "media").is_dir(), done)
        here.run("validate", "package_7_1")


def explains_the_empty_package(scratch):
    with field(scratch) as here:
        files = trapper_export()
        for table in "media", "observations":
            files[table + ".csv.gz"] = gzip.compress((",".join(COLUMNS[table]) + "\n").encode())
        here.trapper.package = zip_bytes(files)
        done = here.run("export", "7", expect=None)
        check(done.status == 0 and "holds no media" in done.stderr and "approved" in done.stderr, done)


def is_stopped_and_alone(scratch):
    for stop, status in (signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -signal.SIGKILL):
        with field(scratch / stop.name) as here:
            here.trapper.package = LARGE
            here.trapper.fault("slow", match=DOWNLOAD, seconds=0.05)
            running = here.start("export", "7", "--output", "a.zip")
            wait_for(lambda: (here.scratch / ".trapkit-export-7.json").exists(), what="the download")
            done = here.run("export", "7", "--output", "a.zip", expect=75)
            check("another run" in done.stderr, done)
            began = time.monotonic()
            running.send_signal(stop)
            running.communicate(timeout=20)
            check(running.returncode == status and time.monotonic() - began < 5, f"{stop}: exit {running.returncode}")
            check(not (here.scratch / "a.zip").exists(), "nothing appears")
            here.trapper.clear()
            here.run("export", "7", "--output", "a.zip")
            check(downloads(here)[-1]["status"] == 206 and (here.scratch / "a.zip").read_bytes() == LARGE, downloads(here))
            check(visible(here) == ["a.zip"], visible(here))


run_all([fetches, logs_in, asks_for_everything, takes_both_routes, says_what_the_server_says, waits_for_the_server, resumes,
         goes_on_where_it_was, joins_only_what_belongs_together, refuses_what_is_not_whole, extracts,
         explains_the_empty_package, is_stopped_and_alone], os.environ["SCRATCH"])
