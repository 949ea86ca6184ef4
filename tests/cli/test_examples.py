#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every example of the manual pages, run as it stands there, on a card of ours and against the stand-ins.

Paths below /data, /media and /srv are moved into the test's folder, servers are those of the test; nothing else of a
line is changed. What is behind a pipe belongs to other programs.
"""
import json
import os
import pathlib
import re
import shutil
import sys

sys.path[:0] = [str(pathlib.Path(os.environ["ROOT"]) / "tests/servers"), str(pathlib.Path(os.environ["ROOT"]) / "tests/fixtures")]
from field import ROOT, TRAPKIT, Field, check, run_all  # noqa: E402
import camera_files  # noqa: E402
import camtrap_package  # noqa: E402
from make_card import make_card  # noqa: E402
from traplinked_station import Station  # noqa: E402

# Where another status than 0 is right: findings, alerts, and what is not on this computer.
EXPECTED = {
    r"--check --alert": {2}, r"traplinked-sync .*--alert": {3}, r"^profile check": {3}, r"^upload --camera": {1},
    r"^(detect|pipeline) .*(\.onnx|--merge)": {1, 69},
}
PLACES = re.compile(r"(?<=[ =/])/(?:data|media|srv)(?:/\w+)*")
GPX = ('<?xml version="1.0"?><gpx version="1.1" creator="a" xmlns="http://www.topografix.com/GPX/1/1">'
       '<wpt lat="52.1" lon="23.5"><name>loc01_01</name></wpt><wpt lat="52.2" lon="23.6"><name>loc02_01</name></wpt></gpx>')
REPORT = ("IMEI:861943070068027\nCSQ:20\nCamID:0001\nTemp:12 Celsius Degree\nDate:05/12/2025 15:46:07\nBattery:80%\n"
          "SD:100M/1000M\nTotal:10\nSend:5\n")


def examples():
    """(page, command without its first word), continued lines joined."""
    for page in sorted((ROOT / "man").glob("*.[157]")):
        text = page.read_text("utf-8").replace("\\-", "-").replace("\\e\n", " ").replace("\\(dq", '"')
        for line in re.findall(r"^\$ trapkit (.*)$", text, re.M):
            yield page.name, re.sub(r"\s+", " ", line).strip()


def detections(folder, file):
    images = [{"file": str(p.relative_to(folder)), "detections": [{"category": "1", "conf": .9, "bbox": [.1, .1, .2, .2]}]}
              for p in sorted(folder.rglob("*.*")) if p.suffix in (".JPG", ".AVI")]
    file.write_text(json.dumps({"info": {"format_version": "1.6", "detector": "md_v5a.0.1.pt"}, "images": images,
                                "detection_categories": {"1": "animal", "2": "person", "3": "vehicle"}}))


def prepare(field, line, folder):
    """What the line takes for granted. Returns the line with the places of this test."""
    work = folder / "work"
    work.mkdir(parents=True)
    path = re.search(r"--data-path (\S+)|(?:profile check|--camera) (/\S+)", line)
    data = folder / (path[1] or path[2]).strip("/") if path else folder / "data"
    make_card(data, deployments=2, images=3, clips=1)
    if "profile check" in line or "--camera" in line:
        make_card(data / "Willfine", images=1)
    for name in re.findall(r"--collection (\w+)", line):
        (data / "R0001").rename(data / name)
    (folder / "media/usb").mkdir(parents=True, exist_ok=True)
    (work / "sites.gpx").write_text(GPX)
    if "--merge" in line:
        field.run("template", "--data-path", data, cwd=work)
    field.package("winter", folder=work, deployment="r0001-loc01_01")
    (work / "camtrap_dp_export.zip").write_bytes(camtrap_package.zip_bytes(camtrap_package.trapper_export()))
    shutil.unpack_archive(work / "camtrap_dp_export.zip", work / "package")
    for name in ("IMG_0001.JPG", "IMG_0002.JPG"):
        (work / name).write_bytes(camera_files.picture(camera_files.with_exif(**camera_files.WILLFINE)))
    for name in ("reports", "profiles"):
        (work / name).mkdir()
    (work / "reports/report.txt").write_text(REPORT)
    (work / "cameras.csv").write_text("CameraID\n861943070068027\n")
    (work / "md_v5a.onnx").write_bytes(b"no model")
    for name in ("md.json", "all.json"):
        detections(data, work / name)
    if "--blur" in line:
        (data / ".trapkit").mkdir(exist_ok=True)
        detections(data, data / ".trapkit/detections.json")
    if "export --local" in line:
        field.run("export", "--init-metadata", "--data-path", data, cwd=work)
        metadata = data / "metadata.toml"
        metadata.write_text(metadata.read_text("utf-8").replace("FILL IN", "Filled"), "utf-8")
        field.run("template", "--columns", "full", "--data-path", data, "--locations", work / "sites.gpx", cwd=work)
    line = PLACES.sub(lambda found: str(folder) + found[0], line)
    line = re.sub(r"ftps://\w+@[\w.]+example.org", f"ftps://technician@localhost:{field.ftp.port}", line)
    if "GENERAL.password" in line:
        line += " <<<secret"
    return line.partition(" | ")[0], work


def environment(field, station):
    return {"PATH": f"{pathlib.Path(TRAPKIT).parent}:{os.environ['PATH']}", "VISUAL": "true",
            "TRAPLINKED__BASE_URL": station.server.url, "TRAPLINKED__TOKEN": station.server.token,
            "TRAPLINKED__CA_FILE": station.server.ca_file, "XDG_DATA_HOME": str(field.home)}


def run(field, station, page, line, folder):
    command, work = prepare(field, line, folder)
    for file in field.ftp.files.iterdir():
        file.unlink()
    field.write_settings()
    if "config --init" in line:
        (field.home / ".trapper-tools/default.toml").unlink()
    more = environment(field, station)
    if line.startswith("traplinked"):
        more["GENERAL__CA_FILE"] = more["TRAPLINKED__CA_FILE"]
    del more["TRAPLINKED__CA_FILE"]
    done = field.run("-c", "trapkit " + command, program="/bin/bash", cwd=work, expect=None, **more)
    expected = next((statuses for text, statuses in EXPECTED.items() if re.search(text, line)), {0})
    return None if done.status in expected else f"{page}: {line}\n{done}"


def all_of_them(scratch):
    world = {"deployments": [{"deploymentID": f"r0001-loc0{d}_01", "locationID": f"32_0{d}", "project": 5} for d in (1, 2)],
             "classification_projects": [{"pk": 123, "name": "Survey", "research_project": "Forest survey"}]}
    count, failures = 0, []
    with Field(scratch, world=world) as field, Station(scratch / "traps") as station:
        field.run("traplinked-sync", **{k: v for k, v in dict(environment(field, station), GENERAL__CA_FILE=station.server.ca_file
                                                             ).items() if k not in ("TRAPLINKED__CA_FILE", "PATH")})
        for count, (page, line) in enumerate(examples(), 1):
            failures.append(run(field, station, page, line, scratch / f"example{count}"))
            shutil.rmtree(scratch / f"example{count}")
    failures = [f for f in failures if f]
    check(not failures, "\n\n".join(failures))
    check(count > 50, f"only {count} examples found")
    print(f"{count} examples")


if __name__ == "__main__":
    run_all([all_of_them], os.environ["SCRATCH"])
