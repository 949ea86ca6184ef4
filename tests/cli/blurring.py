# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of --blur share: pictures of noise, and what is left of it where something was covered.

Everything is painted with noise: a variance of thousands, where a covered area has next to none. ffmpeg decodes.
"""
import functools
import shutil
import subprocess
import sys

from frontend import SCRATCH

for tool in ("ffmpeg", "exiftool"):
    if shutil.which(tool) is None:
        print(f"{tool} is not installed")
        sys.exit(77)

WIDTH, HEIGHT = 320, 240
BOX = [0.25, 0.25, 0.25, 0.5]          # x, y, width, height of the person in all pictures
NOISE, COVERED = 500, 25               # more is noise; less is one colour, with what JPEG adds


def ffmpeg(*arguments, data=None):
    return subprocess.run(["ffmpeg", "-v", "error", "-y", *map(str, arguments)], check=True, capture_output=True,
                          input=data if data is not None else b"").stdout


def noise(path, width=WIDTH, height=HEIGHT, seconds=None, *options):
    path.parent.mkdir(parents=True, exist_ok=True)
    still = SCRATCH / f"noise-{width}.jpg"
    if seconds is None and path != still:
        if not still.exists():
            noise(still, width, height)
        shutil.copy(still, path)
        return
    length = ["-t", str(seconds)] if seconds else ["-frames:v", "1"]
    ffmpeg("-f", "lavfi", "-i", f"nullsrc=size={width}x{height}:rate=10,geq=lum=random(1)*255:cb=random(2)*255:cr=128",
           *length, "-pix_fmt", "yuvj420p", "-q:v", "3", *options, path)


def exif(path, *arguments):
    subprocess.run(["exiftool", "-q", "-q", "-m", "-overwrite_original", *map(str, arguments), path], check=True)


@functools.lru_cache(maxsize=4)
def decoded(path, _what_it_is):
    """(width, height, [samples of each frame as stored: luma, then both of chroma, all of full size])."""
    size = subprocess.run(["ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries", "stream=width,height", "-of",
                           "csv=p=0", path], capture_output=True, check=True).stdout.decode().strip().strip(",").split(",")
    width, height = map(int, size)
    raw = ffmpeg("-noautorotate", "-i", path, "-f", "rawvideo", "-pix_fmt", "yuvj444p", "-")
    return width, height, [raw[i:i + 3 * width * height] for i in range(0, len(raw), 3 * width * height)]


def frames(path, component="y"):
    """(width, height, [samples of each frame]) of one component, as stored."""
    status = path.stat()
    width, height, whole = decoded(path, (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns))
    begin = "yuv".index(component) * width * height
    return width, height, [samples[begin:begin + width * height] for samples in whole]


def variance(picture, box, inset=0.02):
    """Of the samples in the box, without its very edge."""
    width, height, samples = picture
    x, y, w, h = box
    values = [samples[row * width + column] for row in range(int((y + inset) * height), int((y + h - inset) * height), 3)
              for column in range(int((x + inset) * width), int((x + w - inset) * width), 3)]
    mean = sum(values) / len(values)
    return sum((v - mean) ** 2 for v in values) / len(values)


def picture_of(path, frame=0, component="y"):
    width, height, all_frames = frames(path, component)
    return width, height, all_frames[frame]


def is_covered(path, box=BOX, frame=0, inset=0.02):
    """In luma and in chroma."""
    return all(variance(picture_of(path, frame, c), box, inset) < COVERED for c in ("y", "u"))


def is_noise(path, box, frame=0):
    return variance(picture_of(path, frame), box) > NOISE
