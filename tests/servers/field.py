# SPDX-License-Identifier: GPL-3.0-or-later
"""A technician's whole world for tests: settings, a TRAPPER stand-in, its pure-ftpd, and the program to run.

    with Field(scratch) as field:
        yaml, zip = field.package("winter")            # a small package that the stand-in takes
        done = field.run("upload", "--file-yaml", yaml, "--file-zip", zip, "--trigger", expect=0)
        field.ftp.path("winter.zip"), field.trapper.resource_count("winter"), done.json, done.stderr

field.run() hands everything to the built program; `--json` as first word parses its document into `.json`.
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import time
import zipfile

ROOT = pathlib.Path(os.environ.get("ROOT") or pathlib.Path(__file__).resolve().parents[2])
sys.path[:0] = [str(ROOT / "tests/servers"), str(ROOT / "tests/fixtures")]
import ftp_peers  # noqa: E402
import trapper_server  # noqa: E402

TRAPKIT = os.environ.get("TRAPKIT") or str(ROOT / "build/plain/trapkit")
USER, EMAIL, PASSWORD = "technician", "technician@example.org", "correct-horse"
# A small JPEG by the letter of the format: start, an empty comment, end.
JPEG = b"\xff\xd8\xff\xfe\x00\x02\xff\xd9"


_certificates = {}


def shared(kind, scratch, make):
    """Certificates cost seconds on a small machine: one of a kind serves a whole script."""
    if kind not in _certificates:
        _certificates[kind] = make(pathlib.Path(os.environ.get("SCRATCH") or scratch) / ("certificate-" + kind))
    return _certificates[kind]


class Result:
    def __init__(self, command, done, json_wanted):
        self.command, self.status = command, done.returncode
        self.stdout, self.stderr = done.stdout, done.stderr
        self.json = json.loads(done.stdout) if json_wanted else None

    def __str__(self):
        return f"{' '.join(map(str, self.command))}\nexit {self.status}\n{self.stdout}\n{self.stderr}"


class Field:
    def __init__(self, scratch, ftp=True, trapper=True, world=None, ftp_options=(), certificate=None, **settings):
        self.scratch = pathlib.Path(scratch)
        self.scratch.mkdir(parents=True, exist_ok=True)
        self.home = self.scratch / "technician"
        self.home.mkdir(exist_ok=True)
        if ftp is True:
            certificate = certificate or shared("ftp", scratch, ftp_peers.Certificate)
            ftp = ftp_peers.PureFtpd(self.scratch / "ftp-server", options=ftp_options, user=USER, password=PASSWORD,
                                     certificate=certificate)
        self.ftp = ftp or None
        self.world = world
        self.wants_trapper = trapper
        self.trapper = None
        self.settings = settings
        self.data = self.scratch / "data"
        self.outbox = self.scratch / "outbox"

    def __enter__(self):
        if self.ftp:
            self.ftp.start()
        if self.wants_trapper:
            self.trapper = trapper_server.TrapperServer(self.scratch, ftp_root=self.ftp.home if self.ftp else None,
                                                        world=self.world, certificate=shared(
                                                            "trapper", self.scratch, trapper_server.make_certificates))
        self.write_settings(**self.settings)
        return self

    def __exit__(self, *_):
        if self.trapper:
            self.trapper.close()
        if self.ftp:
            self.ftp.stop()

    def write_settings(self, **changes):
        """SECTION__key=value pairs change what is in the settings file; None leaves a key out."""
        values = {"GENERAL": {"login": EMAIL, "password": PASSWORD, "project_id": 5, "retries": 1},
                  "UPLOAD": {}, "PACKAGE": {"timezone": "Europe/Warsaw"}}
        if self.trapper:
            values["GENERAL"].update(host=self.trapper.url, ca_file=self.trapper.ca_file)
        if self.ftp:
            values["UPLOAD"].update(ftp_host=f"localhost:{self.ftp.port}", ca_file=self.ftp.ca)
        for name, value in changes.items():
            section, key = name.split("__")
            values.setdefault(section, {})[key] = value
        folder = self.home / ".trapper-tools"
        folder.mkdir(exist_ok=True)
        file = folder / "default.toml"
        with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as out:
            for section, keys in values.items():
                out.write(f"[{section}]\n")
                for key, value in keys.items():
                    if value is not None:
                        out.write(f"{key} = {json.dumps(value)}\n")

    def environment(self, **more):
        environment = {k: v for k, v in os.environ.items() if "__" not in k}
        return {**environment, "HOME": str(self.home), "LC_ALL": "C.UTF-8", **more}

    def command(self, *words, program=None):
        return [program or TRAPKIT, *map(str, words)]

    def start(self, *words, program=None, cwd=None, **environment):
        return subprocess.Popen(self.command(*words, program=program), env=self.environment(**environment),
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                cwd=cwd or self.scratch)

    def run(self, *words, expect=0, program=None, cwd=None, timeout=120, prefix=(), **environment):
        command = [*prefix, *self.command(*words, program=program)]
        done = subprocess.run(command, env=self.environment(**environment), stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, cwd=cwd or self.scratch, timeout=timeout, check=False)
        result = Result(command, done, "--json" in words)
        if expect is not None and result.status != expect:
            raise AssertionError(f"expected exit {expect}: {result}")
        if PASSWORD in done.stdout + done.stderr:
            raise AssertionError(f"the password is shown: {result}")
        return result

    def package(self, name, collection=None, images=3, size=2000, folder=None, deployment="r1-32_01"):
        """A package as contracts/trapper.md sections 2 and 3 describe it: (yaml, zip)."""
        folder = pathlib.Path(folder or self.scratch / "packages")
        folder.mkdir(parents=True, exist_ok=True)
        collection = collection or name
        lines = ["collections:", f"- name: {collection}", "  project_id: 5", "  timezone: Europe/Warsaw",
                 "  timezone_ignore_dst: false", f"  resources_dir: {collection}", "  deployments:",
                 f"  - deployment_id: {deployment}", "    resources:"]
        zip_path, yaml_path = folder / f"{name}.zip", folder / f"{name}.yaml"
        with zipfile.ZipFile(zip_path, "w", zipfile.ZIP_STORED) as archive:
            for i in range(images):
                file = f"IMG_{i + 1:04}.jpg"
                content = JPEG[:-2] + (b"%s %d " % (name.encode(), i) * size)[:max(0, size - len(JPEG))] + JPEG[-2:]
                archive.writestr(f"{collection}/{deployment}/{file}", content)
                lines += [f"    - name: {file}", f"      file: {file}",
                          f"      date_recorded: 2024-07-01T09:{i // 60 % 60:02}:{i % 60:02}+0000",
                          "      mime_type: image/jpeg", "      file_width: 640", "      file_height: 480",
                          f"      file_size: {len(content)}", "      file_fps: null", "      file_duration: null"]
        yaml_path.write_text("\n".join(lines) + "\n")
        return yaml_path, zip_path

    def on_server(self):
        """Names below /collections, sorted."""
        return sorted(p.name for p in self.ftp.files.iterdir())

    def arriving(self):
        """Bytes of the upload that is under way; pure-ftpd keeps it under a name of its own meanwhile."""
        names = [n for n in self.on_server() if n.endswith(".part") or n.startswith(".pureftpd-upload")]
        try:
            return max((self.ftp.path(n).stat().st_size for n in names), default=0)
        except FileNotFoundError:
            return 0

    def processed(self):
        """Processing requests that the stand-in got, with their status (None = the answer was lost)."""
        return [r for r in self.trapper.requests if r["path"].endswith("/process/")]


def tree(folder):
    """{path: (size, bytes' hash, mtime)} of everything below."""
    import hashlib
    found = {}
    for path in sorted(pathlib.Path(folder).rglob("*")):
        status = path.lstat()
        content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None
        found[str(path.relative_to(folder))] = (status.st_size if path.is_file() else 0, content, status.st_mtime_ns)
    return found


def wait_for(condition, seconds=20, what="what was waited for"):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.01)
    raise AssertionError(f"{what} did not happen in {seconds} s")


def check(condition, message):
    if not condition:
        raise AssertionError(message)


def run_all(cases, scratch):
    """Runs functions of (scratch) one after the other, names what is done; a Skip skips the rest of the script."""
    def main():
        for case in cases:
            folder = pathlib.Path(scratch) / case.__name__
            folder.mkdir()
            began = time.monotonic()
            case(folder)
            print(f"{case.__name__}: {time.monotonic() - began:.1f} s", flush=True)
            shutil.rmtree(folder, ignore_errors=True)
    ftp_peers.run(main)
