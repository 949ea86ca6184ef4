#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""trapkit detect on scenes whose answers are known, in every layout; the file it writes; going on after a stop."""
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(os.environ["ROOT"]) / "tests/cli"))
sys.path.insert(0, str(pathlib.Path(os.environ["ROOT"]) / "tests/fixtures"))
import camera_files  # noqa: E402
import formats  # noqa: E402
import make_detector  # noqa: E402
import scenes  # noqa: E402
from detections_valid import complaints  # noqa: E402
from frontend import SCRATCH, check, document, end, run  # noqa: E402

if run("detect", "--info", "none.onnx")[0] != 69:
    check(False, "a model that is not there is not exit 69")


def model(name, **options):
    path = SCRATCH / f"{name}.onnx"
    if not path.exists():
        path.write_bytes(make_detector.build(**options))
    return path.name


status, _, said = run("detect", "--info", model("yolov5", layout="yolov5"))
if status == 69 and "not installed" in said:
    print("the model runtime is not installed: " + said.strip())
    sys.exit(77)


def results(path):
    found = json.loads((SCRATCH / path).read_text())
    for complaint in complaints(found):
        check(False, f"{path}: {complaint}")
    return {entry["file"]: entry for entry in found["images"]}


def picture(path, width=640, height=640, rectangles=scenes.SCENE):
    path = SCRATCH / path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(scenes.png(scenes.paint(width, height, rectangles)))
    return str(path.relative_to(SCRATCH))


def all_layouts():
    """Static, dynamic, half and int8; one and several at once; with one thread and with two."""
    names = [picture(f"scene{i}.png") for i in range(3)]
    wanted = scenes.expected(640, 640, scenes.SCENE)
    for layout in make_detector.LAYOUTS:
        for kind, options, arguments in (
                ("static", {}, ["--threads", "1"]), ("dynamic", {"dynamic": True}, ["--threads", "2", "--batch", "3"]),
                ("half", {"half": True, "dynamic": True}, ["--threads", "1", "--batch", "2", "-j", "1"]),
                ("int8", {"int8": True}, ["--threads", "2"]),
                ("batch", {"batch": 2}, ["--threads", "2", "--batch", "2"])):
            name = f"{layout}-{kind}"
            status, _, said = run("detect", "--model", model(name, layout=layout, **options), "--output", f"{name}.json",
                                  *arguments, *names)
            check(status == 0, f"{name}: status {status}: {said}")
            found = results(f"{name}.json") if status == 0 else {}
            check(set(found) == set(names), f"{name}: entries {set(found)}")
            for file, entry in found.items():
                for wrong in scenes.differences(entry, wanted, 640, 640):
                    check(False, f"{name}: {file}: {wrong}")


def classic_rounding():
    """To the last digit what MegaDetector's float32 arithmetic gives."""
    entry = results("yolov5-static.json")["scene0.png"]
    sure = [(d["category"], d["conf"], d["bbox"]) for d in entry["detections"] if d["conf"] > 0.25]
    check(sorted(sure) == sorted(scenes.CLASSIC), f"classic rounding: {sure}")


def other_sizes():
    """Letterboxed, squeezed or stretched: the boxes are those of the picture, to a pixel of what the model sees."""
    large = [((x * 5 // 2, y * 15 // 8, w * 5 // 2, h * 15 // 8), c) for (x, y, w, h), c in scenes.SCENE]
    picture("large.png", 1600, 1200, large)
    picture("tall.png", 600, 1000, [((150, 300, 200, 250), (255, 0, 0))])
    # In the last one edges are smoothed, of which one lies on the centres of cells: a lower confidence.
    for name, sure in (("yolov5-dynamic", 0.005), ("yolov5-static", 0.005), ("rtdetr-dynamic", 0.005),
                       ("end-to-end-static", 0.005), ("rtdetr-v2-static", 0.1)):
        for mode in ("classic", "modern"):
            status, _, said = run("detect", "--model", f"{name}.onnx", "--output", f"sizes-{name}-{mode}.json",
                                  "--compatibility", mode, "large.png", "tall.png")
            check(status == 0, f"{name} {mode}: {said}")
            got = results(f"sizes-{name}-{mode}.json")
            for wrong in scenes.differences(got["large.png"], scenes.expected(1600, 1200, large), 1600, 1200, 2.6, sure) + \
                    scenes.differences(got["tall.png"], scenes.expected(600, 1000, [((150, 300, 200, 250), (255, 0, 0))]),
                                       600, 1000, 1.7, sure):
                check(False, f"{name} {mode}: {wrong}")
    status, _, said = run("detect", "--model", "yolov5-static.onnx", "--image-size", "1280", "-o", "x.json", "large.png")
    check(status == 1 and "640x640" in said, f"another size than the model's: {status} {said}")


def choices():
    """A wrong layout is a failure of the pictures or of the run, never a crash; the right one by name is the same."""
    plain = results("yolov5-static.json")
    run("detect", "--model", "yolov5-static.onnx", "--layout", "yolov5", "-o", "named.json", "scene0.png")
    check(results("named.json")["scene0.png"]["detections"] == plain["scene0.png"]["detections"], "--layout yolov5")
    for layout in make_detector.LAYOUTS:
        status, _, said = run("detect", "--model", "ultralytics-static.onnx", "--layout", layout, "-o", f"wrong-{layout}.json",
                              "scene0.png")
        check(status in (0, 1), f"ultralytics read as {layout}: {status} {said}")
    (SCRATCH / "junk.onnx").write_bytes(b"no model")
    for name, beginning in (("cut.onnx", (SCRATCH / "yolov5-static.onnx").read_bytes()[:3000]), ("torch.onnx", b"PK\3\4data"),
                            ("page.onnx", b"<!DOCTYPE html>"), ("empty.onnx", b"")):
        (SCRATCH / name).write_bytes(beginning)
    for arguments, wanted, word in ((["--model", "junk.onnx"], 1, "junk.onnx"), (["--model", "cut.onnx"], 1, "download"),
                                    (["--model", "torch.onnx"], 1, "export.py"), (["--model", "page.onnx"], 1, "web page"),
                                    (["--model", "empty.onnx"], 1, "is empty"), (["--model", "."], 69, "cannot read"), (["--model", "no.onnx"], 69, "no.onnx"),
                                    ([], 69, "--model"), (["--model", "yolov5-static.onnx", "--device", "cuda"], 69, "graphics"),
                                    (["--model", "yolov5-static.onnx", "--set", "DETECT.runtime=/nowhere.so"], 69, "nowhere")):
        status, _, said = run("detect", *arguments, "-o", "x.json", "scene0.png")
        check(status == wanted and word in said, f"{arguments}: {status} {said}")
    check(run("detect", "--model", "yolov5-static.onnx", "scene0.png")[0] == 2, "no --output")
    check(run("detect", "--model", "yolov5-static.onnx", "-o", "x.json")[0] == 2, "no files")
    check(run("detect", "--info", "--merge", "a")[0] == 2, "two things at once")
    told = document("detect", "--model", "yolov5-static.onnx", "-o", "dry.json", "--dry-run", "scene0.png")
    check(told["files"] == 1 and not list(SCRATCH.glob("dry.json*")), f"dry run: {told}")
    quiet = run("detect", "--model", "yolov5-static.onnx", "-o", "quiet.json", "-q", "scene0.png")
    check(quiet == (0, "", ""), f"-q: {quiet}")
    (SCRATCH / "list").write_bytes(b"scene1.png\0scene2.png\0scene1.png\0")
    told = document("detect", "--model", "yolov5-static.onnx", "-o", "list.json", "--files-from", "list", "-0")
    check(told["files"] == 2 and set(results("list.json")) == {"scene1.png", "scene2.png"}, f"--files-from: {told}")


def ffmpeg(*arguments):
    subprocess.run(["ffmpeg", "-v", "error", "-y", *map(str, arguments)], check=True, stdin=subprocess.DEVNULL)


def jpeg(path, source, pixels="yuvj444p", turn=None, orientation=None):
    turned = ["-vf", turn] if turn else []
    ffmpeg("-i", SCRATCH / source, *turned, "-pix_fmt", pixels, "-q:v", "1", SCRATCH / path)
    data = (SCRATCH / path).read_bytes()
    if orientation is not None:
        block = formats.exif(taken="2024:07:01 10:00:00", orientation=orientation)
        (SCRATCH / path).write_bytes(data[:2] + formats.app1(block) + data[2:])
    return data


def orientations():
    """3, 6 and 8 are applied, mirrored ones and those of grey pictures are not: as MegaDetector does."""
    box = [((100, 64, 200, 120), (255, 0, 0))]
    picture("up.png", 640, 480, box)
    stored = {1: None, 3: "hflip,vflip", 6: "transpose=2", 8: "transpose=1", 2: "hflip"}
    names = []
    for orientation, turn in stored.items():
        names.append(f"o{orientation}.jpg")
        jpeg(names[-1], "up.png", turn=turn, orientation=orientation)
    for name, colour in (("grey6.jpg", False), ("colour6.jpg", True)):
        # A camera of old firmware: the date is in its own block only.
        block = formats.exif(orientation=6, taken=None, photo=[(0x927C, formats.UNDEFINED, camera_files.hyperfire())])
        (SCRATCH / name).write_bytes(formats.Painter(480, 640, colour).jpeg(1, block))
    status, _, said = run("detect", "--model", "yolov5-dynamic.onnx", "-o", "turned.json", *names, "grey6.jpg",
                          "colour6.jpg")
    check(status == 0, f"orientations: {said}")
    got = results("turned.json")
    for name in names:
        wanted = [((640 - 100 - 200, 64, 200, 120), (255, 0, 0))] if name == "o2.jpg" else box
        check((got[name]["width"], got[name]["height"]) == (640, 480), f"{name}: {got[name]['width']}")
        check(got[name]["datetime"] == "2024:07:01 10:00:00", f"{name}: {got[name]['datetime']}")
        check(got[name]["sha256"] == hashlib.sha256((SCRATCH / name).read_bytes()).hexdigest(), f"{name}: SHA-256")
        for wrong in scenes.differences(got[name], scenes.expected(640, 480, wanted), 640, 480, 2, 0.02):
            check(False, f"{name}: {wrong}")
    check((got["grey6.jpg"]["width"], got["colour6.jpg"]["width"]) == (480, 640), f"grey: {got['grey6.jpg']}")
    check(got["grey6.jpg"]["datetime"] == "2010:07:21 13:30:59", f"the camera's own date: {got['grey6.jpg']}")


def bad_files():
    """One bad file stops nothing; each is an entry with MegaDetector's words and ours."""
    (SCRATCH / "bad").mkdir()
    whole = jpeg("bad/whole.jpg", "up.png")
    (SCRATCH / "bad/cut.jpg").write_bytes(whole[:len(whole) * 2 // 3])
    (SCRATCH / "bad/empty.jpg").write_bytes(b"")
    (SCRATCH / "bad/text.jpg").write_text("no picture")
    (SCRATCH / "bad/text.avi").write_text("no video")
    (SCRATCH / "bad/head.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (SCRATCH / "bad/.hidden.jpg").write_bytes(whole)
    os.mkfifo(SCRATCH / "bad/fifo.jpg")
    with open(os.fsencode(SCRATCH / "bad") + b"/Jon\xe1s.jpg", "wb") as stream:
        stream.write(whole)
    told = document("detect", "--model", "yolov5-dynamic.onnx", "-o", "bad.json", "bad")
    got = results("bad.json")
    failed = {f: e["failure"] for f, e in got.items() if "failure" in e}
    check(failed == {"bad/empty.jpg": "image access failure", "bad/text.jpg": "image access failure",
                     "bad/head.png": "image access failure", r"bad/Jon\xE1s.jpg": "image access failure",
                     "bad/text.avi": "Failure processing video: cannot be decoded"}, f"failed: {failed}")
    check(all(e["reason"] for e in got.values() if "failure" in e), "no reasons")
    check((told["exit"], told["failed"], told["skipped"]) == (1, 5, 1), f"told: {told['failed']} {told['skipped']}")
    check(len(got["bad/whole.jpg"]["detections"]) == 2 and isinstance(got["bad/cut.jpg"]["detections"], list), "good ones")
    status, _, _ = run("detect", "--model", "yolov5-dynamic.onnx", "-o", "fast.json", "--fail-fast", "bad")
    check(status == 1 and not (SCRATCH / "fast.json").exists(), "--fail-fast")


def videos():
    """Every n-th frame by time; numbers and boxes of frames; turned as players do."""
    picture("with.png", 320, 240, [((64, 64, 128, 96), (255, 0, 0))])
    picture("without.png", 320, 240, [])
    kinds = [jpeg(f"{name}.jpg", f"{name}.png", pixels="yuvj422p") for name in ("without", "with")]
    frames = [kinds[10 <= i < 20] for i in range(25)]
    (SCRATCH / "clip.avi").write_bytes(formats.avi(frames, 320, 240, rate=10, idit="MON JUL 01 10:00:00 2024"))
    for interval, wanted in (("1", [0, 10, 20]), ("0.55s", [0, 5, 10, 15, 20]), ("0", list(range(25)))):
        status, _, said = run("detect", "--model", "yolov5-dynamic.onnx", "-o", f"film-{interval}.json", "--batch", "3",
                              "--video-interval", interval, "clip.avi")
        check(status == 0, f"video {interval}: {said}")
        entry = results(f"film-{interval}.json")["clip.avi"]
        check(entry["frames_processed"] == wanted and entry["frame_rate"] == 10.0, f"{interval}: {entry['frames_processed']}")
        seen = sorted({d["frame_number"] for d in entry["detections"]})
        check(seen == [f for f in wanted if 10 <= f < 20], f"{interval}: seen in {seen}")
        for frame in seen:
            one = {"detections": [d for d in entry["detections"] if d["frame_number"] == frame]}
            for wrong in scenes.differences(one, scenes.expected(320, 240, [((64, 64, 128, 96), (255, 0, 0))]), 320, 240, 3,
                                            0.05):
                check(False, f"{interval}: frame {frame}: {wrong}")
    check(results("film-1.json")["clip.avi"]["datetime"] == "2024:07:01 10:00:00", "date of the video")


def odd_videos():
    """Turned by the container: as ffmpeg shows it. Frames of another size in the middle: each by its own."""
    box = [((100, 64, 200, 120), (255, 0, 0))]
    picture("upright.png", 640, 480, box)
    for turn, stored, size in ((90, "transpose=2", (480, 640)), (180, "hflip,vflip", (640, 480)),
                               (270, "transpose=1", (480, 640))):
        frame = jpeg(f"turned{turn}.jpg", "upright.png", turn=stored)
        (SCRATCH / f"turned{turn}.mp4").write_bytes(formats.mp4([frame] * 3, *size, rate=1, turn=turn))
        ffmpeg("-i", SCRATCH / f"turned{turn}.mp4", "-frames:v", "1", SCRATCH / f"shown{turn}.png")
    names = [f"{kind}{turn}{suffix}" for turn in (90, 180, 270) for kind, suffix in (("turned", ".mp4"), ("shown", ".png"))]
    status, _, said = run("detect", "--model", "yolov5-dynamic.onnx", "-o", "turned-films.json", *names)
    check(status == 0, f"turned films: {said}")
    for name, entry in results("turned-films.json").items():
        check((entry["width"], entry["height"]) == (640, 480), f"{name}: {entry['width']} x {entry['height']}")
        one = {"detections": [d for d in entry["detections"] if d.get("frame_number", 0) == 0]}
        for wrong in scenes.differences(one, scenes.expected(640, 480, box), 640, 480, 2, 0.05):
            check(False, f"{name}: {wrong}")
    sizes = [(320, 240), (640, 480), (240, 320)]
    box = ((64, 64, 96, 96), (255, 0, 0))
    frames = []
    for width, height in sizes:
        picture(f"{width}.png", width, height, [box])
        frames += [jpeg(f"{width}.jpg", f"{width}.png")] * 2
    (SCRATCH / "growing.avi").write_bytes(formats.avi(frames, 320, 240, rate=2))
    status, _, said = run("detect", "--model", "yolov5-dynamic.onnx", "-o", "growing.json", "--video-interval", "0",
                          "--batch", "4", "growing.avi")
    check(status == 0, f"a film that changes its size: {said}")
    entry = results("growing.json")["growing.avi"]
    check(entry["frames_processed"] == list(range(6)) and (entry["width"], entry["height"]) == (320, 240),
          f"a film that changes its size: {entry}")
    for i, (width, height) in enumerate(s for s in sizes for _ in range(2)):
        one = {"detections": [d for d in entry["detections"] if d["frame_number"] == i]}
        for wrong in scenes.differences(one, scenes.expected(width, height, [box]), width, height, 3, 0.05):
            check(False, f"a film that changes its size: frame {i}: {wrong}")


all_layouts()
classic_rounding()
other_sizes()
choices()
if shutil.which("ffmpeg"):
    picture("up.png", 640, 480, [((100, 64, 200, 120), (255, 0, 0))])
    orientations()
    bad_files()
    videos()
    odd_videos()
else:
    print("ffmpeg is not installed: JPEG files and videos were not tested")
end()
