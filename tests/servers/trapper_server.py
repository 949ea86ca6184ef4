#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A strict stand-in for a TRAPPER server, over TLS on a loopback port, that misbehaves to order.

In a test:

    with TrapperServer(scratch, ftp_root=folder) as server:
        server.url, server.ca_file          # https://localhost:PORT and the authority to trust
        server.fault("status", status=429, retry_after=2, match="/research/", times=1)
        server.requests                     # what came in, without secrets
        server.collections                  # what a processed package made

As a program: trapper_server.py SCRATCH --ftp-root DIR [--world FILE.json]; it prints one JSON line (url,
ca_file, foreign_url, control, log, state) and stops when its parent is gone. Faults are then read from the
file `control` (a JSON list of objects as fault() takes them), whenever that file changes.

Faults (match = part of the path, method = only this one, times = how often, 0 = always):
    status   answer with status=, retry_after= (seconds, or "date:N" for an HTTP date N seconds ahead), body=, type=
    empty    close without an answer          lose    do the work, then close without an answer
    stall    wait seconds= before answering   short   promise more bytes than come, then close
    html     200 with a web page              cut     valid HTTP, JSON cut in the middle
    redirect to location= with status= ("foreign" = the same path on the other port)
    slow     one byte every seconds=          endless never stop sending
    break    hang up after= bytes of the body

Camtrap DP packages (contract 1.10): `server.package` is the bytes that are handed out, or a function of the query; what it was asked
for is in `server.package_queries`; the world's package_routes, forbidden_projects, one_time, ranges, etag change its manners.
"""
import argparse
import base64
import csv
import email.utils
import gzip
import hashlib
import http.server
import io
import json
import os
import pathlib
import re
import ssl
import subprocess
import sys
import threading
import time
import urllib.parse
import zipfile

import yaml

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "fixtures"))
import camtrap_package  # noqa: E402

WORLD = {
    "users": [{"email": "technician@example.org", "username": "technician",
               "password": "correct-horse", "token": "0123456789abcdef"}],
    "research_projects": [{"pk": 5, "name": "Forest survey", "acronym": "FORS"}],
    "classification_projects": [{"pk": 7, "name": "Forest classification", "research_project": "Forest survey"}],
    "locations": [
        {"locationID": "32_01", "timezone": "Europe/Warsaw", "ignoreDST": False, "project": 5,
         "longitude": 23.5, "latitude": 52.7},
        {"locationID": "32_02", "timezone": "Europe/Warsaw", "ignoreDST": False, "project": 5,
         "longitude": 23.6, "latitude": 52.8},
    ],
    "deployments": [{"deploymentID": "r1-32_01", "locationID": "32_01", "project": 5},
                    {"deploymentID": "r1-32_02", "locationID": "32_02", "project": 5}],
    "style": "new",      # envelope: new, old (psize, results only), bare (a list)
    "exports": "csv",    # csv, gzip (bytes 1f 8b), zip
    "largest_page": 500,
    "delay": 0,          # seconds until a processed package shows
    "package_routes": ["/api/media-classifications/package/", "/media_classification/api/package/"],
    "forbidden_projects": [],
    "one_time": True,    # a package's address is good for one request
    "ranges": True,      # parts of a package are sent
    "etag": "strong",    # strong, weak, none (and no Last-Modified)
    "address": "absolute",   # of a package: absolute, path, http (as behind a proxy that ends TLS)
}
PACKAGE_BOOLS = {"clear_cache", "release", "get_released", "approved_only", "exclude_blank", "all_deployments", "include_events",
                 "trapper_url_token", "private_human", "private_vehicle"}
PACKAGE_TEXTS = {"export_format", "export_filetype", "filter_deployments", "events_count_var", "private_species", "name", "version",
                 "title", "description", "keywords", "licenses"}
ONCE = {"clear_cache", "release", "get_released"}
COLLECTION_KEYS = {"name", "project_id", "timezone", "timezone_ignore_dst", "resources_dir", "deployments"}
RESOURCE_KEYS = {"name", "file", "date_recorded", "mime_type", "file_width", "file_height", "file_size",
                 "file_fps", "file_duration"}
EXTENSIONS = (".jpg", ".jpeg", ".png", ".mp4", ".avi", ".mov", ".webm")


def make_certificates(folder, names=("localhost",), days="2"):
    """A throw-away authority and a server certificate signed by it; returns (ca, certificate, key)."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    ca, ca_key, cert, key, request = (folder / n for n in ("ca.pem", "ca.key", "server.pem", "server.key",
                                                          "server.csr"))
    extensions = folder / "extensions"
    extensions.write_text("subjectAltName=%s,IP:127.0.0.1\n" % ",".join("DNS:" + n for n in names))

    def openssl(*arguments):
        subprocess.run(["openssl", *map(str, arguments)], check=True, stdin=subprocess.DEVNULL,
                       stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    openssl("req", "-x509", *curve, "-keyout", ca_key, "-out", ca, "-days", "2", "-subj",
            "/CN=Test authority %s" % folder.name)
    openssl("req", *curve, "-keyout", key, "-out", request, "-subj", "/CN=" + names[0])
    openssl("x509", "-req", "-in", request, "-CA", ca, "-CAkey", ca_key, "-set_serial", "1", "-out", cert,
            "-days", days, "-extfile", extensions)
    return str(ca), str(cert), str(key)


class Lost(Exception):
    """Ends a connection without an answer."""


class Refused(Exception):
    def __init__(self, status, body):
        super().__init__(status)
        self.status, self.body = status, body


def invalid(errors):
    return Refused(400, {"data": {"message": "The YAML collection definition file is invalid.",
                                  "errors": errors, "task_id": None}})


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "stand-in"
    timeout = 60
    more_headers = ()    # of the reply, as (name, value)

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.serve()

    do_POST = do_PUT = do_DELETE = do_HEAD = do_GET

    # ---- requests ----

    def serve(self):
        owner = self.server.owner
        self.parts = urllib.parse.urlsplit(self.path)
        self.query = urllib.parse.parse_qs(self.parts.query, keep_blank_values=True)
        length = int(self.headers.get("Content-Length") or 0)
        self.body = self.rfile.read(length)
        self.more_headers = ()
        scheme = (self.headers.get("Authorization") or "").split(" ")[0]
        self.user = owner.authenticate(self.headers.get("Authorization"))
        fault = owner.take_fault(self.command, self.path) if not self.server.foreign else None
        record = {"time": time.time(), "method": self.command, "path": self.path, "auth": scheme or None,
                  "auth_ok": self.user is not None, "foreign": self.server.foreign, "bytes": length,
                  "type": self.headers.get("Content-Type"), "range": self.headers.get("Range"),
                  "if_range": self.headers.get("If-Range"), "agent": self.headers.get("User-Agent"),
                  "fault": fault["action"] if fault else None}
        number = owner.record(record)
        try:
            status, body, kind = self.answer(fault)
        except Lost:
            owner.finish(number, None)
            self.hang_up()
            return
        owner.finish(number, status)
        try:
            self.send(status, body, kind, fault)
        except (OSError, ssl.SSLError):
            self.close_connection = True

    def hang_up(self):
        self.close_connection = True
        try:
            self.connection.shutdown(2)
        except OSError:
            pass

    def answer(self, fault):
        action = fault["action"] if fault else None
        if action == "empty":
            raise Lost
        if action == "stall":
            self.server.owner.closing.wait(fault.get("seconds", 3600))
        if action == "status":
            return fault.get("status", 500), fault.get("body", {"detail": "fault to order"}), fault.get("type")
        if action == "html":
            return 200, "<html><head><title>Sign in</title></head><body><p>Hotel network</p></body></html>", "text/html"
        if action == "redirect":
            return fault.get("status", 302), "", None
        try:
            result = self.route()
        except Refused as refused:
            result = refused.status, refused.body, None
        if action == "lose":
            raise Lost
        return result

    def send(self, status, body, kind, fault):
        action = fault["action"] if fault else None
        if isinstance(body, (dict, list)):
            body, kind = json.dumps(body), kind or "application/json"
        if isinstance(body, str):
            body = body.encode()
        if action == "cut":
            body = body[:len(body) // 2]
        self.send_response(status)
        self.send_header("Content-Type", kind or "text/html; charset=utf-8")
        length = len(body)
        if action == "short":
            length += 1000
        if action == "endless":
            length = 1 << 40
        self.send_header("Content-Length", str(length))
        for name, value in self.more_headers:
            self.send_header(name, value)
        if status == 401:
            self.send_header("WWW-Authenticate", 'Basic realm="api"')
        if action == "redirect":
            goal = fault.get("location", "foreign")
            self.send_header("Location", self.server.owner.foreign_url + self.path if goal == "foreign" else goal)
        if action == "status" and "retry_after" in fault:
            wait = fault["retry_after"]
            if isinstance(wait, str) and wait.startswith("date:"):
                wait = email.utils.formatdate(time.time() + int(wait[5:]), usegmt=True)
            self.send_header("Retry-After", str(wait))
        self.end_headers()
        if self.command == "HEAD":
            return
        while action == "endless" and not self.server.owner.closing.is_set():
            self.wfile.write(b" " * 65536)
        if action == "break":
            self.wfile.write(body[:fault["after"]])
            self.wfile.flush()
            self.hang_up()
            return
        for i in range(len(body) if action == "slow" else 0):
            self.wfile.write(body[i:i + 1])
            if self.server.owner.closing.wait(fault.get("seconds", 1)):
                break
        if action != "slow":
            self.wfile.write(body)
        if action == "short":
            self.hang_up()

    # ---- what TRAPPER does ----

    def route(self):
        owner, path, method = self.server.owner, self.parts.path, self.command
        if self.server.foreign:
            return 200, {"results": [], "pagination": {"page": 1, "page_size": 1, "pages": 1, "count": 0}}, None
        if method == "POST" and path == "/accounts/api/users/login/":
            return self.login()
        for prefix in owner.world["package_routes"]:
            if method == "GET" and re.fullmatch(re.escape(prefix) + r"\d+/", path):
                return self.make_package(int(path.split("/")[-2]))
        if method == "GET" and path.startswith("/storage/packages/download/"):
            return self.send_package(path.split("/")[-2])
        if path not in owner.routes:
            raise Refused(404, "<html><head><title>Not Found</title></head><body><h1>Not Found</h1></body></html>")
        wanted, handler = owner.routes[path]
        if self.user is None:
            raise Refused(401, {"detail": "Invalid username/password."} if self.headers.get("Authorization")
                          else {"detail": "Authentication credentials were not provided."})
        if method != wanted:
            raise Refused(405, {"detail": 'Method "%s" not allowed.' % method})
        return handler(self)

    def make_package(self, project):
        owner = self.server.owner
        if self.user is None:
            raise Refused(401, {"detail": "Invalid token."})
        if project not in [p["pk"] for p in owner.world["classification_projects"]]:
            raise Refused(404, {"detail": "No ClassificationProject matches the given query."})
        if project in owner.world["forbidden_projects"]:
            raise Refused(403, {"detail": "You do not have permission to perform this action."})
        self.check_package_query()
        identifier, cached = owner.make_package(project, self.query)
        address = "/storage/packages/download/%s/" % identifier
        if owner.world["one_time"]:
            address += "?rt=" + owner.one_time_token(identifier)
        form = owner.world["address"]
        if form != "path":
            address = (owner.url.replace("https://", "http://") if form == "http" else owner.url) + address
        return 200, {"data": {"message": "Package retrieved from cache." if cached else
                              "Package successfully generated and saved to cache.", "errors": None, "package": address}}, None

    def check_package_query(self):
        def bad(text):
            raise Refused(400, {"data": {"message": "Bad request", "errors": "Invalid parameter: " + text, "package": None}})
        for name, values in self.query.items():
            if name not in PACKAGE_BOOLS | PACKAGE_TEXTS:
                bad("unknown parameter %s" % name)
            if len(values) > 1 and name != "private_species":
                bad("%s is given twice" % name)
            if name in PACKAGE_BOOLS and values[0] not in ("true", "false"):
                bad("%s must be true or false" % name)
        if self.query.get("export_format", ["camtrapdp"]) != ["camtrapdp"]:
            bad("export_format must be 'camtrapdp'")

    def send_package(self, identifier):
        owner = self.server.owner
        package = owner.packages.get(identifier)
        if owner.world["one_time"]:
            if not owner.take_token(identifier, self.first("rt")):
                raise Refused(403, {"detail": "The token is invalid or has been used."})
        elif self.user is None:
            raise Refused(401, {"detail": "Authentication credentials were not provided."})
        if package is None:
            raise Refused(404, {"detail": "Not found."})
        tag = '"%s"' % hashlib.sha256(package).hexdigest()[:16]
        etag = {"strong": tag, "weak": "W/" + tag, "none": None}[owner.world["etag"]]
        self.more_headers = [("Content-Disposition", 'attachment; filename="package_%s.zip"' % identifier)]
        if etag:
            self.more_headers.append(("ETag", etag))
        wanted = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range") or "")
        condition = self.headers.get("If-Range")
        if not wanted or not owner.world["ranges"] or (condition and condition != etag):
            return 200, package, "application/zip"
        start = int(wanted[1])
        if start >= len(package):
            self.more_headers.append(("Content-Range", "bytes */%d" % len(package)))
            return 416, b"", "application/zip"
        self.more_headers.append(("Content-Range", "bytes %d-%d/%d" % (start, len(package) - 1, len(package))))
        return 206, package[start:], "application/zip"

    def login(self):
        form = urllib.parse.parse_qs(self.body.decode())
        for user in self.server.owner.world["users"]:
            if form.get("email") == [user["email"]] and form.get("password") == [user["password"]]:
                return 200, {"error": "0", "username": user["username"]}, None
        return 200, {"error": "1"}, None

    def first(self, *names):
        for name in names:
            if self.query.get(name, [""])[0]:
                return self.query[name][0]
        return None

    def page(self, items):
        world = self.server.owner.world
        search = self.first("search")
        if search:
            items = [i for i in items if search.lower() in str(i.get("name", "")).lower()
                     or search.lower() in str(i.get("owner", "")).lower()]
        if world["style"] == "bare":
            return 200, items, None
        old = world["style"] == "old"
        size = min(int(self.first("psize" if old else "page_size") or 50), world["largest_page"])
        number = int(self.first("page") or 1)
        pages = max(1, -(-len(items) // size))
        if number > pages:
            raise Refused(404, {"detail": "Invalid page."})
        part = items[(number - 1) * size:number * size]
        if old:
            return 200, {"results": part}, None
        return 200, {"pagination": {"page": number, "page_size": size, "pages": pages, "count": len(items)},
                     "results": part}, None

    def export(self, columns, rows, name):
        out = io.StringIO()
        writer = csv.DictWriter(out, columns, restval="", extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
        body = out.getvalue().encode()
        form = self.server.owner.world["exports"]
        if form == "gzip":
            return 200, gzip.compress(body), "application/gzip"
        if form == "zip":
            packed = io.BytesIO()
            with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
                archive.writestr(name, body)
            return 200, packed.getvalue(), "application/zip"
        return 200, body, "text/csv"

    def of_project(self, items):
        wanted = self.first("research_project")
        return [i for i in items if wanted is None or str(i.get("project")) == wanted]

    def research_projects(self):
        user = self.user["username"]
        return self.page([dict({"owner": user, "status": "Approved", "keywords": [],
                                "project_roles": [{"user": 1, "username": user, "profile": "", "roles": ["Admin"]}]},
                               **p) for p in self.server.owner.world["research_projects"]])

    def classification_projects(self):
        return self.page([dict({"owner": self.user["username"], "status": "Ongoing", "is_active": True,
                                "classificator": None}, **p)
                          for p in self.server.owner.world["classification_projects"]])

    def locations_export(self):
        columns = ["_id", "locationID", "longitude", "latitude", "country", "timezone", "ignoreDST", "habitat",
                   "comments", "researchProject"]
        rows = [dict(p, _id=i + 1, researchProject="%.1f" % p["project"])
                for i, p in enumerate(self.of_project(self.server.owner.world["locations"]))]
        return self.export(columns, rows, "locations.csv")

    def deployments_export(self):
        columns = ["deploymentID", "locationID", "locationName", "latitude", "longitude", "deploymentStart",
                   "deploymentEnd", "cameraModel", "deploymentComments", "_id", "timezone"]
        rows = [dict(d, _id=i + 1) for i, d in enumerate(self.of_project(self.server.owner.world["deployments"]))]
        return self.export(columns, rows, "deployments.csv")

    def list_collections(self):
        owner = self.server.owner
        wanted = self.first("pk")
        with owner.lock:
            items = [{"pk": c["pk"], "name": c["name"], "owner": c["owner"], "status": "Private"}
                     for c in owner.visible()]
        return self.page([i for i in items if wanted is None or str(i["pk"]) in wanted.split(",")])

    def list_resources(self):
        owner = self.server.owner
        wanted = self.first("collections")
        with owner.lock:
            items = [{"pk": r["pk"], "name": r["name"], "owner": c["owner"]} for c in owner.visible()
                     for r in c["resources"] if wanted is None or str(c["pk"]) in wanted.split(",")]
        return self.page(items)

    def process(self):
        kind = (self.headers.get("Content-Type") or "").split(";")[0]
        try:
            if kind == "application/json":
                fields = json.loads(self.body)
            elif kind == "application/x-www-form-urlencoded":
                fields = {k: v[0] for k, v in urllib.parse.parse_qs(self.body.decode()).items()}
                fields["remove_zip"] = {"True": True, "False": False}.get(fields.get("remove_zip"))
            else:
                raise Refused(415, {"detail": 'Unsupported media type "%s" in request.' % kind})
        except ValueError:
            raise Refused(400, {"detail": "JSON parse error"}) from None
        if not isinstance(fields, dict) or set(fields) != {"yaml_file", "zip_file", "remove_zip"} \
                or not isinstance(fields["remove_zip"], bool):
            raise Refused(400, {"fields": ["exactly yaml_file, zip_file and remove_zip are taken"]})
        return self.server.owner.process(self.user, fields)


class Listener(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, owner, foreign):
        super().__init__(("127.0.0.1", 0), Handler)
        self.owner, self.foreign = owner, foreign

    def get_request(self):
        connection, address = super().get_request()
        # The handshake waits for the handler's thread: one silent client must not hold up the others.
        return self.owner.tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False), address

    def handle_error(self, request, client_address):
        pass


class TrapperServer:
    def __init__(self, scratch, ftp_root=None, world=None, certificate=None, control=None):
        self.scratch = pathlib.Path(scratch) / "trapper-server"
        self.scratch.mkdir(parents=True, exist_ok=True)
        self.ftp_root = pathlib.Path(ftp_root) if ftp_root else self.scratch / "ftp"
        (self.ftp_root / "collections").mkdir(parents=True, exist_ok=True)
        self.world = dict(json.loads(json.dumps(WORLD)), **(world or {}))
        self.ca_file, cert, key = certificate or make_certificates(self.scratch)
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(cert, key)
        self.log_file = self.scratch / "requests.jsonl"
        self.state_file = self.scratch / "state.json"
        self.control = pathlib.Path(control) if control else self.scratch / "control.json"
        self.control_seen = None
        self.lock = threading.RLock()
        self.closing = threading.Event()
        self.faults, self.requests, self.collections, self.notifications = [], [], {}, []
        self.next_pk = 100
        self.package = camtrap_package.zip_bytes(camtrap_package.trapper_export())
        self.packages, self.package_keys, self.package_tokens, self.package_queries = {}, {}, set(), []
        self.released = {}
        self.routes = {
            "/research/api/projects": ("GET", Handler.research_projects),
            "/media_classification/api/projects": ("GET", Handler.classification_projects),
            "/geomap/api/locations/export/": ("GET", Handler.locations_export),
            "/geomap/api/deployments/export/": ("GET", Handler.deployments_export),
            "/storage/api/collections": ("GET", Handler.list_collections),
            "/storage/api/resources": ("GET", Handler.list_resources),
            "/storage/api/collection/process/": ("POST", Handler.process),
        }
        self.listeners = [Listener(self, False), Listener(self, True)]
        self.url, self.foreign_url = ("https://localhost:%d" % li.server_address[1] for li in self.listeners)
        self.threads = [threading.Thread(target=li.serve_forever, args=(0.05,), daemon=True)
                        for li in self.listeners]
        self.save()
        for thread in self.threads:
            thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.closing.set()
        for listener in self.listeners:
            listener.shutdown()
            listener.server_close()

    # ---- orders and records ----

    def fault(self, action, match="", method=None, times=1, **arguments):
        with self.lock:
            self.faults.append(dict(arguments, action=action, match=match, method=method, times=times))

    def clear(self):
        """Forgets outstanding faults and the requests so far."""
        with self.lock:
            self.faults, self.requests = [], []

    def clear_requests(self):
        with self.lock:
            self.requests = []

    def read_control(self):
        try:
            seen = self.control.stat().st_mtime_ns
            if seen != self.control_seen:
                orders = json.loads(self.control.read_text())
                self.faults = [dict({"match": "", "method": None, "times": 1}, **o) for o in orders]
                self.control_seen = seen
        except (OSError, ValueError):
            pass

    def take_fault(self, method, path):
        with self.lock:
            self.read_control()
            for fault in self.faults:
                if fault["match"] in path and fault["method"] in (None, method):
                    if fault["times"] == 1:
                        self.faults.remove(fault)
                    elif fault["times"] > 1:
                        fault["times"] -= 1
                    return fault
        return None

    def record(self, entry):
        with self.lock:
            self.requests.append(entry)
            return len(self.requests) - 1

    def finish(self, number, status):
        with self.lock:
            if number < len(self.requests):
                self.requests[number]["status"] = status
                with open(self.log_file, "a", encoding="utf-8") as log:
                    log.write(json.dumps(self.requests[number]) + "\n")

    def visible(self):
        return [c for c in self.collections.values() if c["visible_at"] <= time.time()]

    def resource_count(self, name):
        """Resources of a collection, doubles counted; 0 when there is none."""
        with self.lock:
            return sum(len(c["resources"]) for c in self.collections.values() if c["name"] == name)

    def save(self):
        text = json.dumps({"collections": list(self.collections.values()), "notifications": self.notifications})
        beside = self.state_file.with_suffix(".new")
        beside.write_text(text)
        beside.replace(self.state_file)

    def authenticate(self, header):
        kind, _, value = (header or "").partition(" ")
        for user in self.world["users"]:
            expected = base64.b64encode(("%s:%s" % (user["email"], user["password"])).encode()).decode()
            if (kind == "Basic" and value == expected) or (kind == "Token" and value == user["token"]):
                return user
        return None

    # ---- Camtrap DP packages ----

    def make_package(self, project, query):
        """(identifier, whether the cache had it)"""
        with self.lock:
            self.package_queries.append(query)
            if query.get("get_released") == ["true"] and project in self.released:
                return self.released[project], True
            key = json.dumps([project, {k: v for k, v in sorted(query.items()) if k not in ONCE}])
            cached = key in self.package_keys and query.get("clear_cache") != ["true"]
            if not cached:
                identifier = "%d_%d" % (project, len(self.packages) + 1)
                self.packages[identifier] = self.package(query) if callable(self.package) else self.package
                self.package_keys[key] = identifier
            if query.get("release") == ["true"]:
                self.released[project] = self.package_keys[key]
            return self.package_keys[key], cached

    def one_time_token(self, identifier):
        with self.lock:
            token = "%s-%d" % (identifier, len(self.package_queries))
            self.package_tokens.add((identifier, token))
            return token

    def take_token(self, identifier, token):
        with self.lock:
            if (identifier, token) not in self.package_tokens:
                return False
            self.package_tokens.remove((identifier, token))
            return True

    # ---- packages ----

    def process(self, user, fields):
        folder = self.ftp_root / "collections"
        paths = {}
        for key in ("yaml_file", "zip_file"):
            name = fields[key]
            if not isinstance(name, str) or "/" in name or not name:
                raise Refused(400, {key: ["must be the name of a file in your collections folder"]})
            paths[key] = folder / name
            if not paths[key].is_file():
                raise Refused(400, {key: ["File %s does not exist." % name]})
        with self.lock:
            definitions = self.read_definition(paths["yaml_file"])
            try:
                archive = zipfile.ZipFile(paths["zip_file"])
            except (OSError, zipfile.BadZipFile):
                self.notifications.append("Collection upload failed")
                raise invalid("This is not a valid ZIP file.") from None
            with archive:
                for definition in definitions:
                    self.create(user, definition, archive)
            if fields["remove_zip"]:
                paths["zip_file"].unlink()
            self.notifications.append("Collections (%s) upload finished successfully" % fields["zip_file"])
            self.save()
        return 200, {"data": {"message": "The collections are being processed. You will be notified.",
                              "errors": None, "task_id": "task-%d" % len(self.notifications)}}, None

    def read_definition(self, path):
        try:
            document = yaml.safe_load(path.read_bytes())
        except (yaml.YAMLError, UnicodeDecodeError):
            raise invalid("This is not a valid YAML definition file.") from None
        if not isinstance(document, dict) or set(document) != {"collections"} \
                or not isinstance(document["collections"], list) or not document["collections"]:
            raise invalid(self.syntax("the only top-level key is collections"))
        folders = [c.get("resources_dir") for c in document["collections"] if isinstance(c, dict)]
        if len(set(folders)) != len(folders):
            raise invalid("Each resources_dir must be unique.")
        for collection in document["collections"]:
            self.check_collection(collection)
        return document["collections"]

    @staticmethod
    def syntax(details):
        return "Error when opening the definition file. YAML syntax might be invalid. Details: " + details

    def check_collection(self, collection):
        if not isinstance(collection, dict) or set(collection) != COLLECTION_KEYS:
            raise invalid(self.syntax("collection keys must be %s" % sorted(COLLECTION_KEYS)))
        if not (isinstance(collection["name"], str) and isinstance(collection["resources_dir"], str)
                and isinstance(collection["timezone"], str) and type(collection["project_id"]) is int
                and isinstance(collection["timezone_ignore_dst"], bool)
                and isinstance(collection["deployments"], list)):
            raise invalid(self.syntax("wrong type of a value in collection"))
        projects = {p["pk"] for p in self.world["research_projects"] + self.world["classification_projects"]}
        if collection["project_id"] not in projects:
            raise invalid("Project %d does not exist." % collection["project_id"])
        ids = []
        for deployment in collection["deployments"]:
            if not isinstance(deployment, dict) or set(deployment) != {"deployment_id", "resources"} \
                    or not isinstance(deployment["deployment_id"], str) \
                    or not isinstance(deployment["resources"], list):
                raise invalid(self.syntax("deployment keys must be deployment_id and resources"))
            ids.append(deployment["deployment_id"])
            for resource in deployment["resources"]:
                self.check_resource(resource)
        if len(set(ids)) != len(ids):
            raise invalid("Deployments must be unique.")
        self.check_deployments(collection, ids)

    def check_resource(self, resource):
        if not isinstance(resource, dict) or set(resource) != RESOURCE_KEYS:
            raise invalid(self.syntax("resource keys must be %s" % sorted(RESOURCE_KEYS)))
        if not (isinstance(resource["name"], str) and isinstance(resource["file"], str)):
            raise invalid(self.syntax("name and file of a resource must be text"))
        # A date that YAML turned into a timestamp is no text any more: the server fails on it.
        if not isinstance(resource["date_recorded"], str) or not re.fullmatch(
                r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+0000", resource["date_recorded"]):
            raise invalid("Resource %s: invalid date_recorded." % resource["file"])

    def check_deployments(self, collection, ids):
        known = {d["deploymentID"]: d["locationID"] for d in self.world["deployments"]}
        zones = {p["locationID"]: (p["timezone"], p["ignoreDST"]) for p in self.world["locations"]}
        missing = [i for i in ids if i not in known]
        if missing:
            raise invalid("Deployment %s does not exist." % missing[-1])
        for wanted in ids:
            if zones[known[wanted]] != (collection["timezone"], collection["timezone_ignore_dst"]):
                raise invalid("The timezone of collection %s differs from that of location %s."
                              % (collection["name"], known[wanted]))

    def create(self, user, definition, archive):
        key = user["username"] + "/" + definition["name"]
        collection = self.collections.get(key)
        if collection is None:
            collection = self.collections[key] = {
                "pk": self.next_pk, "name": definition["name"], "owner": user["username"],
                "project_id": definition["project_id"], "visible_at": time.time() + self.world["delay"],
                "resources": []}
            self.next_pk += 1
        for deployment in definition["deployments"]:
            for resource in deployment["resources"]:
                member = "/".join((definition["resources_dir"], deployment["deployment_id"], resource["file"]))
                trouble = self.check_member(archive, member, resource)
                if trouble:
                    self.notifications.append("%s: %s" % (member, trouble))
                    continue
                collection["resources"].append({"pk": self.next_pk, "name": resource["name"], "member": member,
                                                "deployment": deployment["deployment_id"],
                                                "date_recorded": resource["date_recorded"]})
                self.next_pk += 1

    @staticmethod
    def check_member(archive, member, resource):
        if not resource["file"].lower().endswith(EXTENSIONS):
            return "Not allowed mime type"
        try:
            content = archive.read(member)
        except KeyError:
            return "File is missing in the ZIP"
        except (zipfile.BadZipFile, OSError, EOFError):
            return "File is damaged"
        return None if len(content) == resource["file_size"] else "file_size is wrong"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("scratch")
    parser.add_argument("--ftp-root")
    parser.add_argument("--world", help="JSON file whose members replace those of the built-in world")
    options = parser.parse_args()
    parent = os.getppid()
    world = json.loads(pathlib.Path(options.world).read_text()) if options.world else None
    server = TrapperServer(options.scratch, options.ftp_root, world)
    print(json.dumps({"url": server.url, "ca_file": server.ca_file, "foreign_url": server.foreign_url,
                      "control": str(server.control), "log": str(server.log_file),
                      "state": str(server.state_file)}), flush=True)
    while os.getppid() == parent:
        time.sleep(0.2)
    server.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
