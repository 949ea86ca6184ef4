#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""trapkit package: the document that trapper-tools writes, a ZIP that peers read, names, parts and refusals."""
import datetime
import os
import pathlib
import shutil
import sys
import zipfile
import zoneinfo

sys.path.insert(0, str(pathlib.Path(os.environ["ROOT"]) / "tests/fixtures"))
sys.path.insert(0, str(pathlib.Path(os.environ["ROOT"]) / "tests/servers"))
import make_card  # noqa: E402
from package_oracle import (SCRATCH, TRAPKIT, UTC, Run, card, check, check_pair, digests, document,  # noqa: E402
                            entries_of, load, package, run_tests, sha256)

# A preloaded clock and the address sanitizer's own preloading do not go together.
FAKED = [] if os.environ.get("TRAPKIT_SANITIZE") else ["faketime", "2024-07-01 09:00:00"]


def same_document_as_trapper_tools():
    data, files = card("plain", collections=2, images=4, clips=2)
    (data / "R0001/R0001-empty").mkdir()
    for zone, ignore in (("Europe/Warsaw", False), ("Europe/Warsaw", True), ("Australia/Lord_Howe", False)):
        out = SCRATCH / ("out-%s-%s" % (zone.replace("/", "-"), ignore))
        run = package(data, "--output-path", out, "--package-name", "x", "--ignore-dst" if ignore else "--no-ignore-dst",
                      zone=zone).expect(0)
        found, wanted = load(out / "x.yaml"), document(data, files, zone, ignore)
        check(found == wanted, "documents differ:\n%s\n%s" % (found, wanted))
        check_pair(found, out / "x.zip")
        part = run.json["packages"][0]
        check(part["sha256"] == sha256(out / "x.zip") and part["bytes"] == (out / "x.zip").stat().st_size, run)
        check(part["files"] == len(files) and part["part"] == 1 and part["yaml"] == str(out / "x.yaml"), run)
        with zipfile.ZipFile(out / "x.zip") as z:
            for about in files:
                collection, deployment, name = about["path"].split("/")
                info = z.getinfo("%s/%s/%s" % (collection, deployment.lower(), name))
                local = datetime.datetime.fromtimestamp(about["mtime"], zoneinfo.ZoneInfo(zone))
                if ignore:
                    local -= local.dst()
                check(info.date_time == (*local.timetuple()[:5], local.second // 2 * 2), (info, local))
                check(z.read(info) == (data / about["path"]).read_bytes(), info)


def the_same_bytes_everywhere():
    """F58"""
    data, files = card("here")
    copy = SCRATCH / "there"
    for about in reversed(files):
        (copy / about["path"]).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(data / about["path"], copy / about["path"])
    package(data, "--output-path", SCRATCH / "one", "--package-name", "x").expect(0)
    package(copy, "--output-path", SCRATCH / "two", "--package-name", "x", "--jobs", 1,
            env={"TZ": "America/Lima", "LC_ALL": "pl_PL.UTF-8"}).expect(0)
    check(digests(SCRATCH / "one") == digests(SCRATCH / "two"), "the bytes depend on the machine")


def up_to_date_or_refused():
    data, files = card("again")
    first = package(data, "--package-name", "winter").expect(0)
    check(sorted(p.name for p in data.iterdir() if p.is_file()) == ["winter.yaml", "winter.zip"], "names")
    before = digests(data)
    stamp = (data / "winter.zip").stat().st_mtime_ns
    for more in (["--package-name", "winter"], []):
        again = package(data, *more).expect(0)
        check(again.json["up_to_date"] and not again.json["packages"][0]["written"], again)
        check(again.json["packages"][0]["sha256"] == first.json["packages"][0]["sha256"], again)
    check((data / "winter.zip").stat().st_mtime_ns == stamp, "written again")
    package(data, "--package-name", "winter", "--overwrite").expect(0)
    check((data / "winter.zip").stat().st_mtime_ns != stamp and digests(data) == before, "made anew, other bytes")
    (data / files[0]["path"]).unlink()
    package(data, "--package-name", "winter").expect(1, "winter", "--overwrite")
    check(digests(data) == before, "touched what it refused to replace")
    package(data, "--package-name", "winter", "--overwrite").expect(0)
    check(digests(data) != before, "not replaced")
    check_pair(load(data / "winter.yaml"), data / "winter.zip")
    words = Run("package", "--data-path", data, "--no-validate", "--project-id", 7, "--timezone", "Europe/Warsaw")
    check("trapkit upload --file-yaml %s/winter.yaml --file-zip" % data in words.out, words)


def dry_run_leaves_nothing():
    data, files = card("dry")
    before = sorted(str(p) for p in data.rglob("*"))
    run = package(data, "--dry-run", "--output-path", SCRATCH / "dry-out", "--package-name", "x").expect(0)
    check(sorted(str(p) for p in data.rglob("*")) == before and not (SCRATCH / "dry-out").exists(), "left something")
    package(data, "--output-path", SCRATCH / "dry-out", "--package-name", "x").expect(0)
    check(run.json["packages"][0]["bytes"] == (SCRATCH / "dry-out/x.zip").stat().st_size, run)


def counters_that_begin_anew():
    """F53: folders that the camera itself makes when its counter is full; the same names in both are kept."""
    data, files = card("counters", deployments=1, images=1, clips=0)
    home = (data / files[0]["path"]).parent
    for name in ("100MEDIA/IMG_9998.JPG", "100MEDIA/IMG_9999.JPG", "101MEDIA/IMG_0001.JPG", "101MEDIA/IMG_9999.JPG"):
        (home / name).parent.mkdir(exist_ok=True)
        shutil.copy2(data / files[0]["path"], home / name)
    package(data, "--package-name", "x").expect(0)
    found = load(data / "x.yaml")["collections"][0]["deployments"][0]["resources"]
    check([r["file"] for r in found] == ["100MEDIA_IMG_9998.JPG", "100MEDIA_IMG_9999.JPG", "101MEDIA_IMG_0001.JPG",
                                         "101MEDIA_IMG_9999.JPG", "IMG_0001.JPG"], found)
    check_pair(load(data / "x.yaml"), data / "x.zip")


def names_that_collide():
    """F54, and deployment ids that are equal."""
    data, _ = card("collide", collide=True)
    run = package(data).expect(1, "R9999/Site A", "R9999/site-a", "'site-a'")
    check(run.json["packages"] == [] and not list(data.glob("package_*")), run)
    for name, first, second in (("case", "IMG_1.JPG", "img_1.jpg"), ("forms", "é.jpg", "e\u0301.jpg")):
        data, files = card(name, deployments=1, images=1, clips=0)
        home = (data / files[0]["path"]).parent
        for new in (first, second):
            shutil.copy2(data / files[0]["path"], home / new)
        package(data).expect(1, "/" + first, "/" + second)
        check(not list(data.glob("package_*")), "written all the same")
        (home / second).unlink()
        package(data).expect(0)
    data, files = card("empty-id", deployments=1, images=1, clips=0)
    shutil.copytree((data / files[0]["path"]).parent, data / "R0001/ß")
    package(data).expect(1, "R0001/ß")
    package(data, "--no-slug").expect(0)


def names_that_cannot_be_sent():
    """F55, and names that would be commands (F31)."""
    data, files = card("bad-names", deployments=1, images=2, clips=0)
    home = os.fsencode((data / files[0]["path"]).parent)
    for name in (b"Jon\xe1s.jpg", b"a\r\nDELE b.jpg", b"a\\b.jpg", b"tab\t.jpg"):
        shutil.copy2(data / files[0]["path"], os.path.join(home, name))
    run = package(data).expect(1)
    reasons = {s["path"].split("/")[-1]: s["reason"] for s in run.json["skipped"]}
    check(sorted(reasons) == ["Jon\\xE1s.jpg", "a\\b.jpg", "a\\x0D\\x0ADELE b.jpg", "tab\\x09.jpg"], reasons)
    check(run.json["packages"][0]["files"] == 2, run)


def dates_that_are_doubtful():
    """F56, F57, and no date (F60)."""
    made = make_card.Card(SCRATCH / "dates")
    for number, taken in enumerate(((2024, 3, 31, 2, 30, 0), (2024, 10, 27, 2, 30, 0), (2024, 7, 1, 10, 0, 0))):
        made.image("c/d/%d.JPG" % number, datetime.datetime(*taken, tzinfo=UTC))
    made.image("c/d/old.JPG", datetime.datetime(1970, 1, 1, 0, 0, 10, tzinfo=UTC), exif=False)
    made.files[-1]["dated"] = False
    run = package(made.out, "--package-name", "x").expect(0, "does not exist", "occurs twice", "--time-fallback", "1980")
    check(run.json["dates"] == {"mtime": 1, "gap": 1, "overlap": 1, "clock_reset": 0}, run)
    found = load(made.out / "x.yaml")
    check(found == document(made.out, made.files), found)
    # contracts/trapper.md 7.2
    dates = [r["date_recorded"] for r in found["collections"][0]["deployments"][0]["resources"]]
    check(dates == ["2024-03-31T01:30:00+0000", "2024-10-27T00:30:00+0000", "2024-07-01T08:00:00+0000",
                    "1970-01-01T00:00:10+0000"], dates)
    with zipfile.ZipFile(made.out / "x.zip") as z:
        check(z.getinfo("c/d/old.JPG").date_time == (1980, 1, 1, 0, 0, 0), "not clamped")
    run = package(made.out, "--package-name", "y", "--output-path", SCRATCH / "refused", "--time-fallback", "refuse")
    run.expect(1, "old.JPG")
    check(run.json["packages"][0]["files"] == 3, run)


def damaged_files():
    """F61"""
    data, files = card("damaged", deployments=1, images=3, clips=0)
    whole = (data / files[0]["path"]).read_bytes()
    (data / files[0]["path"]).write_bytes(whole[:len(whole) * 6 // 10])
    (data / files[1]["path"]).write_bytes(b"no picture at all")
    run = package(data, "--output-path", SCRATCH / "d1", "--package-name", "x")
    run.expect(0, files[0]["path"], files[1]["path"], "--skip-damaged")
    check(run.json["packages"][0]["files"] == 3 and run.json["failed"] == 0 and run.json["damaged"] == 2, run)
    check_pair(load(SCRATCH / "d1/x.yaml"), SCRATCH / "d1/x.zip")
    with zipfile.ZipFile(SCRATCH / "d1/x.zip") as z:
        check(z.read(z.namelist()[0]) == whole[:len(whole) * 6 // 10], "what was left of the picture is not there")
    run = package(data, "--output-path", SCRATCH / "d2", "--package-name", "x", "--skip-damaged").expect(0)
    check([s["path"] for s in run.json["skipped"]] == [files[0]["path"], files[1]["path"]], run)
    check(run.json["packages"][0]["files"] == 1, run)


def parts():
    data, files = card("parts", collections=2, deployments=2, images=4, clips=0, size=30000)
    (data / "R0001/nothing here").mkdir()
    (data / "R0001/R0001-LOC01_01/IMG_0002.JPG").write_bytes(
        (data / "R0001/R0001-LOC01_01/IMG_0002.JPG").read_bytes() + bytes(70000))
    whole = SCRATCH / "whole"
    package(data, "--output-path", whole, "--package-name", "x").expect(0)
    wanted = entries_of(load(whole / "x.yaml"))
    for more, count in ((["--max-size", "92KB"], None), (["--split", "deployment"], 4), (["--split", "collection"], 2),
                        (["--split", "collection", "--max-size", "65KB"], None), (["--max-size", "1"], 16)):
        out = SCRATCH / ("parts-" + "-".join(more).replace("--", ""))
        run = package(data, "--output-path", out, "--package-name", "x", *more).expect(0)
        names = sorted(p.stem for p in out.glob("*.zip"))
        check(names == ["x_part%03d" % (i + 1) for i in range(len(names))], names)
        check(count is None or len(names) == count, names)
        check([p["part"] for p in run.json["packages"]] == list(range(1, len(names) + 1)), run)
        found, empty = [], 0
        for name in names:
            definition = load(out / (name + ".yaml"))
            check_pair(definition, out / (name + ".zip"))
            entries = entries_of(definition)
            limit = 92000 if "92KB" in more else 65000 if "65KB" in more else None
            check(limit is None or len(entries) == 1 or (out / (name + ".zip")).stat().st_size <= limit, name)
            check(len({c["name"] for c in definition["collections"]}) == 1 or "--split" not in more, definition)
            empty += sum(d["deployment_id"] == "nothing-here" for c in definition["collections"]
                         for d in c["deployments"])
            found += entries
        check(found == wanted and empty == 1, (more, found))


def settings_and_statuses():
    data, _ = card("statuses", deployments=1, images=1, clips=0)
    package(data, zone=None).expect(78, "PACKAGE.timezone")
    package(data, zone="Europe/Warsow").expect(2, "Europe/Warsaw")
    package(data, "--set", "PACKAGE.timezone=Europe/Warsow", zone=None).expect(2, "Europe/Warsaw")
    package(data, zone=None, env={"PACKAGE__TIMEZONE": "Europe/Warsow"}).expect(78)
    package(SCRATCH / "missing").expect(1, "missing")
    package(data, "--collection", "R0002").expect(1, "R0002")
    package(data, "--package-name", "a/b").expect(2)
    package(data, "--image-extensions", ".png", "--video-extensions", "mov").expect(1, "nothing to package")
    # An empty list takes nothing of the kind.
    package(data, "--set", "PACKAGE.image_extensions=").expect(1, "nothing to package")
    Run("package", "--data-path", data, "--no-validate", "--timezone", "UTC").expect(78, "project_id")
    nothing = SCRATCH / "nothing"
    nothing.mkdir()
    package(nothing).expect(1, "nothing to package")
    # A trapper-tools file is read as it is; the default name is that tool's.
    (SCRATCH / "old.toml").write_text('[GENERAL]\nproject_id = 7\n[PACKAGE]\ntimezone = "Europe/Warsaw"\n'
                                      "ignore_dst = true\n")
    run = Run("package", "--config", SCRATCH / "old.toml", "--json", "--data-path", data, "--no-validate",
              before=FAKED, env={"TZ": "UTC"})
    run.expect(0)
    name = run.json["packages"][0]["name"]
    # The faked clock runs on.
    check(name.startswith("package_7_2024070110000" if FAKED else "package_7_20"), run)
    check(load(run.json["packages"][0]["yaml"])["collections"][0]["timezone_ignore_dst"] is True, run)


def asks_the_server():
    import trapper_server
    data, _ = card("asks", deployments=2, images=1, clips=0)
    (data / "R0001").rename(data / "winter")
    (data / "winter/R0001-LOC01_01").rename(data / "winter/R1-32_01")
    (data / "winter/R0001-LOC02_01").rename(data / "winter/R1-32_03")
    with trapper_server.TrapperServer(SCRATCH / "server") as server:
        toml = SCRATCH / "server.toml"
        toml.write_text('[GENERAL]\nhost = "%s"\nlogin = "technician@example.org"\npassword = "correct-horse"\n'
                        'ca_file = "%s"\nproject_id = 7\nretries = 0\n' % (server.url, server.ca_file))
        toml.chmod(0o600)

        def ask(*more):
            return Run("package", "--config", toml, "--json", "--data-path", data, *more)

        ask().expect(1, "r1-32_03", "'r1-32_0")
        check(not list(data.glob("package_*")), "written before the server was asked")
        (data / "winter/R1-32_03").rename(data / "winter/R1-32_02")
        ask("--timezone", "Europe/Madrid").expect(1, "Europe/Warsaw", "Europe/Madrid")
        ask("--timezone", "Europe/Warsaw", "--ignore-dst").expect(1, "summer time")
        run = ask("--package-name", "x").expect(0)
        check(run.json["zone"] == "Europe/Warsaw" and run.json["ignore_dst"] is False, run)
        check(load(data / "x.yaml")["collections"][0]["timezone"] == "Europe/Warsaw", run)
        server.fault("status", status=401, match="/geomap/", times=0)
        ask("--overwrite").expect(77)
    ask("--overwrite").expect(75, "--no-validate")


def main():
    check(pathlib.Path(TRAPKIT).exists(), TRAPKIT)
    run_tests([same_document_as_trapper_tools, the_same_bytes_everywhere, up_to_date_or_refused, dry_run_leaves_nothing,
               counters_that_begin_anew, names_that_collide, names_that_cannot_be_sent, dates_that_are_doubtful, damaged_files, parts,
               settings_and_statuses, asks_the_server])


main()
