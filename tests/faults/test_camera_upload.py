#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""trapkit upload --camera against a real pure-ftpd set up as AddaxAI Connect sets it up: every file there once,
byte-exact, under the right path, whatever happens to the line, the process or the names."""
import os
import pathlib
import random
import signal
import sys
import time

sys.path.insert(0, str(pathlib.Path(os.environ["ROOT"]) / "tests/servers"))
import addaxai_service  # noqa: E402
import field as fields  # noqa: E402
import ftp_peers  # noqa: E402
import ftp_script  # noqa: E402
from field import PASSWORD, Field, check, run_all, shared, tree  # noqa: E402

import camera_files as cameras  # noqa: E402

# contracts/camera-addaxai (e): limits, recursion, AntiWarez, umask, AutoRename, CustomerProof, NoTruncate.
ADDAXAI = ["-c", "10", "-C", "5", "-I", "15", "-L", "10000:8", "-s", "-U", "133:022", "-r", "-Z", "-0"]
INSTAR = "INSTAR/lat52.02368_lon12.98290/"


def addaxai(scratch, options=(), **settings):
    certificate = shared("camera", scratch, lambda folder: ftp_peers.Certificate(
        folder, names=("DNS:localhost", "IP:127.0.0.1", "IP:127.0.0.2")))
    server = ftp_peers.PureFtpd(scratch / "server", options=[*ADDAXAI, *options], user="camera", password=PASSWORD,
                                certificate=certificate)
    server.files.rmdir()
    return Field(scratch, ftp=server, trapper=False, **{"GENERAL__login": None, "GENERAL__retries": 5, "UPLOAD__ftp_password": PASSWORD, **settings})


def willfine(seed, size=64):
    return cameras.picture(cameras.with_exif(**cameras.WILLFINE), seed=seed) + bytes(random.Random(seed).randbytes(size))


def swift(seed, size=0):
    return cameras.picture(cameras.with_exif(**cameras.SWIFT), seed=seed) + bytes(random.Random(seed).randbytes(size))


def report(day):
    return f"IMEI:861943070068027\nCSQ:31\nTemp:24℃ \nDate:{day:02}/12/2025 15:46:47\nBattery:60%\n".encode()


def card(folder):
    """100 files: {path: (bytes, path on the server or None, reason)}."""
    files = {}
    for i in range(40):  # two folders in which the names begin anew
        name = f"{100 + i // 20}MEDIA/E{i % 20:07}.JPG"
        files["DCIM/" + name] = (willfine(i, 20_000 + 9_000 * (i % 7)), f"E{i % 20:07}.JPG", None)
    for i in range(20):
        name = f"WBC398      -868020035314870-100320260901{i:02}-4-SYPR{i:04}.JPG"
        files["swift/" + name] = (swift(100 + i, 30_000), name, None)
    for i in range(15):
        name = f"{INSTAR}A_2026-04-09_16-04-{i:02}.jpeg"
        files[name] = (cameras.picture(seed=200 + i) + bytes(40_000), name, None)
    for i in range(9):
        name = f"861943070068027-{i + 1:02}122025154647-dr.txt"
        files["reports/" + name] = (report(i + 1), name, None)
    files["collided.JPG.1"] = (willfine(300), "collided.JPG", None)
    files[INSTAR + "B_2026-04-09_16-04-05.jpeg.2"] = (cameras.picture(seed=301), INSTAR + "B_2026-04-09_16-04-05.jpeg", None)
    files["renamed.jpg"] = (files["DCIM/100MEDIA/E0000003.JPG"][0], None, "again")
    files["reconyx.jpg"] = (cameras.picture(cameras.with_exif(make="RECONYX", model="HC500", note=cameras.hyperfire())),
                            None, "unsupported_camera")
    files["bushnell.jpg"] = (cameras.picture(cameras.with_exif(make="BUSHNELL", model="119975")), None, "crashes_server")
    files["date.jpg"] = (cameras.picture(cameras.with_exif(**{**cameras.WILLFINE, "taken": "20251205154607"})), None,
                         "crashes_server")
    files["large.jpg"] = (willfine(302) + bytes(10 * 1024 * 1024), None, "validation_failed")
    files["empty.jpg"] = (b"", None, "validation_failed")
    files["latin.txt"] = (b"IMEI:861943070068027\nTemp:24\xb0C\n", None, "parse_failed")
    files["film.mp4"] = (b"\0\0\0\x18ftypisom", None, "deleted_by_server")
    files["notes.pdf"] = (b"%PDF", None, "unsupported_file_type")
    files[" blank.jpg"] = (willfine(303), None, "unsupported_name")
    files["._E0000001.JPG"] = (b"\0\5\x16\7", None, "skipped")
    files["Thumbs.db"] = (b"x", None, "skipped")
    files[".Trashes/E0000009.JPG"] = (willfine(304), None, "skipped")
    files["rejected/missing_gps/x.jpg"] = (willfine(305), None, "skipped")
    for name, (data, _, _) in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    check(len(files) == 100, f"{len(files)} files")
    return files


def expected(files):
    return sorted((remote, data) for data, remote, _ in files.values() if remote)


def arrived(field):
    """[(path as it was asked for, bytes)]; names that were taken got letters added."""
    found = []
    home = field.ftp.home
    for path in sorted(home.rglob("*")):
        if path.is_file():
            name = path.relative_to(home).as_posix()
            stem, dot, end = name.rpartition(".")
            if len(stem) > 9 and stem[-9] == "-" and stem.startswith("E"):
                name = stem[:-9] + dot + end
            found.append((name, path.read_bytes()))
    return sorted(found)


def all_there(field, files):
    there, wanted = arrived(field), expected(files)
    odd = sorted((name, len(data), (name, data) in there) for name, data in set(there) ^ set(wanted))
    check([n for n, _ in there] == [n for n, _ in wanted], f"{odd}"[:2000])
    check(there == wanted, "bytes differ")


def statuses(files, result, before=("sent",)):
    seen = {f["path"]: f for f in result.json["files"]}
    for name, (_, remote, reason) in files.items():
        if reason == "skipped":
            check(name not in seen, f"{name} is listed")
        elif reason == "again":
            # Which of the two goes first is a matter of order.
            check(seen[name]["status"] in (*before, "already_sent"), seen[name])
        elif remote:
            check(seen[name]["status"] in before, seen[name])
        else:
            check((seen[name]["status"], seen[name]["reason"]) == ("refused", reason), seen[name])


def hundred_files_ten_cuts(scratch):
    with addaxai(scratch) as field:
        files = card(field.data)
        ports = [field.ftp.port, *range(field.ftp.passive[0], field.ftp.passive[1] + 1)]
        cuts = [15_000, 1, 30_000, 100, 22_000, 9_000, 40_000, 5, 12_000, 25_000]
        to = ["--to", field.ftp.url("127.0.0.2", folder="")]
        dry = field.run("--json", "--dry-run", "upload", "--camera", field.data, *to, expect=1)
        statuses(files, dry, ("would_send",))
        check(not (field.data / ".trapkit").exists() and arrived(field) == [], "a dry run left something")
        with ftp_script.Proxy(ports, cut_after=list(cuts)) as proxy:
            done = field.run("--json", "upload", "--camera", field.data, *to, expect=1)
            check(proxy.cut_after == [], f"cuts left: {proxy.cut_after}")
        statuses(files, done)
        summary = done.json["summary"]
        sizes = sum(len(data) for _, data in expected(files))
        check(sizes < summary.pop("bytes_sent") < 1.2 * sizes, f"{sizes} bytes, {done}")
        check(summary == {"files": 100, "sent": 86, "already_sent": 1, "refused": 9, "failed": 0, "skipped": 4}, summary)
        all_there(field, files)
        before = tree(field.ftp.home)
        again = field.run("--json", "upload", "--camera", field.data, *to, expect=1)
        statuses(files, again, ("already_sent",))
        # Renamed on the card, and taken from another folder: the contents are known.
        (field.data / "DCIM").rename(field.data / "copied")
        moved = field.data / "copied/100MEDIA/E0000000.JPG"
        moved.rename(moved.with_name("X.JPG"))
        field.run("upload", "--camera", field.data / "copied", *to)
        check(tree(field.ftp.home) == before, "something was sent twice")


def killed(scratch):
    """Killed ten times at any moment: the same in the end."""
    with addaxai(scratch) as field:
        files = card(field.data)
        random.seed(4)
        for i in range(10):
            process = field.start("upload", "--camera", field.data, "--parallel", 2, "--limit-rate", "2M")
            time.sleep(random.uniform(0.2, 0.6))
            process.send_signal(signal.SIGKILL if i % 3 else signal.SIGTERM)
            process.communicate()
        field.run("upload", "--camera", field.data, "--parallel", "4", expect=1)
        all_there(field, files)


def twins(scratch):
    """The same bytes at several places, several at a time: each place gets them."""
    with addaxai(scratch) as field:
        names = [f"{INSTAR}A_2026-04-09_16-{i:02}-00.jpeg" for i in range(40)]
        for name in names:
            path = field.data / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(cameras.picture(seed=1))
        done = field.run("--json", "upload", "--camera", field.data, "--parallel", "5")
        check([f["status"] for f in done.json["files"]] == ["sent"] * 40, done)
        check(arrived(field) == [(name, cameras.picture(seed=1)) for name in names], [n for n, _ in arrived(field)])


def connections(scratch):
    """More connections than the server lets one address have: it goes on with those it got."""
    with addaxai(scratch, options=["-C", "2"]) as field:
        files = card(field.data)
        done = field.run("upload", "--camera", field.data, "--parallel", "5", expect=1)
        check("no further connection" in done.stderr, done)
        all_there(field, files)


def verdicts(scratch):
    """--verify tells what the service rejects; that is sent again by the next run, what was taken is not."""
    with addaxai(scratch) as field:
        for i in range(4):
            cameras_path = field.data / f"E{i:07}.JPG"
            cameras_path.parent.mkdir(exist_ok=True)
            cameras_path.write_bytes(willfine(i))
        place = field.data / INSTAR / "A_2026-04-09_16-04-05.jpeg"
        place.parent.mkdir(parents=True)
        place.write_bytes(cameras.picture(seed=9))
        unknown = {"E0000001.JPG", INSTAR + "A_2026-04-09_16-04-05.jpeg"}
        words = ["--json", "upload", "--camera", field.data, "--verify", "20"]
        with addaxai_service.Service(field.ftp.home, lambda path, _: "unknown_camera" if path in unknown else None) as service:
            done = field.run(*words, expect=1)
            said = {f["path"]: (f["status"], f["verdict"], f["verdict_reason"]) for f in done.json["files"]}
            check(said == {f"E{i:07}.JPG": ("sent", "accepted", None) for i in (0, 2, 3)} |
                  {name: ("sent", "rejected", "unknown_camera") for name in unknown}, said)
            check(all(f["verdict_details"] == "not as it should be: unknown_camera" for f in done.json["files"]
                      if f["verdict"] == "rejected"), done)
            check(done.json["summary"]["accepted"] == 3 and done.json["summary"]["rejected"] == 2, done)
            table = field.run(*words[1:], expect=1).stdout
            check("rejected" in table and "unknown_camera" in table and len(service.rejected) == 4, table)
            unknown.clear()
            done = field.run(*words)
            check(sorted(f["status"] for f in done.json["files"]) == ["already_sent"] * 3 + ["sent"] * 2, done)
            check(sorted(path for path, _ in service.taken) ==
                  sorted([f"E{i:07}.JPG" for i in range(4)] + [INSTAR + place.name]), service.taken)
            check(not (field.ftp.home / "INSTAR").exists(), "the service removes what it has emptied")
            field.run("upload", "--camera", field.data, "--again")
            fields.wait_for(lambda: len(service.taken) == 10, what="--again sends all once more")
        # Nobody takes them in: told, and not taken for rejected.
        (field.data / "E0000009.JPG").write_bytes(willfine(9))
        done = field.run("--json", "upload", "--camera", field.data, "--verify", "1", expect=1)
        check([f["verdict"] for f in done.json["files"] if f["status"] == "sent"] == ["waiting"], done)
        check("--plain-stor" in done.stderr, done)


def no_listing(scratch):
    """A server that does not show what it rejected: taken, and no more is known."""
    with addaxai(scratch) as field:
        field.data.mkdir()
        (field.data / "E0000001.JPG").write_bytes(willfine(1))
        with addaxai_service.Service(field.ftp.home) as service:
            (field.ftp.home / "rejected").chmod(0o700)
            os.chown(field.ftp.home / "rejected", 0, 0)
            done = field.run("--json", "upload", "--camera", field.data, "--verify", "10")
            check(done.json["files"][0]["verdict"] == "unknown" and len(service.taken) == 1, done)
            check("cannot be seen" in done.stderr, done)


def ledger_damaged(scratch):
    """What was sent is no longer known: nothing is sent a second time unasked."""
    with addaxai(scratch) as field:
        field.data.mkdir()
        (field.data / "E0000001.JPG").write_bytes(willfine(1))
        field.run("upload", "--camera", field.data)
        there = arrived(field)
        os.truncate(field.data / ".trapkit/ledger.sqlite3", 5000)
        for _ in range(2):
            done = field.run("upload", "--camera", field.data, expect=1)
            check("--again" in done.stderr and arrived(field) == there, done)
        (field.data / "E0000001.JPG").unlink()
        (field.data / "E0000002.JPG").write_bytes(willfine(2))
        field.run("upload", "--camera", field.data, "--again")
        field.run("upload", "--camera", field.data)
        check(len(arrived(field)) == 2, arrived(field))


def plain(scratch):
    """--plain-stor: under the final name at once; a service that takes them at once does not hinder."""
    with addaxai(scratch) as field:
        files = card(field.data)
        with addaxai_service.Service(field.ftp.home, wait=0) as service:
            done = field.run("--json", "upload", "--camera", field.data, "--plain-stor", "--parallel", "2", expect=1)
            check(done.json["summary"]["sent"] == 86, done)
            fields.wait_for(lambda: len(service.taken) >= 86, 5, what="all taken")
            check(sorted(data for _, data in service.taken) == sorted(data for _, data in expected(files)), "not each once")
        check(".part" not in field.ftp.log(), "a hidden name was used")


def plain_cut(scratch):
    """A line that breaks under the final name: whole in the end, and the broken copy is told of."""
    with addaxai(scratch) as field:
        field.data.mkdir()
        (field.data / "E0000001.JPG").write_bytes(willfine(1, 500_000))
        place = field.data / INSTAR / "A_2026-04-09_16-04-05.jpeg"
        place.parent.mkdir(parents=True)
        place.write_bytes(cameras.picture(seed=9) + bytes(500_000))
        ports = [field.ftp.port, *range(field.ftp.passive[0], field.ftp.passive[1] + 1)]
        with ftp_script.Proxy(ports, cut_after=[200_000, 100_000]):
            done = field.run("upload", "--camera", field.data, "--plain-stor", "--to", field.ftp.url("127.0.0.2", folder=""))
        # Under its plain name the broken copy might be another camera's: left there, and told.
        there = [p for p in field.ftp.home.rglob("*") if p.is_file()]
        check((done.stderr.count("may have it twice"), len(there)) in ((1, 3), (0, 2)), done)
        whole = [p for p in there if p.stat().st_size > 500_000]
        check(len(whole) == 2 and place.read_bytes() in [p.read_bytes() for p in whole], there)
        check([p.name for p in (field.ftp.home / INSTAR).iterdir()] == [place.name], "the camera's folder has one file")


def no_renaming(scratch):
    """A server that refuses to rename, and one whose answer to it is lost."""
    for orders, words in (({"no_rnfr": True}, "does not rename"), ({"lost_rnto": 2}, "trying again")):
        folder = scratch / next(iter(orders))
        folder.mkdir()
        with ftp_script.Scripted(folder, password=PASSWORD, **orders) as server:
            with Field(folder, ftp=False, trapper=False, GENERAL__retries=3, UPLOAD__ca_file=server.ca,
                       UPLOAD__ftp_password=PASSWORD) as field:
                field.data.mkdir()
                for i in range(3):
                    (field.data / f"E{i:07}.JPG").write_bytes(willfine(i))
                done = field.run("upload", "--camera", field.data, "--to", f"ftps://localhost:{server.port}")
                check(words in done.stderr, done)
                there = {p.name: p.read_bytes() for p in server.files.iterdir()}
                check(there == {f"E{i:07}.JPG": willfine(i) for i in range(3)}, there.keys())
                check(field.run("upload", "--camera", field.data, "--to", f"ftps://localhost:{server.port}").stdout
                      .startswith("Sent 0 files"), done)


def names_taken(scratch):
    """What lies on the server under the name is never replaced."""
    with addaxai(scratch) as field:
        field.data.mkdir()
        (field.data / "E0000001.JPG").write_bytes(willfine(1))
        other = field.ftp.home / "E0000001.JPG"
        place = field.data / INSTAR / "A_2026-04-09_16-04-05.jpeg"
        place.parent.mkdir(parents=True)
        place.write_bytes(cameras.picture(seed=9))
        taken = field.ftp.home / INSTAR / place.name
        taken.parent.mkdir(parents=True)
        for path in (other, taken):
            path.write_bytes(b"another's")
        for path in (other, taken, taken.parent, taken.parent.parent):
            os.chown(path, field.ftp.owner, field.ftp.group)
        done = field.run("--json", "upload", "--camera", field.data, expect=1)
        one, two = done.json["files"]
        check(one["status"] == "sent" and one["remote"].startswith("E0000001-") and
              (field.ftp.home / one["remote"]).read_bytes() == willfine(1), one)
        check(two["status"] == "failed" and two["reason"] == "server" and "later" in two["details"], two)
        check(other.read_bytes() == taken.read_bytes() == b"another's", "replaced")
        taken.unlink()
        check(field.run("--json", "upload", "--camera", field.data).json["summary"]["sent"] == 1, "sent later")


def troubles(scratch):
    """What concerns all ends the run: password, no network, full disk; the rest is not come to."""
    with addaxai(scratch, UPLOAD__ftp_password="wrong-horse") as field:
        field.data.mkdir()
        for i in range(3):
            (field.data / f"E{i:07}.JPG").write_bytes(willfine(i))
        done = field.run("--json", "upload", "--camera", field.data, expect=77)
        check([f["reason"] for f in done.json["files"]] == ["server", "not_attempted", "not_attempted"], done)
        nobody = f"ftps://camera@localhost:{ftp_peers.free_port()}"
        done = field.run("upload", "--camera", field.data, "--to", nobody, "--retries", "0", expect=75)
        check("run the command again" in done.stderr, done)
        check(field.run("upload", field.data, expect=2).stderr.count("--camera") == 1, "without --camera")
        field.run("upload", "--camera", field.data, "--file-yaml", "a", "--file-zip", "b", expect=2)
        field.run("upload", "--camera", field.data, "--data-path", scratch / "nowhere", expect=1)
        check(not (scratch / "nowhere").exists(), "a misspelt data path is not made")
        check("--files-from" in field.run("upload", "--camera", expect=2).stderr, "nothing named")
        missing = field.run("--json", "upload", "--camera", field.data / "none.jpg", "--work-dir", scratch / "work", expect=1,
                            UPLOAD__FTP_PASSWORD=PASSWORD)
        check(missing.json["files"][0]["reason"] == "local", missing)
        listed = scratch / "list"
        listed.write_bytes(b"data/E0000001.JPG\0data/E0000002.JPG\0")
        done = field.run("--json", "upload", "--camera", "--files-from", listed, "-0", UPLOAD__FTP_PASSWORD=PASSWORD)
        check([f["path"] for f in done.json["files"]] == ["data/E0000001.JPG", "data/E0000002.JPG"], done)
        check((field.data / ".trapkit/ledger.sqlite3").exists(), "the memory lies with the pictures")
        first = field.run("upload", "--camera", field.data, "--fail-fast", "--registered",
                          fields_csv(scratch, "868020035314870"), expect=1, UPLOAD__FTP_PASSWORD=PASSWORD)
        check("not registered" in first.stderr, first)


def fields_csv(scratch, *ids):
    path = scratch / "cameras.csv"
    path.write_text("CameraID,Name\n" + "".join(f"{i},x\n" for i in ids))
    return path


run_all([hundred_files_ten_cuts, killed, twins, connections, verdicts, no_listing, ledger_damaged, plain,
         plain_cut, no_renaming, names_taken,
         troubles], os.environ["SCRATCH"])
