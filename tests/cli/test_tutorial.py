#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every trapper-tools command line of TRAPPER's tutorial, as it stands there, through the trapper-tools link.

Only paths are ours: /path/to/data is the card, and the server of the example configuration is the stand-in with
its pure-ftpd on free ports.
"""
import os
import pathlib
import shutil
import stat
import sys

sys.path.insert(0, str(pathlib.Path(os.environ["ROOT"]) / "tests/servers"))
from field import EMAIL, PASSWORD, TRAPKIT, Field, check, run_all  # noqa: E402
from make_card import make_card  # noqa: E402

TRAPPER_TOOLS = str(pathlib.Path(TRAPKIT).with_name("trapper-tools"))
DEPLOYMENTS = {"deployments": [{"deploymentID": f"r000{c}-loc0{d}_01", "locationID": f"32_0{d}", "project": 5}
                               for c in (1, 2) for d in (1, 2)]}


class Technician:
    """Types the tutorial's lines."""

    def __init__(self, field):
        self.field = field
        self.folder = field.scratch / "at work"
        self.folder.mkdir()

    def types(self, line, expect=0):
        words = [str(self.field.data) if w == "/path/to/data" else w.strip('"') for w in line.split()]
        check(words[0] == "trapper-tools", line)
        return self.field.run(*words[1:], program=TRAPPER_TOOLS, expect=expect, cwd=self.folder)


def configure(field, **changes):
    """The tutorial's example configuration with what a test server needs: port and authorities."""
    field.write_settings(GENERAL__host=field.trapper.url + "/", GENERAL__login=EMAIL, GENERAL__password=PASSWORD,
                         GENERAL__project_id=5, GENERAL__verify_ssl=True, PACKAGE__timezone=None, **changes)


def set_up(scratch):
    with Field(scratch, world=DEPLOYMENTS) as field:
        make_card(field.data)
        settings = field.home / ".trapper-tools/default.toml"
        shutil.rmtree(settings.parent)
        technician = Technician(field)
        technician.types("trapper-tools config --init")
        check(settings.exists() and stat.S_IMODE(settings.stat().st_mode) == 0o600, "the settings file")
        for key in ("host", "login", "password", "project_id", "verify_ssl", "ftp_tls", "trigger"):
            check(key in settings.read_text(), f"{key} is not in the new settings file")
        technician.types("trapper-tools helpers test_external_tools")
        # The example has ftp_tls = false, while the text says FTPS: said, with what to change.
        configure(field, UPLOAD__ftp_tls=False, UPLOAD__trigger=True)
        refused = technician.types("trapper-tools helpers test_connection", expect=None)
        check(refused.status != 0 and "ftp_tls" in refused.stdout + refused.stderr, refused)
        configure(field, UPLOAD__ftp_tls=True, UPLOAD__trigger=True)
        technician.types("trapper-tools helpers test_connection")
        check(field.on_server() == [], "the connection test left something behind")
        technician.types("trapper-tools helpers template --data-path /path/to/data")
        made = field.data / "deployments.csv"
        made = made if made.exists() else technician.folder / "deployments.csv"
        lines = made.read_text().splitlines()
        check(lines[0].startswith("deploymentID,locationID,deploymentStart,deploymentEnd,cameraModel"), lines)
        check([line.split(",")[0] for line in lines[1:]] == ["r0001-loc01_01", "r0001-loc02_01"], lines)


def complete_workflow(scratch):
    with Field(scratch, world=DEPLOYMENTS) as field:
        configure(field)
        files = make_card(field.data)
        technician = Technician(field)
        technician.types("trapper-tools pipeline --data-path /path/to/data --convert --trigger")
        check(field.trapper.resource_count("R0001") == len(files), field.trapper.collections)
        check(len(field.processed()) == 1, field.processed())
        technician.types("trapper-tools pipeline --data-path /path/to/data --trigger")
        check(field.trapper.resource_count("R0001") == len(files), "a picture twice")


def specific_collection(scratch):
    with Field(scratch, world=DEPLOYMENTS) as field:
        configure(field)
        files = make_card(field.data, collections=2)
        (field.data / "R0002").rename(field.data / "summer_2024")
        technician = Technician(field)
        technician.types("trapper-tools pipeline --data-path /path/to/data --collection summer_2024 --convert "
                                "--trigger")
        here = [f for f in files if f["path"].startswith("R0002/")]
        check(field.trapper.resource_count("summer_2024") == len(here), field.trapper.collections)
        check(field.trapper.resource_count("R0001") == 0, field.trapper.collections)


def step_by_step(scratch):
    """convert, package, upload; then upload with --trigger, of the files that the tutorial calls package.*"""
    with Field(scratch, world=DEPLOYMENTS) as field:
        configure(field)
        files = make_card(field.data)
        technician = Technician(field)
        # The tutorial's names are placeholders: whoever types them is told where the true ones are.
        refused = technician.types("trapper-tools upload --file-yaml package.yaml --file-zip package.zip", expect=1)
        check("there is no 'package.zip'" in refused.stderr and "--data-path DIR" in refused.stderr, refused)
        technician.types("trapper-tools convert --data-path /path/to/data")
        technician.types("trapper-tools package --data-path /path/to/data")
        made = sorted(field.data.glob("package_5_*"))
        check([p.suffix for p in made] == [".yaml", ".zip"] and made[0].stem == made[1].stem, made)
        for path in made:
            path.rename(technician.folder / ("package" + path.suffix))
        technician.types("trapper-tools upload --file-yaml package.yaml --file-zip package.zip")
        check(field.on_server() == ["package.yaml", "package.zip"], field.on_server())
        check(not field.processed(), "processed without --trigger")
        technician.types("trapper-tools upload --file-yaml package.yaml --file-zip package.zip --trigger")
        check(field.trapper.resource_count("R0001") == len(files), field.trapper.collections)
        technician.types("trapper-tools upload --file-yaml package.yaml --file-zip package.zip --trigger")
        check(len(field.processed()) == 1, "processed twice")


def custom_name(scratch):
    with Field(scratch, world=DEPLOYMENTS) as field:
        configure(field)
        files = make_card(field.data)
        technician = Technician(field)
        technician.folder = field.data
        technician.types('trapper-tools package --data-path /path/to/data --package-name "winter_survey_2024"')
        technician.types("trapper-tools upload --file-yaml winter_survey_2024.yaml --file-zip winter_survey_2024.zip "
                         "--trigger")
        check(field.on_server() == ["winter_survey_2024.yaml", "winter_survey_2024.zip"], field.on_server())
        check(field.trapper.resource_count("R0001") == len(files) and len(field.processed()) == 1, field.processed())
        # The data path knows: nothing is left to do.
        done = technician.types("trapper-tools pipeline --data-path /path/to/data --trigger")
        check("Up to date" in done.stdout and len(field.processed()) == 1, done)


def renamed_files_are_known(scratch):
    """Files of the data path under another name are the same package: processed once."""
    with Field(scratch, world=DEPLOYMENTS) as field:
        configure(field)
        files = make_card(field.data)
        technician = Technician(field)
        technician.folder = field.data
        technician.types("trapper-tools package --data-path /path/to/data")
        for path in field.data.glob("package_5_*"):
            shutil.copy(path, field.data / ("package" + path.suffix))
        technician.types("trapper-tools upload --file-yaml package.yaml --file-zip package.zip --trigger")
        technician.types("trapper-tools pipeline --data-path /path/to/data --trigger")
        check(field.trapper.resource_count("R0001") == len(files) and len(field.processed()) == 1, field.processed())


run_all([set_up, complete_workflow, specific_collection, step_by_step, custom_name, renamed_files_are_known],
        os.environ["SCRATCH"])
