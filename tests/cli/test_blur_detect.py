#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""--blur and 'detect' together: where the model found somebody, it finds nobody in what may leave."""
import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(os.environ["ROOT"])
sys.path[:0] = [str(ROOT / "tests/cli"), str(ROOT / "tests/fixtures")]
import make_detector  # noqa: E402
import scenes  # noqa: E402
from blurring import exif, ffmpeg  # noqa: E402
from frontend import SCRATCH, check, document, end, run  # noqa: E402

HOME = {"TRAPKIT_SETTINGS_DIR": str(SCRATCH / "settings"), "TZ": "UTC"}
DATA = SCRATCH / "card"
PLACE, MADE = "summer/R1-01", DATA / ".trapkit/renditions/summer/R1-01"
# What is green is a person to the model (class 1), what is red an animal, what is blue a vehicle.
RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)
ANIMAL, PERSON, VEHICLE = ((64, 96, 160, 128), RED), ((352, 192, 128, 224), GREEN), ((96, 416, 160, 96), BLUE)
SURE = 0.3     # each rectangle is also found as the next class, with 0.18


def scene(name, *rectangles):
    path = SCRATCH / f"{name}.png"
    path.write_bytes(scenes.png(scenes.paint(640, 640, rectangles)))
    return path


def seen(folder, output):
    """{file name: {category: [(confidence, frame)]}} of all below the folder."""
    model = SCRATCH / "model.onnx"
    if not model.exists():
        model.write_bytes(make_detector.build(layout="yolov5"))
    status, _, said = run("detect", "--model", str(model), "--data-path", str(folder), "--output", str(output), "--video-interval",
                          "0", env=HOME)
    if status == 69 and "not installed" in said:
        print("the model runtime is not installed: " + said.strip())
        sys.exit(77)
    check(status == 0, f"detect: {status} {said}")
    found = json.loads(pathlib.Path(output).read_text())
    names = found["detection_categories"]
    result = {}
    for image in found["images"]:
        boxes = result.setdefault(pathlib.PurePath(image["file"]).name, {})
        for box in image["detections"]:
            boxes.setdefault(names[box["category"]], []).append((box["conf"], box.get("frame_number")))
    return result


def sure(boxes, category):
    return [box for box in boxes.get(category, ()) if box[0] >= SURE]


(DATA / PLACE).mkdir(parents=True)
(DATA / ".trapkit").mkdir()
everything = scene("everything", ANIMAL, PERSON, VEHICLE)
for i in (1, 3, 6, 8):
    path = DATA / PLACE / f"turned-{i}.jpg"
    ffmpeg("-i", everything, "-q:v", "2", path)
    exif(path, "-n", f"-Orientation={i}")
thumb = SCRATCH / "thumb.jpg"
ffmpeg("-i", everything, "-s", "160x160", "-q:v", "2", thumb)
exif(DATA / PLACE / "turned-1.jpg", f"-ThumbnailImage<={thumb}")
# Somebody walks in after a second and out after two; between his two places he must not be seen either.
empty, there = scene("empty", ANIMAL), scene("there", ANIMAL, PERSON)
parts = SCRATCH / "parts.txt"
parts.write_text("".join(f"file '{p}'\nduration 1\n" for p in (empty, there, empty)) + f"file '{empty}'\n")
ffmpeg("-f", "concat", "-safe", "0", "-i", parts, "-r", "8", "-t", "3", "-c:v", "mjpeg", "-q:v", "2", "-pix_fmt", "yuvj420p",
       DATA / PLACE / "walk.avi")

before = seen(DATA, DATA / ".trapkit/detections.json")
check(len(before) == 5, f"looked at {sorted(before)}")
for name, boxes in before.items():
    check(sure(boxes, "person") and sure(boxes, "animal"), f"{name}: not found before: {boxes}")
made = document("convert", "--data-path", str(DATA), "--blur", "human,vehicle", env=HOME)
check(made["exit"] == 0, f"convert: {made}")
after = seen(DATA / ".trapkit/renditions", SCRATCH / "after.json")
check(len(after) == 5, f"looked at {sorted(after)} after")
for name, boxes in after.items():
    # The default threshold covers what is found with 0.18 as the next class, too: red as person, blue as animal.
    check(not sure(boxes, "person") and not sure(boxes, "vehicle"), f"{name}: found after: {boxes}")
# Only what is a person or a vehicle with that: the animal is there again when such doubts do not count.
document("convert", "--data-path", str(DATA), "--blur", "human,vehicle", "--blur-threshold", str(SURE), env=HOME)
after = seen(DATA / ".trapkit/renditions", SCRATCH / "sure.json")
for name, boxes in after.items():
    check(sure(boxes, "animal") and not sure(boxes, "person") and not sure(boxes, "vehicle"), f"{name}: {boxes}")
preview = SCRATCH / "previews/summer/R1-01/preview.jpg"
preview.parent.mkdir(parents=True)
preview.write_bytes(subprocess.run(["exiftool", "-b", "-ThumbnailImage", MADE / "turned-1.jpg"], capture_output=True,
                                   check=True).stdout)
check(preview.stat().st_size > 500, f"the preview has {preview.stat().st_size} bytes")
boxes = seen(SCRATCH / "previews", SCRATCH / "preview.json")["preview.jpg"]
check(sure(boxes, "animal") and not sure(boxes, "person"), f"the preview: {boxes}")
end()
