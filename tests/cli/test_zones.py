#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""zone_resolve against Python's zoneinfo with fold=0: every zone, around every change and far beyond."""
import datetime
import os
import random
import struct
import sys
import zoneinfo

from base_driver import SCRATCH, answers

SECOND = datetime.timedelta(seconds=1)

# Rules that few zones have, or none: days of the year, negative times, half hours, winter as the
# exception, times beyond a day. Zero-based days ("59") are tested elsewhere: Python counts them from one.
FOOTERS = ["AAA3BBB,J60/2,J300/2", "<-03>3<-02>,M3.5.0/-2,M10.5.0/-1",
           "IST-1GMT0,M10.5.0,M3.5.0/1", "AAA-14BBB-13:30,M10.1.0,M4.1.0/3", "CET-1CEST,M3.4.4/50,M10.4.4/50",
           "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", "AAA11:30:15BBB,M2.5.6/-50,M9.1.1/99", "AAA-5:45", "<-00>0"]


def zone_file(footer, offset, dst_offset):
    """A TZif file of version 3: one change long ago, then the footer."""
    types = struct.pack(">iBB", offset, 0, 0) + struct.pack(">iBB", dst_offset, dst_offset != offset, 4)
    counts = (0, 0, 0, 1, 2, 8)
    header = b"TZif3" + bytes(15)
    narrow = header + struct.pack(">6I", 0, 0, 0, 0, 1, 4) + types[:6] + b"AAA\0"
    wide = header + struct.pack(">6I", *counts) + struct.pack(">qB", 0, 0) + types + b"AAA\0BBB\0"
    return narrow + wide + b"\n" + footer.encode() + b"\n"


def made_up_zones():
    """Zones of FOOTERS beside links to the system's, in a folder of their own."""
    folder = SCRATCH / "zones"
    folder.mkdir()
    for name in sorted(n for n in zoneinfo.available_timezones() if n[0].isupper() and n != "Factory"):
        source = next(p for p in (os.path.join(t, name) for t in zoneinfo.TZPATH) if os.path.isfile(p))
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).symlink_to(source)
    for number, footer in enumerate(FOOTERS):
        plain = zone_file(footer, 0, 0)
        (folder / "Made").mkdir(exist_ok=True)
        path = folder / "Made" / str(number)
        path.write_bytes(plain)
        with open(path, "rb") as file:
            zone = zoneinfo.ZoneInfo.from_file(file, key=str(path))
        offsets = {t.utcoffset(): t.dst() for t in (datetime.datetime(2030, m, 15, tzinfo=zone) for m in range(1, 13))}
        standard = next(o for o, dst in offsets.items() if not dst)
        others = [o for o in offsets if o != standard] or [standard]
        path.write_bytes(zone_file(footer, int(standard.total_seconds()), int(others[0].total_seconds())))
    return folder


def moments(zone, chance):
    """Wall times beside the changes of some years, and one in between."""
    found = []
    for year in chance.sample(range(1995, 2045), 12) + [2024, 2060, 2061, 2099]:
        found.append(datetime.datetime(year, chance.randint(1, 12), chance.randint(1, 28),
                                       chance.randint(0, 23), chance.randint(0, 59), chance.randint(0, 59)))
        for start in (datetime.datetime(year, 1, 1) + datetime.timedelta(days=10 * i) for i in range(37)):
            low, high = start, start + datetime.timedelta(days=10)
            offset = low.replace(tzinfo=zone).utcoffset()
            if offset == high.replace(tzinfo=zone).utcoffset():
                continue
            while high - low > SECOND:
                middle = low + (high - low) / 2
                middle = middle.replace(microsecond=0)
                if middle.replace(tzinfo=zone).utcoffset() == offset:
                    low = middle
                else:
                    high = middle
            for minutes in (-90, -60, -30, -1, 0, 1, 29, 30, 59, 60, 61, 119, 120):
                found.append(low + datetime.timedelta(minutes=minutes))
                found.append(high + datetime.timedelta(minutes=minutes))
    return found


def expected(wall, zone):
    local = wall.replace(tzinfo=zone)
    early, late = local.utcoffset(), local.replace(fold=1).utcoffset()
    doubt = 0 if early == late else 1 if early < late else 2
    at = wall.replace(tzinfo=datetime.timezone.utc).astimezone(zone)
    seconds = [early, early - local.dst(), at.utcoffset(), at.utcoffset() - at.dst()]
    numbers = [int(s.total_seconds()) for s in seconds]
    return [numbers[0], numbers[1], doubt, numbers[2], numbers[3]]


def main():
    chance = random.Random(20240701)
    folder = made_up_zones()
    os.environ["TZDIR"] = str(folder)
    names = sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())
    pairs, lines = [], []
    for name in names:
        with open(folder / name, "rb") as file:
            zone = zoneinfo.ZoneInfo.from_file(file, key=name)
        lines.append(name)
        for wall in moments(zone, chance):
            pairs.append((name, wall, expected(wall, zone)))
            lines.append(wall.strftime("%Y-%m-%d %H:%M:%S"))
    got = answers("zones", "\n".join(lines).encode() + b"\n").decode().splitlines()
    assert len(got) == len(pairs), (len(got), len(pairs))
    wrong = {}
    for (name, wall, right), line in zip(pairs, got):
        if [int(n) for n in line.split()] != right:
            wrong.setdefault(name, []).append((str(wall), right, line))
    for name, cases in wrong.items():
        print(name, len(cases), cases[:1], cases[-1:])
    print(len(names), "zones,", len(pairs), "times,", sum(map(len, wrong.values())), "differ")
    sys.exit(1 if wrong else 0)


main()
