#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Uploads to a server that misbehaves to order: what real daemons do not do when asked."""
import os
import pathlib
import socket
import sys
import time

sys.path.insert(0, str(pathlib.Path(os.environ["ROOT"]) / "tests/servers"))
import ftp_peers  # noqa: E402
from ftp_client import (CANCELLED, INPUT, NETWORK, REFUSED, REMOTE, SCRATCH, SETTINGS, check, client,  # noqa: E402
                        make_file, same, stopped_client)
from ftp_script import Scripted, commands_of  # noqa: E402


def server(**orders):
    return Scripted(SCRATCH, certificate=CERTIFICATE, **orders)


def good(**orders):
    """An upload that must succeed in spite of the orders."""
    settings = orders.pop("settings", {})
    with server(**orders) as peer:
        done = client(peer, f"store:{MIDDLE}:a.part", **settings)
        check(done.status == 0 and same(MIDDLE, peer.files / "a.part"), f"whole in spite of {orders}", done,
              peer.commands)
        check(not commands_of(peer, "APPE"), "never APPE", peer.commands)
        return done, peer


def bad(kind, *words, **orders):
    settings = orders.pop("settings", {})
    with server(**orders) as peer:
        done = client(peer, f"store:{MIDDLE}:a.part", **settings)
        check(done.status == kind, f"kind {kind} with {orders}", done, peer.commands)
        for word in words:
            check(word in done.message, f"'{word}' is in the message with {orders}", done)
        return done, peer


def slow_ends():
    """The end of a transfer; this server takes none that ends without close_notify (F3)."""
    done, _ = good(late_226=7, settings={"timeout": 10})  # F8
    check(done.seconds > 7, "waited for the word", done)
    done, _ = good(no_close_notify=True)  # F4
    check(done.seconds < 5, "no wait for a close_notify that never comes", done)
    # F7: the word never comes; a new session sees that all arrived, and nothing is sent again.
    done, peer = good(mute_226=1, settings={"timeout": 2})
    check(len(commands_of(peer, "STOR")) == 1 and peer.sessions == 2, "not sent twice", peer.commands, done)
    check("did not confirm" in done.detail, "said at -v", done)
    bad(NETWORK, refuse_after=[(100000, "226 stored")])
    good(delay_open=1)


def broken_lines():
    """F5, F6, F28: every resume begins at SIZE, however often the line breaks."""
    with server(reset_after=[1000000, 700000, 1]) as peer:
        done = client(peer, *[f"resume:{MIDDLE}:a.part"] * 4)
        kinds = [o["kind"] for o in done.operations]
        check(kinds == [NETWORK] * 3 + [0] and same(MIDDLE, peer.files / "a.part"), "three resets", done)
        offsets = [o["offset"] for o in done.operations]
        check(offsets == [0, 1000000, 1700000, 1700001], "resumed where it broke", offsets)
        check(peer.sessions == 1 and len(commands_of(peer, "REST")) == 3, "in one session", peer.commands)
    done, _ = bad(NETWORK, "2 s", stall_after=[500000], settings={"timeout": 2})
    check(done.seconds < 8, "a stall is noticed", done)
    with server(hang_up_after=[500000]) as peer:
        done = client(peer, f"resume:{MIDDLE}:a.part", f"resume:{MIDDLE}:a.part")
        check(done.last["result"] == 0 and same(MIDDLE, peer.files / "a.part"), "a new session resumes", done)
    with server(idle=[1]) as peer:
        done = client(peer, f"store:{SMALL}:a", "wait:2", f"store:{SMALL}:b")
        check(done.status == 0 and peer.sessions == 2, "an idle session is opened anew (F24)", done)


def refusals():
    bad(REMOTE, "452 No space left", "make room", refuse_after=[(500000, "452 No space left on device")])
    bad(REMOTE, "552", "quota", refuse_after=[(500000, "552 Quota exceeded")])
    bad(NETWORK, "426", refuse_after=[(500000, "426 Connection closed; transfer aborted")])
    bad(NETWORK, "421", "later", busy=["421 Too many connections (10) from this IP"])
    bad(NETWORK, "no FTP reply", garbage=b"SSH-2.0-OpenSSH_9.2\r\n")
    bad(NETWORK, garbage=b"220-" + b"x" * 200000)
    bad(REMOTE, "TLS", "password was not sent", no_tls=True)
    _, peer = bad(REFUSED, "tampering", inject=b"230 logged in already\r\n")
    check(b"PASS" not in peer.seen and b"USER" not in peer.seen, "nothing secret in clear (F19)", peer.seen)
    with server(no_tls=True) as peer:
        client(peer, "login")
        check(b"PASS" not in peer.seen, "no password in clear (F19)", peer.seen)
    with server(no_rest=True) as peer:
        (peer.files / "a.part").write_bytes(b"x" * 1000)
        done = client(peer, f"resume:{MIDDLE}:a.part")
        check(done.status == REMOTE and "resume" in done.message, "REST refused", done)
    with server(no_rnfr=True) as peer:
        done = client(peer, f"store:{SMALL}:a.part", "rename:a.part:a")
        check(done.status == REMOTE and "550" in done.message, "RNFR refused", done)
    with server(deny=["camera"]) as peer:
        done = client(peer, "login", alternative="camera@uni.example")
        check(done.status == 0 and len(commands_of(peer, "PASS")) == 2, "second user after a 530", done)
        done = client(peer, "login", alternative="camera")
        check(done.status == REFUSED and len(commands_of(peer, "PASS")) == 3, "one try a user (F22)", done)
    good(no_size=True)


def passive_addresses():
    done, _ = good(no_epsv=True, pasv="10,255,255,1")  # F17
    check("10.255.255.1" in done.detail and "EPSV" in done.detail, "the private address is named at -v", done)
    bad(NETWORK, "passive ports", "UPLOAD.ftp_passive", no_data=True)  # F18
    good(settings={"passive": 0})


def sessions_reused():
    """F1, F2: what the client does when the server does not take reused sessions well."""
    with server(tickets="tls12") as peer:
        done = client(peer, *[f"store:{SMALL}:f{i}" for i in range(3)])
        check(done.status == 0 and peer.sessions == 2, "once more, with TLS 1.2", done, peer.commands)
        check("TLS 1.2" in done.detail, "said at -v", done)
    with server(tickets="once") as peer:
        done = client(peer, *[f"store:{SMALL}:f{i}" for i in range(4)])
        check(done.status == 0, "a connection for each file", done, peer.commands)
        check("a connection for each file" in done.detail, "said at -v", done)
        for i in range(4):
            check(same(SMALL, peer.files / f"f{i}"), "whole", i)
    done, peer = bad(REMOTE, "522", "require_ssl_reuse", tickets="never")
    check(peer.sessions == 3, "no endless tries", peer.commands)


def certificates():
    """F21: refused by default, with the fingerprint ready to paste."""
    with server() as peer:
        done = client(peer, "login", ca=None)
        print(done.message)
        check(done.status == REFUSED and CERTIFICATE.fingerprint in done.message, "unknown authority", done)
        check(f'UPLOAD.pin_sha256 = "{CERTIFICATE.fingerprint}"' in done.message, "how to pin", done)
        check(not commands_of(peer, "USER"), "nothing said to a stranger", peer.commands)
        for pin in (CERTIFICATE.fingerprint, CERTIFICATE.fingerprint.replace(":", "").lower()):
            done = client(peer, f"store:{SMALL}:f", ca=None, pin=pin)
            check(done.status == 0, "pinned", done)
        done = client(peer, "login", pin="00" * 32)
        check(done.status == REFUSED and CERTIFICATE.fingerprint in done.message, "another one is pinned", done)
        done = client(peer, "login", pin="abc")
        check(done.status == SETTINGS, "a pin that is none", done)
        done = client(peer, "login", ca=None, verify=0)
        check(done.status == 0, "unverified on demand", done)
        done = client(peer, "login", ca="/nonexistent.pem")
        check(done.status == SETTINGS, "no such authority", done)
        done = client(peer, f"store:{SMALL}:f", url=peer.url("127.0.0.1"))
        check(done.status == 0, "an address is verified too", done)
    wrong = ftp_peers.Certificate(SCRATCH / "wrong", names=["DNS:other.example"])
    with Scripted(SCRATCH, certificate=wrong) as peer:
        for host in ("localhost", "127.0.0.1"):
            done = client(peer, "login", url=peer.url(host))
            check(done.status == REFUSED and "mismatch" in done.message, f"another host's ({host})", done)
    old = ftp_peers.Certificate(SCRATCH / "old", days=-1)
    with Scripted(SCRATCH, certificate=old) as peer:
        done = client(peer, "login")
        check(done.status == REFUSED and "expired" in done.message and "clock" in done.message, "expired", done)


def nobody_there():
    """F30: offline is said quickly."""
    with server() as peer:
        pass
    done = client(peer, "login")
    check(done.status == NETWORK and "refused" in done.message and done.seconds < 2, "nothing listens", done)
    done = client(peer, "login", url="ftps://camera@nowhere.invalid/collections")
    check(done.status == NETWORK and "nowhere.invalid" in done.message, "no such host", done)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"ftps://camera@127.0.0.1:{silent.getsockname()[1]}/"
        done = client(peer, "login", url=url, timeout=1)
        check(done.status == NETWORK and done.seconds < 4, "a server that says nothing", done)
        done = client(peer, "login", url=url, timeout=30, max_runtime=1)
        check(done.status == NETWORK and "max_runtime" in done.message and done.seconds < 3, "max_runtime", done)
        done = stopped_client(peer, 0.5, "login", url=url, timeout=30)
        check(done.status == CANCELLED and done.seconds < 1, "a stop is heard within a second", done)


def stopping():
    """F12: data connection first, then the reply, then QUIT."""
    with server(late_226=1) as peer:
        done = stopped_client(peer, 1.0, f"store:{MIDDLE}:a.part", rate=500000)
        check(done.status == CANCELLED and done.seconds < 5, "stopped", done)
        time.sleep(0.2)
        check(peer.commands[-1] == "QUIT", "QUIT at the end", peer.commands)
        size = (peer.files / "a.part").stat().st_size
        check(size == done.operations[-1]["sent"], "all that was sent is there", done, size)
    with server(late_226=60) as peer:
        done = stopped_client(peer, 1.0, f"store:{MIDDLE}:a.part", rate=500000)
        check(done.status == CANCELLED and done.seconds < 5, "a silent server does not hold us", done)


def names_and_files():
    with server() as peer:
        for name in ("a\r\nDELE b", "a\nb", "../up", "/abs", "tab\there"):
            done = client(peer, f"store:{SMALL}:{name}")
            check(done.status == INPUT, f"{name!r} is refused (F31)", done)
        check(not [c for c in peer.commands if c.startswith(("DELE", "STOR"))], "nothing reached the server",
              peer.commands)
        done = client(peer, "store:/nonexistent:a")
        check(done.status == 2, "no local file", done)  # ERROR_SYSTEM
        empty = make_file("empty", 0)
        done = client(peer, f"store:{empty}:empty", f"resume:{MIDDLE}:whole", f"resume:{MIDDLE}:whole")
        check(done.status == 0 and (peer.files / "empty").stat().st_size == 0, "an empty file", done)
        check(done.last["offset"] == MIDDLE.stat().st_size and done.last["sent"] == 0, "nothing left", done)
        done = client(peer, f"vanish:{SMALL}:taken", "delete:taken")
        check(done.status == 0, "a plain upload", done)


def rate_limit():
    with server() as peer:
        done = client(peer, f"store:{MIDDLE}:a", rate=1000000)
        check(done.status == 0, "limited", done)
        # 2.5 MB at 1 MB/s, less the burst of a quarter second
        check(2.0 < done.seconds < 4.5, "the rate is kept", done.seconds)


def in_parallel():
    """Sessions in threads share nothing but a rate limit (run under the thread sanitizer too)."""
    with server() as peer:
        done = client(peer, f"store:{MIDDLE}:f%", "size:f%", f"store:{SMALL}:g%", threads=2, rate=2000000)
        check(done.status == 0 and peer.sessions == 2, "two sessions in two threads", done)
        check(all(same(MIDDLE, peer.files / f"f{i}") for i in range(2)), "both are whole", done)
        # 5 MB at 2 MB/s over both, less the burst of a quarter second
        check(2.0 < done.seconds < 6, "the rate is shared", done.seconds)


def main():
    global CERTIFICATE, SMALL, MIDDLE
    CERTIFICATE = ftp_peers.Certificate(SCRATCH / "certificate")
    SMALL, MIDDLE = make_file("small", 3000), make_file("middle", 2500000)
    for part in (slow_ends, broken_lines, refusals, passive_addresses, sessions_reused, certificates, nobody_there,
                 stopping, names_and_files, rate_limit, in_parallel):
        began = time.monotonic()
        part()
        print(f"ok: {part.__name__} ({time.monotonic() - began:.1f} s)", flush=True)


ftp_peers.run(main)
