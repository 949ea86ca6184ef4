#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""trapkit convert on pictures: exiftool and ffmpeg say whether a rendition is what it should be."""
import ctypes
import hashlib
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
import zlib

sys.path.insert(0, str(pathlib.Path(os.environ["ROOT"]) / "tests/cli"))
sys.path.insert(0, str(pathlib.Path(os.environ["ROOT"]) / "tests/fixtures"))
import formats  # noqa: E402
from frontend import SCRATCH, TRAPKIT, check, document, end, environment, peak_memory, run  # noqa: E402

for tool in ("ffmpeg", "exiftool"):
    if shutil.which(tool) is None:
        print(f"{tool} is not installed")
        sys.exit(77)


def ffmpeg(*arguments):
    subprocess.run(["ffmpeg", "-v", "error", "-y", *map(str, arguments)], check=True, stdin=subprocess.DEVNULL)


def draw(path, size, *options):
    ffmpeg("-f", "lavfi", "-i", f"testsrc2=size={size}:rate=1", "-frames:v", "1", *options, path)


def exif(path, *arguments):
    subprocess.run(["exiftool", "-q", "-q", "-overwrite_original", *arguments, path], check=True)


def tags(path):
    out = subprocess.run(["exiftool", "-j", "-a", "-G1", "-n", "-b", path], capture_output=True, check=True).stdout
    return json.loads(out)[0]


def probe(path, entries):
    out = subprocess.run(["ffprobe", "-v", "error", "-of", "json", "-show_entries", entries, path],
                         capture_output=True, check=True).stdout
    return json.loads(out)


# ffmpeg's best, straight to what a JPEG is made of.
RESAMPLED = "flags=lanczos+accurate_rnd+full_chroma_inp+full_chroma_int:out_color_matrix=bt601:out_range=pc"


def ssim(one, other, reference_filter):
    """Of `one` to `other` put through the filter: 1 is equal."""
    out = subprocess.run(["ffmpeg", "-noautorotate", "-i", str(one), "-noautorotate", "-i", str(other), "-lavfi",
                          f"[0:v]format=yuvj420p[a];[1:v]{reference_filter},format=yuvj420p[b];[a][b]ssim", "-f", "null",
                          "-"], capture_output=True, check=True, stdin=subprocess.DEVNULL).stderr.decode()
    return float(re.search(r"All:([0-9.]+)", out)[1])


def age(folder):
    """Old enough that no file counts as still being written."""
    for path in pathlib.Path(folder).rglob("*"):
        if path.is_file() and ".trapkit" not in path.parts:
            os.utime(path, (1719828000, 1719828000))


def digests(folder):
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest()
            for p in sorted(pathlib.Path(folder).rglob("*")) if p.is_file()}


def deployment(name, base="data"):
    folder = SCRATCH / base / "winter" / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder, SCRATCH / base / ".trapkit/renditions/winter" / name


def camera_picture(path, orientation):
    """A picture with all that a camera writes: maker note, GPS, comment, sub-seconds, preview, profile, XMP."""
    draw(path, "2400x1600", "-q:v", "2", "-pix_fmt", "yuvj422p")
    preview = SCRATCH / "preview.jpg"
    ffmpeg("-i", path, "-vf", "scale=160:120", "-q:v", "5", preview)
    jpeg = path.read_bytes()
    block = formats.exif(taken="2024:07:01 10:00:00", subsec="123", serial="SN0042", orientation=orientation,
                         gps=(50.25, 19.5), big=orientation % 2 == 0,
                         image=[(0x131, formats.ASCII, "firmware 7.1")],
                         photo=[(0x927C, formats.UNDEFINED, b"OWN\0" + bytes(range(256)) * 4),
                                (0x9286, formats.UNDEFINED, b"ASCII\0\0\0" + b"a field comment"),
                                (0xA002, formats.LONG, [2400]), (0xA003, formats.LONG, [1600])])
    path.write_bytes(jpeg[:2] + formats.app1(block) + jpeg[2:])
    exif(path, f"-ThumbnailImage<={preview}", "-XMP-dc:Description=a place", "-IPTC:Keywords=trap",
         "-ICC_Profile:ProfileDescription=x" if False else "-Comment=by a camera")


MAY_DIFFER = re.compile(r"^(System|File|Composite|ExifTool|SourceFile|JFIF)|:Orientation$|ExifImage(Width|Height)$|"
                        r":Thumbnail(Offset|Length|Image)$|:(Image|Related)")


def metadata_is_kept():
    sources, made = deployment("R1")
    for orientation in range(1, 9):
        camera_picture(sources / f"o{orientation}.jpg", orientation)
    age(SCRATCH / "data")
    status, _, said = run("convert", "--data-path", "data")
    check(status == 0, f"status {status}: {said}")
    upright = {1: "null", 2: "hflip", 3: "hflip,vflip", 4: "vflip", 5: "transpose=0", 6: "transpose=1",
               7: "transpose=3", 8: "transpose=2"}
    for orientation, turn in upright.items():
        source, rendition = sources / f"o{orientation}.jpg", made / f"o{orientation}.jpg"
        before, after = tags(source), tags(rendition)
        wanted = {k: v for k, v in before.items() if not MAY_DIFFER.search(k)}
        got = {k: v for k, v in after.items() if not MAY_DIFFER.search(k)}
        check(wanted == got, f"{source.name}: tags differ: {set(wanted.items()) ^ set(got.items())}")
        check(any("MakerNote" in k or "Maker" in k or "Unknown" in k for k in wanted) or b"OWN\0" + bytes(range(256)) in
              rendition.read_bytes(), "the maker note is not there")
        size = (1920, 1280) if orientation < 5 else (1280, 1920)
        check((after["File:ImageWidth"], after["File:ImageHeight"]) == size, f"{source.name}: {after['File:ImageWidth']}")
        check((after["ExifIFD:ExifImageWidth"], after["ExifIFD:ExifImageHeight"]) == size, f"{source.name}: EXIF size")
        check(after["IFD0:Orientation"] == 1, f"{source.name}: orientation {after['IFD0:Orientation']}")
        check(after["File:YCbCrSubSampling"] == "2 2", f"{source.name}: {after['File:YCbCrSubSampling']}")
        warnings = [[v for k, v in found.items() if "Warning" in k] for found in (before, after)]
        check(warnings[0] == warnings[1], f"{source.name}: {warnings}")
        check(int(rendition.stat().st_mtime) == 1719828000, f"{source.name}: time of the file")
        like = ssim(rendition, source, f"{turn},scale={size[0]}:{size[1]}:{RESAMPLED}")
        check(like >= 0.98, f"{source.name}: SSIM {like}")
        thumbnail = SCRATCH / "thumbnail.jpg"
        thumbnail.write_bytes(subprocess.run(["exiftool", "-b", "-ThumbnailImage", rendition], capture_output=True,
                                             check=True).stdout)
        shape = probe(thumbnail, "stream=width,height")["streams"][0]
        check((shape["width"] > shape["height"]) == (size[0] > size[1]), f"{source.name}: preview is {shape}")
        like = ssim(thumbnail, rendition, f"scale={shape['width']}:{shape['height']}:flags=lanczos")
        check(like >= 0.85, f"{source.name}: the preview shows something else, SSIM {like}")


def kinds_of_pictures():
    sources, made = deployment("R2")
    draw(sources / "rgb16.png", "2000x1000", "-pix_fmt", "rgb48be")
    draw(sources / "palette.png", "300x200", "-pix_fmt", "pal8")
    draw(sources / "grey.png", "2000x1000", "-pix_fmt", "gray")
    draw(sources / "444.jpg", "2001x1001", "-pix_fmt", "yuvj444p", "-q:v", "2")
    draw(sources / "420.jpg", "2001x1001", "-pix_fmt", "yuvj420p", "-q:v", "2")
    painter = formats.Painter(2048, 1536, colour=False)
    (sources / "night.jpg").write_bytes(painter.jpeg(1))
    draw(sources / "fit.jpg", "640x480", "-q:v", "2")
    age(SCRATCH / "data")
    result = document("convert", "--data-path", "data", "--collection", "winter")
    by_path = {f["path"]: f for f in result["files"]}
    check(by_path["winter/R2/fit.jpg"]["status"] == "fit" and not (made / "fit.jpg").exists(), by_path)
    check(result["unchanged"] == 8 and result["pictures"] == 6 and result["failed"] == 0, result)
    for name, source, size in (("rgb16.jpg", "rgb16.png", "1920x960"), ("palette.jpg", "palette.png", "300x200"),
                               ("444.jpg", "444.jpg", "1920x960"), ("420.jpg", "420.jpg", "1920x960")):
        width, height = size.split("x")
        shape = probe(made / name, "stream=width,height,pix_fmt")["streams"][0]
        check((shape["width"], shape["height"]) == (int(width), int(height)), f"{name}: {shape}")
        # The reference's own way from 16 bits to JPEG's range is not exact.
        first = "format=rgb24," if source == "rgb16.png" else ""
        like = ssim(made / name, sources / source, f"{first}scale={width}:{height}:{RESAMPLED}")
        # What a palette leaves of a smooth picture is noise.
        check(like >= (0.96 if name == "palette.jpg" else 0.98), f"{name}: SSIM {like}")
    for name in ("grey.jpg", "night.jpg"):
        shape = probe(made / name, "stream=pix_fmt")["streams"][0]
        check(shape["pix_fmt"] == "gray", f"{name}: {shape}")
    with_odd = document("convert", "--data-path", "data", "--resize", "1000x333", "--quality", "60", "--dry-run")
    check(with_odd["pictures"] == 15 and with_odd["bytes_out"] == 0, with_odd)


def raw(path, pixels="rgb24"):
    return subprocess.run(["ffmpeg", "-v", "error", "-i", path, "-f", "rawvideo", "-pix_fmt", pixels, "-"],
                          capture_output=True, check=True, stdin=subprocess.DEVNULL).stdout


def turbo(path, pixels, width, height, kind, flags=0):
    """A JPEG of 4:4:4 by libjpeg-turbo; kind 0 is RGB, 11 is CMYK (turbojpeg.h, enum TJPF)."""
    library = ctypes.CDLL("libturbojpeg.so.0")
    library.tjInitCompress.restype = ctypes.c_void_p
    library.tjFree.argtypes = [ctypes.c_void_p]
    out, size, handle = ctypes.c_void_p(), ctypes.c_ulong(), ctypes.c_void_p(library.tjInitCompress())
    failed = library.tjCompress2(handle, pixels, width, 0, height, kind, ctypes.byref(out), ctypes.byref(size), 0, 95,
                                 flags)
    check(failed == 0, f"{path}: libjpeg-turbo fails")
    path.write_bytes(ctypes.string_at(out, size.value))
    library.tjFree(out)
    library.tjDestroy(handle)


def profile(length):
    """A colour profile as far as its header (ICC.1 7.2) goes, and then just bytes."""
    return struct.pack(">I", length) + b"lcms\4\0\0\0mntrRGB XYZ ".ljust(32, b"\0") + b"acsp".ljust(92, b"\0") + bytes(
        i * 7 % 251 for i in range(length - 128))


def rare_pictures():
    """What cameras seldom write, and people's tools do."""
    sources, made = deployment("R1", "rare")
    like = SCRATCH / "rare.png"
    draw(like, "2400x1600", "-pix_fmt", "rgb24")
    pixels = raw(like)
    # Adobe's way: inverted, here with a quarter of the light taken by black.
    cmyk = bytearray(4 * 2400 * 1600)
    for i in range(3):
        cmyk[i::4] = pixels[i::3]
    cmyk[3::4] = b"\xBF" * (2400 * 1600)
    turbo(sources / "cmyk.jpg", bytes(cmyk), 2400, 1600, 11)
    turbo(sources / "progressive.jpg", pixels, 2400, 1600, 0, 16384)
    ffmpeg("-i", like, "-pix_fmt", "yuvj444p", "-q:v", "2", sources / "rgb.jpg")
    jpeg = (sources / "rgb.jpg").read_bytes()
    # Adobe's marker says that the three components are no YCbCr, unless there is JFIF's.
    jpeg = jpeg[:2] + jpeg[4 + int.from_bytes(jpeg[4:6], "big"):] if jpeg[2:4] == b"\xFF\xE0" else jpeg
    (sources / "rgb.jpg").write_bytes(jpeg[:2] + formats.segment(0xEE, b"Adobe\0\x64\0\0\0\0\0") + jpeg[2:])
    kinds = {"tif16.tif": "rgb48le", "tif.tif": "rgb24", "bmp.bmp": "bgr24", "webp.webp": "yuv420p", "gif.gif": "rgb8",
             "png16.png": "rgb48be", "alpha.png": "rgba"}
    for name, kind in kinds.items():
        ffmpeg("-i", like, "-pix_fmt", kind, *(["-quality", "95"] if kind == "yuv420p" else []), sources / name)
    ffmpeg("-i", like, "-pix_fmt", "gray16be", sources / "grey16.png")
    jpeg, icc = (sources / "progressive.jpg").read_bytes(), profile(100_000)
    pieces = [icc[:65519], icc[65519:]]
    (sources / "icc.jpg").write_bytes(jpeg[:2] + b"".join(
        formats.segment(0xE2, b"ICC_PROFILE\0" + bytes([i + 1, 2]) + piece) for i, piece in enumerate(pieces)) + jpeg[2:])
    png, chunk = (sources / "png16.png").read_bytes(), b"iCCPx\0\0" + zlib.compress(profile(400))
    (sources / "profile.png").write_bytes(png[:33] + struct.pack(">I", len(chunk) - 4) + chunk +
                                          struct.pack(">I", zlib.crc32(chunk)) + png[33:])
    (sources / "cut.png").write_bytes(png[:len(png) // 2])
    (sources / "phone.heic").write_bytes(struct.pack(">I", 24) + b"ftypheic\0\0\0\0mif1heic" + bytes(100))
    age(SCRATCH / "rare")
    words = [f"--image-extensions=.{kind}" for kind in ("jpg", "png", "tif", "bmp", "webp", "gif", "heic")]
    result = document("convert", "--data-path", "rare", *words)
    status = {pathlib.PurePath(f["path"]).name: f for f in result["files"]}
    failed = sorted(n for n, f in status.items() if f["status"] == "failed")
    # Debian 12's FFmpeg does not read HEIC; the original is packaged.
    check(failed == ["cut.png", "phone.heic"] and "cut short" in status["cut.png"]["reason"] and
          "JPEG" in status["phone.heic"]["reason"], [status[n] for n in failed])
    size = f"scale=1920:1280:{RESAMPLED}"
    for name in [*kinds, "progressive.jpg", "icc.jpg", "profile.png"]:
        found = ssim(made / (pathlib.PurePath(name).stem + ".jpg"), sources / name if name == "gif.gif" else like, size)
        check(found >= 0.98, f"{name}: SSIM {found}")
    found = ssim(made / "rgb.jpg", sources / "rgb.jpg", size)
    check(found >= 0.98, f"rgb.jpg: SSIM {found}")
    darker = "format=gbrp,lutrgb=r=val*0.75:g=val*0.75:b=val*0.75"
    found = ssim(made / "cmyk.jpg", like, f"{darker},{size}")
    check(found >= 0.98, f"cmyk.jpg: SSIM {found}")
    check(probe(made / "grey16.jpg", "stream=pix_fmt")["streams"][0]["pix_fmt"] == "gray", "grey16.png gets colours")
    for name, length in (("icc.jpg", 100_000), ("profile.png", 400)):
        both = [subprocess.run(["exiftool", "-b", "-ICC_Profile", path], capture_output=True, check=True).stdout
                for path in (sources / name, made / (pathlib.PurePath(name).stem + ".jpg"))]
        check(both[0] == both[1] and len(both[0]) == length, f"{name}: profiles of {[len(b) for b in both]} bytes")


def damaged_ones():
    sources, made = deployment("R1", "damaged")
    draw(sources / "whole.jpg", "2400x1600", "-q:v", "2")
    (sources / "cut.jpg").write_bytes((sources / "whole.jpg").read_bytes()[:60000])
    (sources / "noise.jpg").write_bytes(bytes(range(256)) * 100)
    age(SCRATCH / "damaged")
    result = document("convert", "--data-path", "damaged")
    by_path = {f["path"]: f for f in result["files"]}
    check(result["exit"] == 1 and result["failed"] == 1 and result["damaged"] == 1, result)
    check(by_path["winter/R1/noise.jpg"]["status"] == "failed" and by_path["winter/R1/noise.jpg"]["reason"], by_path)
    check("damaged" in by_path["winter/R1/cut.jpg"]["reason"], by_path)
    upper = "crop=1920:160:0:0"
    like = ssim(made / "cut.jpg", made / "whole.jpg", "null")
    check(like < 0.98, "the cut picture is whole")
    out = subprocess.run(["ffmpeg", "-i", made / "cut.jpg", "-i", made / "whole.jpg", "-lavfi",
                          f"[0:v]{upper}[a];[1:v]{upper}[b];[a][b]ssim", "-f", "null", "-"], capture_output=True,
                         check=True, stdin=subprocess.DEVNULL).stderr.decode()
    check(float(re.search(r"All:([0-9.]+)", out)[1]) > 0.99, "what is there of the cut picture differs")
    (sources / "noise.jpg").unlink()
    check(run("convert", "--data-path", "damaged")[0] == 0, "a picture that was saved in part is no failure")
    status = run("convert", "--data-path", "damaged", "--strict", "--overwrite")[0]
    check(status == 1, f"--strict: {status}")


def only_what_changed():
    sources, made = deployment("R1", "again")
    for name in ("a", "b", "c"):
        draw(sources / f"{name}.jpg", "2000x1000", "-q:v", "4", "-vf", f"hue=h={ord(name)}")
    age(SCRATCH / "again")
    check(run("convert", "--data-path", "again")[0] == 0, "first run")
    before, times = digests(made), {p.name: p.stat().st_ctime_ns for p in made.iterdir()}
    status, out, _ = run("convert", "--data-path", "again")
    check(status == 0 and "Up to date" in out, out)
    check(times == {p.name: p.stat().st_ctime_ns for p in made.iterdir()}, "the second run wrote something")
    os.utime(sources / "a.jpg", (1719829000, 1719829000))
    result = document("convert", "--data-path", "again")
    check(result["unchanged"] == 3 and result["pictures"] == 0, f"only touched: {result}")
    draw(sources / "b.jpg", "2100x1000", "-q:v", "4")
    os.utime(sources / "b.jpg", (1719829000, 1719829000))
    result = document("convert", "--data-path", "again")
    check(result["unchanged"] == 2 and result["pictures"] == 1, f"one changed: {result}")
    check(digests(made)["a.jpg"] == before["a.jpg"] and digests(made)["b.jpg"] != before["b.jpg"], "contents")
    result = document("convert", "--data-path", "again", "--quality", "70")
    check(result["pictures"] == 3, f"other settings: {result}")
    (made / "c.jpg").unlink()
    result = document("convert", "--data-path", "again", "--quality", "70")
    check(result["pictures"] == 1, f"one gone: {result}")
    result = document("convert", "--data-path", "again", "--resize", "2200x2200", "--quality", "70")
    check(result["fit"] == 3, f"now they fit: {result}")


def names_do_not_collide():
    """F66 of pictures."""
    sources, made = deployment("R1", "names")
    draw(sources / "IMG_1.png", "300x200")
    draw(sources / "IMG_1.jpg", "2000x1000")
    draw(sources / "IMG_2.png", "300x200")
    camera = sources / "100RECNX"
    camera.mkdir()
    draw(camera / "IMG_1.JPG", "2000x1000")
    age(SCRATCH / "names")
    check(run("convert", "--data-path", "names")[0] == 0, "names")
    found = sorted(str(p.relative_to(made)) for p in made.rglob("*") if p.is_file())
    check(found == ["100RECNX/IMG_1.JPG", "IMG_1.jpg", "IMG_1.png.jpg", "IMG_2.jpg"], found)


def packaged():
    status, _, said = run("package", "--data-path", "names", "--project-id", "3", "--timezone", "Europe/Warsaw",
                          "--no-validate", "--package-name", "p")
    check(status == 0, said)
    names = subprocess.run(["unzip", "-Z1", SCRATCH / "names/p.zip"], capture_output=True, check=True).stdout.decode()
    check(sorted(names.split()) == [f"winter/r1/{n}" for n in (
        "100RECNX_IMG_1.JPG", "IMG_1.jpg", "IMG_1.png.jpg", "IMG_2.jpg")], names)
    import yaml
    resources = yaml.safe_load((SCRATCH / "names/p.yaml").read_text())["collections"][0]["deployments"][0]["resources"]
    text = json.dumps(resources, default=str)
    made = SCRATCH / "names/.trapkit/renditions/winter/R1/IMG_1.jpg"
    packed = subprocess.run(["unzip", "-p", SCRATCH / "names/p.zip", "winter/r1/IMG_1.jpg"], capture_output=True,
                            check=True).stdout
    check(packed == made.read_bytes(), "the package holds something else than the rendition")
    check("1920" in text and "2000" not in text and "image/png" not in text, text)
    run("package", "--data-path", "names", "--project-id", "3", "--timezone", "Europe/Warsaw", "--no-validate",
        "--package-name", "o", "--originals")
    packed = subprocess.run(["unzip", "-p", SCRATCH / "names/o.zip", "winter/r1/IMG_1.jpg"], capture_output=True,
                            check=True).stdout
    check(packed == (SCRATCH / "names/winter/R1/IMG_1.jpg").read_bytes(), "--originals packs something else")


def mirror_tree():
    sources, _ = deployment("R1", "origin")
    draw(sources / "big.jpg", "2000x1000")
    draw(sources / "small.jpg", "300x200")
    age(SCRATCH / "origin")
    before = digests(SCRATCH / "origin")
    status, _, said = run("convert", "--data-path", "origin", "--output-path", "mirror")
    check(status == 0, said)
    tree = SCRATCH / "mirror/winter/R1"
    check(sorted(p.name for p in tree.iterdir()) == ["big.jpg", "small.jpg"], list(tree.iterdir()))
    check((tree / "small.jpg").read_bytes() == (sources / "small.jpg").read_bytes(), "small.jpg differs")
    check(before.items() <= digests(SCRATCH / "origin").items(), "a source changed")
    result = document("convert", "--data-path", "origin", "--output-path", "mirror")
    check(result["unchanged"] == 2 and result["placed"] == 0, result)
    (SCRATCH / "origin/.trapkit/ledger.sqlite3").unlink()
    for extra in ("-wal", "-shm"):
        (SCRATCH / f"origin/.trapkit/ledger.sqlite3{extra}").unlink(missing_ok=True)
    check(run("convert", "--data-path", "origin", "--output-path", "mirror")[0] == 0, "equal files are adopted")
    (SCRATCH / "mirror2/winter/R1").mkdir(parents=True)
    (SCRATCH / "mirror2/winter/R1/big.jpg").write_text("mine")
    result = document("convert", "--data-path", "origin", "--output-path", "mirror2")
    check(result["exit"] == 1 and result["failed"] == 1, result)
    check((SCRATCH / "mirror2/winter/R1/big.jpg").read_text() == "mine", "a file of somebody else was replaced")
    check(run("convert", "--data-path", "origin", "--output-path", "mirror2", "--overwrite")[0] == 0, "--overwrite")
    check((SCRATCH / "mirror2/winter/R1/big.jpg").read_bytes() == (tree / "big.jpg").read_bytes(), "--overwrite")
    status, _, said = run("convert", "--data-path", "origin", "--output-path", "origin/out")
    check(status == 2 and "outside" in said, said)


def killed_and_run_again():
    sources, made = deployment("R1", "killed")
    draw(sources / "0.jpg", "4000x3000", "-q:v", "4")
    for i in range(1, 16):
        (sources / f"{i}.jpg").write_bytes((sources / "0.jpg").read_bytes())
    age(SCRATCH / "killed")
    landed = 0
    for delay in (0.05, 0.15, 0.25, 0.4):
        process = subprocess.Popen([TRAPKIT, "convert", "--data-path", "killed"], cwd=SCRATCH, env=environment(),
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
        landed += process.wait() == -signal.SIGKILL
    check(landed > 0, "no run was killed")
    (made / "sub").mkdir(parents=True, exist_ok=True)
    for name in (".0.jpg.trapkit-0123abcd", "sub/.x.trapkit-89abcdef"):
        (made / name).write_text("half a file")
    check(run("convert", "--data-path", "killed")[0] == 0, "the run after the kills")
    found = digests(made)
    check(sorted(found) == sorted(f"{i}.jpg" for i in range(16)), sorted(found))
    check(len(set(found.values())) == 1, "renditions of one picture differ")
    check(not [p for p in made.rglob(".*")], "half a file was left")
    check(run("convert", "--data-path", "killed", "--overwrite", env={"MALLOC_PERTURB_": "170"})[0] == 0, "--overwrite")
    check(digests(made) == found, "what memory held before shows in the renditions")
    again = document("convert", "--data-path", "killed")
    check(again["unchanged"] == 16, again)


def memory_is_bounded():
    sources, _ = deployment("R1", "big")
    draw(sources / "1.png", "6000x4000", "-pix_fmt", "rgb48be")
    draw(sources / "1.jpg", "6000x4000", "-q:v", "3", "-pix_fmt", "yuvj422p")
    for kind in ("png", "jpg"):
        os.link(sources / f"1.{kind}", sources / f"2.{kind}")
    age(SCRATCH / "big")
    used = peak_memory("convert", "--data-path", "big", "-q", "-j", "2")
    check(used <= 512, f"24 MP in two workers: {used} MiB")


def settings_are_checked():
    for value in ("x", "10x", "0x0", "1920x1080x3", "-5x5"):
        status, _, said = run("convert", "--data-path", "again", f"--resize={value}")
        check(status == 2 and "1920x1920" in said, f"{value}: {status} {said}")
    check(run("convert", "--data-path", "nowhere")[0] == 1, "no data path")
    (SCRATCH / "new/winter/R1").mkdir(parents=True)
    draw(SCRATCH / "new/winter/R1/a.jpg", "2000x1000")
    status, out, _ = run("convert", "--data-path", "new", "--dry-run")
    check(status == 0 and "Would convert 'winter/R1/a.jpg'" in out, out)
    check(not (SCRATCH / "new/.trapkit").exists(), "a dry run made the work folder")


metadata_is_kept()
kinds_of_pictures()
rare_pictures()
damaged_ones()
only_what_changed()
names_do_not_collide()
packaged()
mirror_tree()
killed_and_run_again()
memory_is_bounded()
settings_are_checked()
end()
