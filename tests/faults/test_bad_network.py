#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernel's own bad lines, in a network namespace where loopback is slow, loses packets, and goes down: uploads come
through byte for byte, go on where they were, and say "offline" quickly."""
import os
import pathlib
import resource
import shutil
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(os.environ["ROOT"]) / "tests/servers"))
import ftp_peers  # noqa: E402
import ftp_script  # noqa: E402
from field import PASSWORD, USER, Field, check, run_all, wait_for  # noqa: E402

PLACE = "10.9.9.1"


def ip(*words):
    subprocess.run(["ip", *words], check=True, capture_output=True)


def enter():
    """Starts this script again in a namespace of its own: only loopback is there, and nothing can be downloaded."""
    if os.environ.get("TRAPKIT_NAMESPACE"):
        ip("link", "set", "lo", "up")
        return
    command = ["unshare", "-n", "-m", "env", "TRAPKIT_NAMESPACE=1", sys.executable, __file__]
    missing = [tool for tool in ("ip", "tc", "iptables") if not shutil.which(tool)]
    if missing or os.geteuid() != 0 or subprocess.run(["unshare", "-n", "-m", "true"], check=False).returncode != 0:
        print(f"no namespace to spoil the network of (needs root, unshare {' '.join(missing)})")
        sys.exit(77)
    try:
        ftp_peers.unpacked("pure-ftpd")
    except ftp_peers.Skip as reason:
        print(reason)
        sys.exit(77)
    os.execvp("unshare", command)


def try_rule(*words):
    """A rule or queue that this kernel may not have; True when it is in force."""
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        print(f"not tried: {' '.join(words)}: {done.stderr.strip().splitlines()[-1:]}")
    return done.returncode == 0


def upload(field, name, images, size, *more):
    yaml, archive = field.package(name, images=images, size=size)
    return archive, ["upload", "--file-yaml", yaml, "--file-zip", archive, "--timeout", "15", "--retries", "9", *more]


def used():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def slow_and_lossy(scratch):
    """F27: 256 kbit/s, small packets, each twentieth lost: all arrives, and waiting costs no processor time."""
    with Field(scratch, trapper=False) as field:
        archive, words = upload(field, "slow", 2, 60_000)
        rules = [("tc", "qdisc", "add", "dev", "lo", "root", "tbf", "rate", "256kbit", "burst", "16kb", "latency", "400ms"),
                 ("iptables", "-A", "INPUT", "-m", "statistic", "--mode", "random", "--probability", "0.05", "-j", "DROP")]
        ip("link", "set", "lo", "mtu", "1280")
        in_force = [try_rule(*rule) for rule in rules]
        before, began = used(), time.monotonic()
        field.run(*words)
        seconds, cost = time.monotonic() - began, used() - before
        subprocess.run(["iptables", "-F"], check=False)
        subprocess.run(["tc", "qdisc", "del", "dev", "lo", "root"], check=False, capture_output=True)
        ip("link", "set", "lo", "mtu", "65536")
        check(field.ftp.path("slow.zip").read_bytes() == archive.read_bytes(), "the ZIP differs")
        # 120 kB at 32 kB/s, less the burst
        check(not in_force[0] or seconds > 2.5, f"{seconds:.1f} s: the line was not slow")
        check(os.environ.get("TRAPKIT_SANITIZE") or cost < 1.5, f"{cost:.1f} s of processor time in {seconds:.1f} s")
        print(f"{seconds:.1f} s, of these {cost:.2f} s of work")


def address_lost(scratch):
    """F28, and F6 by the kernel: the address goes away in the middle, twice, and comes back; each time it goes on at
    SIZE."""
    ip("address", "add", PLACE + "/32", "dev", "lo")
    certificate = ftp_peers.Certificate(scratch / "certificate", names=("DNS:localhost", "IP:127.0.0.1", "IP:" + PLACE))
    server = ftp_peers.PureFtpd(scratch / "server", user=USER, password=PASSWORD, certificate=certificate)
    with Field(scratch, ftp=server, trapper=False) as field:
        ports = [server.port, *range(server.passive[0], server.passive[1] + 1)]
        with ftp_script.Proxy(ports, listen=PLACE):
            archive, words = upload(field, "moving", 4, 500_000, "--timeout", "2", "--limit-rate", "500K", "--to",
                                    server.url(PLACE))
            process = field.start(*words, UPLOAD__FTP_PASSWORD=PASSWORD)
            for count in (1, 2):
                wait_for(lambda: field.arriving() > count * 500_000, what="the upload")
                ip("address", "del", PLACE + "/32", "dev", "lo")
                time.sleep(3)
                ip("address", "add", PLACE + "/32", "dev", "lo")
            out, err = process.communicate(timeout=60)
            check(process.returncode == 0 and err.count("trying again") >= 2, (process.returncode, out, err))
            check(server.path("moving.zip").read_bytes() == archive.read_bytes(), "the ZIP differs")
            check(server.log().count("STOR") < 20, "too many attempts")


def offline(scratch):
    """F30: the cable is out, or nobody answers for names: said within seconds, exit 75, and what to do."""
    with Field(scratch, trapper=False) as field:
        _, words = upload(field, "offline", 1, 1000)
        words[words.index("9")], words[words.index("15")] = "1", "2"
        for kind in ("unreachable", "blackhole"):
            ip("route", "add", kind, "10.8.8.1/32")
            began = time.monotonic()
            done = field.run(*words, "--to", f"ftps://{USER}@10.8.8.1/x", expect=75, UPLOAD__FTP_PASSWORD=PASSWORD)
            check("run the command again" in done.stderr and time.monotonic() - began < 5, done)
            ip("route", "del", "10.8.8.1/32")
        ip("link", "set", "lo", "down")
        done = field.run(*words, expect=75)
        check("is this computer online" in done.stderr, done)
        (scratch / "resolv.conf").write_text("nameserver 192.0.2.1\noptions timeout:1 attempts:1\n")
        subprocess.run(["mount", "--bind", scratch / "resolv.conf", "/etc/resolv.conf"], check=False)
        began = time.monotonic()
        done = field.run(*words, "--to", "ftps://technician@trapper.example.org/x", expect=75, UPLOAD__FTP_PASSWORD="x")
        subprocess.run(["umount", "/etc/resolv.conf"], check=False)
        check("trapper.example.org" in done.stderr and time.monotonic() - began < 20, done)
        ip("link", "set", "lo", "up")
        field.run(*words)


enter()
run_all([slow_and_lossy, address_lost, offline], os.environ["SCRATCH"])
