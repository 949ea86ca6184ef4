#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""trapkit convert on videos: ffprobe and ffmpeg say whether a rendition is what it should be."""
import datetime
import json
import os
import pathlib
import re
import shutil
import signal
import struct
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(os.environ["ROOT"]) / "tests/cli"))
sys.path.insert(0, str(pathlib.Path(os.environ["ROOT"]) / "tests/fixtures"))
import formats  # noqa: E402
from frontend import SCRATCH, TRAPKIT, check, document, end, environment, peak_memory, run  # noqa: E402

for tool in ("ffmpeg", "ffprobe", "exiftool"):
    if shutil.which(tool) is None:
        print(f"{tool} is not installed")
        sys.exit(77)

EXTENSIONS = ["--video-extensions=.avi", "--video-extensions=.mov", "--video-extensions=.mp4",
              "--video-extensions=.mkv"]


def ffmpeg(*arguments):
    subprocess.run(["ffmpeg", "-v", "error", "-y", *map(str, arguments)], check=True, stdin=subprocess.DEVNULL)


def probe(path):
    out = subprocess.run(["ffprobe", "-v", "error", "-of", "json", "-count_frames", "-show_streams", "-show_format",
                          path], capture_output=True, check=True).stdout
    found = json.loads(out)
    kinds = {s["codec_type"]: s for s in found["streams"]}
    return kinds.get("video"), kinds.get("audio"), found["format"]


def likeness(one, other, before=""):
    out = subprocess.run(["ffmpeg", "-i", str(one), "-i", str(other), "-lavfi",
                          f"[0:v]{before}format=yuv420p[a];[1:v]{before}format=yuv420p[b];[a][b]ssim", "-f", "null",
                          "-"], capture_output=True, check=True, stdin=subprocess.DEVNULL).stderr.decode()
    return float(re.search(r"All:([0-9.]+)", out)[1])


def stream_digest(path, kind):
    return subprocess.run(["ffmpeg", "-v", "error", "-i", path, "-map", f"0:{kind}:0", "-c", "copy", "-f", "md5", "-"],
                          capture_output=True, check=True, stdin=subprocess.DEVNULL).stdout


def box_order(path):
    """The boxes of an MP4 file, outermost only."""
    data, at, names = path.read_bytes(), 0, []
    while at + 8 <= len(data):
        size, name = struct.unpack(">I4s", data[at:at + 8])
        names.append(name.decode())
        if size < 8:
            break
        at += size
    return names


def age(folder):
    for path in pathlib.Path(folder).rglob("*"):
        if path.is_file() and ".trapkit" not in path.parts:
            os.utime(path, (1719828000, 1719828000))


def deployment(base):
    folder = SCRATCH / base / "winter/R1"
    folder.mkdir(parents=True, exist_ok=True)
    return folder, SCRATCH / base / ".trapkit/renditions/winter/R1"


def frames(size, count, pixels="yuvj422p", rate=15):
    """JPEG pictures of a moving scene."""
    folder = SCRATCH / f"frames-{size}-{pixels}"
    folder.mkdir(exist_ok=True)
    ffmpeg("-f", "lavfi", "-i", f"testsrc2=size={size}:rate={rate}", "-frames:v", str(count), "-q:v", "3", "-pix_fmt",
           pixels, folder / "%03d.jpg")
    return [p.read_bytes() for p in sorted(folder.iterdir())][:count]


def clips():
    sources, _ = deployment("data")
    scene = ["-f", "lavfi", "-i", "testsrc2=size=640x360:rate=15", "-f", "lavfi", "-i", "sine=440:sample_rate=8000"]
    ffmpeg(*scene, "-t", "2", "-c:v", "mjpeg", "-q:v", "3", "-pix_fmt", "yuvj422p", "-c:a", "pcm_s16le",
           sources / "sound.avi")
    ffmpeg("-i", sources / "sound.avi", "-an", "-c", "copy", sources / "silent.avi")
    ffmpeg(*scene, "-t", "2", "-c:v", "libx264", "-pix_fmt", "yuv420p", "-bf", "2", "-c:a", "aac", sources / "fit.mp4")
    ffmpeg("-i", sources / "fit.mp4", "-c:v", "copy", "-c:a", "pcm_s16le", sources / "pcm.mov")
    ffmpeg("-f", "lavfi", "-i", "testsrc2=size=321x241:rate=30000/1001", "-t", "1", "-c:v", "libx264", "-pix_fmt",
           "yuv444p", sources / "odd.mkv")
    ffmpeg("-f", "lavfi", "-i", "testsrc2=size=640x360:rate=25", "-t", "1", "-c:v", "mjpeg", "-pix_fmt", "yuvj420p",
           "-q:v", "3", sources / "full.mov")
    return sources


def every_kind():
    """F63: these MP4 and MOV files have their moov at the end; every frame comes."""
    sources = clips()
    age(SCRATCH / "data")
    made = SCRATCH / "data/.trapkit/renditions/winter/R1"
    result = document("convert", "--data-path", "data", *EXTENSIONS)
    check(result["exit"] == 0 and result["videos"] == 5 and result["remuxed"] == 1, result)
    wanted = {  # frames, rate, size, sound
        "sound": (30, "15/1", (640, 360), "aac"), "silent": (30, "15/1", (640, 360), None),
        "fit": (30, "15/1", (640, 360), "aac"), "pcm": (30, "15/1", (640, 360), "aac"),
        "odd": (30, "30000/1001", (320, 240), None), "full": (25, "25/1", (640, 360), None)}
    for name, (count, rate, size, sound) in wanted.items():
        video, audio, container = probe(made / f"{name}.mp4")
        shown = f"{name}: {video}"
        check(video["codec_name"] == "h264" and video["profile"] == "High" and video["pix_fmt"] == "yuv420p", shown)
        check(video.get("color_range", "tv") == "tv", shown)
        check((video["width"], video["height"]) == size, shown)
        check(int(video["nb_read_frames"]) == count and video["avg_frame_rate"] == rate, shown)
        seconds = count / eval(rate)  # our own table, above
        check(abs(float(video["duration"]) - seconds) <= 1 / eval(rate) + 0.002, shown)
        check((audio or {}).get("codec_name") == sound, f"{name}: {audio}")
        if audio:
            check(abs(float(audio["duration"]) - seconds) < 0.2, f"{name}: {audio}")
        order = box_order(made / f"{name}.mp4")
        check(order.index("moov") < order.index("mdat"), f"{name}: {order}")
        check("creation_time" not in container.get("tags", {}), f"{name}: a date from nowhere: {container}")
        source = next(sources.glob(f"{name}.*"))
        cut = "crop=320:240:0:0:exact=1," if name == "odd" else ""
        like = likeness(made / f"{name}.mp4", source, cut)
        check(like >= 0.95, f"{name}: SSIM {like}")
    for kind in "va":
        check(stream_digest(made / "fit.mp4", kind) == stream_digest(sources / "fit.mp4", kind), f"fit: {kind} differs")
    check(stream_digest(made / "pcm.mp4", "v") == stream_digest(sources / "pcm.mov", "v"), "pcm: the video was touched")
    again = document("convert", "--data-path", "data", *EXTENSIONS)
    check(again["unchanged"] == 6 and again["videos"] == 0, again)


def black_stays_black():
    """Full-range 0 and 255 must become 16 and 235: a wrong range shows as grey or crushed."""
    sources, made = deployment("range")
    for name, colour in (("black", "black"), ("white", "white")):
        ffmpeg("-f", "lavfi", "-i", f"color={colour}:size=320x240:rate=10", "-t", "1", "-c:v", "mjpeg", "-q:v", "2",
               "-pix_fmt", "yuvj420p", sources / f"{name}.avi")
    age(SCRATCH / "range")
    check(run("convert", "--data-path", "range")[0] == 0, "range")
    for name, level in (("black", 16), ("white", 235)):
        raw = subprocess.run(["ffmpeg", "-v", "error", "-i", made / f"{name}.mp4", "-frames:v", "1", "-f", "rawvideo",
                              "-pix_fmt", "yuv420p", "-"], capture_output=True, check=True,
                             stdin=subprocess.DEVNULL).stdout[:320 * 240]
        mean = sum(raw) / len(raw)
        check(abs(mean - level) <= 1, f"{name}: luma {mean}")


def colours_stay():
    """Of every matrix and range: what ffmpeg makes RGB of, before and after, is the same."""
    sources, made = deployment("colours")
    kinds = {"jpeg.avi": ["-vf", "scale=out_range=pc:out_color_matrix=bt601", "-c:v", "mjpeg", "-q:v", "2", "-pix_fmt",
                          "yuvj422p"],
             "709.mov": ["-vf", "scale=out_range=pc:out_color_matrix=bt709", "-c:v", "libx264", "-qp", "4", "-pix_fmt",
                         "yuvj420p", "-colorspace", "bt709", "-color_range", "pc"],
             "444.mkv": ["-vf", "scale=out_range=tv:out_color_matrix=bt709", "-c:v", "libx264", "-qp", "4", "-pix_fmt",
                         "yuv444p", "-colorspace", "bt709", "-color_range", "tv"]}
    for name, options in kinds.items():
        for colour in ("red", "green", "blue", "gray", "yellow"):
            ffmpeg("-f", "lavfi", "-i", f"color={colour}:size=64x64:rate=5,format=rgb24", "-t", "1", *options,
                   sources / f"{colour}_{name}")
    age(SCRATCH / "colours")
    check(run("convert", "--data-path", "colours", *EXTENSIONS)[0] == 0, "colours")
    for source in sources.iterdir():
        rendition = made / (source.stem + ".mp4")
        video, _, _ = probe(rendition)
        check(video.get("color_range") == "tv", f"{source.name}: {video.get('color_range')}")
        if "jpeg" not in source.name:
            check(video.get("color_space") == "bt709", f"{source.name}: {video.get('color_space')}")
        one, other = ([*subprocess.run(["ffmpeg", "-v", "error", "-i", path, "-frames:v", "1", "-vf", "crop=2:2:30:30",
                                        "-f", "rawvideo", "-pix_fmt", "rgb24", "-"], capture_output=True, check=True,
                                       stdin=subprocess.DEVNULL).stdout[:3]] for path in (source, rendition))
        check(max(abs(a - b) for a, b in zip(one, other)) <= 6, f"{source.name}: {one} became {other}")


def turns_are_carried():
    sources, made = deployment("turned")
    jpegs = frames("320x240", 10)
    (sources / "encoded.mp4").write_bytes(formats.mp4(jpegs, 320, 240, 10, 3800000000, 90))
    ffmpeg("-f", "lavfi", "-i", "testsrc2=size=320x240:rate=10", "-t", "1", "-c:v", "libx264", "-pix_fmt", "yuv420p",
           sources / "packed.mp4")
    film = bytearray((sources / "packed.mp4").read_bytes())
    # ISO/IEC 14496-12 section 8.3.2: the matrix lies 44 bytes after the box's name.
    at = film.index(b"tkhd") + 44
    film[at:at + 36] = struct.pack(">9i", 0, 1 << 16, 0, -1 << 16, 0, 0, 0, 0, 1 << 30)
    (sources / "packed.mp4").write_bytes(film)
    age(SCRATCH / "turned")
    result = document("convert", "--data-path", "turned", *EXTENSIONS)
    check(result["videos"] == 1 and result["remuxed"] == 1, result)
    for name in ("encoded.mp4", "packed.mp4"):
        turns = [{d.get("rotation") for d in probe(folder / name)[0].get("side_data_list", [])}
                 for folder in (sources, made)]
        check(turns[0] == turns[1] and len(turns[0]) == 1, f"{name}: {turns}")


def exif_date(path):
    return subprocess.run(["exiftool", "-s3", "-QuickTime:CreateDate", path], capture_output=True,
                          check=True).stdout.decode().strip()


def dates_are_carried():
    """F65"""
    sources, made = deployment("dates")
    jpegs = frames("320x240", 15)
    (sources / "idit.avi").write_bytes(formats.avi(jpegs, 320, 240, idit="Mon Jul 01 12:34:56 2024"))
    (sources / "20240701_123456.avi").write_bytes(formats.avi(jpegs, 320, 240))
    age(SCRATCH / "dates")
    for options, shown, utc in (([], "2024:07:01 12:34:56", None),
                                (["--timezone", "Europe/Warsaw"], "2024:07:01 10:34:56", 1719830096),
                                (["--timezone", "Europe/Warsaw", "--ignore-dst"], "2024:07:01 11:34:56", 1719833696)):
        check(run("convert", "--data-path", "dates", *options)[0] == 0, options)
        for name in ("idit.mp4", "20240701_123456.mp4"):
            check(exif_date(made / name) == shown, f"{options} {name}: {exif_date(made / name)}")
            found = int((made / name).stat().st_mtime)
            check(found == (1719828000 if utc is None else utc), f"{options} {name}: time of the file {found}")
            check(int(probe(made / name)[0]["nb_read_frames"]) == 15, name)
    check(datetime.datetime(2024, 7, 1, 10, 34, 56, tzinfo=datetime.timezone.utc).timestamp() == 1719830096, "arithmetic")


def faults_of_cameras():
    """F62 (cut.avi), F64 (formats.avi), damaged indexes and frames."""
    sources, made = deployment("faults")
    jpegs = frames("640x480", 30)
    other = frames("640x480", 1, "yuvj444p")
    whole = formats.avi(jpegs, 640, 480)
    (sources / "whole.avi").write_bytes(whole)
    (sources / "formats.avi").write_bytes(formats.avi(other + jpegs[1:], 640, 480))
    (sources / "cut.avi").write_bytes(whole[:len(whole) * 6 // 10])
    at = whole.rindex(b"idx1")
    (sources / "index.avi").write_bytes(whole[:at + 8] + bytes(byte ^ 0x5A for byte in whole[at + 8:]))
    (sources / "noindex.avi").write_bytes(whole[:at])
    bad = bytearray(whole)
    middle = whole.index(jpegs[12]) + len(jpegs[12]) // 2
    bad[middle:middle + 2000] = bytes(2000)
    (sources / "spoilt.avi").write_bytes(bytes(bad))
    (sources / "noise.avi").write_bytes(bytes(range(256)) * 200)
    age(SCRATCH / "faults")
    result = document("convert", "--data-path", "faults")
    files = {pathlib.PurePath(f["path"]).name: f for f in result["files"]}
    check(result["exit"] == 1 and [n for n, f in files.items() if f["status"] == "failed"] == ["noise.avi"], files)
    for name, count in (("whole", 30), ("formats", 30), ("index", 30), ("noindex", 30), ("spoilt", 30)):
        video, _, _ = probe(made / f"{name}.mp4")
        check(int(video["nb_read_frames"]) == count, f"{name}: {video['nb_read_frames']} frames")
        check(abs(float(video["duration"]) - count / 15) < 0.07, f"{name}: {video['duration']} s")
    # Frames that lie whole in the file: what a reader of the chunks finds there.
    kept = sum(1 for jpeg in jpegs if whole.index(jpeg) + len(jpeg) <= len(whole) * 6 // 10)
    video, _, _ = probe(made / "cut.mp4")
    check(kept <= int(video["nb_read_frames"]) <= kept + 1, f"cut: {video['nb_read_frames']} frames, {kept} are whole")
    check(files["cut.avi"]["reason"] and "2.0 s" in files["cut.avi"]["reason"], files["cut.avi"])
    check(files["whole.avi"]["reason"] is None, files["whole.avi"])
    like = likeness(made / "formats.mp4", sources / "formats.avi")
    check(like >= 0.95, f"formats: SSIM {like}")
    check(not list((SCRATCH / "faults").rglob(".*trapkit-*")), "a temporary file was left")


def webm():
    sources, made = deployment("web")
    ffmpeg("-f", "lavfi", "-i", "testsrc2=size=320x240:rate=10", "-f", "lavfi", "-i", "sine=440:sample_rate=16000", "-t",
           "1", "-c:v", "mjpeg", "-q:v", "3", "-c:a", "pcm_s16le", sources / "a.avi")
    age(SCRATCH / "web")
    result = document("convert", "--data-path", "web", "--video", "webm")
    check(result["exit"] == 0 and result["videos"] == 1, result)
    video, audio, container = probe(made / "a.webm")
    check(video["codec_name"] == "vp9" and audio["codec_name"] == "opus" and "webm" in container["format_name"], container)
    check(int(video["nb_read_frames"]) == 10 and abs(float(container["duration"]) - 1) < 0.11, container)
    check(abs(likeness(made / "a.webm", sources / "a.avi")) >= 0.95, "a.webm shows something else")
    status, _, said = run("package", "--data-path", "web", "--project-id", "3", "--timezone", "Europe/Warsaw",
                          "--no-validate", "--package-name", "p")
    check(status == 0, said)
    import yaml
    found = yaml.safe_load((SCRATCH / "web/p.yaml").read_text())["collections"][0]["deployments"][0]["resources"][0]
    told = subprocess.run(["exiftool", "-n", "-j", made / "a.webm"], capture_output=True, check=True).stdout
    told = json.loads(told)[0]
    for key, tag in (("mime_type", "MIMEType"), ("file_width", "ImageWidth"), ("file_height", "ImageHeight"),
                     ("file_fps", "VideoFrameRate"), ("file_duration", "Duration")):
        value = float(told[tag][6:]) if str(told[tag]).startswith("00:00:") else told[tag]
        check(found.get(key) == value, f"{key}: {found}, exiftool: {value}")
    # A WebM that is one already: packed anew, not a bit of its streams changed.
    fits, made = deployment("webfit")
    shutil.copy(SCRATCH / "web/.trapkit/renditions/winter/R1/a.webm", fits)
    age(SCRATCH / "webfit")
    result = document("convert", "--data-path", "webfit", "--video", "webm", "--video-extensions=.webm")
    check(result["remuxed"] == 1, result)
    for kind in "va":
        check(stream_digest(made / "a.webm", kind) == stream_digest(fits / "a.webm", kind), f"a.webm: {kind} differs")
    off = document("convert", "--data-path", "web", "--video", "off")
    check(off["fit"] == 1, off)


def packaged():
    """F66: an AVI and a MOV of one stem, and the dates of both."""
    sources, made = deployment("names")
    jpegs = frames("320x240", 15)
    for name in ("IMG_1.avi", "IMG_2.avi"):
        (sources / name).write_bytes(formats.avi(jpegs, 320, 240, idit="Mon Jul 01 12:34:56 2024"))
    ffmpeg("-i", sources / "IMG_1.avi", "-c", "copy", sources / "IMG_1.mov")
    age(SCRATCH / "names")
    check(run("convert", "--data-path", "names")[0] == 0, "names")
    found = sorted(p.name for p in made.iterdir())
    check(found == ["IMG_1.avi.mp4", "IMG_1.mov.mp4", "IMG_2.mp4"], found)
    status, _, said = run("package", "--data-path", "names", "--project-id", "3", "--timezone", "Europe/Warsaw",
                          "--no-validate", "--package-name", "p")
    check(status == 0, said)
    import yaml
    resources = yaml.safe_load((SCRATCH / "names/p.yaml").read_text())["collections"][0]["deployments"][0]["resources"]
    by_name = {r["name"]: r for r in resources}
    check(sorted(by_name) == found, by_name)
    one = json.dumps(by_name["IMG_2.mp4"], default=str)
    check("video/mp4" in one and "2024-07-01T10:34:56" in one and str((made / "IMG_2.mp4").stat().st_size) in one, one)


def memory_is_bounded():
    sources, _ = deployment("big")
    ffmpeg("-f", "lavfi", "-i", "testsrc2=size=1920x1080:rate=30", "-frames:v", "20", "-c:v", "mjpeg", "-q:v", "3",
           "-pix_fmt", "yuvj422p", sources / "1.avi")
    os.link(sources / "1.avi", sources / "2.avi")
    age(SCRATCH / "big")
    for kind in ("mp4", "webm"):
        used = peak_memory("convert", "--data-path", "big", "--video", kind, "-q", "-j", "2")
        check(used <= 512, f"1080p to {kind} in two workers: {used} MiB")


def killed_and_run_again():
    sources, made = deployment("killed")
    ffmpeg("-f", "lavfi", "-i", "testsrc2=size=1280x720:rate=15,noise=alls=10", "-t", "3", "-c:v", "mjpeg", "-q:v", "4",
           sources / "a.avi")
    age(SCRATCH / "killed")
    for delay in (0.2, 0.5, 0.8):
        process = subprocess.Popen([TRAPKIT, "convert", "--data-path", "killed"], cwd=SCRATCH, env=environment(),
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
        process.wait()
        check(not made.exists() or not [p for p in made.iterdir() if not p.name.startswith(".")] or
              probe(made / "a.mp4"), "half a film has its name")
    process = subprocess.Popen([TRAPKIT, "convert", "--data-path", "killed"], cwd=SCRATCH, env=environment(),
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(0.4)
    process.send_signal(signal.SIGINT)
    status = process.wait(10)
    check(status in (130, 0), f"Ctrl-C: {status}")
    check(run("convert", "--data-path", "killed")[0] == 0, "the run after the kills")
    check([p.name for p in made.iterdir()] == ["a.mp4"], list(made.iterdir()))
    first = (made / "a.mp4").read_bytes()
    # With what memory held before: nothing of that may show.
    for fill in ("1", "170"):
        check(run("convert", "--data-path", "killed", "--overwrite", env={"MALLOC_PERTURB_": fill})[0] == 0, "--overwrite")
        check((made / "a.mp4").read_bytes() == first, "the same source gives other bytes")


every_kind()
black_stays_black()
colours_stay()
turns_are_carried()
dates_are_carried()
faults_of_cameras()
webm()
packaged()
memory_is_bounded()
killed_and_run_again()
end()
