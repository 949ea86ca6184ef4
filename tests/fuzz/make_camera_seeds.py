#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the seeds of fuzz_makernote and fuzz_report into tests/fuzz/corpus (or the folder named)."""
import pathlib
import sys

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "fixtures"))
import camera_files as cameras  # noqa: E402

WILLFINE = ("IMEI:861943070068027\nCSQ:31\nCamID:\nTemp:24℃ \nDate:05/12/2025 15:46:47\nBattery:60%\nSD:59405M/59628M\n"
            "Total:159\nSend:12\nGPS:52.098737,5.125504\n")
SWIFT = ("IMEI:868020035314870\r\nCamID:WBC398\r\nCSQ:18\r\nTemp:21 Celsius Degree   \r\nDate:30/03/2026  10:26:52\r\n"
         "Battery:80%\r\nSD:29000M/30000M\r\nTotal Pics:260\r\nSend times:41\r\nGPS:S32*56'06\" E117*09'36\"\r\n")


def main():
    out = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "fuzz/corpus"
    seeds = {
        "makernote": [cameras.hyperfire(), cameras.ultrafire(), cameras.hyperfire2(), cameras.BROWNING, cameras.CUDDEBACK,
                      cameras.MOULTRIE, cameras.picture(cameras.with_exif(**cameras.WILLFINE)),
                      cameras.picture(cameras.with_exif(**cameras.SWIFT, big=True), cameras.RAPIDFIRE),
                      cameras.RAPIDFIRE, b"SN=123\nTEXT1=Hut\nSOURCE=PIR\n", b"Temperature= 26.12\nImageCount=959\n",
                      b"BS685BWYx08237\0", b"CUDDEBACK\0", b"RECONYXMF\0" + bytes(0xA6), b"RECONYXHF4K\0" + bytes(0x94)],
        "report": [WILLFINE.encode(), SWIFT.encode(), b"\xef\xbb\xbfIMEI:1\n", b"IMEI:1\nTemp:24\xb0C\n",
                   # Found by the search: a NUL inside the id.
                   b"IMEI:736\x1f\0\0\nCamID:1\n"],
    }
    for kind, files in seeds.items():
        folder = out / kind
        folder.mkdir(parents=True, exist_ok=True)
        for i, data in enumerate(files):
            (folder / ("seed_%d" % i)).write_bytes(data)


main()
