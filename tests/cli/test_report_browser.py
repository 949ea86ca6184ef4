#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of trapkit report in a real browser, from a file: nothing is refused, nothing complains."""
import os
import pathlib
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(os.environ["ROOT"]) / "tests/servers"))
from field import Field, check, run_all  # noqa: E402
import ftp_peers  # noqa: E402
from make_card import make_card  # noqa: E402


def in_a_browser(scratch):
    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    if browser is None:
        raise ftp_peers.Skip("no chromium here: apt-get install chromium")
    with Field(scratch, ftp=False, trapper=False) as field:
        make_card(field.data, deployments=2, images=8, clips=1)
        field.run("report", "--data-path", field.data)
        for width in (1100, 500):
            shot = scratch / f"{width}.png"
            done = subprocess.run([browser, "--headless=new", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr",
                                   f"--user-data-dir={scratch / 'profile'}", f"--window-size={width},1000",
                                   f"--screenshot={shot}", f"file://{field.data / 'report.html'}"],
                                  capture_output=True, text=True, timeout=120, check=False)
            check(shot.exists() and shot.stat().st_size > 20000, done.stderr)
            check("CONSOLE" not in done.stderr and "Refused" not in done.stderr, done.stderr)


if __name__ == "__main__":
    run_all([in_a_browser], os.environ["SCRATCH"])
