#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of detections: what detect adds to them, shards and merging, versions, summary, repeats, blank pictures."""
import copy
import json
import os
import pathlib
import sys
import zipfile

sys.path.insert(0, str(pathlib.Path(os.environ["ROOT"]) / "tests/cli"))
sys.path.insert(0, str(pathlib.Path(os.environ["ROOT"]) / "tests/fixtures"))
import make_detector  # noqa: E402
import scenes  # noqa: E402
from detections_valid import complaints  # noqa: E402
from frontend import SCRATCH, check, document, end, run  # noqa: E402

DATA = SCRATCH / "data"
RED = ((64, 64, 96, 96), (255, 0, 0))


def write(name, value):
    (SCRATCH / name).write_text(json.dumps(value))
    return name


def read(name):
    return json.loads((SCRATCH / name).read_text())


def image(file, *detections, **more):
    return {"file": file, "detections": list(detections), **more}


def found(category, conf, box=(0.1, 0.1, 0.2, 0.2), **more):
    return {"category": category, "conf": conf, "bbox": list(box), **more}


def detections(images, version="1.6", categories=None, **info):
    return {"info": {"format_version": version, "detection_completion_time": "2024-06-02 09:30:00", **info},
            "detection_categories": categories or {"1": "animal", "2": "person", "3": "vehicle"}, "images": images}


def validator_rules():
    """Every rule of the validator that the other tests lean on is seen to fail once."""
    good = detections([image("a.jpg", found("1", 0.9)), image("b.jpg"),
                       {"file": "c.jpg", "failure": "image access failure", "detections": None},
                       image("d.mp4", found("1", 0.5, frame_number=30), frame_rate=30.0, frames_processed=[0, 30])])
    check(complaints(good) == [], f"a good file: {complaints(good)}")

    def spoil(path, value):
        spoilt = copy.deepcopy(good)
        at = spoilt
        for key in path[:-1]:
            at = at[key]
        if value is None:
            del at[path[-1]]
        else:
            at[path[-1]] = value
        check(complaints(spoilt) != [], f"{path} = {value!r} is not complained about")
    for path, value in (
            (["info"], None), (["images"], None), (["detection_categories"], None), (["more"], 1),
            (["info", "format_version"], 1.6), (["info", "format_version"], "1.2"),
            (["info", "detection_completion_time"], "yesterday"),
            (["detection_categories"], {"a": "animal"}), (["detection_categories"], {"1": " "}),
            (["images"], {}), (["images", 0, "file"], 5),
            (["images", 0, "detections", 0, "category"], "9"), (["images", 0, "detections", 0, "category"], 1),
            (["images", 0, "detections", 0, "conf"], 1), (["images", 0, "detections", 0, "conf"], 1.5),
            (["images", 0, "detections", 0, "bbox"], [0.1, 0.1, 0.2]),
            (["images", 0, "detections", 0, "bbox"], [0.9, 0.1, 0.2, 0.2]),
            (["images", 0, "detections", 0, "bbox"], None), (["images", 0, "detections"], None),
            (["images", 0, "failure"], "image access failure"), (["images", 2, "detections"], None),
            (["images", 2, "failure"], 3), (["images", 3, "frame_rate"], None), (["images", 3, "frame_rate"], -1.0),
            (["images", 3, "frames_processed"], None), (["images", 3, "frames_processed"], [30, 0]),
            (["images", 3, "detections", 0, "frame_number"], None),
            (["images", 0, "detections", 0, "classifications"], [["7", 0.5]])):
        spoil(path, value)


def old_versions():
    """1.0 to 1.6 become one file of 1.6; equal names become one category whatever their numbers."""
    names = []
    for minor in range(7):
        entry = image(f"v{minor}.jpg", found("1", 1 if minor == 0 else 0.5), found("2", 0.25))
        if minor < 3:
            entry["max_detection_conf"] = 0.5
        broken = {"file": f"x{minor}.jpg", "failure": "Failure image access"}
        if minor > 3:
            broken["detections"] = None
        names.append(write(f"v{minor}.json", detections(
            [entry, broken], 1.6 if minor == 5 else f"1.{minor}",
            {"1": "person", "2": "animal"} if minor % 2 else {"1": "animal", "2": "person", "3": "vehicle"})))
    status, _, said = run("detect", "--merge", *names, "--output", "merged.json")
    check(status == 0, f"merge: {said}")
    merged = read("merged.json")
    check(complaints(merged) == [], f"merged versions: {complaints(merged)}")
    check(sorted(merged["detection_categories"].values()) == ["animal", "person", "vehicle"],
          f"categories {merged['detection_categories']}")
    for entry in merged["images"]:
        if entry["file"].startswith("x"):
            check(entry["failure"] == "Failure image access", f"{entry}")
            continue
        first = merged["detection_categories"][entry["detections"][0]["category"]]
        check(first == ("person" if int(entry["file"][1]) % 2 else "animal"), f"{entry['file']}: {first}")
    check([e["file"] for e in merged["images"]] == sorted(e["file"] for e in merged["images"]), "not sorted")
    check(run("detect", "--merge", *names, "--output", "merged.json")[0] == 1, "replaced without --overwrite")
    status, _, said = run("detect", "--merge", names[0], names[0], "--output", "twice.json")
    check(status == 1 and "'v0.jpg' is twice there" in said, f"twice: {status} {said}")
    check(not (SCRATCH / "twice.json").exists(), "written all the same")
    # Classes move along.
    classes = {"1": "fox", "2": "deer"}
    one, two = detections([image("a.jpg", found("1", 0.5, classifications=[["2", 0.8], ["1", 0.1]]))]), detections(
        [image("b.jpg", found("1", 0.5, classifications=[["1", 0.7]]))])
    one["classification_categories"], two["classification_categories"] = classes, {"1": "deer"}
    run("detect", "--merge", write("one.json", one), write("two.json", two), "--output", "classes.json")
    merged = read("classes.json")
    told = merged["classification_categories"]
    check([[told[c] for c, _ in e["detections"][0]["classifications"]] for e in merged["images"]] ==
          [["deer", "fox"], ["deer"]] and complaints(merged) == [], f"classes: {merged}")


def summary():
    images = [image("s/R1/a.jpg", found("1", 0.3), found("2", 0.25)), image("s/R1/b.jpg", found("1", 0.1)),
              image("s/R1/sub/c.jpg", found("3", 0.9)), image("s/R2/d.jpg"), image("s/R2/e.jpg", found("1", -0.9)),
              {"file": "s/R2/f.jpg", "failure": "image access failure", "detections": None}]
    name = write("sum.json", detections(images, detector="x.onnx", detector_metadata={"typical_detection_threshold": 0.2}))
    told = document("detect", "--summary", name)
    check(told["threshold"] == 0.2 and told["deployments"] == [
        {"deployment": "s/R1", "files": 3, "animal": 1, "human": 1, "vehicle": 1, "other": 0, "blank": 1, "failed": 0},
        {"deployment": "s/R2", "files": 3, "animal": 0, "human": 0, "vehicle": 0, "other": 0, "blank": 2, "failed": 1}],
        f"summary: {told}")
    check(document("detect", "--summary", name, "--threshold", "0.05")["total"]["animal"] == 2, "own threshold")
    # MegaDetector 4 says nothing of itself.
    check(document("detect", "--summary", write("old.json", detections(images, "1.0")))["threshold"] == 0.8, "old")
    check(run("detect", "--summary", name, "--threshold", "2")[0] == 2, "--threshold 2")


def repeats():
    """A branch in 25 pictures of one camera, an animal that walks, the same place at another camera."""
    images = [image(f"s/R1/{i:02}.jpg", found("1", 0.5, (0.5 + 0.0005 * (i % 3), 0.5, 0.1, 0.1)),
                    found("1", 0.6, (0.03 * i, 0.1, 0.1, 0.1))) for i in range(25)]
    images += [image(f"s/R2/{i:02}.jpg", found("1", 0.5, (0.5, 0.5, 0.1, 0.1))) for i in range(5)]
    images += [image(f"s/R1/big{i:02}.jpg", found("1", 0.5, (0.1, 0.1, 0.8, 0.8))) for i in range(25)]
    name = write("repeats.json", detections(images))
    told = document("detect", "--repeats", name, "--threshold", "0.1")
    check([(r["deployment"], r["category"], r["pictures"], r["first"]) for r in told["repeats"]] ==
          [("s/R1", "animal", 25, "s/R1/00.jpg")], f"repeats: {told['repeats']}")
    check(document("detect", "--repeats", name, "--threshold", "0.1", "--repeat-count", "26")["repeats"] == [], "26")
    status, _, said = run("detect", "--repeats", name, "--threshold", "0.1", "--exclude-repeats", "--output", "struck.json")
    check(status == 0, f"exclude: {said}")
    struck = read("struck.json")
    check(complaints({**struck, "images": []}) == [], f"struck: {complaints(struck)[:3]}")
    negative = [e["file"] for e in struck["images"] for d in e["detections"] if d["conf"] < 0]
    check(negative == [f"s/R1/{i:02}.jpg" for i in range(25)], f"struck out: {negative}")
    check(all(d["conf"] == -0.5 for e in struck["images"] for d in e["detections"] if d["conf"] < 0), "values")
    check(struck["info"]["custom_metadata"]["repeat_detections"]["least_pictures"] == 20, "rule")
    check(run("detect", "--repeats", name, "--exclude-repeats")[0] == 2, "nowhere to write")
    check(read("repeats.json")["images"] == images, "the source was changed")


def picture(path, *rectangles, noise=0):
    path = DATA / path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(scenes.png(scenes.paint(320, 320, rectangles)) + b"\0" * noise)
    os.utime(path, (1719828000, 1719828000))


def with_a_model():
    model = SCRATCH / "m.onnx"
    model.write_bytes(make_detector.build("yolov5", 320, 320, dynamic=True, metadata={
        "stride": "32", "names": "{0: 'animal', 1: 'person', 2: 'vehicle'}", "imgsz": "320"}))
    for i in range(12):
        picture(f"winter/R{i % 3}/IMG_{i:04}.png", *([RED] if i % 2 else []), noise=i * 500)
    status, _, said = run("detect", "--data-path", "data", "--model", "m.onnx")
    if status == 69 and "not installed" in said:
        print("without the model runtime only what needs none was tested: " + said.strip())
        return
    check(status == 0, f"detect: {said}")
    whole = read("data/.trapkit/detections.json")
    check(complaints(whole) == [], f"{complaints(whole)}")
    shards(whole)
    growing(whole)
    blank()
    pipeline()


def without_time(text):
    return "".join(line for line in text.splitlines(True) if '"info"' not in line)


def shards(whole):
    names = []
    for i in range(3):
        names.append(f"part{i}.json")
        status, _, said = run("detect", "--data-path", "data", "--model", "m.onnx", "--shard", f"{i}/3", "--output", names[-1])
        check(status == 0, f"shard {i}: {said}")
    sizes = [sum(e["size"] for e in read(n)["images"]) for n in names]
    check(max(sizes) < 0.55 * sum(sizes) and min(sizes) > 0, f"bytes by shard {sizes}")
    status, _, said = run("detect", "--merge", *reversed(names), "--output", "all.json")
    check(status == 0, f"merge of shards: {said}")
    check(without_time((SCRATCH / "all.json").read_text()) ==
          without_time((DATA / ".trapkit/detections.json").read_text()), "shards give another file than one run")
    a, b = read("all.json")["info"], whole["info"]
    check({**a, "detection_completion_time": 0} == {**b, "detection_completion_time": 0}, f"info: {a} {b}")
    status, _, said = run("detect", "--merge", *names[1:], "--output", "gap.json")
    check(status == 1 and "part 0 of 3 is missing" in said, f"gap: {status} {said}")
    status, _, said = run("detect", "--merge", *names, names[1], "--output", "gap.json")
    check(status == 1 and "twice" in said, f"overlap: {status} {said}")
    part = read(names[2])
    part["images"].pop()
    status, _, said = run("detect", "--merge", *names[:2], write("cut.json", part), "--output", "gap.json")
    check(status == 1 and "do not hold together" in said, f"cut: {status} {said}")
    check(not (SCRATCH / "gap.json").exists(), "written all the same")
    for wrong in ("3/3", "1", "a/b", "1/0", "-1/3", "1/3x"):
        check(run("detect", "--data-path", "data", "--model", "m.onnx", "--shard", wrong)[0] == 2, f"--shard {wrong}")


def growing(before):
    """Only what is new or changed is looked at; what is gone goes."""
    check("Up to date" in run("detect", "--data-path", "data", "--model", "m.onnx")[1], "not up to date")
    picture("winter/R9/NEW.png", RED)
    picture("winter/R0/IMG_0000.png", RED, noise=77)
    (DATA / "winter/R1/IMG_0001.png").unlink()
    told = document("detect", "--data-path", "data", "--model", "m.onnx")
    check((told["pictures"], told["known"], told["files"]) == (2, 10, 12), f"grown: {told}")
    after = {e["file"]: e for e in read("data/.trapkit/detections.json")["images"]}
    check("winter/R1/IMG_0001.png" not in after and after["winter/R0/IMG_0000.png"]["detections"], "changed, gone")
    same = {e["file"]: e for e in before["images"]}
    check(all(after[f] == same[f] for f in after if f in same and f != "winter/R0/IMG_0000.png"), "others changed")
    status, _, said = run("detect", "--data-path", "data", "--model", "m.onnx", "--keep", "0.1")
    check(status == 1 and "another --keep" in said, f"other settings: {status} {said}")
    status, _, said = run("detect", "--data-path", "data", "--model", "m.onnx", "--shard", "0/2")
    check(status == 1 and "another --shard" in said, f"a shard over the whole: {status} {said}")
    (SCRATCH / "empty").mkdir()
    kept = (DATA / ".trapkit/detections.json").read_bytes()
    status, _, said = run("detect", "--data-path", "empty", "--model", "m.onnx", "--output", "data/.trapkit/detections.json")
    check(status == 1 and "nothing to look at" in said, f"an empty folder: {status} {said}")
    check((DATA / ".trapkit/detections.json").read_bytes() == kept, "an empty folder emptied the detections")


def blank():
    """Blank pictures stay behind when asked; what detect has not seen goes along."""
    picture("winter/R9/LATER.png")
    base = ("package", "--data-path", "data", "--no-validate", "--timezone", "UTC", "--project-id", "1", "--dry-run")
    every = document(*base)
    check(every["files"] == 13 and every["skipped"] == [], f"all: {every['files']}")
    some = document(*base, "--exclude-blank")
    left = sorted(s["path"] for s in some["skipped"])
    wanted = sorted(f"winter/R{i % 3}/IMG_{i:04}.png" for i in range(2, 12, 2))
    check(left == wanted and some["files"] == 8 and some["exit"] == 0, f"blank: {left}")
    check(all("blank" in s["reason"] and not s["failed"] for s in some["skipped"]), "reasons")
    high = document(*base, "--exclude-blank", "--threshold", "0.95")
    check(high["files"] == 1, f"threshold 0.95: {high['files']}")
    status, _, said = run(*base[:-1], "--exclude-blank", "--detections", "none.json")
    check(status == 1 and "trapkit detect" in said, f"no detections: {status} {said}")


def pipeline():
    """Detect and package in one go: what is new is looked at, and blank pictures stay behind."""
    outbox = SCRATCH / "outbox"
    told = document("pipeline", "--data-path", "data", "--no-validate", "--timezone", "UTC", "--project-id", "1", "--detect",
                    "--model", "m.onnx", "--exclude-blank", "--to", f"file://{outbox}", "--package-name", "seen")
    check(told["exit"] == 0 and told["detect"]["pictures"] == 1, f"pipeline: {told.get('error')} {told.get('detect')}")
    with zipfile.ZipFile(outbox / "seen.zip") as archive:
        names = sorted(n for n in archive.namelist() if n.endswith(".png"))
    check(len(names) == 7 and not any("LATER" in n for n in names), f"pipeline: {names}")


validator_rules()
old_versions()
summary()
repeats()
with_a_model()
end()
