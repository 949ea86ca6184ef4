#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Facts of made-up files of every kind beside what exiftool and ffprobe say of them: equal, not nearly equal."""
import json
import os
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(os.environ["ROOT"])
FACTS = pathlib.Path(os.environ["TRAPKIT_BUILD"]) / "unit/test_media_facts"
WORK = pathlib.Path(os.environ["SCRATCH"]) / "files"
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "tests/fixtures"))
import formats  # noqa: E402

MIME = {1: "image/jpeg", 2: "image/png", 3: "video/x-msvideo", 4: "video/mp4", 5: "video/quicktime", 8: "video/x-matroska",
        9: "video/webm"}
TRUNCATED, BAD_GPS, BAD_DATE = 4, 32, 16
TAGS = ["MIMEType", "ImageWidth", "ImageHeight", "VideoFrameRate", "Duration", "DateTimeOriginal", "CreateDate",
        "EXIF:ModifyDate", "Make", "Model", "SerialNumber", "Orientation", "GPSLatitude", "GPSLongitude"]

failures = []


def check(condition, *words):
    if not condition:
        failures.append(" ".join(map(str, words)))


def ffmpeg(*arguments):
    subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-y", *map(str, arguments)], check=True)


def facts(paths):
    process = subprocess.run([FACTS, *paths], stdout=subprocess.PIPE, check=True)
    rows = [json.loads(line) for line in process.stdout.decode().splitlines()]
    return {row["file"]: row for row in rows}


def exiftool(paths):
    process = subprocess.run(["exiftool", "-n", "-j", "-q", *("-" + tag for tag in TAGS), "-@", "-"],
                             input="\n".join(map(str, paths)), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                             text=True, check=False)
    return {row["SourceFile"]: row for row in json.loads(process.stdout)}


# ---- the files ---------------------------------------------------------------------------------------------------

def pictures():
    painter = formats.Painter(64, 48)
    gray = formats.Painter(40, 56, colour=False)

    def put(name, *arguments, which=painter, **named):
        (WORK / name).write_bytes(which.jpeg(name, *arguments, **named))

    for order, big in (("little", False), ("big", True)):
        for turn in range(1, 9):
            put("turn_%s_%d.jpg" % (order, turn), formats.exif(orientation=turn, serial="SN-%d" % turn, big=big))
        for i, gps in enumerate([(52.0987666, 5.1253416), (-32.935, 117.16), (10.5, -70.25), (-0.0001, -179.9999)]):
            put("gps_%s_%d.jpg" % (order, i), formats.exif(gps=gps, big=big))
        # The serial number lies behind a maker note of 40 KB: more than the first read has.
        put("late_%s.jpg" % order, formats.exif(serial="861943070068027", big=big,
                                                photo=[(0x927C, formats.UNDEFINED, bytes(40000))]))
    put("gray.jpg", formats.exif(), which=gray)
    put("bare.jpg", None)
    put("jfif_first.jpg", formats.exif(), before=formats.segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0"))
    xmp = formats.segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta xmlns:x='adobe:ns:meta/'/>")
    put("xmp_first.jpg", formats.exif(), before=xmp)
    put("far.jpg", formats.exif(serial="far away"), before=formats.segment(0xE5, bytes(60000)) * 2)
    put("pad.jpg", formats.exif(make="TRAIL CAM      ", model="M-7\0\0\0\0"), before=b"\xFF\xFF")
    put("minutes.jpg", formats.exif(image=[(0x8825, formats.LONG, [8])]) and formats.tiff(
        [(0x10F, formats.ASCII, "A")], [], [(1, 2, "N"), (2, 5, [(52, 1), (5925, 100)]), (3, 2, "W"),
                                           (4, 5, [(5, 1), (7315, 1000)])]))
    whole = painter.jpeg("kinds", formats.exif())
    at = whole.index(b"\xFF\xC0")
    for kind in (0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF):
        (WORK / ("frame_%X.jpg" % kind)).write_bytes(whole[:at + 1] + bytes([kind]) + whole[at + 2:])
    for kind in ("jpg", "png"):
        for order in ("II", "MM"):
            path = WORK / ("tool_%s.%s" % (order, kind))
            ffmpeg("-f", "lavfi", "-i", "testsrc2=size=322x242", "-frames:v", "1", path)
            subprocess.run(["exiftool", "-q", "-overwrite_original", "-ExifByteOrder=" + order, "-Make=Willfine",
                            "-Model=4.0T CG Regular lens", "-SerialNumber=SER 9", "-CreateDate=2023:11:12 13:14:15",
                            "-GPSLatitude=44.5", "-GPSLatitudeRef=S", "-GPSLongitude=6.25", "-GPSLongitudeRef=E",
                            "-Orientation#=8", str(path)], check=True)
    ffmpeg("-f", "lavfi", "-i", "testsrc2=size=34x22", "-frames:v", "1", WORK / "bare.png")


IDIT = ["Mon Mar 10 15:04:43 2003\n\0", "MON MAR 10 05:04:03 2003", "Mon Mar  3 15:04:43 2003", "2003:03:10 15:04:43\0",
        "2002-12-16  15:35:01\0\0", "2005/11/28/ 09:19", "2001/ 1/27  1:42PM", "2004:02:29 23:59:59"]


def films():
    source = ["-f", "lavfi", "-i", "testsrc2=size=320x240:rate=30:duration=2"]
    sound = ["-f", "lavfi", "-i", "sine=duration=2"]
    for name, rate in (("5", "5"), ("12_5", "25/2"), ("15", "15"), ("25", "25"), ("2997", "30000/1001"), ("30", "30"),
                       ("59", "60000/1001")):
        ffmpeg(*source, "-r", rate, "-c:v", "mjpeg", WORK / ("rate_%s.avi" % name))
        ffmpeg(*source, "-r", rate, "-c:v", "mpeg4", WORK / ("rate_%s.mp4" % name))
        ffmpeg(*source, "-r", rate, "-c:v", "mjpeg", WORK / ("rate_%s.mov" % name))
        ffmpeg(*source, "-r", rate, "-c:v", "mjpeg", WORK / ("rate_%s.mkv" % name))
    ffmpeg(*source, *sound, "-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-c:a", "libopus", "-metadata",
           "creation_time=2024-07-01T10:00:00Z", WORK / "sound.webm")
    ffmpeg(*sound, *source, "-map", "0", "-map", "1", "-c:v", "mjpeg", "-c:a", "pcm_s16le", WORK / "sound_first.mkv")
    # Written to a pipe: no length and no sizes, as when the camera's battery died.
    subprocess.run(["ffmpeg", "-v", "error", "-nostdin", *source, "-c:v", "mjpeg", "-f", "matroska", "-live", "1", "pipe:1"],
                   stdout=open(WORK / "live.mkv", "wb"), check=True)
    for kind in ("avi", "mp4", "mov"):
        coder = ["-c:v", "mjpeg"] if kind != "mp4" else ["-c:v", "mpeg4"]
        ffmpeg(*source, *sound, *coder, "-c:a", "pcm_s16le" if kind != "mp4" else "aac", WORK / ("sound." + kind))
        ffmpeg(*sound, *source, "-map", "0", "-map", "1", *coder, "-c:a", "pcm_s16le" if kind != "mp4" else "aac",
               WORK / ("sound_first." + kind))
        ffmpeg(*source, *source, "-map", "0", "-map", "1", "-s:v:1", "160x120", "-r:v:1", "10", *coder,
               WORK / ("two." + kind))
    ffmpeg(*source, "-c:v", "mpeg4", "-movflags", "+faststart", "-metadata", "creation_time=2024-07-01T10:00:00Z",
           WORK / "front.mp4")
    ffmpeg(*source, "-c:v", "mpeg4", "-metadata", "creation_time=2044-07-01T10:00:00Z", WORK / "wide.mp4")
    ffmpeg(*source, "-c:v", "mpeg4", "-movflags", "+frag_keyframe+empty_moov", WORK / "pieces.mp4")
    ffmpeg("-f", "concat", "-safe", "0", "-i", concat(), "-c", "copy", WORK / "uneven.mp4")
    ffmpeg(*source, "-c:v", "mjpeg", "-metadata", "date=2023-05-06 07:08:09", WORK / "info.avi")
    small = formats.Painter(48, 32)
    frames = [small.jpeg(str(i)) for i in range(4)]
    for i, text in enumerate(IDIT):
        (WORK / ("idit_%d.avi" % i)).write_bytes(formats.avi(frames, 48, 32, 15, text, junk=5000 * i))
    for turn in (0, 90, 180, 270):
        (WORK / ("turn_%d.mp4" % turn)).write_bytes(formats.mp4(frames, 48, 32, 10, 3800000000, turn))
    (WORK / "made.mkv").write_bytes(formats.matroska(1280, 720, 741348000 * 10 ** 9))
    (WORK / "unix.mp4").write_bytes(formats.mp4(frames, 48, 32, 10, 1719828000))
    (WORK / "old.mov").write_bytes(formats.mp4(frames, 48, 32, 10, 3800000000, brand=b"qt  ", moov_last=False))


def concat():
    """A film whose frames last unequally long, so that its rate is an average."""
    ffmpeg("-f", "lavfi", "-i", "testsrc2=rate=10:duration=1", "-c:v", "mpeg4", WORK.parent / "a.mp4")
    ffmpeg("-f", "lavfi", "-i", "testsrc2=rate=7:duration=1", "-c:v", "mpeg4", WORK.parent / "b.mp4")
    (WORK.parent / "list").write_text("file a.mp4\nfile b.mp4\n")
    return WORK.parent / "list"


# ---- the comparisons ---------------------------------------------------------------------------------------------

def expected_date(row):
    for tag in ("DateTimeOriginal", "CreateDate", "ModifyDate"):
        text = str(row.get(tag, ""))
        if text[:4].isdigit() and not text.startswith("0000"):
            return text[:19]
    return "0000:00:00 00:00:00"


def same_text(ours, theirs):
    # exiftool's JSON has numbers where the text looks like one.
    return str(theirs).strip() == ours


def compare(name, row, tool, is_cut):
    """`is_cut`: what either of the two could not read is no difference."""
    for key, tag in (("width", "ImageWidth"), ("height", "ImageHeight"), ("fps", "VideoFrameRate"),
                     ("duration", "Duration")):
        ours, theirs = row[key], tool.get(tag)
        if str(theirs).startswith("00:00:"):
            # A Matroska track's own, as text; the file's length is that of its longest track.
            theirs = ours if ours is not None and abs(float(theirs[6:]) - ours) < 0.011 else theirs
        if key in ("width", "height"):
            ours, theirs = ours or None, theirs or None
        if is_cut and (ours is None or theirs is None):
            continue
        check(ours == theirs, name, key, ours, "exiftool:", theirs)
    for key, tag in (("make", "Make"), ("model", "Model"), ("serial", "SerialNumber")):
        if is_cut and (row[key] == "" or tag not in tool):
            continue
        check(same_text(row[key], tool.get(tag, "")), name, key, repr(row[key]), "exiftool:", repr(tool.get(tag)))
    # exiftool wants the whole of `ftyp` to know a MOV; the first brand is enough.
    check(MIME.get(row["type"]) == tool.get("MIMEType") or is_cut and row["type"] == 5, name, row["type"], "exiftool:", tool.get("MIMEType"))


def compare_whole(name, row, tool):
    compare(name, row, tool, False)
    # For exiftool the date of a LIST INFO is another tag.
    tool = dict(tool, CreateDate="2023:05:06 07:08:09") if name == "info.avi" else tool
    check(row["taken"] == expected_date(tool), name, row["taken"], "exiftool:", expected_date(tool))
    check((row["orientation"] or None) == tool.get("Orientation") or name.startswith("turn_") and
          name.endswith(".mp4"), name, "orientation", row["orientation"], "exiftool:", tool.get("Orientation"))
    for key, tag in (("latitude", "GPSLatitude"), ("longitude", "GPSLongitude")):
        ours, theirs = row[key], tool.get(tag)
        check((ours is None) == (theirs is None) and (ours is None or abs(ours - theirs) < 1e-8),
              name, key, ours, "exiftool:", theirs)
    check(row["trouble"] & (TRUNCATED | BAD_GPS | BAD_DATE) == 0, name, "trouble", row["trouble"])


def compare_ffprobe(names, rows):
    """Only the films that ffmpeg made: a second opinion on size, rate and length."""
    for name in names:
        process = subprocess.run(
            ["ffprobe", "-v", "error", "-of", "json", "-select_streams", "v:0", "-show_entries",
             "stream=width,height,avg_frame_rate:format=duration", str(WORK / name)],
            stdout=subprocess.PIPE, text=True, check=True)
        told = json.loads(process.stdout)
        stream, row = told["streams"][0], rows[str(WORK / name)]
        above, below = map(int, stream["avg_frame_rate"].split("/"))
        check((row["width"], row["height"]) == (stream["width"], stream["height"]), name, "ffprobe size", stream)
        check(abs(row["fps"] - above / below) < 0.01, name, row["fps"], "ffprobe:", above / below)
        check(abs(row["duration"] - float(told["format"]["duration"])) < 0.11, name, row["duration"], "ffprobe:",
              told["format"]["duration"])


def cut_points(data):
    """Every place in the first 200 bytes, then fewer and fewer; exiftool wants the whole of a Matroska header."""
    points, at = list(range(47 if data[:1] == b"\x1A" else 12, 200, 5)), 200
    while at < len(data):
        points.append(at)
        at += max(61, at // 10)
    return points


def compare_cut(name):
    data = (WORK / name).read_bytes()
    folder = WORK.parent / "cut"
    folder.mkdir(exist_ok=True)
    paths = []
    for point in cut_points(data):
        path = folder / ("%06d_%s" % (point, name))
        path.write_bytes(data[:point])
        paths.append(str(path))
    rows, tool = facts(paths), exiftool(paths)
    for path in paths:
        compare(path, rows[path], tool[path], True)
        if rows[path]["type"] >= 3:
            check(rows[path]["trouble"] & TRUNCATED, path, "is not told as cut", rows[path]["trouble"])
    return len(paths)


def check_turns(rows):
    for turn, orientation in ((0, 0), (90, 6), (180, 3), (270, 8)):
        row = rows[str(WORK / ("turn_%d.mp4" % turn))]
        check(row["orientation"] == orientation, "a turn of", turn, "is told as", row["orientation"])


def check_reads():
    """Of a large picture no more than its head is read: 16 KiB, and 64 KiB where the EXIF needs it."""
    painter = formats.Painter(1600, 1200)
    late = [(0x927C, formats.UNDEFINED, bytes(62000))]
    for name, block, most in (("usual", formats.exif(serial="1"), 16384),
                              ("late", formats.exif(serial="1", photo=late), 69632)):
        paths = []
        for i in range(4):
            path = WORK.parent / ("%s_%d.jpg" % (name, i))
            path.write_bytes(painter.jpeg(i, block, 900_000))
            paths.append(path)
        told = json.loads(subprocess.run([FACTS, "--time", *paths], stdout=subprocess.PIPE, check=True).stdout)
        # What /proc/self/io itself has is read along.
        check(0 < told["bytes"] <= most * len(paths) + 4096, name, "pictures: bytes read", told["bytes"])
        check(facts(paths[:1])[str(paths[0])]["serial"] == "1", name, "picture has lost its serial number")


def main():
    for program in ("exiftool", "ffmpeg", "ffprobe"):
        if shutil.which(program) is None:
            print(program + " is not installed")
            sys.exit(77)
    WORK.mkdir()
    pictures()
    films()
    paths = sorted(str(path) for path in WORK.iterdir())
    rows, tool = facts(paths), exiftool(paths)
    for path in paths:
        compare_whole(os.path.basename(path), rows[path], tool[path])
    made = [os.path.basename(path) for path in paths if os.path.basename(path).startswith(("rate_", "sound."))]
    compare_ffprobe(made, rows)
    check_turns(rows)
    check_reads()
    cut = sum(compare_cut(name) for name in ("turn_little_6.jpg", "late_big.jpg", "tool_MM.png", "idit_0.avi",
                                             "sound.avi", "turn_90.mp4", "front.mp4", "old.mov", "sound.webm",
                                             "rate_25.mkv"))
    print("\n".join(failures))
    print("%d whole files, %d cut ones, %d with ffprobe, %d differences" % (len(paths), cut, len(made), len(failures)))
    check(len(paths) > 80 and cut > 300, "too few files")
    sys.exit(1 if failures else 0)


main()
