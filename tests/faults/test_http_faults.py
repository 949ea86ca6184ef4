#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""F30, F32, F33, F34, F35 of the web half: no route, 429, 5xx, refusals, broken replies, redirects, certificates."""
import http.server
import json
import os
import pathlib
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time

ROOT = pathlib.Path(os.environ["ROOT"])
SCRATCH = pathlib.Path(os.environ["SCRATCH"])
CLIENT = os.path.join(os.environ["TRAPKIT_BUILD"], "unit/test_http")
TOKEN = "token-marker-5150"
sys.path.insert(0, str(ROOT / "tests/servers"))
import trapper_server  # noqa: E402

failures = []
outputs = []
LIST = "/research/api/projects"


def check(name, condition, detail=""):
    print(("ok    " if condition else "FAIL  ") + name + ("" if condition else ": %s" % (detail,)), flush=True)
    if not condition:
        failures.append(name)


def command(url, **options):
    words = [CLIENT, url]
    for key, value in options.items():
        words += ["--" + key.replace("_", "-"), str(value)]
    return words


def ask(url, environment=None, before=(), **options):
    run = subprocess.run([*before, *command(url, **options)], capture_output=True, text=True, timeout=120,
                         stdin=subprocess.DEVNULL, env=dict(os.environ, **(environment or {})))
    outputs.append(run.stdout + run.stderr)
    if run.returncode != 0:
        return {"result": None, "kind": "crash", "message": run.stderr, "status": 0, "attempts": 0, "seconds": 0}
    return json.loads(run.stdout)


def plain(server, **options):
    options = dict({"ca": server.ca_file, "token": TOKEN, "home": server.url}, **options)
    path = options.pop("path", LIST)
    return ask(server.url + path, **options)


def test_good(server):
    reply = plain(server)
    check("200", reply["status"] == 200 and reply["attempts"] == 1 and '"results"' in reply["body"], reply)
    check("token sent once as Token", server.requests[-1]["auth"] == "Token" and server.requests[-1]["auth_ok"])
    reply = plain(server, token="", user="technician@example.org", password="correct-horse")
    check("Basic", reply["status"] == 200 and server.requests[-1]["auth"] == "Basic", reply)


def test_429(server):
    """F32"""
    server.fault("status", status=429, retry_after=2, times=1)
    reply = plain(server, retries=3)
    check("429: waits Retry-After, then good", reply["status"] == 200 and reply["attempts"] == 2
          and 2 <= reply["seconds"] < 6, reply)
    server.fault("status", status=429, retry_after="date:3", times=1)
    reply = plain(server, retries=3)
    check("429 with a date", reply["status"] == 200 and reply["attempts"] == 2 and 2 <= reply["seconds"] < 7, reply)
    server.fault("status", status=429, times=1)
    reply = plain(server, retries=3)
    check("429 without Retry-After backs off", reply["status"] == 200 and 0.5 <= reply["seconds"] < 3, reply)
    server.fault("status", status=429, retry_after=3600, times=1)
    reply = plain(server, retries=3)
    check("an hour is not waited for", reply["status"] == 429 and reply["attempts"] == 1 and reply["seconds"] < 2
          and reply["retry_after"] == 3600, reply)
    server.fault("status", status=503, retry_after=30, times=1)
    reply = plain(server, retries=3, max_runtime=3)
    check("no wait beyond max_runtime", reply["status"] == 503 and reply["seconds"] < 2, reply)


def test_5xx(server):
    """F33"""
    for status in (500, 502, 503, 504):
        server.fault("status", status=status, times=1)
        reply = plain(server, retries=2)
        check("%d once, then good" % status, reply["status"] == 200 and reply["attempts"] == 2, reply)
    server.fault("status", status=500, times=0)
    reply = plain(server, retries=2)
    check("500 for ever: three attempts", reply["status"] == 500 and reply["attempts"] == 3, reply)
    server.clear()
    for status in (400, 401, 403, 404, 501):
        server.fault("status", status=status, times=1)
        reply = plain(server, retries=2)
        check("%d is final" % status, reply["status"] == status and reply["attempts"] == 1, reply)


def test_broken(server):
    """F34"""
    for action in ("empty", "short"):
        server.fault(action, times=1)
        reply = plain(server, retries=2)
        check(action + " once, then good", reply["status"] == 200 and reply["attempts"] == 2, reply)
        server.fault(action, times=0)
        reply = plain(server, retries=1)
        check(action + " for ever", reply["result"] == -1 and reply["kind"] == "network"
              and reply["attempts"] == 2 and "localhost" in reply["message"], reply)
        server.clear()
    server.fault("stall", times=1)
    reply = plain(server, timeout=1, retries=0)
    check("stall ends at the limit", reply["kind"] == "network" and 1 <= reply["seconds"] < 2.5
          and "sent nothing for 1 s" in reply["message"], reply)
    server.fault("slow", seconds=0.02, times=1)
    reply = plain(server, timeout=1, retries=0)
    check("slow but steady is good", reply["status"] == 200 and reply["seconds"] > 1, reply)
    server.fault("slow", seconds=0.1, times=1)
    reply = plain(server, timeout=5, retries=2, max_runtime=1.5)
    check("max_runtime ends a slow reply", reply["kind"] == "network" and reply["seconds"] < 3
          and "max_runtime" in reply["message"] and reply["attempts"] == 1, reply)
    server.fault("endless", times=1)
    reply = plain(server, limit=100000, retries=2)
    check("a reply over the limit", reply["kind"] == "remote" and reply["attempts"] == 1, reply)


def test_only_once(server):
    body = {"post": '{"yaml_file":"a","zip_file":"b","remove_zip":false}', "type": "application/json", "once": 1,
            "path": "/storage/api/collection/process/", "retries": 3}
    for action in ("empty", "stall"):
        server.clear()
        server.fault(action, times=1)
        reply = plain(server, timeout=1, **body)
        check("once, %s: sent once, said so" % action, reply["result"] == -1 and reply["maybe_sent"]
              and reply["attempts"] == 1 and len(server.requests) == 1, reply)
    for status in (429, 503):
        server.clear()
        server.fault("status", status=status, retry_after=0, times=1)
        reply = plain(server, **body)
        check("once, %d: sent once" % status, reply["status"] == status and len(server.requests) == 1, reply)
    dead = closed_port()
    reply = ask("https://localhost:%d/x" % dead, ca=server.ca_file, retries=1, **{k: body[k] for k in ("post", "once")})
    check("once, refused connection: not sent, tried again", reply["maybe_sent"] is False
          and reply["attempts"] == 2 and reply["kind"] == "network", reply)
    reply = ask(server.url + "/x", retries=1, **{k: body[k] for k in ("post", "once")})
    check("once, bad certificate: not sent", reply["maybe_sent"] is False and reply["kind"] == "refused", reply)


def test_kept_connection(server):
    """libcurl sends again by itself when a kept connection died: never for a request that goes once."""
    server.clear()
    server.fault("lose", match="/process/", times=1)
    reply = plain(server, post="{}", once=1, path="/storage/api/collection/process/", retries=3)
    check("lost answer: one request", len(server.requests) == 1 and reply["maybe_sent"], (reply, server.requests))


def test_redirects(server):
    """F35"""
    server.clear()
    server.fault("redirect", location="foreign", times=1)
    reply = plain(server)
    seen = [(r["foreign"], r["auth"]) for r in server.requests]
    check("redirect to another host: followed without the token",
          reply["status"] == 200 and seen == [(False, "Token"), (True, None)], (reply, seen))
    server.clear()
    server.fault("redirect", location="foreign", times=1)
    plain(server, token="", user="technician@example.org", password="correct-horse")
    seen = [(r["foreign"], r["auth"]) for r in server.requests]
    check("nor the password", seen == [(False, "Basic"), (True, None)], seen)
    server.clear()
    server.fault("redirect", status=301, location=server.url + LIST, times=1)
    reply = plain(server)
    check("redirect on the same host keeps the token", reply["status"] == 200
          and [r["auth"] for r in server.requests] == ["Token", "Token"], reply)
    for goal in (server.url.replace("https", "http") + LIST, "http://trapper.example.org/", "file:///etc/passwd",
                 "ftp://localhost/x"):
        server.clear()
        server.fault("redirect", location=goal, times=1)
        reply = plain(server, retries=2)
        check("redirect to %s is not followed" % goal.split(":")[0], reply["result"] == -1
              and reply["kind"] in ("refused", "settings", "network") and len(server.requests) == 1, reply)
    server.clear()
    server.fault("redirect", location=server.url + LIST, times=0)
    reply = plain(server, retries=2)
    check("redirects in a circle end", reply["kind"] == "remote" and len(server.requests) < 15, reply)
    server.clear()
    server.fault("redirect", status=301, location="foreign", times=1)
    reply = plain(server, post="{}", path="/storage/api/collection/process/")
    check("a POST is never redirected", reply["status"] == 301 and len(server.requests) == 1, reply)
    server.clear()
    reply = plain(server, home="https://localhost:1")
    check("no home, no credentials", server.requests[-1]["auth"] is None and reply["status"] == 401, reply)


def test_certificates(server):
    reply = ask(server.url + LIST, token=TOKEN, home=server.url, retries=2)
    check("unknown authority", reply["kind"] == "refused" and "ca_file" in reply["message"]
          and reply["attempts"] == 1 and reply["maybe_sent"] is False, reply)
    reply = ask(server.url + LIST, verify=0)
    check("verification off by order", reply["status"] == 401, reply)
    folder = SCRATCH / "other"
    certificate = trapper_server.make_certificates(folder, ("trapper.example.org",))
    # Without the address in the certificate, so that only the name decides.
    with trapper_server.TrapperServer(SCRATCH / "b", certificate=certificate) as other:
        reply = ask(other.url + LIST, ca=other.ca_file)
        check("certificate for another name", reply["kind"] == "refused" and "another name" in reply["message"], reply)
        reply = ask(other.url.replace("localhost", "127.0.0.1") + LIST, ca=other.ca_file)
        check("address in the certificate", reply["status"] == 401, reply)
    expired(server)
    reply = ask(server.url + LIST, ca=SCRATCH / "no.pem")
    check("missing ca_file", reply["kind"] == "settings" and "no.pem" in reply["message"], reply)
    (SCRATCH / "bad.pem").write_text("nothing\n")
    reply = ask(server.url + LIST, ca=SCRATCH / "bad.pem")
    check("unusable ca_file", reply["kind"] in ("settings", "refused") and reply["attempts"] == 1, reply)


def expired(server):
    if shutil.which("faketime") is None or os.environ.get("TRAPKIT_SANITIZE"):
        print("not tried: expired certificate (no faketime, or sanitizers)")
        return
    for when, word in (("+400 days", "expired"), ("-400 days", "not valid yet")):
        reply = ask(server.url + LIST, before=("faketime", "-m", when), ca=server.ca_file, retries=2)
        check("certificate " + word, reply["kind"] == "refused" and word in reply["message"]
              and "clock" in reply["message"] and reply["attempts"] == 1, reply)


def masked(target, source, *command):
    """The command with `source` mounted over `target`, for it alone; None when that cannot be done here."""
    words = ["unshare", "-m", "sh", "-c", 'mount --bind "$1" "$2" && shift 2 && exec "$@"', "sh", str(source), target]
    if os.geteuid() != 0 or subprocess.run([*words, "true"], capture_output=True, check=False).returncode != 0:
        return None
    return (*words, *command)


def test_system_authorities(server):
    """ca_file is trusted beside the system's authorities, not instead of them."""
    folder = SCRATCH / "certs"
    folder.mkdir()
    name = subprocess.run(["openssl", "x509", "-hash", "-noout", "-in", server.ca_file], capture_output=True, text=True,
                          check=True).stdout.strip()
    shutil.copy(server.ca_file, folder / (name + ".0"))
    before = masked("/etc/ssl/certs", folder)
    if before is None:
        print("not tried: system authorities (needs root and mount namespaces)")
        return
    other = trapper_server.make_certificates(SCRATCH / "third")[0]
    reply = ask(server.url + LIST, before=before, ca=other)
    check("system authorities beside ca_file", reply["status"] == 401, reply)
    reply = ask(server.url + LIST, ca=other)
    check("without them refused", reply["kind"] == "refused", reply)


def test_without_libcurl():
    """F67: a library that cannot be loaded."""
    found = subprocess.run(["/sbin/ldconfig", "-p"], capture_output=True, text=True, check=True).stdout
    paths = [line.split("=> ")[1] for line in found.splitlines() if "libcurl.so.4 " in line]
    before = paths and masked(os.path.realpath(paths[0]), "/dev/null")
    if not before or len(paths) != 1:
        print("not tried: no libcurl (needs root and mount namespaces)")
        return
    reply = ask("https://localhost:1/", before=before)
    check("no libcurl", reply["kind"] == "unavailable" and "libcurl.so.4" in reply["message"]
          and "libcurl4" in reply["message"], reply)


def closed_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_offline(server):
    reply = ask("https://localhost:%d/" % closed_port(), retries=3)
    check("refused connection", reply["kind"] == "network" and "refuses connections" in reply["message"]
          and reply["attempts"] == 4 and reply["seconds"] < 8, reply)
    reply = ask("https://no-such-host.invalid/", retries=1, connect_timeout=5)
    check("unknown host", reply["kind"] == "network" and "no-such-host.invalid" in reply["message"]
          and reply["seconds"] < 13, reply)
    if os.geteuid() == 0 and shutil.which("unshare"):
        # A network namespace of its own has no way to anywhere.
        reply = ask("https://192.0.2.1/", before=("unshare", "-n"), retries=1)
        check("no route", reply["kind"] == "network" and "no way to" in reply["message"]
              and reply["seconds"] < 3, reply)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        reply = ask("https://localhost:%d/" % silent.getsockname()[1], connect_timeout=1, retries=0)
        check("silent server", reply["kind"] == "network" and "did not answer within 1 s" in reply["message"]
              and reply["seconds"] < 2.5 and reply["maybe_sent"] is False, reply)
    reply = ask("http://192.0.2.1/", retries=0)
    check("plain http to elsewhere", reply["kind"] == "settings", reply)


def test_plain_loopback():
    class Quiet(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"[]")

        def log_message(self, *_):
            pass
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        port = server.server_address[1]
        reply = ask("http://localhost:%d/" % port, environment={"http_proxy": "http://127.0.0.1:1"})
        check("plain http to this computer, proxy or not", reply["status"] == 200, reply)
        reply = ask("https://localhost:%d/" % port, retries=0)
        check("TLS to a server without", reply["kind"] == "network" and "TLS" in reply["message"], reply)
        server.shutdown()


def stop_after(seconds, server, **options):
    process = subprocess.Popen(command(server.url + LIST, ca=server.ca_file, token=TOKEN, home=server.url, **options),
                               stdout=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL)
    time.sleep(seconds)
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    output = process.communicate(timeout=30)[0]
    outputs.append(output)
    return json.loads(output), time.monotonic() - began


def test_stop(server):
    server.clear()
    server.fault("stall", times=1)
    reply, seconds = stop_after(1, server, timeout=60)
    check("stopped while waiting for a reply", reply["kind"] == "cancelled" and seconds < 1, (reply, seconds))
    server.fault("status", status=503, retry_after=60, times=1)
    reply, seconds = stop_after(1, server, retries=3)
    check("stopped while waiting to try again", reply["kind"] == "cancelled" and seconds < 1, (reply, seconds))


def main():
    world = dict(users=[dict(trapper_server.WORLD["users"][0], token=TOKEN)])
    with trapper_server.TrapperServer(SCRATCH / "a", world=world) as server:
        for test in (test_good, test_429, test_5xx, test_broken, test_only_once, test_kept_connection,
                     test_redirects, test_certificates, test_system_authorities, test_offline, test_stop):
            server.clear()
            test(server)
    test_plain_loopback()
    test_without_libcurl()
    check("no secret in any output", outputs and not any(TOKEN in o or "correct-horse" in o for o in outputs))
    print("%d failed" % len(failures))
    return 1 if failures else 0


sys.exit(main())
