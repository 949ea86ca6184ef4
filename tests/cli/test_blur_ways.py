#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ways by which somebody uncovered might leave in spite of --blur: each is tried, and must be closed."""
import base64
import hashlib
import json
import os
import pathlib
import random
import re
import shutil
import struct
import subprocess
import sys
import time
import zipfile

sys.path.insert(0, str(pathlib.Path(os.environ["ROOT"]) / "tests/cli"))
from blurring import BOX, COVERED, exif, ffmpeg, frames, is_covered, is_noise, noise, picture_of, variance  # noqa: E402
from frontend import SCRATCH, TRAPKIT, check, document, end, environment, run  # noqa: E402

HOME = {"TRAPKIT_SETTINGS_DIR": str(SCRATCH / "settings"), "TZ": "UTC"}
CATEGORIES = {"1": "animal", "2": "person", "3": "vehicle"}
PERSON = ("2", 0.9, BOX)
PLACE = "summer/R1-01"
MADE = ".trapkit/renditions/summer/R1-01"


def card(name, *pictures):
    """A data path with pictures of noise; only in the test of its name."""
    data = SCRATCH / name
    for picture in pictures or ("person.jpg",):
        noise(data / PLACE / picture)
        os.utime(data / PLACE / picture, (1719824400, 1719824400))
    return data


def entry(file, boxes, **more):
    found = [dict(zip(("category", "conf", "bbox"), box[:3]), **(box[3] if len(box) > 3 else {})) for box in boxes or []]
    return {"file": file, "detections": None if boxes is None else found, **more}


def told(data, pictures, path=None, categories=None, ours=True, **head):
    """The file of detections: {name: boxes}, or whole entries. `ours`: with size and digest, as 'detect' writes it."""
    images = []
    for name, boxes in pictures.items() if isinstance(pictures, dict) else ():
        more = {}
        if ours:
            source = (data / PLACE / name).read_bytes()
            more = {"size": len(source), "sha256": hashlib.sha256(source).hexdigest()}
        images.append(entry(f"{PLACE}/{name}", boxes, **more))
    path = path or data / ".trapkit/detections.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"info": {"format_version": "1.6"}, "detection_categories": categories or CATEGORIES,
                                "images": images or pictures, **head}))
    return path


def convert(data, *words, env=None):
    return document("convert", "--data-path", str(data), *words, env=dict(HOME, **(env or {})))


def states(result):
    return {pathlib.Path(f["path"]).name: f["status"] for f in result.get("files", [])}


def package(data, *words, env=None):
    return document("package", "--data-path", str(data), "--no-validate", "--timezone", "UTC", "--project-id", "1", *words,
                    env=dict(HOME, **(env or {})))


def upload(data, box, *words):
    box.mkdir(exist_ok=True)
    return run("upload", "--data-path", str(data), "--to", f"file://{box}", *words, env=HOME)


def in_zip(path):
    with zipfile.ZipFile(path) as archive:
        return {pathlib.Path(n).name: archive.read(n) for n in archive.namelist() if not n.endswith("/")}


def covered(picture, box=BOX, inset=0.02):
    """Of a path or bytes."""
    if isinstance(picture, bytes):
        path = SCRATCH / "looked-at.jpg"
        path.write_bytes(picture)
        picture = path
    return is_covered(picture, box, inset=inset)


def test_words():
    """Whatever the detector calls people, and whoever says so."""
    names = {"a": "Homo_Sapiens", "b": "CZŁOWIEK", "c": "Mensch", "d": "human-camera trapper", "e": "animal", "f": "fox"}
    pictures = {f"{k}.jpg": [(k, 0.9, BOX)] for k in "abcd"}
    by = {"e1.jpg": 0.11, "e2.jpg": 0.09, "e3.jpg": 0.9}
    for name, sure in by.items():
        pictures[name] = [("e", 0.9, BOX, {"classifications": [["1", 0.95], ["2" if name != "e3.jpg" else "3", sure]]})]
    pictures["e4.jpg"] = [("e", 0.05, BOX, {"classifications": [["2", 0.9]]})]
    pictures["f.jpg"] = [("f", 0.9, BOX)]
    data = card("words", *pictures)
    told(data, pictures, categories=names, classification_categories={"1": "red fox", "2": "Human", "3": "somebody"},
         classification_category_descriptions={"3": "x;mammalia;primates;hominidae;homo;sapiens;somebody"})
    check(convert(data, "--blur", "human")["exit"] == 0, "words: convert")
    for name in pictures:
        if name in ("e2.jpg", "f.jpg"):
            check(is_noise(data / MADE / name, BOX), f"words: {name} is covered without need")
        else:
            check(covered(data / MADE / name), f"words: {name}: a person can be seen")
    # A model that does not know people cannot tell where they are.
    fox = card("fox")
    told(fox, {"person.jpg": []}, categories={"1": "fox", "2": "vehicle"})
    status, _, said = run("convert", "--data-path", str(fox), "--blur", "human", env=HOME)
    check(status == 1 and "means people" in said and not (fox / MADE).exists(), f"no people known: {status} {said}")


def test_entries():
    """Which entry of the results is about a file."""
    data = card("entries", "both.jpg", "failed.jpg", "digests.jpg", "windows.jpg", "twice.jpg")
    size = (data / PLACE / "both.jpg").stat().st_size
    told(data, [entry(f"old/{PLACE}/both.jpg", []), entry(f"new/{PLACE}/both.jpg", [PERSON]),
                entry(f"old/{PLACE}/failed.jpg", []), entry(f"new/{PLACE}/failed.jpg", None, failure="cannot be read"),
                entry(f"old/{PLACE}/digests.jpg", [], size=size, sha256="0" * 64),
                entry(f"new/{PLACE}/digests.jpg", [], size=size, sha256="1" * 64),
                entry(f"C:\\card\\{PLACE}\\windows.jpg".replace("/", "\\"), [PERSON]),
                entry(f"{PLACE}/twice.jpg", []), entry(f"{PLACE}/twice.jpg", [PERSON])])
    found = states(convert(data, "--blur", "human"))
    check(found["failed.jpg"] == found["digests.jpg"] == "held_back", f"entries: {found}")
    for name in ("both.jpg", "windows.jpg", "twice.jpg"):
        check(covered(data / MADE / name), f"entries: {name}: a person can be seen")


def test_boxes():
    """Boxes that are hardly any, and pictures that lie on their side."""
    boxes = {"over": [-0.1, 0.3, 0.3, 0.4], "beside": [1.2, 0.2, 0.1, 0.1], "nothing": [0.5, 0.5, 0, 0],
             "backwards": [0.5, 0.75, -0.25, -0.5], "odd": [0.2507, 0.2511, 0.2493, 0.4979]}
    data = card("boxes", *(f"{name}.jpg" for name in boxes))
    noise(data / PLACE / "nothing.jpg", 1600, 1200)
    told(data, {f"{name}.jpg": [("2", 0.9, box)] for name, box in boxes.items()})
    check(convert(data, "--blur", "human")["exit"] == 0, "boxes: convert")
    for name, gone in {"over": [0, 0.3, 0.2, 0.4], "beside": [0, 0, 1, 1], "backwards": BOX, "odd": boxes["odd"]}.items():
        check(covered(data / MADE / f"{name}.jpg", gone), f"boxes: {name}: a person can be seen")
    check(covered(data / MADE / "nothing.jpg", [0.49, 0.49, 0.02, 0.02], 0.006), "boxes: where somebody was hardly seen")
    # By the contract, the detector turns 3, 6 and 8 and leaves mirrored ones as they are.
    corner = [0.1, 0.2, 0.2, 0.3]
    data = card("turned", *(f"{k}-{i}.jpg" for k in ("ours", "theirs") for i in range(1, 9)))
    for i in range(1, 9):
        for k in ("ours", "theirs"):
            exif(data / PLACE / f"{k}-{i}.jpg", "-n", f"-Orientation={i}")
            os.utime(data / PLACE / f"{k}-{i}.jpg", (1719824400, 1719824400))
    results = told(data, {f"ours-{i}.jpg": [("2", 0.9, corner)] for i in range(1, 9)})
    all_of = json.loads(results.read_text())
    all_of["images"] += [entry(f"{PLACE}/theirs-{i}.jpg", [("2", 0.9, corner)]) for i in range(1, 9)]
    results.write_text(json.dumps(all_of))
    check(convert(data, "--blur", "human")["exit"] == 0, "turned: convert")
    x, y, w, h = corner
    r, b = 1 - x - w, 1 - y - h
    # Where the box comes to lie when the detector saw the picture as it is stored (EXIF 2.32, 4.6.4 Orientation).
    stored = {1: [x, y, w, h], 2: [r, y, w, h], 3: [r, b, w, h], 4: [x, b, w, h], 5: [y, x, h, w], 6: [b, x, h, w],
              7: [b, r, h, w], 8: [y, r, h, w]}
    for i in range(1, 9):
        for k in ("ours", "theirs"):
            made = data / MADE / f"{k}-{i}.jpg"
            check(covered(made, corner), f"turned: {k} {i}: as it is shown")
            if k == "theirs" or i in (2, 4, 5, 7):
                check(covered(made, stored[i]), f"turned: {k} {i}: as it is stored")


def test_remembered():
    """No option that was forgotten and no setting makes it less."""
    data = card("remembered", "sure.jpg", "unsure.jpg", "car.jpg")
    found = {"sure.jpg": [PERSON], "unsure.jpg": [("2", 0.02, BOX)], "car.jpg": [("3", 0.9, BOX)]}
    mine = told(data, found, SCRATCH / "mine.json")
    told(data, {name: [] for name in found})
    check(convert(data, "--blur", "human,vehicle", "--blur-threshold", "0.01", "--detections", str(mine))["exit"] == 0,
          "remembered: convert")

    def all_covered(what):
        for name in found:
            check((data / MADE / name).exists() and covered(data / MADE / name), f"{what}: {name} can be seen")
    all_covered("first")
    again = states(convert(data))
    check(set(again.values()) == {"unchanged"}, f"without options: {again}")
    for weaker in ({"PIPELINE__BLUR": "none"}, {"PIPELINE__BLUR": "human"}, {"PIPELINE__BLUR_THRESHOLD": "0.9"}):
        again = states(convert(data, env=weaker))
        check(set(again.values()) == {"unchanged"}, f"{weaker}: {again}")
    # A ledger that is gone or damaged does not let anything go.
    (data / ".trapkit/ledger.sqlite3").unlink()
    check(package(data)["exit"] == 1 and not list(data.glob("*.zip")), "without its ledger")
    convert(data)
    all_covered("without its ledger")
    (data / ".trapkit/ledger.sqlite3").write_bytes(b"no database")
    check(package(data)["exit"] == 1 and not list(data.glob("*.zip")), "with a damaged ledger")
    # Nor does another work folder, a data path within this one, or a rule that cannot be read.
    elsewhere = str(SCRATCH / "elsewhere")
    out = SCRATCH / "out"
    check(package(data, "--work-dir", elsewhere, "--output-path", str(out))["exit"] == 1 and not list(out.glob("*.zip")),
          "with another --work-dir")
    states_there = states(convert(data, "--work-dir", elsewhere, "--detections", str(mine)))
    check(set(states_there.values()) == {"picture"}, f"with another --work-dir: {states_there}")
    for name in found:
        check(covered(SCRATCH / "elsewhere/renditions" / PLACE / name), f"with another --work-dir: {name} can be seen")
    noise(data / "summer/deeper/R1-02/within.jpg")
    inner = package(data / "summer", "--output-path", str(out))
    check(inner["exit"] == 1 and not list(out.glob("*.zip")), f"a data path within: {inner}")
    status, _, said = run("convert", "--data-path", str(data / "summer"), "--blur", "none", env=HOME)
    check(status == 1 and f"--data-path {data} --blur none" in said, f"ended from within: {said}")
    shutil.rmtree(data / "summer/deeper")
    rule = data / ".trapkit/blur"
    text = rule.read_text()
    rule.write_text("")
    for ledger in ("kept", "lost"):
        if ledger == "lost":
            (data / ".trapkit/ledger.sqlite3").unlink()
        check(package(data, "--output-path", str(out))["exit"] == 1 and not list(out.glob("*.zip")), "an empty rule")
    rule.write_text(text)
    # What is said on the command line counts, and can be taken back.
    check(convert(data, "--blur", "human")["exit"] == 0 and is_noise(data / MADE / "car.jpg", BOX), "said: human only")
    check(covered(data / MADE / "unsure.jpg"), "said: human only, the threshold stays")
    check(convert(data, "--blur", "none")["exit"] == 0 and not rule.exists(), "said: none")
    check(package(data, "--output-path", str(out))["exit"] == 0 and len(list(out.glob("*.zip"))) == 1, "said: none, package")


def test_stale():
    """A copy is compared with what the detections tell now, in 'package' as in 'convert'."""
    data = card("stale", "person.jpg", "other.jpg")
    told(data, {"person.jpg": [], "other.jpg": []})
    check(convert(data, "--blur", "human")["exit"] == 0 and package(data, "--package-name", "before")["exit"] == 0, "stale")
    told(data, {"person.jpg": [PERSON], "other.jpg": []})
    late = package(data, "--package-name", "late")
    check(late["exit"] == 1 and set(in_zip(data / "late.zip")) == {"other.jpg"}, f"found since: {late}")
    check([s["path"].rpartition("/")[2] for s in late["skipped"]] == ["person.jpg"], f"found since: {late['skipped']}")
    # Another picture under its name, and one that nobody has looked at.
    convert(data)
    noise(data / PLACE / "new.jpg")
    with open(data / PLACE / "other.jpg", "ab") as file:
        file.write(b"more")
    last = package(data, "--package-name", "last")
    check(set(in_zip(data / "last.zip")) == {"person.jpg"} and covered(in_zip(data / "last.zip")["person.jpg"]),
          f"changed since: {last}")
    # The same bytes in another time are the same picture.
    os.utime(data / PLACE / "person.jpg", (1719000000, 1719000000))
    found = states(convert(data))
    check(found["person.jpg"] == "unchanged" and found["other.jpg"] == found["new.jpg"] == "held_back", f"touched: {found}")
    # A missing file of detections is no reason to let anything go.
    (data / ".trapkit/detections.json").unlink()
    status, _, said = run("package", "--data-path", str(data), "--no-validate", "--timezone", "UTC", "--project-id", "1",
                          "--package-name", "blind", env=HOME)
    check(status == 1 and "trapkit detect" in said and not (data / "blind.zip").exists(), f"no detections: {said}")


def test_named():
    """A package that is named is sent only when it is the one that was made covered."""
    data = card("named")
    told(data, {"person.jpg": [PERSON]})
    check(package(data, "--package-name", "early")["exit"] == 0, "named: early")
    early = (data / "early.zip").read_bytes()
    check(convert(data, "--blur", "human")["exit"] == 0 and package(data, "--package-name", "late")["exit"] == 0, "named: late")
    box = SCRATCH / "named-box"
    status, _, said = upload(data, box, "--file-yaml", str(data / "early.yaml"), "--file-zip", str(data / "early.zip"))
    check(status == 1 and "--blur none" in said and not list(box.iterdir()), f"named: early: {said}")
    (data / "late.zip").write_bytes(early)
    for words in (["--file-yaml", str(data / "late.yaml"), "--file-zip", str(data / "late.zip")], []):
        status, _, said = upload(data, box, *words)
        check(status == 1 and not list(box.iterdir()), f"named: another archive in its place {words}: {said}")
    # A folder of its own memory within the data path.
    aside = data / "aside"
    (aside / ".trapkit").mkdir(parents=True)
    for suffix in ("yaml", "zip"):
        shutil.copy(data / f"early.{suffix}", aside / f"copy.{suffix}")
    status, _, said = run("upload", "--file-yaml", str(aside / "copy.yaml"), "--file-zip", str(aside / "copy.zip"), "--to",
                          f"file://{box}", env=HOME)
    check(status == 1 and not list(box.iterdir()), f"named: in a folder of its own: {said}")
    shutil.rmtree(aside)
    (data / "late.zip").unlink()
    check(package(data, "--package-name", "last")["exit"] == 0, "named: last")
    status, _, said = upload(data, box, "--file-yaml", str(data / "last.yaml"), "--file-zip", str(data / "last.zip"))
    check(status == 0 and covered(in_zip(box / "last.zip")["person.jpg"]), f"named: last: {status} {said}")


def test_begun():
    """A delivery that was begun before --blur is not gone on with, and does not keep its pictures from going covered."""
    data, box = card("begun", "person.jpg", "other.jpg"), SCRATCH / "begun-box"
    box.mkdir()
    told(data, {"person.jpg": [PERSON], "other.jpg": []})
    check(package(data, "--package-name", "early")["exit"] == 0, "begun: early")
    sending = subprocess.Popen([TRAPKIT, "upload", "--data-path", str(data), "--to", f"file://{box}", "--limit-rate", "20KB"],
                               env=environment(**HOME), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    part = box / "early.zip.part"
    for _ in range(200):
        if part.exists() and part.stat().st_size > 0:
            break
        time.sleep(0.05)
    sending.kill()
    sending.wait()
    begun = part.stat().st_size
    check(0 < begun < (data / "early.zip").stat().st_size, f"begun: {begun} bytes")
    # A link in the place of a copy is not followed.
    convert(data, "--blur", "human")
    copy, aside = data / MADE / "other.jpg", SCRATCH / "of-the-same-size"
    aside.write_bytes((data / PLACE / "other.jpg").read_bytes()[:copy.stat().st_size].ljust(copy.stat().st_size, b"\0"))
    copy.unlink()
    copy.symlink_to(aside)
    check(upload(data, box)[0] == 1, "begun: gone on with")
    late = package(data, "--package-name", "late")
    check(late["exit"] == 1 and set(in_zip(data / "late.zip")) == {"person.jpg"}, f"begun: a link: {late}")
    status, _, said = run("pipeline", "--data-path", str(data), "--no-validate", "--timezone", "UTC", "--project-id", "1",
                          "--package-name", "last", "--to", f"file://{box}", env=HOME)
    check(status == 0 and {p.name for p in box.iterdir()} == {"early.zip.part", "last.yaml", "last.zip"}, f"begun: {said}")
    check(part.stat().st_size == begun and covered(in_zip(box / "last.zip")["person.jpg"]), "begun: last")


def test_as_a_camera():
    """'upload --camera' sends pictures as they are: none of such a data path, whatever is named beside it."""
    data, free = card("guarded"), card("free", "free.jpg")
    told(data, {"person.jpg": [PERSON]})
    convert(data, "--blur", "human")
    (data / "summer/.trapkit").mkdir()
    link = SCRATCH / "a-link"
    link.symlink_to(data / "summer")
    box = SCRATCH / "camera-box"
    box.mkdir()
    for names in ([free / PLACE / "free.jpg", data / PLACE / "person.jpg"], [data / "summer"], [link], [free, data / "summer"]):
        status, _, said = run("upload", "--camera", *map(str, names), "--work-dir", str(SCRATCH / "camera-work"), "--to",
                              f"file://{box}", env=HOME)
        check(status == 1 and "--blur none" in said and not list(box.rglob("*.jpg")), f"as a camera: {names}: {said}")


def test_leftovers():
    """What an earlier run made without --blur is gone before anything else is done."""
    data = card("leftovers", "person.jpg", "held.jpg", "gone.jpg")
    mirror, resize = SCRATCH / "mirror", ["--resize", "200x200"]
    noise(data / PLACE / "walk.avi", 160, 120, 1, "-c:v", "mjpeg")
    for tree in ([], ["--output-path", str(mirror), "--video", "off"]):
        check(convert(data, *resize, *tree)["exit"] == 0, f"leftovers: {tree}")
    check((mirror / PLACE / "walk.avi").exists() and (data / MADE / "gone.jpg").exists(), "leftovers: nothing was made")
    # As they are, in another tree: one a link, one a copy that kept its time.
    plain = SCRATCH / "plain"
    check(convert(data, "--output-path", str(plain))["exit"] == 0, "leftovers: as they are")
    held = plain / PLACE / "held.jpg"
    held.unlink()
    shutil.copy2(data / PLACE / "held.jpg", held)
    (data / PLACE / "gone.jpg").unlink()
    entries = {"person.jpg": [PERSON], "walk.avi": []}
    told(data, entries)
    for tree, place in (([], data / MADE), (["--output-path", str(mirror)], mirror / PLACE),
                        (["--output-path", str(plain)], plain / PLACE)):
        made = convert(data, "--blur", "human", *resize, *tree)
        check(states(made)["held.jpg"] == "held_back", f"leftovers: {tree}: {states(made)}")
        there = {p.name for p in place.iterdir()}
        check(there - {"gone.jpg"} == {"person.jpg", "walk.mp4"}, f"leftovers: {tree}: {sorted(there)}")
        check(covered(place / "person.jpg"), f"leftovers: {tree}: a person can be seen")
    check(not (data / MADE / "gone.jpg").exists() and not (mirror / PLACE / "gone.jpg").exists(), "leftovers: of a lost source")
    # And the other way: no covered copy is taken for one that need not be.
    check(convert(data, "--blur", "none", *resize)["exit"] == 0 and is_noise(data / MADE / "person.jpg", BOX), "leftovers: ended")


def test_other_commands():
    """'export --local' and 'report' show pictures, too."""
    data = card("shown", "person.jpg", "held.jpg")
    noise(data / PLACE / "walk.avi", 160, 120, 1, "-c:v", "mjpeg")
    os.utime(data / PLACE / "walk.avi", (1719824400, 1719824400))
    told(data, {"person.jpg": [PERSON], "walk.avi": [("2", 0.9, BOX, {"frame_number": 5})]})
    check(convert(data, "--blur", "human")["held_back"] == 1, "shown: convert")
    (data / "metadata.toml").write_text(
        'title = "Shown"\nversion = "1.0"\n[[contributors]]\ntitle = "Ann Ypsilon"\nrole = "contact"\n'
        '[[licenses]]\nscope = "data"\nname = "CC0-1.0"\n[[licenses]]\nscope = "media"\nname = "CC-BY-4.0"\n'
        '[project]\ntitle = "North"\nsamplingDesign = "simpleRandom"\ncaptureMethod = ["activityDetection"]\n'
        'individualAnimals = false\n')
    table = data / "deployments.csv"
    table.write_text("deploymentID,latitude,longitude,deploymentStart,deploymentEnd\n"
                     "r1-01,52.7,23.8,2024-06-01T00:00:00Z,2024-08-01T00:00:00Z\n")
    words = ["--local", "--data-path", str(data), "--timezone", "UTC", "--export-filetype", "csv"]
    for name, media in (("folder", "--copy-media"), ("links", "--link-media"), ("archive.zip", "--copy-media")):
        output = SCRATCH / "exported" / name
        found = document("export", *words, "--output", str(output), media, env=HOME)
        check(found["exit"] == 1 and found.get("failed") == 1 and found.get("media") == 2, f"export {name}: {found}")
        if name.endswith(".zip"):
            with zipfile.ZipFile(output) as archive:
                archive.extractall(SCRATCH / "exported/unpacked")
            output = SCRATCH / "exported/unpacked"
        place = output / "media" / PLACE
        check({p.name for p in place.iterdir()} == {"person.jpg", "walk.mp4"}, f"export {name}: {list(place.iterdir())}")
        check(covered(place / "person.jpg") and covered(place / "walk.mp4"), f"export {name}: a person can be seen")
        rows = (output / "media.csv").read_text()
        check("walk.mp4" in rows and "video/mp4" in rows and "held.jpg" not in rows and "walk.avi" not in rows,
              f"export {name}: {rows}")
    status, _, said = run("export", *words, "--output", str(SCRATCH), "--copy-media", env=HOME)
    check(status == 2 and "holds the data path" in said, f"export around the data path: {status} {said}")
    found = document("export", *words, "--output", str(SCRATCH / "exported/none"), "--no-media", env=HOME)
    check(found["exit"] == 0 and found["media"] == 3 and not (SCRATCH / "exported/none/media").exists(), f"no media: {found}")
    # The page holds what a JPEG reader finds in it: all covered, and one not there.
    page = SCRATCH / "page.html"
    status, _, said = run("report", "--data-path", str(data), "--output", str(page), env=HOME)
    check(status == 0 and "not shown" in said, f"report: {status} {said}")
    shown = [base64.b64decode(b) for b in re.findall(r"data:image/jpeg;base64,([A-Za-z0-9+/=\s]+)", page.read_text())]
    check(len(shown) >= 2, f"report: {len(shown)} pictures")
    for i, picture in enumerate(shown):
        check(covered(picture, [0.28, 0.28, 0.2, 0.4]), f"report: picture {i}: a person can be seen")


def test_films():
    """Who walks is covered on the way, and what nobody looked at does not leave."""
    data = card("films", "still.jpg")
    noise(data / PLACE / "walk.avi", 320, 240, 2, "-c:v", "mjpeg")
    for name in ("part.avi", "late.avi", "once.avi", "hole.avi"):
        shutil.copy(data / PLACE / "walk.avi", data / PLACE / name)
    ffmpeg("-i", data / PLACE / "walk.avi", "-i", data / PLACE / "still.jpg", "-map", "0", "-map", "1", "-c:v:0", "libx264",
           "-pix_fmt:v:0", "yuv420p", "-c:v:1", "copy", "-disposition:v:1", "attached_pic", data / PLACE / "album.mp4")
    ffmpeg("-i", data / PLACE / "album.mp4", "-map", "0:v:0", "-c", "copy", data / PLACE / "lying.mp4")
    film = bytearray((data / PLACE / "lying.mp4").read_bytes())
    # ISO/IEC 14496-12 section 8.3.2: the matrix lies 44 bytes after the box's name.
    at = film.index(b"tkhd") + 44
    film[at:at + 36] = struct.pack(">9i", 0, 1 << 16, 0, -1 << 16, 0, 0, 0, 0, 1 << 30)
    (data / PLACE / "lying.mp4").write_bytes(film)
    left, right = [0.05, 0.3, 0.1, 0.3], [0.8, 0.5, 0.1, 0.3]
    looks = {"frame_rate": 10, "frames_processed": [0, 5, 10, 15]}
    walking = [("2", 0.9, left, {"frame_number": 5}), ("2", 0.9, right, {"frame_number": 10})]
    told(data, [entry(f"{PLACE}/still.jpg", []), entry(f"{PLACE}/walk.avi", walking, **looks),
                entry(f"{PLACE}/part.avi", [], frame_rate=10, frames_processed=[0, 2, 4, 6]),
                entry(f"{PLACE}/late.avi", [], frame_rate=10, frames_processed=[12, 14, 16, 18]),
                entry(f"{PLACE}/hole.avi", [], frame_rate=10, frames_processed=[0, 2, 4, 17, 19]),
                entry(f"{PLACE}/once.avi", [], frame_rate=10, frames_processed=[0]),
                entry(f"{PLACE}/album.mp4", [("2", 0.9, BOX, {"frame_number": 0})], **looks),
                entry(f"{PLACE}/lying.mp4", [("2", 0.9, left, {"frame_number": 0})], frame_rate=10)])
    made = convert(data, "--blur", "human")
    found = states(made)
    for name in ("part.avi", "late.avi", "hole.avi", "once.avi"):
        check(found[name] == "failed", f"films: {name}: {found[name]}")
        check(not (data / MADE / name.replace("avi", "mp4")).exists(), f"films: {name} is there")
        reason = next(f["reason"] for f in made["files"] if f["path"].endswith(name))
        check("held back" in reason and "examined" in reason, f"films: {name}: {reason}")
    width, height, all_frames = frames(data / MADE / "walk.mp4")
    between = [0.1, 0.45, 0.75, 0.1]
    for number in range(5, 11):
        check(variance((width, height, all_frames[number]), between, 0.03) < COVERED, f"films: frame {number} on the way")
    check(variance((width, height, all_frames[2]), between, 0.03) > COVERED, "films: more than the way is covered")
    album = (data / MADE / "album.mp4").read_bytes()
    check(b"covr" not in album and b"\xff\xd8\xff" not in album and covered(data / MADE / "album.mp4"), "films: a cover picture")
    x, y, w, h = left
    for turned in (left, [1 - y - h, x, h, w], [1 - x - w, 1 - y - h, w, h], [y, 1 - x - w, h, w]):
        check(covered(data / MADE / "lying.mp4", turned), f"films: lying: {turned}")
    packed = in_zip(data / package(data, "--package-name", "films")["packages"][0]["zip"].rpartition("/")[2])
    check(not {"part.mp4", "late.mp4", "once.mp4", "part.avi", "late.avi", "once.avi"} & set(packed), f"films: {sorted(packed)}")


def segment(marker, payload):
    return b"\xff" + bytes([marker]) + (len(payload) + 2).to_bytes(2, "big") + payload


def tiff(directories, blobs):
    """Little-endian: directories of (tag, type, count, value or the name of a blob), each pointing on to the next."""
    size = 8 + sum(6 + 12 * len(d) for d in directories)
    places, tail = {}, b""
    for name, blob in blobs.items():
        places[name] = size + len(tail)
        tail += blob + b"\0" * (len(blob) % 2)
    out, at = b"II*\0\x08\0\0\0", 8
    for i, entries in enumerate(directories):
        at += 6 + 12 * len(entries)
        out += len(entries).to_bytes(2, "little")
        for tag, kind, count, value in entries:
            value = places[value] if isinstance(value, str) else value
            out += tag.to_bytes(2, "little") + kind.to_bytes(2, "little") + count.to_bytes(4, "little") + \
                value.to_bytes(4, "little")
        out += (at if i + 1 < len(directories) else 0).to_bytes(4, "little")
    return b"Exif\0\0" + out + tail, places


def test_metadata():
    """Previews wherever makers and programs put them: no piece of any is left, and the camera's words are."""
    data = card("metadata", "all.jpg", "short.jpg")
    thumb = SCRATCH / "thumb.jpg"
    noise(thumb, 96, 72)
    small = thumb.read_bytes()
    inner = SCRATCH / "noise-64.jpg"
    noise(SCRATCH / "small.jpg", 64, 48)
    # A preview with a preview of its own, as cameras write them into maker notes; and one of which the first byte is changed.
    nested = small[:2] + segment(0xE1, b"Exif\0\0" + inner.read_bytes()) + small[2:]
    minolta = b"\x01" + small[1:]
    pixels = random.Random(1).randbytes(3000)
    # What looks like the beginning of one and is none costs nothing; what lies between the segments of one is no end.
    noisy = small[:20] + b"between" + small[20:]
    note = b"ACME\0" + b"\xff\xd8\xff\xe1\x70\x00" + nested + b"temperature=4" + minolta + noisy + b"moon=full"
    block, places = tiff(
        [[(0x010F, 2, 5, "make"), (0x014A, 4, 1, 0), (0x8769, 4, 1, 0)],
         [(0x0103, 3, 1, 6), (0x0201, 4, 1, "preview"), (0x0202, 4, 1, 100)],
         [(0x0111, 4, 2, "strips"), (0x0117, 4, 2, "lengths")],
         [(0x927C, 7, len(note), "note")]],
        {"make": b"ACME\0", "preview": small, "pixels": pixels, "strips": b"\0" * 8, "lengths": (1000).to_bytes(4, "little") * 2,
         "note": note})
    block = bytearray(block)
    block[6 + places["strips"]:6 + places["strips"] + 8] = b"".join(
        (places["pixels"] + at).to_bytes(4, "little") for at in (0, 1500))
    coded = base64.b64encode(small)
    whole = (data / PLACE / "all.jpg").read_bytes()
    (data / PLACE / "all.jpg").write_bytes(
        whole[:2] + segment(0xE1, bytes(block)) + segment(0xE1, b"Exif\0\0II*\0" + small) +
        segment(0xE1, b"FLIR\0" + bytes(3) + pixels) + segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta>" + coded) +
        segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta>wolf</x:xmpmeta>") +
        segment(0xE2, b"MPF\0" + small) + segment(0xED, b"Photoshop 3.0\0" + small) + segment(0xFE, b"a comment" + small) +
        segment(0xFE, b"battery 80") + segment(0xE5, b"preview" + small) + whole[2:] + small + pixels)
    pieces = {"a preview": small[len(small) // 2:][:48], "an inner preview": inner.read_bytes()[-200:-150],
              "pixels": pixels[40:90], "later pixels": pixels[1600:1650], "a preview in base64": coded[300:400]}
    for name, piece in pieces.items():
        check(piece in (data / PLACE / "all.jpg").read_bytes(), f"metadata: {name} is not in the source")
    told(data, {"all.jpg": [PERSON], "short.jpg": []})
    check(convert(data, "--blur", "human")["exit"] == 0, "metadata: convert")
    left = (data / MADE / "all.jpg").read_bytes()
    for name, piece in pieces.items():
        check(piece not in left, f"metadata: {name} is left")
    for kept in (b"temperature=4", b"moon=full", b"ACME", b"wolf", b"battery 80"):
        check(kept in left, f"metadata: {kept} is lost")
    check(left.endswith(b"\xff\xd9") and covered(data / MADE / "all.jpg"), "metadata: the picture itself")


for test in (test_words, test_entries, test_boxes, test_remembered, test_stale, test_named, test_begun, test_as_a_camera,
             test_leftovers, test_other_commands, test_films, test_metadata):
    if len(sys.argv) == 1 or test.__name__ in sys.argv:
        test()
end()
