#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the seeds of fuzz_jpeg, fuzz_png, fuzz_avi, fuzz_mp4, fuzz_mkv and fuzz_rendition into tests/fuzz/corpus (or the folder named)."""
import pathlib
import struct
import sys
import zlib

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "fixtures"))
import formats  # noqa: E402


def png(block):
    def piece(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
    rows = b"".join(b"\0" + bytes(range(8)) for _ in range(8))
    return (b"\x89PNG\r\n\x1A\n" + piece(b"IHDR", struct.pack(">IIBBBBB", 8, 8, 8, 0, 0, 0, 0)) +
            (piece(b"eXIf", block) if block else b"") + piece(b"IDAT", zlib.compress(rows, 9)) + piece(b"IEND", b""))


def main():
    out = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "fuzz/corpus"
    painter = formats.Painter(16, 16, colour=False)
    frame = painter.jpeg("seed")
    full = dict(subsec="07", serial="861943070068027", orientation=6, gps=(52.0987666, -5.1253416))
    little, big = formats.exif(**full), formats.exif(big=True, **full)
    xmp = formats.segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0<x/>")
    seeds = {
        "jpeg": [painter.jpeg(1, little), painter.jpeg(2, big, before=xmp, after=formats.segment(0xFE, b"SN: 1")), frame],
        "png": [png(little), png(big), png(None)],
        "avi": [formats.avi([frame], 16, 16, 15, "Mon Mar 10 15:04:43 2003\n\0"),
                formats.avi([frame], 16, 16, 25, "2005/11/28/ 09:19", [(b"ICRD", "2023-05-06 07:08:09")], 32),
                # Found by the search: the file ends within the mark that a stream's own data begins with.
                b"RIFF" + struct.pack("<I", 22) + b"AVI strd" + struct.pack("<I", 218) + b"AVIF\0\0\0\0II"],
        "mp4": [formats.mp4([frame], 16, 16, 15, 3800000000, 90, extra=formats.box(b"udta", formats.box(
                    b"\xA9mak", struct.pack(">HH", 5, 0) + b"MAKER"))),
                formats.mp4([frame], 16, 16, 10, 0, brand=b"qt  ", moov_last=False)],
    }
    seeds["mkv"] = [formats.matroska(16, 16, 2 ** 40), formats.matroska(16, 16, 5, b"webm", known=False)]
    seeds["rendition"] = seeds["jpeg"] + seeds["png"]
    for kind, files in seeds.items():
        folder = out / kind
        folder.mkdir(parents=True, exist_ok=True)
        for i, data in enumerate(files):
            (folder / ("seed_%d" % i)).write_bytes(data)


main()
