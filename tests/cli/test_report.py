#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""trapkit report: the page against what the card was made of, and what it may hold.

By hand with more: REPORT_DEPLOYMENTS=100 REPORT_IMAGES=100 make check ONLY=test_report
"""
import base64
import collections
import datetime
import html.parser
import json
import os
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import zlib

sys.path.insert(0, str(pathlib.Path(os.environ["ROOT"]) / "tests/servers"))
from field import Field, check, run_all  # noqa: E402
import camera_files  # noqa: E402
import formats  # noqa: E402
from make_card import make_card  # noqa: E402

DEPLOYMENTS = int(os.environ.get("REPORT_DEPLOYMENTS", "60"))
IMAGES = int(os.environ.get("REPORT_IMAGES", "4"))
UTC = datetime.timezone.utc
VOID = {"meta", "img", "br", "rect", "circle", "path"}
# Their end tags may be left out (HTML 13.1.2.4).
OPTIONAL = {"tr", "td", "th"}


class Page(html.parser.HTMLParser):
    """Tags with their attributes and text; complains of what is not closed, and of all that needs a network."""

    def __init__(self, text):
        super().__init__()
        self.open, self.elements = [], []
        self.feed(text)
        self.close()
        check(not self.open, f"not closed: {self.open}")

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        for name in ("src", "href", "action", "data", "poster", "srcset"):
            value = attributes.get(name, "#")
            check(value.startswith(("#", "data:image/jpeg;base64,")), f"{tag} {name}={value[:60]}")
        check(tag not in ("script", "link", "iframe", "object", "form") and not any(n.startswith("on") for n in attributes),
              f"{tag} {attributes}")
        self.elements.append([tag, attributes, ""])
        if tag not in VOID or tag in ("rect", "circle"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.elements.append([tag, dict(attributes), ""])

    def handle_endtag(self, tag):
        while self.open and self.open[-1] != tag and self.open[-1] in OPTIONAL:
            self.open.pop()
        check(self.open and self.open.pop() == tag, f"</{tag}> in {self.open}")

    def handle_data(self, data):
        if self.elements:
            self.elements[-1][2] += data

    def pictures(self):
        return [base64.b64decode(a["src"].partition(",")[2], validate=True) for t, a, _ in self.elements if t == "img"]

    def sections(self):
        """The elements of each section, by its id."""
        found, key = {}, None
        for element in self.elements:
            if element[0] == "section":
                key = element[1].get("id")
            found.setdefault(key, []).append(element)
        return found


def texts(elements, *tags):
    return [text.strip() for tag, _, text in elements if tag in tags and text.strip()]


def report(field, *words, expect=0):
    done = field.run("--json", "report", "--data-path", field.data, *words, expect=expect)
    path = field.data / "report.html"
    return done, Page(path.read_text("utf-8")) if path.exists() else None


def bars(elements, label):
    """Heading: count, of a chart's bars."""
    inside, found = False, {}
    for tag, attributes, text in elements:
        if tag == "svg":
            inside = attributes.get("aria-label") == label
        elif inside and tag == "title":
            heading, _, count = text.rpartition(": ")
            found[heading] = int(count)
    return found


def against_the_card(scratch):
    with Field(scratch, ftp=False, trapper=False) as field:
        files = make_card(field.data, deployments=3, images=21, clips=2, messy=True)
        done, page = report(field)
        table = field.run("--json", "template", "--data-path", field.data, "--dry-run", expect=None).json
        check(done.json["warnings"] == [f"{d['folder']}: {w}" for d in table["deployments"] for w in d["warnings"]] and
              len(done.json["warnings"]) >= 4, f"{done.json['warnings']} {table}")
        check((done.json["schema"], done.json["deployments"]) == ("trapkit/report/1", 4), done.json)
        sections = page.sections()
        for number, deployment in enumerate(table["deployments"], 1):
            own = sections[f"d{number}"]
            check(all(w in texts(own, "li") for w in deployment["warnings"]), f"{deployment}: {texts(own, 'li')}")
            taken = [datetime.datetime.strptime(f["taken"], "%Y:%m:%d %H:%M:%S") for f in files
                     if f["path"].startswith(deployment["folder"] + "/") and f["taken"]]
            if number == 4:
                # Of the messy one some files have no date of their own, and one is of 1970.
                check(len(texts(own, "li")) >= 4, own)
                continue
            check(bars(own, "Files by hour of the day") == {
                f"{h:02}:00 to {h + 1:02}:00": n for h, n in
                sorted(collections.Counter(t.hour for t in taken).items())}, f"hours of {deployment}")
            check(bars(own, "Files by day") == {
                str(d): n for d, n in sorted(collections.Counter(t.date() for t in taken).items())}, "days")
            facts = texts(own, "p")[0]
            check(facts.startswith(f"{min(taken):%Y-%m-%d %H:%M} to {max(taken):%Y-%m-%d %H:%M}") and
                  "21 pictures, 2 videos" in facts, facts)
            captions = [t for t in texts(own, "figcaption") if re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d", t)]
            check(len(captions) == 6 and captions == sorted(captions) and
                  captions[0] == f"{min(taken):%Y-%m-%d %H:%M}" and captions[-1] == f"{max(taken):%Y-%m-%d %H:%M}",
                  captions)
        for jpeg in page.pictures():
            check(jpeg.startswith(b"\xff\xd8") and jpeg.endswith(b"\xff\xd9") and b"Exif" not in jpeg, "not bare JPEGs")
        # Positions: of the first and third deployment, and of the messy one.
        check(sum(t == "circle" for t, *_ in page.elements) == 3, "map")
        # The two in the east are near each other: their numbers, of some 12 units each, lie beside them and on the map.
        numbers = [(a.get("text-anchor"), float(a["x"])) for t, a, s in page.elements if t == "text" and s.isdigit()]
        check(len(set(numbers)) == 3 and all(x > 12 if end else x < 800 - 12 for end, x in numbers), numbers)


def what_the_camera_wrote(scratch):
    """Temperature and battery of a Reconyx; previews of the picture's shape are taken, others are not."""
    with Field(scratch, ftp=False, trapper=False) as field:
        folder = field.data / "C" / "R1-1"
        folder.mkdir(parents=True)
        painter = formats.Painter(640, 480, colour=True, seed=2)
        for i in range(8):
            day = (2024, 6, 1 + i, 12, 0, 0)
            note = camera_files.hyperfire(taken=day, celsius=i - 3, volts=9000 - 100 * i)
            block = camera_files.with_exif(note=note, make="RECONYX", model="HC500 HYPERFIRE",
                                           taken="%04d:%02d:%02d %02d:%02d:%02d" % day)
            (folder / f"IMG_{i}.JPG").write_bytes(painter.jpeg(i, block, 30000))
        for name, width, height in (("0", 128, 96), ("7", 160, 90)):
            small = scratch / "small.jpg"
            small.write_bytes(formats.Painter(width, height, colour=True, seed=2).jpeg("small"))
            subprocess.run(["exiftool", "-q", "-overwrite_original", f"-ThumbnailImage<={small}",
                            folder / f"IMG_{name}.JPG"], check=True)
        _, page = report(field)
        captions = texts(page.elements, "span")
        check("-3 to 4\u00a0°C" in captions and "8.3 to 9.0\u00a0V" in captions, captions)
        sizes = [(a["width"], a["height"]) for t, a, _ in page.elements if t == "img"]
        check(sizes[0] == ("128", "96") and sizes[-1] == ("256", "192"), sizes)


def deliveries(scratch):
    with Field(scratch, ftp=False, trapper=False) as field:
        make_card(field.data, deployments=2, images=3, clips=1)
        done, page = report(field)
        check(done.json["delivered"] == 0 and "8 files were not delivered." in texts(page.elements, "p"), done.json)
        field.run("package", "--data-path", field.data, "--no-validate", "--package-name", "winter")
        _, page = report(field)
        check("not sent" in texts(page.elements, "strong"), texts(page.elements, "strong"))
        field.run("upload", "--data-path", field.data, "--to", f"file://{field.outbox}")
        done, page = report(field)
        check(done.json["delivered"] == 8 and "winter" in texts(page.elements, "td") and
              "delivered" in texts(page.elements, "td") and any(t.startswith("20") and t.endswith(" UTC")
                                                            for t in texts(page.elements, "span")), texts(page.elements, "td"))
        # One more, and one that is another one now.
        first = next((field.data / "R0001" / "R0001-LOC01_01").glob("*.JPG"))
        shutil.copy(first, first.with_name("IMG_9999.JPG"))
        first.write_bytes(first.read_bytes() + b"more")
        done, page = report(field)
        check((done.json["files"], done.json["delivered"]) == (9, 7), done.json)


def found_by_a_detector(scratch):
    with Field(scratch, ftp=False, trapper=False) as field:
        make_card(field.data, deployments=1, images=40, clips=1)
        folder = "R0001/R0001-LOC01_01"
        # Elsewhere when the detector ran, on Windows; one below the threshold, one struck out by a person.
        entry = [{"category": "2", "conf": .9, "bbox": [.5, .25, .25, .5]}, {"category": "1", "conf": .3,
                                                                           "bbox": [.1, .1, .1, .1]}]
        images = [{"file": f"D:\\cards\\{folder}\\IMG_{i:04}.JPG".replace("/", "\\"), "detections": []}
                  for i in range(1, 38)]
        images[10]["detections"] = entry
        images[17]["detections"] = [dict(entry[0], conf=.1), dict(entry[1], conf=-.9)]
        images.append({"file": f"D:\\cards\\{folder}\\IMG_0038.JPG", "failure": "image access failure"})
        (field.data / ".trapkit").mkdir()
        (field.data / ".trapkit/detections.json").write_text(json.dumps({
            "info": {"format_version": "1.6", "detector": "md_v5a.0.1.pt"}, "images": images,
            "detection_categories": {"1": "animal", "2": "<person>", "3": "vehicle"}}))
        _, page = report(field)
        own = page.sections()["d1"]
        check("A detector looked at 37 files: animal in 1, <person> in 1, nothing in 36." in texts(own, "p"),
              texts(own, "p"))
        boxes = [a for t, a, _ in own if t == "rect" and a.get("x") == "50"]
        check([(a["y"], a["width"], a["height"]) for a in boxes] == [("25", "25", "50")], boxes)
        check("<person> 90 %" in texts(own, "title") and "animal 30 %" in texts(own, "title"), texts(own, "title"))
        check(len(page.pictures()) == 7, "six, and the one in which something is")
        other = scratch / "other.json"
        other.write_text("{}")
        done, _ = report(field, "--detections", other, expect=1)
        check(str(other) in done.json["error"]["message"], done)


def average(jpeg):
    """Red, green, blue."""
    done = subprocess.run(["ffmpeg", "-v", "error", "-i", "-", "-vf", "scale=1:1:flags=area", "-f", "rawvideo", "-pix_fmt",
                           "rgb24", "-"], input=jpeg, stdout=subprocess.PIPE, check=True)
    return tuple(done.stdout)


def videos(scratch):
    """A frame of each: the one the detector was surest of, else the first; what cannot be shown has its place."""
    with Field(scratch, ftp=False, trapper=False) as field:
        folder = field.data / "C" / "R1-1"
        folder.mkdir(parents=True)
        names = [f"2024-06-0{i}_10-00-00.{'avi' if i == 2 else 'mp4'}" for i in range(1, 6)]
        # Red, from frame 30 on blue, in groups of 12 frames that cannot be decoded without their first.
        for name in names[:4]:
            codec = ("mjpeg", "-pix_fmt", "yuvj420p") if name.endswith("avi") else (
                "libx264", "-pix_fmt", "yuv420p", "-g", "12", "-bf", "2", "-movflags", "+faststart")
            subprocess.run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "color=c=red:s=320x240:r=10:d=3", "-f", "lavfi",
                            "-i", "color=c=blue:s=320x240:r=10:d=3", "-filter_complex", "concat=n=2", "-c:v", *codec,
                            folder / name], check=True)
        # The third ends within its first group; of the fifth nothing is left but the index.
        whole = (folder / names[2]).read_bytes()
        (folder / names[2]).write_bytes(whole[:whole.index(b"mdat") + (len(whole) - whole.index(b"mdat")) * 2 // 3])
        (folder / names[4]).write_bytes(whole[:whole.index(b"mdat") + 40])
        found = [{"file": f"C/R1-1/{name}", "detections": [
            {"category": "1", "conf": .9, "bbox": [.5, .25, .25, .5], "frame_number": 45},
            {"category": "1", "conf": .8, "bbox": [.1, .1, .1, .1], "frame_number": 0}]} for name in names[:3]]
        (field.data / ".trapkit").mkdir()
        (field.data / ".trapkit/detections.json").write_text(json.dumps({
            "info": {"format_version": "1.6"}, "images": found, "detection_categories": {"1": "animal"}}))
        done, page = report(field)
        own = page.sections()["d1"]
        colours = ["red" if r > 200 and b < 60 else "blue" if b > 200 and r < 60 else (r, g, b)
                   for r, g, b in map(average, page.pictures())]
        check(colours == ["blue", "blue", "red", "red"], colours)
        check([a["x"] for t, a, _ in own if t == "rect" and a.get("y") in ("25", "10")] == ["50", "50", "10"],
              "boxes of other frames")
        check([t for k, a, t in own if k == "span" and a.get("class") == "video"] == ["6.0 s"] * 4, texts(own, "span"))
        check(texts(own, "span").count("Video") == 1 and texts(own, "br", "figcaption").count(names[4]) == 1 and f"{names[4]}: not shown: " in done.stderr, f"{texts(own, 'span')} {done}")
        check((done.status, done.json["files"]) == (0, 5), done)


def what_it_replaces(scratch):
    with Field(scratch, ftp=False, trapper=False) as field:
        make_card(field.data, deployments=1, images=2, clips=0)
        field.run("report", "--data-path", field.data, "--dry-run")
        check(not (field.data / "report.html").exists() and not (field.data / ".trapkit").exists(), "a dry run writes")
        report(field)
        report(field)
        (field.data / "report.html").write_text("<!DOCTYPE html>\nmine")
        done = field.run("report", "--data-path", field.data, expect=1)
        check("is no report" in done.stderr and "mine" in (field.data / "report.html").read_text(), done)
        field.run("report", "--data-path", field.data, "--overwrite")
        done = field.run("report", "--data-path", field.data, "-o", "-")
        check(done.stdout.startswith("<!DOCTYPE html>") and done.stdout.endswith("</html>\n"), "standard output")
        field.run("--json", "report", "--data-path", field.data, "-o", "-", expect=2)
        shutil.rmtree(field.data / "R0001")
        check("COLLECTION/DEPLOYMENT" in field.run("report", "--data-path", field.data, expect=1).stderr, "no files")
        field.run("report", "--data-path", field.data / "none", expect=1)


def strange_names(scratch):
    """Names that would be markup, and a picture that nobody can decode."""
    with Field(scratch, ftp=False, trapper=False) as field:
        folder = field.data / "<script>alert(1)" / "a\"><img src=x onerror=alert(1)>-1 & 2"
        folder.mkdir(parents=True)
        make_card(scratch / "other", deployments=1, images=2, clips=0)
        for file in (scratch / "other").rglob("*.JPG"):
            shutil.copy(file, folder / f"'{file.name}")
        # One that is none but for its first bytes, and one whose pixels are noise.
        (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0\0\4\0\0" + b"\0" * 30000 + b"\xff\xd9")
        chunks = ((b"IHDR", struct.pack(">IIBBBBB", 64, 48, 8, 2, 0, 0, 0)), (b"IDAT", b"\x55" * 9000), (b"IEND", b""))
        (folder / "odd.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(
            struct.pack(">I", len(d)) + k + d + struct.pack(">I", zlib.crc32(k + d)) for k, d in chunks))
        done, page = report(field)
        check(any(t.startswith("1\u2002a\"><img src=x onerror=alert(1)>-1 & 2") for t in texts(page.elements, "h2")),
              texts(page.elements, "h2"))
        check("odd.png: not shown: " in done.stderr and len(page.pictures()) == 2, done)
        check("4 pictures" in texts(page.elements, "p")[-1] and "1 damaged" in texts(page.elements, "p")[-1],
              texts(page.elements, "p"))


def size_and_shape(scratch):
    """However many pictures there are, the page can be sent by mail."""
    with Field(scratch, ftp=False, trapper=False) as field:
        make_card(field.data, deployments=DEPLOYMENTS, images=IMAGES, clips=0)
        done, page = report(field)
        print(f"{done.json['files']} files: {done.json['size']} bytes, {len(page.pictures())} pictures")
        check(done.json["size"] < 5_000_000 and len(page.pictures()) >= min(300, DEPLOYMENTS * IMAGES), done.json)
        check(sum(map(len, page.pictures())) < 1800 * 1024, "pictures")


if __name__ == "__main__":
    run_all([against_the_card, what_the_camera_wrote, deliveries, found_by_a_detector, videos, what_it_replaces, strange_names,
             size_and_shape], os.environ["SCRATCH"])
