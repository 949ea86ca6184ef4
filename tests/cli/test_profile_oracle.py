#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""trapkit profile check beside a model of the server: exiftool's JSON, Python's json, re and strptime, on random pictures."""
import datetime
import json
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys

from frontend import SCRATCH, check, document, failures

ROOT = pathlib.Path(os.environ["ROOT"])
sys.path.insert(0, str(ROOT / "tests/fixtures"))
import camera_files as cameras  # noqa: E402
import formats  # noqa: E402

COUNT = 500
MAKES = ["Willfine", "willfine", "SY", "SY", "SYx", "Willfine ", "RECONYX", "", None, "300", " Willfine", "12e3", "TRUE", "Will\nfine"]
MODELS = ["4.0T CG", "4.0PCG-R", "4.0T CG Regular lens", "4.0PCG-R ", "4.0PCG", "", None, "119975", "119736C", "0119975", "-1.5",
          "4.0t cg\0junk"]
DATES = ["2025:12:05 15:46:07", "2025:1:5 5:6:7", "2025:12:05  15:46:07", "2025:12: 5 15:46:07", "2025:12:05 15:46:07 ",
         " 2025:12:05 15:46:07", "2025:12:05 15:46:60", "2025:12:05 15:46:61", "2025:12:05 24:00:00", "2025:02:29 01:02:03",
         "2024:02:29 01:02:03", "0000:00:00 00:00:00", "    :  :     :  :  ", "2025:12:05T15:46:07", "2025-12-05 15:46:07",
         "2025:12:05 15:46:07.12", "20251205154607", "2025", "0", "", None, "true", "2025:12:05\t15:46:07", "1970:01:01 00:00:00",
         "2025:12:05 1:2:3", "2025:13:01 00:00:00", "25:12:05 15:46:07", "2025:012:05 15:46:07", "2025:12:05 15:46"]
SERIALS = ["861943070068027", "012345678901234", "1234567890123456", "0", "000", "12.50", "123E4", "", None, "true", "False", "-0",
           "-5", "0.0", "1e16", "1e15", "1e-5", "123456789.123456789", "1e22", "5e-324", "1e400", "1e-400", "1.7976931348623157e308",
           "9.5e15", "A 1", " 1", "1 ", "0x10", "1_000", "1e5e5", "+5", ".5", "5.", "123456789012345.6789", "Żubr"]
OFFSETS = ["+01:00", "-05:30", "+0200", "Z", "", "abc", "+1:00", "-8", "5", "+01", "1e5"]
NAMES = ["868020035314870-%d.JPG", "WBC398      -868020035314870-1-%d.JPG", "868020035314870_%d.JPG", "IMG_%d.JPG", "x868020035314870-%d.JPG",
         "1234567890123456-%d.jpeg", "868020035314870-%d.JPG.1", "1-868020035314871-868020035314870 %d.JPG"]


def rational(rng, most):
    kind = rng.random()
    if kind < 0.06:
        return (rng.randrange(2), 0)
    if kind < 0.15:
        return (0, 1)
    if kind < 0.2:
        return (most, 1)
    if kind < 0.7:
        return (rng.randrange(most), 1)
    return (rng.randrange(most * 10000), 10000)


def coordinate(rng, tag, letters):
    entries = []
    if rng.random() < 0.9:
        entries.append((tag, formats.ASCII, rng.choice([letters[0], letters[1], letters[0], letters[1].lower(), "X", ""])))
    if rng.random() < 0.92:
        count = rng.choice([3, 3, 3, 3, 2, 1])
        parts = [rational(rng, m) for m in (95 if letters == "NS" else 185, 60, 60)][:count]
        if rng.random() < 0.15:
            parts = [(0, 1), (0, 1), (rng.randrange(120), 10000)]
        entries.append((tag + 1, formats.RATIONAL, parts))
    return entries


def picture(rng):
    def mostly(values):
        return values[rng.choice([0, 0, rng.randrange(len(values))])]
    kind = rng.random()
    make, model = ("Willfine", "4.0T CG") if kind < 0.35 else ("SY", "4.0PCG-R") if kind < 0.7 else \
        (rng.choice(MAKES), rng.choice(MODELS))
    if kind > 0.97:
        make = model = rng.choice([None, "", " "])
    image = [(tag, formats.ASCII, text) for tag, text in ((0x10F, make), (0x110, model)) if text is not None]
    photo = [(0x9003, formats.ASCII, mostly(DATES)), (0xA431, formats.ASCII, mostly(SERIALS))]
    if rng.random() < 0.3:
        photo.append((rng.choice([0x9010, 0x9011]), formats.ASCII, rng.choice(OFFSETS)))
    gps = coordinate(rng, 1, "NS") + coordinate(rng, 3, "EW")
    photo = [entry for entry in photo if entry[2] is not None]
    data = cameras.picture(formats.tiff(image, photo, gps, rng.random() < 0.5))
    # Cut short anywhere, but for the magic bytes.
    return data[:rng.randrange(4, len(data))] if rng.random() < 0.15 else data


class Refused(Exception):
    pass


def degrees(text):
    found = re.fullmatch(r"""(\d+) deg (\d+)' ([\d.]+)" ([NSEW])""", text) if isinstance(text, str) else None
    if not found:
        return None
    value = int(found[1]) + int(found[2]) / 60 + float(found[3]) / 3600
    return -value if found[4] in "SW" else value


def server(name, tags):
    """The id, the date and the position, by section 0 of the contract; the conservative rule on poison with it."""
    make, model = tags.get("Make"), tags.get("Model")
    if make in (None, "") and model in (None, ""):
        raise Refused("no_camera_exif")
    if not all(isinstance(text, str) for text in (make or "", model or "")):
        raise Refused("crashes_server")
    make, model = make or "", model or ""
    if re.search("Willfine", make, re.I) and re.search(r"4\.0T CG", model, re.I):
        device = str(tags["SerialNumber"]) if tags.get("SerialNumber") else None
    elif re.search("SY", make, re.I) and re.search(r"4\.0PCG-R", model, re.I):
        found = re.search(r"\b\d{15}\b", re.sub(r"\.\d+$", "", name))
        device = found[0] if found else None
    else:
        raise Refused("unsupported_camera")
    if not device:
        raise Refused("missing_device_id")
    if any(not isinstance(tags.get(key, ""), str) for key in ("DateTimeOriginal", "OffsetTimeOriginal", "OffsetTime")):
        raise Refused("crashes_server")
    try:
        date = datetime.datetime.strptime(tags.get("DateTimeOriginal", ""), "%Y:%m:%d %H:%M:%S")
    except ValueError:
        raise Refused("missing_datetime") from None
    latitude, longitude = degrees(tags.get("GPSLatitude")), degrees(tags.get("GPSLongitude"))
    if latitude is None or longitude is None:
        raise Refused("missing_gps")
    if (latitude == 0 and longitude == 0) or not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        raise Refused("invalid_gps")
    return device, date.isoformat(), latitude, longitude


def main():
    if not shutil.which("exiftool"):
        print("exiftool is not installed")
        sys.exit(77)
    folder = SCRATCH / "random"
    folder.mkdir()
    rng = random.Random(20260809)
    for i in range(COUNT):
        (folder / (rng.choice(NAMES) % i)).write_bytes(picture(rng))
    tags = ["Make", "Model", "SerialNumber", "DateTimeOriginal", "OffsetTimeOriginal", "OffsetTime", "GPSLatitude", "GPSLongitude"]
    # An argument each, as exiftool leaves names with other endings out of folders.
    out = subprocess.run(["exiftool", "-q", "-json", *["-" + t for t in tags], *sorted(os.listdir(folder))], cwd=folder,
                         capture_output=True, check=False).stdout
    theirs = {row["SourceFile"]: row for row in json.loads(out)}
    reasons = {}
    for ours in document("profile", "check", str(folder))["files"]:
        row = theirs[ours["path"]]
        try:
            expected = server(ours["path"], row)
            reason = None
        except Refused as refused:
            reason = str(refused)
        reasons[reason] = reasons.get(reason, 0) + 1
        check(ours["reason"] == reason, f"{ours['path']}: {ours['reason']} ({ours['details']}), not {reason}: {row}")
        if reason is None and ours["reason"] is None:
            got = ours["camera_id"], ours["date"], ours["gps"]["latitude"], ours["gps"]["longitude"]
            check(got[:2] == expected[:2] and all(abs(a - b) < 3e-6 for a, b in zip(got[2:], expected[2:])),
                  f"{ours['path']}: {got}, not {expected}")
    print(reasons)
    check(len(theirs) == COUNT and len(reasons) == 8 and min(reasons.values()) >= 5, f"every reason is met: {reasons}")
    sys.exit(1 if failures else 0)


main()
