#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""trapkit detect on scenes whose answers are known, in every layout; the file it writes; going on after a stop."""
import hashlib
import json
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(os.environ["ROOT"]) / "tests/cli"))
sys.path.insert(0, str(pathlib.Path(os.environ["ROOT"]) / "tests/fixtures"))
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
    """Static, dynamic and half; one and several at once; with one thread and with two."""
    names = [picture(f"scene{i}.png") for i in range(3)]
    wanted = scenes.expected(640, 640, scenes.SCENE)
    for layout in make_detector.LAYOUTS:
        for kind, options, arguments in (
                ("static", {}, ["--threads", "1"]), ("dynamic", {"dynamic": True}, ["--threads", "2", "--batch", "3"]),
                ("half", {"half": True, "dynamic": True}, ["--threads", "1", "--batch", "2", "-j", "1"]),
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


all_layouts()
classic_rounding()
end()
