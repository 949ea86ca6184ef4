#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that goes wrong while packages are delivered: one clear message, the documented exit status, and the
next run ends as an undisturbed one would."""
import os
import pathlib
import signal
import subprocess
import sys
import time
import zipfile

sys.path.insert(0, str(pathlib.Path(os.environ["ROOT"]) / "tests/servers"))
import ftp_peers  # noqa: E402
from field import Field, check, run_all, wait_for  # noqa: E402

MEGABYTE = 1 << 20


def upload(yaml, archive, *more):
    return ["upload", "--file-yaml", yaml, "--file-zip", archive, *more]


def one_error(done):
    """Exactly one error is told, and it is the last line of standard error."""
    errors = [line for line in done.stderr.splitlines() if "error:" in line]
    check(len(errors) == 1, done)
    return errors[0]


def wrong_password(scratch):
    with Field(scratch, UPLOAD__ftp_password="wrong-horse") as field:
        yaml, archive = field.package("winter")
        done = field.run(*upload(yaml, archive, "--trigger"), expect=77)
        check("530" in one_error(done), done)
        check("wrong-horse" not in done.stdout + done.stderr, "the password is shown")
        check(not field.processed() and field.on_server() == [], "something happened all the same")
    with Field(scratch / "api", GENERAL__password="wrong-horse", UPLOAD__ftp_password="correct-horse",
               UPLOAD__ftp_user="technician") as field:
        yaml, archive = field.package("winter")
        done = field.run(*upload(yaml, archive, "--trigger"), expect=77)
        check("GENERAL.password" in one_error(done), done)
        check(field.on_server() == [], "sent before the login was known to be good")
        check(len([r for r in field.trapper.requests if r["status"] == 401]) == 1, "tried more than once")
        field.write_settings()
        field.run(*upload(yaml, archive, "--trigger"))
        check(field.trapper.resource_count("winter") == 3 and len(field.processed()) == 1, field.processed())


def unknown_host(scratch):
    with Field(scratch, ftp=False, trapper=False, GENERAL__host="https://trapper.invalid", GENERAL__retries=0) as field:
        yaml, archive = field.package("winter")
        done = field.run(*upload(yaml, archive), expect=75)
        check("trapper.invalid" in one_error(done), done)


def nobody_listens(scratch):
    with Field(scratch, ftp=False, trapper=False, GENERAL__retries=1) as field:
        yaml, archive = field.package("winter")
        began = time.monotonic()
        done = field.run(*upload(yaml, archive, "--to", f"ftps://technician@localhost:{ftp_peers.free_port()}/x"),
                         expect=75, UPLOAD__FTP_PASSWORD="some-horse")
        check("run the command again" in one_error(done), done)
        check("trying again" in done.stderr, done)
        check(time.monotonic() - began < 20, "too slow to give up")


def bad_certificates(scratch):
    expired = ftp_peers.Certificate(scratch / "expired", days=-1)
    with Field(scratch / "a", certificate=expired) as field:
        yaml, archive = field.package("winter")
        done = field.run(*upload(yaml, archive), expect=77)
        check("expired" in one_error(done), done)
        check(expired.fingerprint.replace(":", "").lower() in done.stderr.replace(":", "").lower(), done)
        check(field.on_server() == [], field.on_server())
        field.write_settings(UPLOAD__pin_sha256=expired.fingerprint)
        field.run(*upload(yaml, archive))
        check(field.on_server() == ["winter.yaml", "winter.zip"], field.on_server())
    # An authority that nobody trusts.
    with Field(scratch / "b", UPLOAD__ca_file=None) as field:
        yaml, archive = field.package("winter")
        done = field.run(*upload(yaml, archive), expect=77)
        check("certificate" in one_error(done), done)


def server_disk_full(scratch):
    """A tmpfs of 2 MB as the server's disk: told once, not retried; after space is made it goes on."""
    with Field(scratch, GENERAL__retries=3) as field:
        yaml, archive = field.package("winter", images=3, size=MEGABYTE)
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "none", field.ftp.files], check=False,
                                 capture_output=True)
        if mounted.returncode:
            raise ftp_peers.Skip("cannot mount a tmpfs here")
        try:
            os.chown(field.ftp.files, field.ftp.owner, field.ftp.group)
            done = field.run("--json", *upload(yaml, archive), expect=1)
            check(done.json["error"]["kind"] == "remote", done)
            check("45" in done.json["error"]["message"] or "55" in done.json["error"]["message"], done)
            check(done.json["packages"][0]["attempts"] == 1, done)
            check("winter.zip" not in field.on_server(), field.on_server())
            left = field.ftp.path("winter.zip.part")
            there = left.stat().st_size if left.exists() else 0
            subprocess.run(["mount", "-o", "remount,size=8m", field.ftp.files], check=True)
            done = field.run("--json", *upload(yaml, archive))
            check((done.json["packages"][0]["resumed_at"] or 0) == there, (there, str(done)))
            check(field.ftp.path("winter.zip").read_bytes() == archive.read_bytes(), "the ZIP differs")
            check(field.on_server() == ["winter.yaml", "winter.zip"], field.on_server())
        finally:
            subprocess.run(["umount", field.ftp.files], check=False)


def outbox_disk_full(scratch):
    with Field(scratch, ftp=False, trapper=False) as field:
        yaml, archive = field.package("winter", images=3, size=MEGABYTE)
        outbox = scratch / "outbox"
        outbox.mkdir()
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "none", outbox], check=False,
                          capture_output=True).returncode:
            raise ftp_peers.Skip("cannot mount a tmpfs here")
        try:
            done = field.run(*upload(yaml, archive, "--to", f"file://{outbox}"), expect=1)
            check("No space left" in one_error(done), done)
            check(not (outbox / "winter.zip").exists(), "half a ZIP under the final name")
            subprocess.run(["mount", "-o", "remount,size=8m", outbox], check=True)
            field.run(*upload(yaml, archive, "--to", f"file://{outbox}"))
            check((outbox / "winter.zip").read_bytes() == archive.read_bytes(), "the ZIP differs")
            check(sorted(p.name for p in outbox.iterdir()) == ["winter.yaml", "winter.zip"], list(outbox.iterdir()))
        finally:
            subprocess.run(["umount", outbox], check=False)


def own_disk_full(scratch):
    """No room for the ledger: said, nothing sent without memory of it."""
    with Field(scratch) as field:
        yaml, archive = field.package("winter")
        work = scratch / "work"
        work.mkdir()
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "none", work], check=False,
                          capture_output=True).returncode:
            raise ftp_peers.Skip("cannot mount a tmpfs here")
        try:
            done = field.run(*upload(yaml, archive, "--work-dir", work), expect=1)
            check("ledger" in one_error(done), done)
            check(field.on_server() == [], field.on_server())
        finally:
            subprocess.run(["umount", work], check=False)


def unknown_deployment(scratch):
    with Field(scratch) as field:
        yaml, archive = field.package("winter", deployment="r9-99_99")
        done = field.run("--json", *upload(yaml, archive, "--trigger"), expect=1)
        check("r9-99_99 does not exist" in done.json["error"]["message"], done)
        check(done.json["packages"][0]["status"] == "delivered", done)
        check(done.json["packages"][0]["triggered"] is False, done)
        # The office adds the deployment: only the request is made again.
        field.trapper.world["deployments"].append({"deploymentID": "r9-99_99", "locationID": "32_01", "project": 5})
        done = field.run("--json", *upload(yaml, archive, "--trigger"))
        check(done.json["packages"][0]["bytes_sent"] == 0 and done.json["packages"][0]["triggered"], done)
        check(field.trapper.resource_count("winter") == 3, field.trapper.collections)


def wrong_zone(scratch):
    world = {"locations": [{"locationID": "32_01", "timezone": "Europe/Madrid", "ignoreDST": False, "project": 5,
                            "longitude": 1, "latitude": 1}],
             "deployments": [{"deploymentID": "r1-32_01", "locationID": "32_01", "project": 5}]}
    with Field(scratch, world=world) as field:
        yaml, archive = field.package("winter")
        done = field.run(*upload(yaml, archive, "--trigger"), expect=1)
        check("timezone" in one_error(done), done)
        check(field.trapper.resource_count("winter") == 0, field.trapper.collections)


def reply_lost_but_done(scratch):
    """The server did it and the answer was lost: seen on the server, not sent again."""
    with Field(scratch) as field:
        yaml, archive = field.package("winter")
        field.trapper.fault("lose", match="/process/", method="POST")
        done = field.run("--json", *upload(yaml, archive, "--trigger"))
        check("answer was lost" in done.json["packages"][0]["trigger_reason"], done)
        field.run(*upload(yaml, archive, "--trigger"))
        check(len(field.processed()) == 1 and field.trapper.resource_count("winter") == 3, field.processed())


def reply_lost_and_slow(scratch):
    """The server needs time: the first run cannot tell (75), the next sees it."""
    with Field(scratch, world={"delay": 6}) as field:
        yaml, archive = field.package("winter")
        field.trapper.fault("lose", match="/process/", method="POST")
        done = field.run(*upload(yaml, archive, "--trigger"), expect=75)
        check("--force-trigger" in one_error(done), done)
        done = field.run("--json", *upload(yaml, archive, "--trigger", "--wait", "30"))
        check(done.json["packages"][0]["triggered"] and done.json["packages"][0]["processed"], done)
        check(len(field.processed()) == 1 and field.trapper.resource_count("winter") == 3, field.processed())


def request_lost(scratch):
    """It never arrived: said each time, sent again only when the user says so."""
    with Field(scratch) as field:
        yaml, archive = field.package("winter")
        field.trapper.fault("empty", match="/process/", method="POST")
        for _ in range(2):
            done = field.run("--json", *upload(yaml, archive, "--trigger"), expect=75)
            check(done.json["packages"][0]["trigger_reason"] == "trigger_unknown", done)
        check(len(field.processed()) == 1 and field.trapper.resource_count("winter") == 0, field.processed())
        field.run(*upload(yaml, archive, "--trigger", "--force-trigger"))
        check(field.trapper.resource_count("winter") == 3, field.trapper.collections)


def busy_server(scratch):
    """503 and 429 before anything was processed."""
    with Field(scratch, GENERAL__retries=0) as field:
        yaml, archive = field.package("winter")
        field.trapper.fault("status", match="/process/", method="POST", status=429, retry_after=1)
        field.run(*upload(yaml, archive, "--trigger"), expect=75)
        field.run(*upload(yaml, archive, "--trigger"))
        check(field.trapper.resource_count("winter") == 3, field.trapper.collections)


def killed_after_post(scratch):
    """SIGKILL while the answer is awaited; the server had done the work."""
    with Field(scratch) as field:
        yaml, archive = field.package("winter")
        field.trapper.fault("stall", match="/process/", method="POST", seconds=3)
        process = field.start(*upload(yaml, archive, "--trigger"))
        wait_for(field.processed, what="the request")
        process.send_signal(signal.SIGKILL)
        process.communicate()
        wait_for(lambda: field.trapper.resource_count("winter") == 3, what="processing")
        done = field.run("--json", *upload(yaml, archive, "--trigger"))
        check("answer was lost" in done.json["packages"][0]["trigger_reason"], done)
        check(len(field.processed()) == 1 and field.trapper.resource_count("winter") == 3, field.processed())


def stopped_in_time(scratch):
    """F12, F46: Ctrl-C and SIGTERM: within seconds, 130 and 143, what was sent stays and is gone on with."""
    with Field(scratch) as field:
        yaml, archive = field.package("winter", images=4, size=MEGABYTE)
        there = 0
        for number, status in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
            process = field.start(*upload(yaml, archive, "--limit-rate", "500K"))
            wait_for(lambda: field.arriving() > there + 100_000, what="the upload")
            began = time.monotonic()
            process.send_signal(number)
            out, err = process.communicate(timeout=20)
            check(process.returncode == status, (process.returncode, out, err))
            check(time.monotonic() - began < 5, "it took too long to stop")
            there = field.ftp.path("winter.zip.part").stat().st_size
            check(there > 100_000, "what was sent is lost")
        done = field.run("--json", *upload(yaml, archive))
        check(done.json["packages"][0]["resumed_at"] > 200_000, done)
        # The second Ctrl-C ends it at once, whatever it waits for.
        process = field.start("helpers", "locations", GENERAL__PASSWORD_COMMAND="sleep 20")
        time.sleep(0.5)
        for _ in range(2):
            process.send_signal(signal.SIGINT)
            time.sleep(0.02)
        check(process.wait(2) == 130, process.returncode)
        check(field.ftp.path("winter.zip").read_bytes() == archive.read_bytes(), "the ZIP differs")


def file_changes_meanwhile(scratch):
    with Field(scratch) as field:
        yaml, archive = field.package("winter", images=3, size=MEGABYTE)
        process = field.start(*upload(yaml, archive, "--limit-rate", "1M"))
        wait_for(lambda: field.arriving() > 100_000, what="the upload")
        # Of the same size, and another from its first picture on: nothing of the old one may be gone on with.
        with zipfile.ZipFile(archive) as old, zipfile.ZipFile(scratch / "other.zip", "w") as other:
            for entry in old.infolist():
                other.writestr(entry, old.read(entry).swapcase())
        content = (scratch / "other.zip").read_bytes()
        check(len(content) == archive.stat().st_size, "not of the same size")
        archive.write_bytes(content)
        out, err = process.communicate(timeout=30)
        check(process.returncode == 1 and "changed" in err, (process.returncode, out, err))
        check("winter.zip" not in field.on_server(), field.on_server())
        field.run(*upload(yaml, archive))
        check(field.ftp.path("winter.zip").read_bytes() == content, "the ZIP differs")
        check(field.on_server() == ["winter.yaml", "winter.zip"], field.on_server())


def file_damaged_meanwhile(scratch):
    """A disk that forgets bits: what is no longer the archive is not sent."""
    with Field(scratch) as field:
        yaml, archive = field.package("winter", images=1, size=MEGABYTE)
        content = bytearray(archive.read_bytes())
        content[MEGABYTE // 2] ^= 1
        archive.write_bytes(content)
        done = field.run(*upload(yaml, archive), expect=1)
        check("IMG_0001.jpg" in one_error(done) and "make the package again" in one_error(done), done)
        check(field.on_server() == [], field.on_server())


def no_delete_no_rename(scratch):
    """F10: pure-ftpd with KeepAllFiles refuses to delete and to rename over; with AutoRename a name is never reused."""
    for options in (["-K"], ["-r"], ["-0"], ["-r", "-0"]):
        with Field(scratch / "".join(options), ftp_options=options) as field:
            yaml, archive = field.package("winter", images=2, size=MEGABYTE)
            process = field.start(*upload(yaml, archive, "--limit-rate", "500K"))
            wait_for(lambda: field.arriving() > 100_000, what="the upload")
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=20)
            field.run(*upload(yaml, archive))
            check(field.ftp.path("winter.zip").read_bytes() == archive.read_bytes(), f"{options}: the ZIP differs")
            check(field.ftp.path("winter.yaml").read_bytes() == yaml.read_bytes(), f"{options}: the YAML differs")
            again = field.run("--json", *upload(yaml, archive))
            check(again.json["packages"][0]["bytes_sent"] == 0, again)


def many_names(scratch):
    """F29: names with brackets, spaces, quotes and letters of other alphabets."""
    with Field(scratch) as field:
        for name in ("a[1]", "two words", "Łódź_č", "it's", "100% {x} & y"):
            yaml, archive = field.package(name, collection="c")
            field.run(*upload(yaml, archive))
            check(field.ftp.path(name + ".zip").read_bytes() == archive.read_bytes(), name)
        yaml, archive = field.package("plain")
        evil = archive.with_name("a\r\nDELE plain.zip")
        archive.rename(evil)
        done = field.run(*upload(yaml, evil), expect=1)
        check("control characters" in one_error(done), done)
        check(field.ftp.path("it's.zip").exists(), "a file name was taken for a command")


run_all([wrong_password, unknown_host, nobody_listens, bad_certificates, server_disk_full, outbox_disk_full,
         own_disk_full, unknown_deployment, wrong_zone, reply_lost_but_done, reply_lost_and_slow, request_lost,
         busy_server, killed_after_post, stopped_in_time, file_changes_meanwhile, file_damaged_meanwhile,
         no_delete_no_rename, many_names], os.environ["SCRATCH"])
