#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A strict stand-in for the traplinked REST API v1.10, over TLS on a loopback port, that misbehaves to order.

    with TraplinkedServer(scratch) as server:
        server.url, server.ca_file           # https://localhost:PORT/api/v1.10 and the authority to trust
        server.devices, server.network       # what it knows: dicts as the API sends them; change them at will
        server.fault("status", status=429, retry_after=2, times=1)
        server.requests                      # what came in, without the token

Every request must be a GET with `Accept: application/json` and `Authorization: Bearer TOKEN`; a parameter that the
documentation does not have, a time in another form, a path that does not begin with // is answered with 400.
Faults are those of trapper_server.py, and "raw" (body=, type=: 200 with that body).
"""
import copy
import http.server
import json
import os
import pathlib
import re
import ssl
import sys
import threading
import urllib.parse

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import trapper_server  # noqa: E402

TOKEN = "abcdefghiklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789012"
LOCATION_IDS = {"30fc3989-efdf-4e58-a1dc-9bec0a399908": "//MyLocation"}
BAIT = ("is_bait_monitoring_enabled", "bait_low_count", "bait_pad_activity_count", "activity_alert_threshold",
        "bait_manufacturer_and_type", "bait_weight_grams", "bait_calibration_weight_grams", "last_bait_replaced_at",
        "last_bait_replaced_by_name", "last_activity_reset_at", "last_activity_reset_by_name", "is_bait_available")
DEVICE_FIELDS = {"name", "serial_number", "type", "status", "battery_status", "description", "last_heartbeat",
                 "latitude", "longitude", "transfer_mode", "location", "trap_1", "trap_2", "operation_mode", "reports",
                 *BAIT}
NETWORK_FIELDS = {"serial_number", "description", "device_type", "product_identifier", "status", "location"}
PARAMETERS = {"/devices": {"ids", "location_path", "location_id", "include_sublocations", "reports_since",
                           "device_fields"},
              "/network-devices": {"ids", "location_path", "location_id", "include_sublocations", "device_fields"}}


def device(serial, **fields):
    """A JERRY as the documentation's example shows it; a value of ... leaves a field out."""
    made = {"serial_number": serial, "name": serial, "type": 0, "description": "", "battery_status": 1, "status": 1,
            "last_heartbeat": "2021-01-06T16:10:00", "transfer_mode": 0, "trap_1": False, "trap_2": False,
            "operation_mode": 0, **{field: None for field in BAIT}}
    made.update(fields)
    return {k: v for k, v in made.items() if v is not ...}


def example():
    """The devices of the documentation's examples."""
    reports = [{"type": 14, "timestamp": "2021-02-02T14:44:54", "user": "Admin API", "description": "my description"},
               {"type": 2, "timestamp": "2021-01-31T06:53:29"}]
    return [device("TESTDEVICE1", status=3, trap_1=True, reports=reports,
                   location={"name": "MyLocation", "path": "//MyLocation"}),
            device("TESTDEVICE2", status=3, trap_2=True,
                   location={"name": "MySublocation", "path": "//MyLocation//MySublocation"}),
            device("TESTDEVICE3", status=0)]


class Handler(trapper_server.Handler):
    def serve(self):
        owner = self.server.owner
        self.parts = urllib.parse.urlsplit(self.path)
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        header = self.headers.get("Authorization") or ""
        fault = owner.take_fault(self.command, self.path) if not self.server.foreign else None
        record = {"method": self.command, "path": self.path, "auth": header.split(" ")[0] or None,
                  "auth_ok": header == "Bearer " + owner.token, "foreign": self.server.foreign,
                  "accept": self.headers.get("Accept"), "agent": self.headers.get("User-Agent"),
                  "fault": fault["action"] if fault else None,
                  "elsewhere": owner.token in str(self.headers).replace(header, "") or owner.token in self.path}
        number = owner.record(record)
        try:
            status, body, kind = self.answer(fault)
        except trapper_server.Lost:
            owner.finish(number, None)
            self.hang_up()
            return
        owner.finish(number, status)
        try:
            self.send(status, body, kind, fault)
        except (OSError, ssl.SSLError):
            self.close_connection = True

    def answer(self, fault):
        if fault and fault["action"] == "raw":
            return 200, fault["body"], fault.get("type", "application/json")
        return super().answer(fault)

    def route(self):
        owner = self.server.owner
        base, path = self.parts.path[:len(owner.base)], self.parts.path[len(owner.base):]
        if self.server.foreign or base != owner.base or path not in PARAMETERS:
            raise trapper_server.Refused(404, {"error": "not found"})
        if self.headers.get("Authorization") != "Bearer " + owner.token:
            raise trapper_server.Refused(401, {"error": "unauthorized"})
        if self.command != "GET" or self.headers.get("Accept") != "application/json":
            raise trapper_server.Refused(400, {"error": "GET, and JSON"})
        query = self.parameters(path)
        if path == "/devices":
            with owner.lock:
                return 200, {"devices": self.devices(query)}, None
        with owner.lock:
            return 200, {"network_devices": self.network(query)}, None

    def parameters(self, path):
        found = {}
        for part in filter(None, self.parts.query.split("&")):
            name, _, value = part.partition("=")
            value = urllib.parse.unquote(value, errors="strict")
            if name not in PARAMETERS[path] or name in found or (name != "include_sublocations" and not value):
                raise trapper_server.Refused(400, {"error": "parameter " + name})
            found[name] = value
        if not found.get("location_path", "//").startswith("//"):
            raise trapper_server.Refused(400, {"error": "location_path"})
        if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", found.get("reports_since", "2020-01-01T12:00:00")):
            raise trapper_server.Refused(400, {"error": "reports_since"})
        return found

    def chosen(self, items, query):
        """By ids, else by location; (items, whether the location is left out of them)."""
        if "ids" in query:
            return [i for i in items if i["serial_number"] in query["ids"].split(",")], False
        path = query.get("location_path")
        if path is None and "location_id" in query:
            path = LOCATION_IDS.get(query["location_id"])
            if path is None:
                raise trapper_server.Refused(400, {"error": "location_id"})
        if path is None:
            return items, False
        below = "include_sublocations" in query

        def inside(item):
            own = (item.get("location") or {}).get("path", "")
            return own == path or (below and own.startswith(path + "//"))
        return [i for i in items if inside(i)], not below

    @staticmethod
    def cut(items, query, fields, always):
        wanted = query.get("device_fields")
        if wanted is None:
            return items
        names = set(wanted.split(","))
        if not names <= fields:
            raise trapper_server.Refused(400, {"error": "device_fields"})
        return [{k: v for k, v in i.items() if k in names | always} for i in items]

    def devices(self, query):
        owner = self.server.owner
        items, without_location = self.chosen(owner.devices, query)
        since = query.get("reports_since")
        answer = []
        for item in items:
            item = copy.copy(item)
            reports = item.pop("reports", None)
            if without_location:
                item.pop("location", None)
            if since is not None and reports:
                newer = [r for r in reports if r.get("timestamp", "9") >= since]
                if newer:
                    item["reports"] = newer
            answer.append(item)
        return self.cut(answer, query, DEVICE_FIELDS, {"reports"})

    def network(self, query):
        items, without_location = self.chosen(self.server.owner.network, query)
        items = [{k: v for k, v in i.items() if k != "location" or not without_location} for i in items]
        return self.cut(items, query, NETWORK_FIELDS, set())


class Listener(trapper_server.Listener):
    def __init__(self, owner, foreign):
        http.server.ThreadingHTTPServer.__init__(self, ("127.0.0.1", 0), Handler)
        self.owner, self.foreign = owner, foreign


class TraplinkedServer(trapper_server.TrapperServer):
    def __init__(self, scratch, token=TOKEN, devices=None, network=None, base="/api/v1.10", certificate=None):
        self.scratch = pathlib.Path(scratch) / "traplinked-server"
        self.scratch.mkdir(parents=True, exist_ok=True)
        self.token, self.base = token, base
        self.devices = example() if devices is None else devices
        self.network = [] if network is None else network
        self.ca_file, cert, key = certificate or trapper_server.make_certificates(self.scratch)
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(cert, key)
        self.log_file = self.scratch / "requests.jsonl"
        self.control = self.scratch / "control.json"
        self.control_seen = None
        self.lock = threading.RLock()
        self.closing = threading.Event()
        self.faults, self.requests = [], []
        self.listeners = [Listener(self, False), Listener(self, True)]
        urls = ["https://localhost:%d" % li.server_address[1] for li in self.listeners]
        self.url, self.foreign_url = urls[0] + base, urls[1]
        for listener in self.listeners:
            threading.Thread(target=listener.serve_forever, args=(0.05,), daemon=True).start()

    def find(self, serial):
        return next(d for d in self.devices if d["serial_number"] == serial)


if __name__ == "__main__":
    with TraplinkedServer(sys.argv[1]) as running:
        print(json.dumps({"url": running.url, "ca_file": running.ca_file}), flush=True)
        sys.stdin.read()
