#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the seeds of fuzz_traplinked_json: the documentation's answer, every field, and answers that are none."""
import json
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "servers"))
sys.dont_write_bytecode = True
from traplinked_server import BAIT, device, example  # noqa: E402

VALUES = (True, 3, 12, {"threshold_value": 5, "timeframe_value": 2, "timeframe_type": "d"}, "Paste", 100, 20,
          "2021-05-05T05:05:05", "Ann", "2021-06-06T06:06:06", "Ben", True)
NETWORK = [{"serial_number": "NET1", "device_type": "gateway", "product_identifier": "GW-1", "status": "connected",
            "location": {"name": "Hall", "path": "//Site//Hall", "address": "Road 1"}},
           {"serial_number": "NET2", "status": "N/A"}, {"serial_number": "NET3", "status": "asleep"}]
SEEDS = {
    "example": {"devices": example()},
    "bait": {"devices": [device("RAT", type=5, status=14, trap_1=None, trap_2=None, latitude=50.5, longitude=-10,
                                reports=[{"type": 3, "timestamp": "2021-01-01T00:00:00"}] * 2,
                                **dict(zip(BAIT, VALUES)))]},
    "bare": {"devices": [{"serial_number": "A"}, {"serial_number": "A", "name": None}, {"name": "x"}, 5, None]},
    "strange": {"devices": [device("S", status="3", type=99, trap_1="true", battery_status="0.5", colour=[1], location=5,
                                   reports=[{"type": "2", "timestamp": "x"}, {"type": 2}, 7])], "more": {"a": [1]}},
    "empty": {"devices": [], "network_devices": []},
    "network": {"network_devices": NETWORK},
    "both": {"network_devices": NETWORK[:1], "devices": example()[:1]},
    "error": {"error": "unauthorized"},
}

if __name__ == "__main__":
    folder = HERE / "corpus/traplinked_json"
    folder.mkdir(parents=True, exist_ok=True)
    for name, value in SEEDS.items():
        (folder / name).write_text(json.dumps(value), encoding="utf-8")
    whole = json.dumps(SEEDS["example"])
    (folder / "cut").write_text(whole[:len(whole) // 2], encoding="utf-8")
    (folder / "page").write_text("<html><body>Sign in</body></html>", encoding="utf-8")
