#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""trapkit profile: verdicts and facts beside exiftool's, tables, lists of names, reports, profiles of one's own."""
import csv
import io
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

from frontend import SCRATCH, check, document, failures, run

ROOT = pathlib.Path(os.environ["ROOT"])
sys.path.insert(0, str(ROOT / "tests/fixtures"))
import camera_files as cameras  # noqa: E402
import make_card  # noqa: E402

# What the contract expects; the name is the path below the upload root.
PLACE = "INSTAR/lat52.02368_lon12.98290/"
UPLOAD = {
    "E1000159.JPG": (cameras.picture(cameras.with_exif(**cameras.WILLFINE)), "ok", None),
    "WBC398      -868020035314870-10032026090126-4-SYPR0067.JPG":
        (cameras.picture(cameras.with_exif(**cameras.SWIFT)), "ok", None),
    PLACE + "A_2026-04-09_16-04-05.jpeg": (cameras.picture(), "ok", None),
    PLACE + "Test-Snapshot.jpeg": (cameras.picture(), "refused", "missing_datetime"),
    PLACE + "A_2026-04-09_16-04-06.mp4": (b"x", "skipped", "deleted_by_server"),
    "deep/" + PLACE + "A_2026-04-09_16-04-05.jpeg": (cameras.picture(), "refused", "no_camera_exif"),
    "bushnell.jpg": (cameras.picture(cameras.with_exif(make="BUSHNELL", model="119975")), "refused", "crashes_server"),
    "reconyx.jpg": (cameras.picture(cameras.with_exif(make="RECONYX", model="HC500", note=cameras.hyperfire())),
                    "refused", "unsupported_camera"),
    "IMG.JPG.1": (cameras.picture(cameras.with_exif(**cameras.WILLFINE)), "ok", None),
    "._IMG.JPG": (b"\0\5\x16\7", "skipped", "ignored"),
    "rejected/missing_gps/x.jpg": (cameras.picture(), "skipped", "ignored"),
    "notes.pdf": (b"%PDF", "refused", "unsupported_file_type"),
    "empty.jpg": (b"", "refused", "validation_failed"),
    "r.txt": (b"IMEI:861943070068027\nCSQ:31\nTemp:24\xe2\x84\x83 \nDate:05/12/2025 15:46:47\n", "ok", None),
    "latin.txt": (b"IMEI:861943070068027\nTemp:24\xb0C\n", "refused", "parse_failed"),
    "notes.txt": (b"remember the batteries\n", "refused", "parse_failed"),
}


def write(path, data):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def check_upload():
    root = SCRATCH / "upload"
    for name, (data, _, _) in UPLOAD.items():
        write(root / name, data)
    (root / "link.jpg").symlink_to("E1000159.JPG")
    found = document("profile", "check", str(root))
    files = {file["path"]: file for file in found["files"]}
    check(found["exit"] == 3, "exit 3 when something is refused")
    check(list(files) == sorted(files, key=lambda n: [p.encode() for p in n.split("/")]), "files come in order")
    check(set(files) == set(UPLOAD) | {"link.jpg"}, f"every file is listed: {set(files) ^ set(UPLOAD)}")
    for name, (_, verdict, reason) in UPLOAD.items():
        check((files[name]["verdict"], files[name]["reason"]) == (verdict, reason), f"{name}: {files[name]}")
    check(files["link.jpg"]["verdict"] == "skipped", "links are not followed")
    summary = found["summary"]
    check(summary["files"] == len(files) and summary["ok"] + summary["refused"] + summary["skipped"] == len(files) and
          sum(summary["reasons"].values()) == summary["refused"] + summary["skipped"], f"summary: {summary}")
    first = files["E1000159.JPG"]
    check(first["camera_id"] == "861943070068027" and first["date"] == "2025-12-05T15:46:07" and
          first["profile"] == "Willfine-2025" and first["date_source"] == "exif", str(first))
    check(files["r.txt"]["temperature_c"] == 24 and files["r.txt"]["camera_id"] == "861943070068027", "report's facts")
    check(any("collided" in w for w in files["IMG.JPG.1"]["warnings"]), "a counted name is told")
    # With one job, and many, the same.
    again = [run("profile", "check", str(root), "--json", "-j", jobs)[1] for jobs in ("1", "7")]
    check(again[0] == again[1], "-j changes nothing")
    registered = write(SCRATCH / "cameras.csv", b"CameraID,Name\n868020035314870,one\n")
    known = {f["path"]: f for f in document("profile", "check", str(root), "--registered", str(registered))["files"]}
    check(known["E1000159.JPG"]["reason"] == "unknown_camera" and known["r.txt"]["reason"] == "unknown_camera" and
          known["bushnell.jpg"]["reason"] == "crashes_server", "--registered is looked at last")
    check(known["WBC398      -868020035314870-10032026090126-4-SYPR0067.JPG"]["verdict"] == "ok", "a registered one")
    status, _, said = run("profile", "check", str(root), "--registered", str(root / "r.txt"))
    check(status == 1 and "CameraID" in said, "a list without CameraID")
    return root


def check_forms(root):
    status, out, _ = run("profile", "check", str(root), "--csv")
    rows = {row["path"]: row for row in csv.DictReader(io.StringIO(out))}
    check(status == 3 and rows["E1000159.JPG"]["camera_id"] == "861943070068027", "CSV")
    check(rows["reconyx.jpg"]["temperature_c"] == "-5" and rows["reconyx.jpg"]["trigger"] == "motion" and
          rows["reconyx.jpg"]["serial"] == "H500DE01120343", f"CSV facts: {rows['reconyx.jpg']}")
    status, out, _ = run("profile", "check", str(root))
    check(status == 3 and re.search(r"^ok +E1000159\.JPG +Willfine-2025 +861943070068027", out, re.M), out)
    status, out, _ = run("profile", "check", "E1000159.JPG", cwd=root)
    check(status == 0, "exit 0 when nothing is refused")
    # Names: relative ones count as they are, absolute ones by their last part.
    for name, profile in ((PLACE + "A_2026-04-09_16-04-05.jpeg", "INSTAR"),
                          ("./" + PLACE + "A_2026-04-09_16-04-05.jpeg", "INSTAR"),
                          (str(root / PLACE / "A_2026-04-09_16-04-05.jpeg"), None)):
        found = document("profile", "check", name, cwd=root)
        check(found["files"][0]["profile"] == profile, f"{name}: {found['files']}")
    for separator, extra in (("\n", []), ("\0", ["-0"])):
        names = separator.join(["E1000159.JPG", "reconyx.jpg", "bushnell.jpg"]) + separator
        found = document("profile", "check", "--files-from", "-", *extra, cwd=root, text=names)
        check([f["path"] for f in found.get("files", [])] == ["E1000159.JPG", "reconyx.jpg", "bushnell.jpg"],
              f"--files-from {extra}")
    check(run("profile", "check")[0] == 2, "nothing named")
    status, _, _ = run("profile", "check", "missing.jpg", "E1000159.JPG", cwd=root)
    check(status == 1, "a file that is not there")
    check([f["path"] for f in document("profile", "check", ".", cwd=root)["files"]] ==
          [f["path"] for f in document("profile", "check", str(root) + "/")["files"]], "'.' and a slash at the end")
    check_deep()
    zoned = document("profile", "check", "E1000159.JPG", "--timezone", "Europe/Warsaw", cwd=root)
    check(zoned["zone"] == "Europe/Warsaw" and zoned["files"][0]["date"] == "2025-12-05T15:46:07+01:00", "--timezone")
    check(document("profile", "check", "E1000159.JPG", cwd=root)["zone"] is None, "no zone")


def check_deep():
    """A folder that cannot be walked is told, not left out: here one below more folders than are followed."""
    root = SCRATCH / "deep"
    write(root / ("d/" * 70) / "E1.JPG", cameras.picture(cameras.with_exif(**cameras.WILLFINE)))
    found = document("profile", "check", str(root))
    check(found["exit"] == 1 and [f["reason"] for f in found["files"]] == ["unreadable"], str(found))


# ---- beside exiftool ----

TRIGGERS = {"M": "motion", "T": "time_lapse", "P": "point", "C": "code_loc", "E": "external"}
SAMPLES = {
    "hyperfire.jpg": cameras.picture(cameras.with_exif(make="RECONYX", model="HC500", taken=None,
                                                       note=cameras.hyperfire())),
    "hyperfire_big.jpg": cameras.picture(cameras.with_exif(
        make="RECONYX", model="PC800", note=cameras.hyperfire(celsius=31, fahrenheit=88, trigger="T", moon=0,
                                                              sequence=(1, 1), label="PC800 PROFESSIONAL"), big=True)),
    "ultrafire.jpg": cameras.picture(cameras.with_exif(make="RECONYX", model="UltraFire", taken=None,
                                                       note=cameras.ultrafire())),
    "hyperfire2.jpg": cameras.picture(cameras.with_exif(make="RECONYX", model="HF2 PRO COVERT", note=cameras.hyperfire2(),
                                                        taken="2018:12:01 00:20:00")),
    "willfine.jpg": cameras.picture(cameras.with_exif(**cameras.WILLFINE)),
    "swift.jpg": cameras.picture(cameras.with_exif(**cameras.SWIFT, big=True)),
}


def exiftool(folder, *options):
    out = subprocess.run(["exiftool", "-json", *options, "."], cwd=folder, capture_output=True, check=True).stdout
    return {row["SourceFile"].lstrip("./"): row for row in json.loads(out)}


def check_beside_exiftool():
    folder = SCRATCH / "samples"
    for name, data in SAMPLES.items():
        write(folder / name, data)
    numbers, printed = exiftool(folder, "-n"), exiftool(folder)
    files = {f["path"]: f for f in document("profile", "check", str(folder))["files"]}
    for name, ours in files.items():
        raw, shown = numbers[name], printed[name]
        check(ours["serial"] == (str(shown["SerialNumber"]) if "SerialNumber" in shown else None), f"{name}: serial {ours}")
        check((ours["label"] or "") == str(shown.get("UserLabel", "")), f"{name}: label {ours['label']}")
        check(ours["temperature_c"] == raw.get("AmbientTemperature"), f"{name}: temperature {ours['temperature_c']}")
        check(ours["moon_phase"] == raw.get("MoonPhase"), f"{name}: moon {ours['moon_phase']}")
        volts = ours["battery"]["volts"] if ours["battery"] else None
        theirs = raw.get("BatteryVoltage")
        # HyperFire 2's stays in thousandths under -n.
        check(volts == (theirs / 1000 if theirs and theirs > 100 else theirs), f"{name}: {volts} V, not {raw.get('BatteryVoltage')}")
        check(ours["event"] == raw.get("EventNumber"), f"{name}: event {ours['event']}, not {raw.get('EventNumber')}")
        trigger = raw.get("TriggerMode") or raw.get("EventType")
        check(ours["trigger"] == TRIGGERS.get(trigger), f"{name}: {ours['trigger']}, not {trigger}")
        sequence = "%d %d" % (ours["sequence"]["index"], ours["sequence"]["count"]) if ours["sequence"] else None
        theirs = raw.get("Sequence")
        check(sequence == (None if theirs in (None, "0 0") else theirs), f"{name}: {sequence}, not {theirs}")
        taken = shown["DateTimeOriginal"].replace(":", "-", 2).replace(" ", "T")
        check(ours["date"] == taken, f"{name}: {ours['date']}, not {taken}")
        if name in ("willfine.jpg", "swift.jpg"):
            # Two decimals of a second are about 3e-6 degrees.
            check(abs(ours["gps"]["latitude"] - raw["GPSLatitude"]) < 3e-6 and
                  abs(ours["gps"]["longitude"] - raw["GPSLongitude"]) < 3e-6, f"{name}: {ours['gps']}")
    check(files["hyperfire.jpg"]["date_source"] == "maker-note", "the old firmware's date")
    # exiftool is wrong about day and month of this one when EXIF has no date; EXIF agrees with us.
    write(folder / "hyperfire2.jpg", cameras.picture(cameras.with_exif(
        make="RECONYX", model="HF2", taken=None, note=cameras.hyperfire2())))
    ours = document("profile", "check", str(folder / "hyperfire2.jpg"))["files"][0]
    check(ours["date"] == "2018-12-01T00:20:00" and ours["date_source"] == "maker-note", str(ours))
    return folder


def check_written_by_exiftool(folder):
    """Files whose tags exiftool wrote, and verdicts by what exiftool reads of them."""
    bare = write(SCRATCH / "written" / "E1.jpg", cameras.picture(cameras.with_exif(make=None, model=None, taken=None)))
    rows = [
        (["-Make=Willfine", "-Model=4.0T CG", "-SerialNumber=861943070068027", "-DateTimeOriginal=2025:12:05 15:46:07",
          "-GPSLatitude=52.0987666", "-GPSLatitudeRef=N", "-GPSLongitude=5.1253416", "-GPSLongitudeRef=E"], None),
        (["-GPSLatitudeRef="], "missing_gps"),
        (["-GPSLatitudeRef=N", "-GPSLatitude=0", "-GPSLongitude=0"], "invalid_gps"),
        (["-GPSLatitude=1.0225", "-GPSLongitude=1.0225"], None),
        (["-DateTimeOriginal="], "missing_datetime"),
        (["-SerialNumber=0"], "missing_device_id"),
        (["-Model=4711"], "crashes_server"),
        (["-Model=X"], "unsupported_camera"),
        (["-Model=", "-Make="], "no_camera_exif"),
    ]
    for options, reason in rows:
        subprocess.run(["exiftool", "-q", "-overwrite_original", *options, str(bare)], check=True, capture_output=True)
        ours = document("profile", "check", str(bare))["files"][0]
        check(ours["reason"] == reason, f"{options}: {ours['reason']} ({ours['details']}), not {reason}")
        if options[0] == "-GPSLatitude=1.0225":
            check(any("placeholder" in w for w in ours["warnings"]), "the placeholder is told")
    # Text of any kind that exiftool writes comes back from us as from exiftool.
    comments = write(folder / "comment.jpg", cameras.picture(cameras.with_exif(make="BROWNING", model="BTC-6PX")))
    for text in ("T[19C]P[3034] [CAMERA1] M[3]", "T[-3C] [Żubr 7] M[0]"):
        subprocess.run(["exiftool", "-q", "-overwrite_original", "-UserComment=" + text, str(comments)], check=True)
        ours = document("profile", "check", str(comments))["files"][0]
        check(ours["label"] == re.search(r" \[(.*?)\]", text)[1] and
              ours["temperature_c"] == int(re.search(r"T\[(-?\d+)C", text)[1]), f"{text}: {ours}")


def check_makers():
    folder = SCRATCH / "makers"
    files = {
        "rapidfire.jpg": (cameras.picture(cameras.with_exif(make="RECONYX", model="RM45"), cameras.RAPIDFIRE),
                          dict(serial="RM13AB01002902", label="RM45 RAPIDFIRE", temperature_c=21, trigger="motion", event=1,
                               sequence=dict(index=3, count=3), battery=dict(percent=None, volts=8.02))),
        "browning.jpg": (cameras.picture(cameras.with_exif(make="BROWNING", model="BTC-8EHP5U", note=bytes(33000),
                                                           comment=cameras.BROWNING)) + b"\xff\xd8 a second picture",
                         dict(label="CAMERA1", temperature_c=19, moon_phase=3)),
        "cuddeback.jpg": (cameras.picture(cameras.with_exif(make="CUDDEBACK", model="C-1", comment=cameras.CUDDEBACK)),
                          dict(label="CC0147", temperature_c=None, battery=dict(percent=50, volts=5.233))),
        "moultrie.jpg": (cameras.picture(cameras.with_exif(make="Moultrie", model="M-40i", note=cameras.MOULTRIE)),
                         dict(label="UP JVILE", temperature_c=-1, moon_phase=3)),
        "panthera.jpg": (cameras.picture(cameras.with_exif(make="Panthera V4", model="CAM41978",
                                                           description="Temperature= 26.12\nImageCount=959")),
                         dict(label="CAM41978", temperature_c=26.12)),
        "far.jpg": (b"\xff\xd8" + b"\xff\xe5\xff\xff" + bytes(65533) +
                    cameras.picture(cameras.with_exif(make="BROWNING", model="X", comment=cameras.BROWNING))[2:],
                    dict(label="CAMERA1")),
    }
    for name, (data, _) in files.items():
        write(folder / name, data)
    found = {f["path"]: f for f in document("profile", "check", str(folder))["files"]}
    for name, (_, facts) in files.items():
        for key, value in facts.items():
            check(found[name][key] == value, f"{name}: {key} {found[name][key]}, not {value}")


def check_reads_little():
    """At most 64 KiB of a file are read, and 16 KiB of one that has all in front."""
    if not shutil.which("strace"):
        return
    folder = SCRATCH / "large"
    write(folder / "plain.jpg", cameras.picture(cameras.with_exif(**cameras.WILLFINE)) + bytes(3_000_000))
    write(folder / "deep.jpg", cameras.picture(cameras.with_exif(make="RECONYX", model="HC500", note=bytes(60000),
                                                                 taken=None)) + bytes(3_000_000))
    for name, most in (("plain.jpg", 16 * 1024), ("deep.jpg", 64 * 1024)):
        trace = SCRATCH / "trace"
        done = subprocess.run(["strace", "-f", "-y", "-e", "trace=pread64", "-o", str(trace), os.environ["TRAPKIT"], "profile",
                               "check", "-j", "1", str(folder / name)], capture_output=True, check=False)
        if not trace.exists() or b"ptrace" in done.stderr or os.environ.get("TRAPKIT_SANITIZE"):
            return
        read = sum(int(n) for n in re.findall(r"pread64\(\d+<[^>]*" + name + r">.*= (\d+)$", trace.read_text(), re.M))
        check(0 < read <= most, f"{name}: {read} bytes were read")


# ---- reports ----

WILLFINE = """IMEI:861943070068027\nCSQ:31\nCamID:\nTemp:24℃ \nDate:{date} 15:46:47\nBattery:{battery}%\nSD:59405M/59628M
Total:159\nSend:12\nGPS:52.098737,5.125504\n"""
SWIFT = """IMEI:868020035314870\nCamID:WBC398\nCSQ:18\nTemp:21 Celsius Degree   \nDate:30/03/2026  10:26:52\nBattery:80%
SD:29000M/30000M\nTotal Pics:260\nSend times:41\nGPS:S32*56'06" E117*09'36"\n"""


def check_reports():
    folder = SCRATCH / "reports"
    names = []
    for name, text in (("1.txt", WILLFINE.format(date="05/12/2025", battery=60)), ("2.txt", SWIFT),
                       ("3.txt", WILLFINE.format(date="06/12/2025", battery=55)), ("4.txt", "nothing\n")):
        names.append(str(write(folder / name, text.encode())))
    found = document("profile", "report", *names)
    one, two, _, bad = found["reports"]
    check(found["exit"] == 3 and bad["reason"] == "parse_failed" and bad["camera_id"] is None, f"bad report: {bad}")
    expected = dict(verdict="ok", reason=None, format="willfine-2025", camera_id="861943070068027", signal=31,
                    temperature_c=24, battery_percent=60, sd_used_percent=0.37, images_taken=159, images_sent=12,
                    gps=dict(latitude=52.098737, longitude=5.125504), date="2025-12-05T15:46:47")
    check({key: one[key] for key in expected} == expected, f"Willfine: {one}")
    expected = dict(format="swift-enduro", camera_id="868020035314870", signal=18, temperature_c=21, battery_percent=80,
                    sd_used_percent=3.33, images_taken=260, images_sent=41, gps=dict(latitude=-32.935, longitude=117.16),
                    date="2026-03-30T10:26:52")
    check({key: two[key] for key in expected} == expected, f"Swift: {two}")
    fleet = document("profile", "report", "--fleet", *names)["reports"]
    check([(r["camera_id"], r["battery_percent"]) for r in fleet] == [("861943070068027", 55), ("868020035314870", 80)],
          f"--fleet: {fleet}")
    # Of a folder, whatever a server would take for a report; as a table, what a technician looks for.
    write(folder / "more/E1.JPG", cameras.picture())
    write(folder / "more/5.txt.1", SWIFT.replace("Battery:80%", "Battery:15%").replace("30/03", "31/03").encode())
    found = document("profile", "report", "--fleet", str(folder))["reports"]
    check([(r["camera_id"], r["battery_percent"], r["signal"], r["sd_used_percent"], r["date"]) for r in found] ==
          [("861943070068027", 55, 31, 0.37, "2025-12-06T15:46:47"), ("868020035314870", 15, 18, 3.33, "2026-03-31T10:26:52")],
          f"--fleet of a folder: {found}")
    check([r["path"] for r in document("profile", "report", str(folder))["reports"]] ==
          [str(folder / name) for name in ("1.txt", "2.txt", "3.txt", "4.txt", "more/5.txt.1")], "reports of a folder")
    (folder / "nothing").mkdir()
    status, out, said = run("profile", "report", str(folder / "nothing"))
    check(status == 0 and out == "" and "no daily reports" in said, "a table of headings only")
    status, out, _ = run("profile", "report", "--csv", *names[:2])
    rows = list(csv.DictReader(io.StringIO(out)))
    check(status == 0 and rows[1]["longitude"] == "117.160000" and rows[0]["camera_name"] == "", f"CSV: {rows}")
    old = write(folder / "old.txt", b"IMEI:860946063337391\nCSQ:20\nCamID:0000000WUH08\nTemp:26 Celsius Degree\n"
                b"Total Pics:1113\nSend times:7\nGPS:N52*05'55\" E005*07'31\"\n")
    check(run("profile", "report", "--convert", str(old))[1] ==
          "IMEI: 860946063337391\nCSQ: 20\nTemp: 26℃\nGPS: 52.09861111111111,5.125277777777778\nTotal: 1113\nSend: 7\n",
          "--convert")
    check(run("profile", "report", str(folder / "none.txt"))[0] == 1 and run("profile", "report")[0] == 2, "no report")


# ---- profiles ----

def check_profiles(root):
    settings = SCRATCH / "settings"
    write(settings / "default.toml", b"[GENERAL]\nhost = 'https://h'\n\n[[CAMERA]]\nname = 'HyperFire'\nmake = 'reconyx'\n"
          b"id = 'maker-note:serial'\nrequires = ['date']\n")
    write(settings / "profiles/b.toml", b"[[CAMERA]]\nname = 'B'\nmake = 'b'\nid = 'path'\n")
    write(settings / "profiles/a.toml", b"[[CAMERA]]\nname = 'A'\nmake = 'a'\nid = 'path'\n")
    options = ("--settings-dir", str(settings))
    found = document("profile", "list", *options)["profiles"]
    check([p["name"] for p in found] == ["INSTAR", "Willfine-2025", "Swift Enduro", "HyperFire", "A", "B"], str(found))
    check(found[3]["origin"] == f"{settings}/default.toml:4", found[3]["origin"])
    shown = document("profile", "show", "hyperfire", *options)
    import tomllib
    section = tomllib.loads(shown["toml"])["CAMERA"][0]
    check(section["id"] == "maker-note:serial" and section["make"] == "reconyx", str(section))
    status, _, said = run("profile", "show", "HyperFir", *options)
    check(status == 1 and "did you mean 'HyperFire'" in said, said)
    file = document("profile", "check", str(root / "reconyx.jpg"), *options)["files"][0]
    check(file["verdict"] == "ok" and file["camera_id"] == "H500DE01120343" and file["profile"] == "HyperFire", str(file))
    found = document("profile", "check", str(root), *options)
    check(found["summary"]["own_profile"] == 1, f"one picture fits a profile of one's own: {found['summary']}")
    for text, line in ((b"[[CAMERA]]\nname = 'x'\nmake = '['\nid = 'path'\n", 3),
                       (b"\n[[CAMERA]]\nname = 'x'\nmakes = 'b'\nid = 'path'\n", 4), (b"[[CAMERA]\n", 1)):
        write(settings / "profiles/b.toml", text)
        status, _, said = run("profile", "list", *options)
        check(status == 78 and f"profiles/b.toml:{line}:" in said, f"{text}: {status} {said}")
        found = document("config", "check", *options)
        check(found["exit"] == 78 and [p["severity"] for p in found["problems"]].count("error") == 1 and
              any(f"profiles/b.toml:{line}:" in p["message"] for p in found["problems"]), f"config check: {found}")
    # All files that are wrong, not only the first.
    write(settings / "profiles/a.toml", b"[[CAMERA]]\nname = 'A'\n")
    good = (settings / "default.toml").read_bytes()
    write(settings / "default.toml", good + b"\n[[CAMERA]]\nname = 'y'\nmake = 'x'\nid = 'nowhere'\n")
    status, _, said = run("config", "check", *options)
    check(status == 78 and all(place in said for place in ("default.toml:13:", "profiles/a.toml:1:", "profiles/b.toml:1:")), said)
    write(settings / "default.toml", good)
    write(settings / "profiles/a.toml", b"[[CAMERA]]\nname = 'A'\nmake = 'a'\nid = 'path'\n")
    write(settings / "profiles/b.toml", b"[[CAMERA]]\nname = 'B'\nmake = 'b'\nid = 'path'\n")
    check(run("config", "check", *options)[0] == 0, "config check of good profiles")
    own = SCRATCH / "own"
    write(own / "one.toml", b"[[CAMERA]]\nname = 'One'\nmodel = 'x'\nid = 'exif:Model'\n")
    names = [p["name"] for p in document("profile", "list", "--profiles", str(own))["profiles"]]
    check(names[3:] == ["One"], str(names))
    check(run("profile", "list", "--profiles", str(SCRATCH / "nowhere"))[0] == 78, "a folder that is not there")
    # A draft is a profile that takes its samples.
    draft = document("profile", "draft", str(root / "reconyx.jpg"), str(SCRATCH / "samples/hyperfire_big.jpg"))["toml"]
    write(own / "one.toml", draft.encode())
    file = document("profile", "check", str(root / "reconyx.jpg"), "--profiles", str(own))["files"][0]
    check(file["verdict"] == "ok" and file["camera_id"] == "H500DE01120343", f"{draft}\n{file}")
    check(tomllib.loads(draft)["CAMERA"][0]["model"] == "^(HC500|PC800)$", draft)


def check_survey():
    """Dates and serial numbers that only the maker note has come to the deployments table."""
    data = SCRATCH / "card"
    note = cameras.hyperfire(taken=(2023, 5, 6, 7, 8, 9), serial="H500DE01120343")
    write(data / "col/dep-1/IMG_0001.JPG", cameras.picture(cameras.with_exif(make=None, model=None, taken=None, note=note)))
    write(data / "col/dep-1/IMG_0002.JPG", cameras.picture(cameras.with_exif(
        make="RECONYX", model="HC500", taken="2023:05:06 08:00:00", note=note)))
    status, out, _ = run("template", "--data-path", str(data), "--timezone", "UTC", "--columns", "full", "--output", "-")
    row = list(csv.DictReader(io.StringIO(out)))[0]
    check(status == 0 and row["deploymentStart"].startswith("2023-05-06T07:08:09+00") and
          row["deploymentEnd"].startswith("2023-05-06T08:00:00+00"), str(row))
    check(row["cameraID"] == "H500DE01120343", f"serial number: {row['cameraID']}")
    check(row["cameraModel"] == "reconyx hc500", f"model: {row['cameraModel']}")


def check_card():
    """A messy card goes through whole."""
    card = SCRATCH / "messy"
    files = make_card.make_card(card, images=2, messy=True)
    found = document("profile", "check", str(card))
    check(len(found["files"]) == len(files), f"{len(found['files'])} of {len(files)} files")


def main():
    root = check_upload()
    check_forms(root)
    check_written_by_exiftool(check_beside_exiftool())
    check_makers()
    check_reads_little()
    check_reports()
    check_profiles(root)
    check_survey()
    check_card()
    sys.exit(1 if failures else 0)


main()
