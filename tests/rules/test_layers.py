#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Holds the tiers of HACKING.md: who may include whom, and which foreign library lives in which room."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]

TIER = {
    "base": 0, "model": 1,
    "media": 2, "camera": 2, "package": 2, "transfer": 2, "detect": 2, "camtrapdp": 2, "ledger": 2,
    "trapper": 3, "traplinked": 3, "flow": 4,
}
# Which room a public header is the door of.
DOORS = {
    "base": "csv digest error exif find_files gpx json_reader lazy_library limits memory output_file output_folder progress text timestamp toml workers",
    "model": "model detections pixels subject", "media": "media rendition film blur pixel_source", "camera": "camera", "package": "package",
    "transfer": "transfer", "detect": "detect", "camtrapdp": "camtrapdp camtrapdp_write", "ledger": "database ledger", "trapper": "trapper",
    "traplinked": "traplinked",
    "flow": "survey template export_local package_flow deliver camera_upload convert sync validate export_fetch detect_flow report",
}
ROOM_OF = {door: room for room, doors in DOORS.items() for door in doors.split()}
# Foreign headers and the rooms that may include them. cJSON and OpenSSL's digests may be used in more than one.
FOREIGN = {
    r"toml\+\+|toml\.hpp": {"base"},
    r"libav|libsw|turbojpeg|jpeglib": {"media"},
    r"libexif": {"camera", "media"},
    r"zip\.h|yaml\.h": {"package"},
    r"libdeflate|zlib\.h": {"package", "trapper", "camtrapdp"},
    r"curl/": {"transfer"},
    r"openssl/(ssl|x509|bio|err|pem)": {"transfer"},
    r"openssl/(evp|sha)": {"base", "package", "transfer", "ledger", "detect", "flow"},
    r"onnxruntime": {"detect"},
    r"sqlite3": {"ledger", "traplinked"},
    r"cjson": {"camtrapdp", "trapper", "traplinked", "transfer", "detect", "flow", "cmd"},
}

bad = []
checked = 0


def complain(path, number, text):
    bad.append(f"{path.relative_to(ROOT)}:{number}: {text}")


def room_of(path):
    parts = path.relative_to(ROOT).parts
    if parts[0] == "lib":
        return parts[1]
    return "cmd" if parts[0] == "cmd" else "include"


def check_ours(path, number, room, included):
    door = included[len("trapkit/"):-2] if included.startswith("trapkit/") else None
    if door is None:
        if room == "cmd":
            if not ((ROOT / "cmd" / included).exists() or (path.parent / included).exists()):
                complain(path, number, f'cmd includes "{included}", which is not below cmd')
        elif room == "include" or not (path.parent / included).exists():
            complain(path, number, f'"{included}" is neither a public header nor of the same room')
        return
    target = ROOM_OF.get(door)
    if target is None:
        complain(path, number, f"header '{door}' belongs to no room: name it in {pathlib.Path(__file__).name}")
    elif room in TIER and target != room and TIER[target] >= TIER[room]:
        complain(path, number, f"room '{room}' (tier {TIER[room]}) includes '{target}' (tier {TIER[target]})")


for path in sorted([*ROOT.glob("lib/*/*"), *ROOT.glob("cmd/**/*.[ch]"), *ROOT.glob("include/trapkit/*.h")]):
    if path.suffix not in (".c", ".h", ".cpp"):
        continue
    room = room_of(path)
    if room not in TIER and room not in ("cmd", "include"):
        complain(path, 1, f"'lib/{room}' is no room of HACKING.md")
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        found = re.match(r'\s*#\s*include\s+(?:"([^"]+)"|<([^>]+)>)', line)
        if not found:
            continue
        checked += 1
        if found[1]:
            check_ours(path, number, room, found[1])
            continue
        for pattern, rooms in FOREIGN.items():
            if re.match(pattern, found[2]) and room not in rooms:
                complain(path, number, f"<{found[2]}> may not be used in '{room}'")

print(f"{checked} includes read")
print("\n".join(bad))
sys.exit(1 if bad or not checked else 0)
