#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line: help, version, options in every form, suggestions, exit statuses, links, output that is lost."""
import json
import os
import re
import subprocess

from frontend import SCRATCH, TRAPKIT, Terminal, check, commands_of, document, end, environment, listed_commands, run, signal

# Every command line of the TRAPPER tutorial.
TUTORIAL = """
config --init
helpers test_external_tools
helpers test_connection
pipeline --data-path /path/to/data --convert --trigger
convert --data-path /path/to/data
package --data-path /path/to/data
upload --file-yaml package.yaml --file-zip package.zip
upload --file-yaml package.yaml --file-zip package.zip --trigger
pipeline --data-path /path/to/data --collection summer_2024 --convert --trigger
package --data-path /path/to/data --package-name winter_survey_2024
upload --file-yaml winter_survey_2024.yaml --file-zip winter_survey_2024.zip --trigger
helpers template --data-path /path/to/data
""".strip().splitlines()

COMMANDS = listed_commands()
NOWHERE = {"TRAPKIT_SETTINGS_DIR": str(SCRATCH / "nowhere")}


def every_help():
    yield []
    for command in COMMANDS:
        yield [command]
        for sub in commands_of(run(command, "--help")[1]):
            yield [command, sub]


def test_help():
    for words in every_help():
        for form in (words + ["--help"], words + ["-h"], ["--help"] + words, ["help"] + words):
            status, out, talk = run(*form)
            check(status == 0 and out.startswith("Usage: trapkit") and "\nExamples:\n" in out and talk == "",
                  f"help {form}: {status} {out[:60]!r} {talk!r}")
            check(re.search(r"^  \$ trap", out, re.M), f"help {form} has no example line")
        check(all(len(line) <= 80 or line[:4] in ("  $ ", "  # ") for line in out.splitlines()), f"help {words}: a wide line")
        check("Exit status: 0 " in out, f"help {words}: no exit statuses")


def test_no_secret_option():
    for words in every_help():
        for line in run(*words, "--help")[1].splitlines():
            found = re.match(r"\s+(?:-\w, )?--(\S*(?:password|token|secret|passwd)\S*) +[A-Z]", line)
            check(not found, f"{words}: an option takes a secret: {line}")
    status, _, talk = run("config", "path", "--set", "GENERAL.password=marker-3141")
    check(status == 2 and "marker-3141" not in talk, f"--set of a secret: {status} {talk}")
    status, _, talk = run("config", "set", "GENERAL.token", "marker-3141")
    check(status == 2 and "marker-3141" not in talk, f"config set of a secret: {status} {talk}")


def test_version():
    for words in ([], ["config"]):
        status, out, talk = run(*words, "--version")
        check(status == 0 and re.fullmatch(r"trapkit \d+\.\d+\.\d+\n", out) and not talk, f"version {out!r}")


def test_unknown():
    for words, names in ((["confg"], "config"), (["convert", "--data-pth", "x"], "--data-path"),
                         (["config", "shw"], "show"), (["convert", "--no-overwrit"], "--no-overwrite"),
                         (["--colour=never", "config", "path"], "--color"),
                         (["config", "path", "--set", "CONVERT.qualty=5"], "CONVERT.quality"),
                         (["config", "path", "--progress", "neverr"], "never")):
        status, out, talk = run(*words, env=NOWHERE)
        check(status == 2 and out == "" and f"'{names}'" in talk, f"unknown {words}: {status} {talk!r}")
    for words in (["--nothing-like-it"], ["-?"], ["config", "-Z"], ["xyzzyplugh"], [], ["convert", "--dat", "x"],
                  ["config", "path", "extra"], ["config", "get"], ["convert", "--data-path"], ["convert", "-j"],
                  ["convert", "--overwrite=perhaps", "--data-path=x"], ["convert", "--no-overwrite=true"],
                  ["convert", "-j", "0", "--data-path=x"], ["convert", "--quality=12x", "--data-path=x"],
                  ["convert", "--quality", " 5", "--data-path=x"], ["convert"], ["config"], ["config", "--set", "x", "path"],
                  ["config", "path", "--wait-lock", "soon"], ["config", "path", "-j", "99999999999999999999"]):
        status, out, talk = run(*words, env=NOWHERE)
        check(status == 2 and out == "" and talk.startswith("trapkit: error: "), f"wrong {words}: {status} {talk!r}")
    status, _, talk = run("config", "\x1b[31mred")
    check(status == 2 and "\x1b" not in talk, "a name is shown with its escape sequence")


def value_of(key, *words):
    found = document("config", "get", key, *words, env=NOWHERE)
    return found.get("value"), found.get("origin")


def test_forms():
    check(value_of("LOGGER.loglevel", "-v") == (2, "-v"), "-v")
    check(value_of("LOGGER.loglevel", "-v", "-q") == (0, "-q"), "-q wins")
    check(value_of("LOGGER.loglevel", "--verbosity=2") == (2, "--verbosity"), "--name=value")
    check(value_of("LOGGER.loglevel", "--verbosity", "2") == (2, "--verbosity"), "--name value")
    check(value_of("LOGGER.loglevel", "--verbosity", "2", "--verbosity", "0") == (0, "--verbosity"), "the last one counts")
    check(value_of("LOGGER.filename", "--logfile", "-x") == ("-x", "--logfile"), "a value may begin with a dash")
    first = run("--verbosity", "2", "config", "get", "LOGGER.loglevel", env=NOWHERE)
    check(first == (0, "2\n", ""), f"options before the command: {first}")
    middle = run("config", "--verbosity", "2", "get", "LOGGER.loglevel", env=NOWHERE)
    check(middle == (0, "2\n", ""), f"options between command and subcommand: {middle}")
    for words in (["-vj4"], ["-j4", "-v"], ["-j", "4"], ["-j=4"], ["--jobs=4"], ["--no-dry-run"], ["--dry_run"],
                  ["--json=false"], ["-nqv"]):
        check(run("config", "path", *words, env=NOWHERE)[0] == 0, f"form {words}")
    status, _, talk = run("config", "get", "--", "--verbosity", env=NOWHERE)
    check(status == 2 and "unknown setting '--verbosity'" in talk, f"-- does not end the options: {talk}")
    status, _, talk = run("config", "get", "-", env=NOWHERE)
    check(status == 2 and "unknown setting '-'" in talk, f"- is no argument: {talk}")


def link(name):
    path = SCRATCH / name
    if not path.is_symlink():
        path.symlink_to(TRAPKIT)
    return str(path)


def test_links():
    check(run("path", program=link("trapkit-config"), env=NOWHERE)[0] == 0, "trapkit-config path")
    check(run("--version", program=link("trapkit-convert"))[0] == 0, "trapkit-convert --version")
    check(run("uplod", program=link("trapper-tools"))[0] == 2, "trapper-tools uplod")
    empty = {"TRAPKIT_SETTINGS_DIR": str(SCRATCH / "tutorial")}
    (SCRATCH / "cwd").mkdir()
    for line in TUTORIAL:
        words = line.split()
        if words[0] not in COMMANDS:
            continue
        status, _, talk = run(*words, program=link("trapper-tools"), env=empty, cwd=SCRATCH / "cwd")
        check(status not in (2, 3, 139, 134), f"tutorial: {line}: {status} {talk}")
        check("unknown" not in talk, f"tutorial: {line}: {talk}")
    check((SCRATCH / "tutorial/default.toml").exists(), "config --init made no settings file")
    status, _, talk = run("convert", "--data-path", "/path/to/data", env=NOWHERE)
    check(status in (1, 69), f"convert without a folder: {status} {talk}")
    for shell, mark in (("bash", "complete -F"), ("zsh", "#compdef"), ("fish", "complete -c trapkit")):
        status, out, _ = run("--print-completion", shell, program=link("trapper-tools"))
        check(status == 0 and mark in out, f"--print-completion {shell}")
    check(run("--print-completion", "tcsh")[0] == 2, "--print-completion tcsh")


def test_json():
    for words, schema, status in ((["config", "path"], "trapkit/config-path/1", 0), (["uplod"], "trapkit/trapkit/1", 2),
                                  (["convert"], "trapkit/convert/1", 2), (["config", "get", "A.B"], "trapkit/config-get/1", 2),
                                  (["config", "path", "--config", "/nowhere/x.toml"], "trapkit/config-path/1", 0),
                                  (["convert", "--config", "/nowhere/x.toml", "--data-path=x"], "trapkit/convert/1", 78)):
        found = document(*words, env=NOWHERE)
        check((found.get("schema"), found.get("exit")) == (schema, status), f"json {words}: {found}")
        check((found.get("error") is None) == (status == 0), f"json {words}: error {found.get('error')}")
    found = document("convert", env=NOWHERE)
    check(found["error"]["kind"] == "usage" and "--data-path" in found["error"]["message"], f"json error: {found}")
    status, out, talk = run("config", "path", "--progress=json", "--config", "/nowhere", "-v")
    check(all(isinstance(json.loads(line), dict) for line in talk.splitlines()), f"--progress=json: {talk!r}")
    status, out, talk = run("convert", "--progress=json")
    check(json.loads(talk)["event"] == "error", f"--progress=json and an error: {talk!r}")


def test_quiet():
    home = {"TRAPKIT_SETTINGS_DIR": str(SCRATCH / "quiet")}
    check(run("config", "--init", "-q", env=home) == (0, "", ""), "-q says something")
    check(run("config", "check", "-q", env=home)[1:] == ("", ""), "config check -q says something")
    status, out, talk = run("config", "--init", "-q", env=home)
    check(status == 1 and out == "" and "already" in talk, "-q hides an error")


def shell(script, **more):
    return subprocess.run(["bash", "-c", script], capture_output=True, env=environment(T=TRAPKIT, **more), cwd=SCRATCH,
                          timeout=60, check=False)


def test_lost_output():
    """F48, and the SIGPIPE of F46."""
    for words in ("--help", "--version", "config path", "config path --json", "config show", "--print-completion bash"):
        for where in ("> /dev/full", ">&-"):
            done = shell(f'"$T" {words} {where}')
            check(done.returncode == 1 and b"cannot write to standard output" in done.stderr, f"{words} {where}: {done}")
    done = shell('"$T" --print-completion zsh | head -c 10 >/dev/null; echo "${PIPESTATUS[0]}"')
    check(done.stderr == b"" and done.stdout in (b"141\n", b"0\n"), f"closed pipe: {done}")
    # What is closed must not be filled by the next file that is opened.
    (SCRATCH / "log").unlink(missing_ok=True)
    shell('"$T" config path --logfile log 2>&- >/dev/null')
    check("exit status 0" in (SCRATCH / "log").read_text(), "the log of a run without standard error")
    shell('"$T" confg 2>&-')


def test_colors():
    words = ["confg"]
    for env, more, wanted in (({"TERM": "xterm"}, [], True), ({"TERM": "dumb"}, [], False),
                              ({"TERM": "xterm", "NO_COLOR": "1"}, [], False),
                              ({"TERM": "xterm", "NO_COLOR": ""}, [], True),
                              ({"TERM": "xterm"}, ["--no-color"], False), ({"TERM": "xterm"}, ["--color=never"], False)):
        terminal = Terminal("config", "get", "GENERAL.hst" if not words else "GENERAL.host", *more,
                            env=dict(env, **NOWHERE))
        status = terminal.finish()
        check(status == 1 and ("\x1b" in terminal.seen) == wanted, f"colour {env} {more}: {terminal.seen!r}")
    check("\x1b" not in run("confg", env={"TERM": "xterm"})[2], "colour in a pipe")
    check("\x1b[" in run("config", "get", "GENERAL.host", "--color=always", env=NOWHERE)[2], "--color=always")


def test_log():
    log = SCRATCH / "events"
    run("config", "path", "--logfile", str(log), env=NOWHERE)
    run("config", "get", "GENERAL.host", "--logfile", str(log), "--log-format", "json", env=NOWHERE)
    lines = log.read_text().splitlines()
    stamp = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"
    check(len(lines) == 5, f"log: {lines}")
    check(all(re.match(stamp + " [a-z]+ ", line) for line in lines[:2]), f"text log: {lines[:2]}")
    events = [json.loads(line) for line in lines[2:]]
    check(all(re.fullmatch(stamp, event["time"]) for event in events), f"json log: {events}")
    check([event["level"] for event in events] == ["begin", "error", "end"], f"levels: {events}")
    status, _, talk = run("config", "path", "--logfile", "/nowhere/x/log", env=NOWHERE)
    check(status == 1 and "/nowhere/x/log" in talk, f"a log that cannot be written: {status} {talk}")


def test_interrupt():
    """F46"""
    for number, expected in ((signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)):
        terminal = Terminal("config", "set", "GENERAL.password", env=NOWHERE)
        check(terminal.wait_for("New value of GENERAL.password"), f"no question: {terminal.seen!r}")
        terminal.signal(number)
        status = terminal.finish()
        check(status == expected, f"{number!r}: exit {status}, {terminal.seen!r}")
    check(not os.path.exists(NOWHERE["TRAPKIT_SETTINGS_DIR"]), "a stopped run left something")


for name, test in list(globals().items()):
    if name.startswith("test_"):
        test()
end()
