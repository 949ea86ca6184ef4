#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""--blur: people are covered in pictures and videos, and nothing of them is packaged or sent."""
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(os.environ["ROOT"]) / "tests/cli"))
from blurring import (BOX, COVERED, HEIGHT, NOISE, WIDTH, exif, ffmpeg, frames, is_covered, is_noise, noise,  # noqa: E402
                      picture_of, variance)
from frontend import SCRATCH, check, document, end, run  # noqa: E402

HOME = {"TRAPKIT_SETTINGS_DIR": str(SCRATCH / "settings"), "TZ": "UTC"}
DATA = SCRATCH / "card"
PLACE = DATA / "summer/R1-01"


def detections(entries, path=None):
    """A file of detections, with what 'detect' notes of the file itself."""
    images = []
    for name, boxes, *more in entries:
        entry = {"file": f"summer/R1-01/{name}"}
        source = PLACE / name
        if source.exists():
            entry.update(size=source.stat().st_size, sha256=hashlib.sha256(source.read_bytes()).hexdigest())
        if boxes is None:
            entry.update(failure="image access failure", detections=None)
        else:
            entry["detections"] = [dict(zip(("category", "conf", "bbox"), box[:3]), **(box[3] if len(box) > 3 else {}))
                                   for box in boxes]
        entry.update(more[0] if more else {})
        images.append(entry)
    path = path or DATA / ".trapkit/detections.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"info": {"format_version": "1.6", "detector": "md_v5a.0.0.pt"},
                                "detection_categories": {"1": "animal", "2": "person", "3": "vehicle"}, "images": images}))


def age():
    for path in DATA.rglob("*"):
        if path.is_file() and ".trapkit" not in path.parts:
            os.utime(path, (1719824400, 1719824400))


def rendition(name):
    return DATA / ".trapkit/renditions/summer/R1-01" / name


def convert(*words, data=DATA):
    return document("convert", "--data-path", str(data), *words, env=HOME)


def states(result):
    return {pathlib.Path(f["path"]).name: f["status"] for f in result["files"]}


PERSON = ("2", 0.9, BOX)


def test_pictures():
    for name in ("person", "sure", "unsure", "struck", "animal", "car", "empty", "lying", "mirrored", "previews", "unseen",
                 "failed", "changed", "other"):
        noise(PLACE / f"{name}.jpg")
    thumb = SCRATCH / "thumb.jpg"
    noise(thumb, 160, 120)
    exif(PLACE / "person.jpg", f"-ThumbnailImage<={thumb}", "-Make=Acme")
    exif(PLACE / "previews.jpg", f"-ThumbnailImage<={thumb}", f"-XMP-xmp:ThumbnailImage<={thumb}",
         f"-Photoshop:PhotoshopThumbnail<={thumb}", "-UserComment=temperature 4")
    exif(PLACE / "lying.jpg", "-n", "-Orientation=6")
    exif(PLACE / "mirrored.jpg", "-n", "-Orientation=2")
    age()
    # The box of the mirrored one is as its detector saw it: perhaps not turned. It lies off the middle.
    left = [0.1, 0.3, 0.2, 0.4]
    detections([("person.jpg", [PERSON, ("1", 0.8, [0.7, 0.1, 0.2, 0.2])]), ("sure.jpg", [("2", 0.1, BOX)]),
                ("unsure.jpg", [("2", 0.09, BOX)]), ("struck.jpg", [("2", -0.9, BOX)]), ("animal.jpg", [("1", 0.9, BOX)]),
                ("car.jpg", [("3", 0.9, BOX)]), ("empty.jpg", []), ("lying.jpg", [PERSON]), ("mirrored.jpg", [("2", 0.9, left)]),
                ("previews.jpg", [PERSON]), ("failed.jpg", None), ("changed.jpg", [], {"size": 1}),
                ("other.jpg", [], {"sha256": "0" * 64})])
    dry = convert("--blur", "human", "--dry-run")
    check(not (DATA / ".trapkit/renditions").exists() and states(dry)["unseen.jpg"] == "held_back", f"dry run: {dry}")
    made = convert("--blur", "human")
    found = states(made)
    check(made["exit"] == 1 and made["held_back"] == 3, f"exit {made['exit']}, held back {made['held_back']}")
    for name in ("unseen", "failed", "changed"):
        check(found[f"{name}.jpg"] == "held_back" and not rendition(f"{name}.jpg").exists(), f"{name}: {found[name + '.jpg']}")
    check(found["other.jpg"] == "failed" and not rendition("other.jpg").exists(), "another picture than was examined")
    for name in ("person", "sure", "struck", "lying", "previews"):
        check(is_covered(rendition(f"{name}.jpg")), f"{name}: a person can be seen")
        check(is_noise(rendition(f"{name}.jpg"), [0.6, 0.6, 0.3, 0.3]), f"{name}: more than the person is covered")
    for name in ("unsure", "animal", "car", "empty"):
        check(is_noise(rendition(f"{name}.jpg"), BOX), f"{name}: covered without need")
    check(is_noise(rendition("person.jpg"), [0.7, 0.1, 0.2, 0.2]), "the animal is covered")
    # With a margin: a tenth of the box, 0.025 and 0.05 here, on each side.
    check(is_covered(rendition("person.jpg"), [0.225, 0.2, 0.3, 0.6]), "no margin")
    # Mirrored, 0.1 to 0.3 becomes 0.7 to 0.9: whichever the detector meant, it is gone.
    check(is_covered(rendition("mirrored.jpg"), left) and is_covered(rendition("mirrored.jpg"), [0.7, 0.3, 0.2, 0.4]),
          "a mirrored picture")
    check(picture_of(rendition("lying.jpg"))[:2] == (HEIGHT, WIDTH), "not turned upright")
    for name in ("person", "previews"):
        preview = SCRATCH / f"{name}-preview.jpg"
        preview.write_bytes(subprocess.run(["exiftool", "-b", "-EXIF:ThumbnailImage", rendition(f"{name}.jpg")],
                                           capture_output=True, check=True).stdout)
        check(variance(picture_of(preview), BOX, 0.05) < COVERED, f"{name}: a person in the EXIF preview")
        whole = rendition(f"{name}.jpg").read_bytes()
        check(whole.count(b"\xff\xd8\xff") == 2, f"{name}: {whole.count(bytes([255, 216, 255]))} pictures in one file")
    tags = json.loads(subprocess.run(["exiftool", "-j", "-a", "-G1", rendition("previews.jpg")], capture_output=True,
                                     check=True).stdout)[0]
    check(not any("humbnail" in key and not key.startswith("IFD1") and "EXIF" not in key for key in tags
                  if key != "Composite:ThumbnailImage"), f"previews left: {tags}")
    check(tags.get("ExifIFD:UserComment") == "temperature 4", "the comment is lost")


def test_both_kinds_and_again():
    again = convert("--blur", "human")
    check(set(states(again).values()) == {"unchanged", "held_back", "failed"}, f"made again: {states(again)}")
    both = states(convert("--blur", "human,vehicle"))
    check(both["car.jpg"] == "picture" and is_covered(rendition("car.jpg")), "a vehicle can be seen")
    # Without the option it stays so.
    later = convert()
    check(states(later)["car.jpg"] == "unchanged" and later["held_back"] == 3, f"forgotten: {later['files']}")
    # What was found anew is done anew, and only that.
    noise(PLACE / "unseen.jpg")
    age()
    everything = json.loads((DATA / ".trapkit/detections.json").read_text())
    everything["images"] += [{"file": "summer/R1-01/unseen.jpg", "detections": [
        {"category": "2", "conf": 0.5, "bbox": BOX}]}]
    (DATA / ".trapkit/detections.json").write_text(json.dumps(everything))
    found = states(convert())
    check(found["unseen.jpg"] == "picture" and is_covered(rendition("unseen.jpg")), "what was looked at later")
    check(found["car.jpg"] == "unchanged", "all made anew")
    check(run("convert", "--data-path", str(DATA), "--blur", "none,human", env=HOME)[0] == 2, "none and human")
    check(run("convert", "--data-path", str(DATA), "--video", "off", env=HOME)[0] == 2, "videos as they are")


def package(*words):
    return document("package", "--data-path", str(DATA), "--no-validate", "--timezone", "UTC", "--project-id", "1", *words,
                    env=HOME)


def in_zip(path):
    import zipfile
    with zipfile.ZipFile(path) as archive:
        return {pathlib.Path(n).name: archive.read(n) for n in archive.namelist() if not n.endswith("/")}


def test_packages():
    made = package("--package-name", "covered")
    check(made["exit"] == 1, f"package: {made}")
    files = in_zip(DATA / "covered.zip")
    check(not {"failed.jpg", "changed.jpg", "other.jpg"} & set(files), f"held back, but packaged: {sorted(files)}")
    check({pathlib.Path(s["path"]).name for s in made["skipped"] if s["failed"]} == {"failed.jpg", "changed.jpg", "other.jpg"},
          f"not listed: {made['skipped']}")
    for name, content in files.items():
        check(content == rendition(name).read_bytes(), f"{name}: not the covered copy")
    # Also where somebody took the copies away, or asks for originals.
    rendition("person.jpg").unlink()
    check("person.jpg" not in in_zip(DATA / "covered.zip") or
          "person.jpg" in [pathlib.Path(s["path"]).name for s in package("--package-name", "less")["skipped"]], "an original")
    everything = run("package", "--data-path", str(DATA), "--no-validate", "--timezone", "UTC", "--project-id", "1",
                     "--originals", "--package-name", "originals", env=HOME)
    check(everything[0] == 1 and not (DATA / "originals.zip").exists(), f"originals: {everything}")
    convert()


def test_upload():
    """What was packaged before the data path was told to cover people is not sent."""
    data = SCRATCH / "early"
    noise(data / "summer/R1-01/person.jpg")
    outbox = SCRATCH / "outbox"
    outbox.mkdir()
    words = ["--data-path", str(data)]
    status, _, said = run("package", *words, "--no-validate", "--timezone", "UTC", "--project-id", "1", "--package-name",
                          "early", env=HOME)
    check(status == 0, said)
    path = data / ".trapkit/detections.json"
    path.write_text(json.dumps({"info": {"format_version": "1.6"}, "detection_categories": {"2": "person"}, "images": [
        {"file": "summer/R1-01/person.jpg", "detections": [{"category": "2", "conf": 0.9, "bbox": BOX}]}]}))
    check(convert("--blur", "human", data=data)["exit"] == 0, "convert")
    for files in ([], ["--file-yaml", str(data / "early.yaml"), "--file-zip", str(data / "early.zip")]):
        status, _, said = run("upload", *words, *files, "--to", f"file://{outbox}", env=HOME)
        check(status == 1 and "without covering" in said and not list(outbox.iterdir()), f"upload {files}: {status} {said}")
    # The pipeline makes and sends a covered one; a setting does as well as the option.
    status, _, said = run("pipeline", *words, "--no-validate", "--timezone", "UTC", "--project-id", "1", "--package-name",
                          "late", "--to", f"file://{outbox}", env=HOME)
    check(status == 0 and sorted(p.name for p in outbox.iterdir()) == ["late.yaml", "late.zip"], f"pipeline: {said}")
    copy = SCRATCH / "sent.jpg"
    copy.write_bytes(in_zip(outbox / "late.zip")["person.jpg"])
    check(is_covered(copy), "an uncovered picture was sent")
    status, _, said = run("convert", *words, "--blur", "none", env=HOME)
    check(status == 0, said)
    fresh = SCRATCH / "fresh"
    shutil.copytree(data / "summer", fresh / "summer")
    status, _, said = run("package", "--data-path", str(fresh), "--no-validate", "--timezone", "UTC", "--project-id", "1",
                          env=dict(HOME, PIPELINE__BLUR="human"))
    check(status == 1 and "trapkit detect" in said and not list(fresh.glob("*.zip")), f"by the settings: {status} {said}")


def test_threshold_of_nothing():
    """0 is a threshold like every other: everything that was seen is covered, however unsure."""
    data = SCRATCH / "careful"
    noise(data / "summer/R1-01/unsure.jpg")
    path = data / ".trapkit/detections.json"
    path.parent.mkdir()
    path.write_text(json.dumps({"info": {"format_version": "1.6"}, "detection_categories": {"2": "person"}, "images": [
        {"file": "summer/R1-01/unsure.jpg", "detections": [{"category": "2", "conf": 0.01, "bbox": BOX}]}]}))
    check(convert("--blur", "human", "--blur-threshold", "0", data=data)["exit"] == 0, "convert")
    check(is_covered(data / ".trapkit/renditions/summer/R1-01/unsure.jpg"), "--blur-threshold 0 leaves somebody uncovered")
    # Sent as a camera sends, pictures go as they are: not from here.
    outbox = SCRATCH / "camera-outbox"
    outbox.mkdir()
    status, _, said = run("upload", "--camera", str(data / "summer/R1-01"), "--to", f"file://{outbox}", env=HOME)
    check(status == 1 and "--blur none" in said and not list(outbox.iterdir()), f"upload --camera: {status} {said}")


def test_videos():
    noise(PLACE / "walk.avi", 320, 240, 2, "-c:v", "mjpeg")
    # ffmpeg 7 keeps the range of the AVI, ffmpeg 5 does not; a video of full range is encoded anew.
    ffmpeg("-i", PLACE / "walk.avi", "-vf", "scale=out_range=tv", "-c:v", "libx264", "-pix_fmt", "yuv420p", "-crf", "10",
           "-movflags", "+faststart", PLACE / "fit.mp4")
    shutil.copy(PLACE / "fit.mp4", PLACE / "nobody.mp4")
    age()
    seen = {"frame_rate": 10, "frames_processed": [0, 5, 10, 15]}
    at_ten = [("2", 0.9, BOX, {"frame_number": 10})]
    entries = SCRATCH / "films.json"
    detections([("walk.avi", at_ten, seen), ("fit.mp4", at_ten, {"frame_rate": 10}), ("nobody.mp4", [], seen)], entries)
    found = states(convert("--blur", "human", "--detections", str(entries)))
    check(found["walk.avi"] == "video" and found["fit.mp4"] == "video" and found["nobody.mp4"] == "remuxed", f"films: {found}")
    width, height, all_frames = frames(rendition("walk.mp4"))
    check(len(all_frames) == 20, f"{len(all_frames)} frames")
    for number, samples in enumerate(all_frames):
        # Looked at in frames 0, 5, 10, 15; seen in 10: covered from 5 to 15.
        hidden = variance((width, height, samples), BOX, 0.03)
        check(hidden < COVERED if 5 <= number <= 15 else hidden > NOISE, f"frame {number}: variance {hidden:.0f}")
    # It is not known which frames were looked at: covered in all.
    width, height, all_frames = frames(rendition("fit.mp4"))
    worst = max(variance((width, height, samples), BOX, 0.03) for samples in all_frames)
    check(worst < COVERED, f"fit.mp4: variance {worst:.0f}")


for test in (test_pictures, test_both_kinds_and_again, test_packages, test_upload, test_threshold_of_nothing, test_videos):
    test()
end()
