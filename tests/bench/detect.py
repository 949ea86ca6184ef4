# SPDX-License-Identifier: GPL-3.0-or-later
"""detect beside the bare runtime: what reading, decoding and fitting the pictures costs on top of the model."""
import array
import json
import os
import pathlib
import random
import shutil
import subprocess
import tempfile

from bench import BASE, BUILD, HERE, ROOT, RUNS, TRAPKIT, convert_corpus, job, missing, quiet, settings
from onnx_file import FLOAT, Graph, shaped


def heavy_model(size):
    """A network without sense that costs what YOLOv5s does (16 GFLOP at 640 x 640, 64 at 1280), with YOLOv5's output."""
    g, rng = Graph(), random.Random(1)
    noise = array.array("f", (rng.gauss(0, 1) for _ in range(1 << 16))).tobytes()

    def conv(x, channels, out, kernel, stride, activate=True):
        count = out * channels * kernel * kernel
        weights = g.raw(FLOAT, [out, channels, kernel, kernel], (noise * (count * 4 // len(noise) + 1))[:count * 4])
        scale = g.real(1 / (channels ** 0.5 * kernel))
        x = g.op("Mul", g.op("Conv", x, weights, kernel_shape=[kernel] * 2, strides=[stride] * 2,
                             pads=[kernel // 2] * 4), scale)
        return g.op("Mul", x, g.op("Sigmoid", x)) if activate else x
    x, channels = conv("images", 3, 32, 3, 2), 32
    for out in (64, 128, 256, 512):
        x = conv(x, channels, out, 3, 2)
        x, channels = conv(conv(x, out, out, 3, 1), out, out, 3, 1), out
    cells = size // 32 * (size // 32)
    x = g.op("Reshape", conv(x, channels, 24, 1, 1, False), g.whole(1, 3, 8, cells))
    x = g.op("Reshape", g.op("Transpose", x, perm=[0, 1, 3, 2]), g.whole(1, 3 * cells, 8))
    g.op("Sigmoid", g.op("Sub", x, g.real(6.0)), out="output0")
    return g.model([shaped("images", FLOAT, [1, 3, size, size])], [shaped("output0", FLOAT, [1, 3 * cells, 8])],
                   {"stride": "32", "names": "{0: 'animal', 1: 'person', 2: 'vehicle'}"})


def bench_detect():
    runtime = BUILD.parent / "lib/trapkit"
    models, floor = {size: BASE / f"detect-{size}.onnx" for size in (640, 1280)}, str(BASE / "detect_floor")
    for size, model in models.items():
        if not model.exists():
            model.write_bytes(heavy_model(size))
    told = subprocess.run([TRAPKIT, "detect", "--info", str(models[640])], capture_output=True, check=False)
    if told.returncode == 69 or shutil.which("ffmpeg") is None:
        missing("detect", "ffmpeg" if told.returncode == 0 else "ONNX Runtime (make deps)")
        return
    quiet(["gcc", "-O2", "-D_DEFAULT_SOURCE", "-I", str(ROOT / "include"), "-o", floor, str(HERE / "detect_floor.c"),
           str(BUILD / "libtrapkit.a"), "-lm", "-ldl", "-pthread"])
    _, pictures = convert_corpus("convert-4000x3000", "4000x3000", 20)
    with tempfile.TemporaryDirectory(dir=BASE) as scratch:
        words = settings(pathlib.Path(scratch))
        out = pathlib.Path(scratch) / "found.json"

        def command(size, threads):
            out.unlink(missing_ok=True)
            return [TRAPKIT, *words, "detect", "--model", models[size], "--output", out, "-q", "-j", "2", "--threads",
                    str(threads), *pictures]

        def ours(size, threads):
            quiet(command(size, threads))
            assert len(json.loads(out.read_text())["images"]) == len(pictures)
        # All processors in the model are the default: the ratio is higher where the model is small, the time is shorter.
        for size, threads in ((640, 1), (640, 2), (1280, 2)):
            job(f"detect: {len(pictures)} JPEG of 12 MP, a model of {size}, {threads} of 2 processors in the model",
                lambda s=size, n=threads: ours(s, n),
                {"bare ONNX Runtime": lambda s=size, n=threads: quiet(
                    [floor, str(models[s]), str(n), str(len(pictures)), str(runtime)])},
                "1.05 × the bare runtime, where a processor is left to decode with", runs=min(RUNS, 3))
        process = subprocess.Popen(command(1280, 2))
        used = os.wait4(process.pid, 0)[2]
        size = models[1280].stat().st_size / 2**20
        print(f"  memory: {used.ru_maxrss / 1024:.0f} MiB with a model of {size:.0f} MiB  (target: model + 300 MiB)")


JOBS = {"detect": bench_detect}
