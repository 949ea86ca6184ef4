#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Uploads to pure-ftpd, vsftpd and proftpd: many files in one session, resuming, refusals, stopping."""
import os
import pathlib
import socket
import sys
import time

sys.path.insert(0, str(pathlib.Path(os.environ["ROOT"]) / "tests/servers"))
import ftp_peers  # noqa: E402
import ftp_script  # noqa: E402
from ftp_client import (CANCELLED, NETWORK, REFUSED, REMOTE, SCRATCH, check, client, make_file,  # noqa: E402
                        same, stopped_client)

HOSTS = ("DNS:localhost", "IP:127.0.0.1", "IP:127.0.0.2")


def many_files(server, label):
    """F1, F2: the TLS session is reused for every file; no second session, no fallback. F3: vsftpd takes none that
    ends without close_notify."""
    small = make_file("small", 3000)
    done = client(server, "login", *[f"store:{small}:f{i}.bin" for i in range(20)])
    check(done.status == 0, f"20 files in one session to {label}", done, server.log()[-2000:])
    check(done.detail.count("connected to") == 1, f"one session is enough for {label}", done)
    for i in range(20):
        check(same(small, server.path(f"f{i}.bin")), f"file {i} on {label} is whole")


def ordinary(server, label):
    """Names (F29), renaming, folders (F23), fetching, SIZE after a listing or not (F25)."""
    small = make_file("small", 3000)
    text = SCRATCH / "text"
    text.write_text("verdict: accepted")
    names = ["a[1].bin", "Łódź_č.bin", "two words.bin", "it's \"quoted\".bin", "-rf"]
    done = client(server, *[f"store:{small}:{name}" for name in names], "rename:-rf:plain.bin", "mkdir:x/y/z",
                  "mkdir:x/y/z", "mkdir:x/y", f"store:{text}:x/y/z/t.txt", "fetch:x/y/z/t.txt", "size:none",
                  "delete:plain.bin", "size:plain.bin")
    check(done.status == 0, f"ordinary work on {label}", done)
    for name in names[:-1]:
        check(same(small, server.path(name)), f"{name} on {label}")
    check(done.operations[10]["text"] == "verdict: accepted", "fetched text", done)
    check(done.operations[11]["size"] == -1 and done.last["size"] == -1, "no file has no size", done)
    listed = client(server, "mkdir:list", f"store:{small}:list/two words.bin", f"store:{text}:list/Łódź.txt", "mkdir:list/sub",
                    "list:list", "list:none")
    if server.name != "vsftpd":  # has no MLSD
        check(listed.operations[4]["entries"] == {"two words.bin": 3000, "Łódź.txt": 17, "sub": -1}, f"list on {label}", listed)
    check(listed.last["kind"] == REMOTE, f"no such folder on {label}", listed)
    active = client(server, f"store:{small}:active.bin", passive=0)
    check(active.status == 0 and same(small, server.path("active.bin")), f"active mode to {label}", active)


def new_folder(server, label):
    small = make_file("small", 300)
    folder = server.folder + "/deep/er"
    done = client(server, f"store:{small}:f.bin", url=server.url(folder=folder))
    check(done.status == 0 and (server.files / "deep/er/f.bin").exists(), f"a missing folder is made on {label}",
          done)


def resuming(server, label):
    """F5, F6, F9: cut and silenced by something in between, then REST and STOR; never APPE."""
    size = 9000000
    big = make_file("big", size)
    ports = [server.port, *range(server.passive[0], server.passive[1] + 1)]
    with ftp_script.Proxy(ports, cut_after=[4000000]):
        done = client(server, f"store:{big}:cut.part", f"resume:{big}:cut.part", url=server.url("127.0.0.2"))
    check(done.operations[0]["kind"] == NETWORK, f"a cut line to {label} is network trouble", done)
    check(done.operations[1]["result"] == 0 and same(big, server.path("cut.part")), f"resumed on {label}", done)
    print(f"{label}: resumed at {done.operations[1]['offset']} of {size}")
    with ftp_script.Proxy(ports, silence_after=[2000000]):
        done = client(server, f"store:{big}:silent.part", url=server.url("127.0.0.2"), timeout=2)
    check(done.last["kind"] == NETWORK and done.seconds < 20, f"silence from {label} is noticed", done)


def held_by_the_dead(server, label):
    """F13: the server does not know that its session is dead, and vsftpd keeps the file locked for it: no hang, and
    under another name it comes through."""
    big = make_file("big", 9000000)
    ports = [server.port, *range(server.passive[0], server.passive[1] + 1)]
    with ftp_script.Proxy(ports, abandon_after=[4000000]):
        done = client(server, f"store:{big}:held.part", f"resume:{big}:held.part", f"store:{big}:other.part",
                      url=server.url("127.0.0.2"), timeout=3)
    kinds = [o["kind"] for o in done.operations]
    check(kinds[0] == NETWORK and kinds[1] in (0, NETWORK, REMOTE) and kinds[2] == 0, f"a dead session on {label}", done)
    check(done.seconds < 20 and same(big, server.path("other.part")), f"a dead session does not hang on {label}", done)
    print(f"{label}: with its session dead, going on with the file is {kinds[1] or 'possible'}")


def too_few_bytes(server, label):
    """F11: the tail of an older, longer file is not taken for a whole upload. No server has a hash (F26): SIZE is all
    there is."""
    small = make_file("small", 3000)
    server.path("old.bin").write_bytes(b"x" * 5000)
    os.chown(server.path("old.bin"), server.files.stat().st_uid, server.files.stat().st_gid)
    done = client(server, f"at1000:{small}:old.bin")
    server_size = server.path("old.bin").stat().st_size
    check((done.status == 0) == (server_size == 3000), f"SIZE decides on {label}", done, server_size)


def stopping(server, label):
    """F12: what was sent stays, and the session ends in order."""
    big = make_file("big", 9000000)
    left = server.path("stopped.part")

    def arriving():
        return left.exists() and left.stat().st_size > 1000000

    done = stopped_client(server, arriving, f"store:{big}:stopped.part", rate=2000000)
    check(done.status == CANCELLED and done.seconds < 4, f"stops at once on {label}", done)
    check(left.exists() and 500000 < left.stat().st_size < 9000000, f"the partial file stays on {label}", done,
          server.log()[-2000:])
    again = client(server, f"resume:{big}:stopped.part")
    check(again.status == 0 and again.last["offset"] > 0 and same(big, left), f"goes on on {label}", again)


def everywhere():
    for kind in ftp_peers.ALL:
        for tls13 in (True, False):
            label = f"{kind.name}, TLS {'1.3' if tls13 else '1.2'}"
            scratch = SCRATCH / label.replace(" ", "")
            try:
                server = kind(scratch, certificate=CERTIFICATE, tls13=tls13)
            except ftp_peers.Skip as reason:
                print("left out:", reason)
                continue
            with server:
                many_files(server, label)
                if tls13:
                    ordinary(server, label)
                    new_folder(server, label)
                    too_few_bytes(server, label)
                    held_by_the_dead(server, label)
                resuming(server, label)
                stopping(server, label)
            print("ok:", label, flush=True)


def pure_ftpd_refusals():
    small, big = make_file("small", 3000), make_file("big", 9000000)
    with ftp_peers.PureFtpd(SCRATCH / "p1", certificate=CERTIFICATE, options=["-0", "-r"]) as server:
        # F9: NoTruncate and AutoRename, as AddaxAI Connect sets them.
        resuming(server, "pure-ftpd -0 -r")
        wrong = client(server, "login", password="wrong-one")
        check(wrong.status == REFUSED and "530" in wrong.message and "UPLOAD.ftp_password" in wrong.message,
              "a wrong password (F22)", wrong)
        other = client(server, "login", url=server.url().replace("camera@", "nobody-knows@"), alternative="camera")
        check(other.status == 0, "the other user is tried once after a 530", other)
    with ftp_peers.PureFtpd(SCRATCH / "p2", certificate=CERTIFICATE, tls=0) as server:
        plain = client(server, "login")
        check(plain.status == REMOTE and "TLS" in plain.message, "no TLS, no password (F19)", plain)
        done = client(server, f"store:{small}:f.bin", url=server.url(scheme="ftp"))
        check(done.status == 0 and same(small, server.path("f.bin")), "plain FTP when it is wanted", done)
    with ftp_peers.PureFtpd(SCRATCH / "p3", certificate=CERTIFICATE, options=["-n", "1000:5"]) as server:
        done = client(server, f"store:{big}:f.part")
        check(done.status == REMOTE and "quota" in done.message.lower(), "quota (F15)", done)
        print("quota:", done.message)
    with ftp_peers.PureFtpd(SCRATCH / "p4", certificate=CERTIFICATE, options=["-c", "1", "-C", "1"]) as server:
        # The connection that start() made may still be counted: only a 220 holds the place.
        for _ in range(50):
            with socket.create_connection(("127.0.0.1", server.port)) as first:
                if first.recv(100).startswith(b"220"):
                    done = client(server, "login")
                    break
            time.sleep(0.1)
        check(done.status == NETWORK and "421" in done.message and "later" in done.message, "full (F16)", done)
    with ftp_peers.PureFtpd(SCRATCH / "p5", certificate=CERTIFICATE, tls=2) as server:
        done = client(server, "login", url=server.url(scheme="ftp"))
        check(done.status != 0 and "ftp_tls" in done.message, "cleartext login refused (F20)", done)
        print("cleartext:", done.message)


def disk_full():
    """F14: the word on the control connection names the cause; it is not tried again."""
    big = make_file("big", 9000000)
    for kind in ftp_peers.ALL:
        server = kind(SCRATCH / "full", certificate=CERTIFICATE)
        server.prefix = ["unshare", "-m", "sh", "-c",
                         f"mount -t tmpfs -o size=4m,mode=777 none {server.files} && exec \"$0\" \"$@\""]
        with server:
            done = client(server, f"store:{big}:f.part")
            check(done.status == REMOTE and "disk is full" in done.message, f"disk full on {kind.name}", done)
            print(f"{kind.name}:", done.message)


def other_refusals():
    small = make_file("small", 3000)
    with ftp_peers.Proftpd(SCRATCH / "o1", certificate=CERTIFICATE) as server:
        wrong = client(server, "login", password="wrong-one")
        check(wrong.status == REFUSED, "proftpd: wrong password", wrong)
        plain = client(server, "login", url=server.url(scheme="ftp"))
        check(plain.status == REFUSED and "ftp_tls" in plain.message, "proftpd wants TLS", plain)
        os.chmod(server.files, 0o555)
        if not server.root or server.owner != 0:
            done = client(server, f"store:{small}:no.bin")
            check(done.status == REMOTE and "administrator" in done.message, "no permission", done)
            print("permission:", done.message)
        os.chmod(server.files, 0o755)
    with ftp_peers.Vsftpd(SCRATCH / "o2", certificate=CERTIFICATE) as server:
        plain = client(server, "login", url=server.url(scheme="ftp"))
        check(plain.status == REFUSED and "ftp_tls" in plain.message, "vsftpd wants TLS", plain)


def main():
    global CERTIFICATE
    CERTIFICATE = ftp_peers.Certificate(SCRATCH / "certificate", names=HOSTS)
    everywhere()
    other_refusals()
    if os.geteuid() != 0:
        print("left out: pure-ftpd and full disks need root")
        return
    pure_ftpd_refusals()
    disk_full()


ftp_peers.run(main)
