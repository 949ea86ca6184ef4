#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings: where they come from, what wins, what is said of wrong ones, how secrets are kept, how files are changed."""
import os
import stat
import subprocess
import time
import tomllib

from frontend import SCRATCH, TRAPKIT, Terminal, check, document, end, environment, run

FOLDER = SCRATCH / "settings"
HOME = {"TRAPKIT_SETTINGS_DIR": str(FOLDER)}
FILE = FOLDER / "default.toml"
MARKER = "marker-27182"


def write(text, mode=0o600):
    FOLDER.mkdir(exist_ok=True)
    FILE.write_bytes(text if isinstance(text, bytes) else text.encode())
    FILE.chmod(mode)


def get(key, *words, **env):
    found = document("config", "get", key, *words, env=dict(HOME, **env))
    return found.get("value"), found.get("origin")


def test_precedence():
    """One key at every level; each level is taken away in turn."""
    key = "LOGGER.loglevel"
    dotenv = SCRATCH / "dot.env"
    dotenv.write_text("# none\nLOGGER__LOGLEVEL=0\n")
    layers = [("--verbosity=2", ["--verbosity=2"], {}, 2, "--verbosity"),
              ("--set", ["--set", "logger.LogLevel=1"], {}, 1, "--set logger.LogLevel"),
              ("environment", [], {"LOGGER__LOGLEVEL": "2"}, 2, "environment LOGGER__LOGLEVEL"),
              (".env", [f"--env-file={dotenv}"], {}, 0, f"{dotenv}:2"),
              ("file", [], {}, 2, f"{FILE}:3")]
    write('# a comment\n[Logger]\nLOGLEVEL = 2\n')
    for first, (name, _, _, value, origin) in enumerate(layers):
        words, env = [], {}
        for _, more, variables, _, _ in layers[first:]:
            words += more
            env.update(variables)
        check(get(key, *words, **env) == (value, origin), f"precedence: {name}: {get(key, *words, **env)}")
    FILE.unlink()
    check(get(key) == (1, "default"), "precedence: default")


def test_where():
    write('[CONVERT]\nquality = 11\n')
    (FOLDER / "winter.toml").write_text('[CONVERT]\nquality = 22\n')
    other = SCRATCH / "other.toml"
    other.write_text('[CONVERT]\nquality = 33\n')
    home = SCRATCH / "person"
    (home / ".trapper-tools").mkdir(parents=True)
    (home / ".trapper-tools/default.toml").write_text('[CONVERT]\nquality = 44\n')
    check(get("CONVERT.quality")[0] == 11, "default project")
    check(get("CONVERT.quality", "--project", "winter")[0] == 22, "--project")
    check(get("CONVERT.quality", "--config", str(other))[0] == 33, "--config")
    found = document("config", "get", "CONVERT.quality", env={"HOME": str(home)})
    check(found.get("value") == 44, "~/.trapper-tools")
    found = document("config", "get", "CONVERT.quality", "--settings-dir", str(home / ".trapper-tools"), env=HOME)
    check(found.get("value") == 44, "--settings-dir")
    status, out, _ = run("config", "list", env=HOME)
    check((status, out) == (0, "default\nwinter\n"), f"config list: {out!r}")
    status, _, talk = run("convert", "--data-path=x", "--project", "summer", env=HOME)
    check(status == 78 and "summer.toml" in talk and "--init" in talk, f"missing project: {status} {talk}")
    (FOLDER / "winter.toml").unlink()


def test_wrong_files():
    """Each is refused with file and line, exit 78, by every command but config."""
    for text, line, words in (
            ("[CONVERT]\nquality = \"high\"\n", 2, ["a whole number"]), ("[CONVERT]\n\nquality = 101\n", 3, ["1 to 100"]),
            ("[CONVERT]\noverwrite = \"no\"\n", 2, ["true or false"]), ("[CONVERT]\noverwrite = 1\n", 2, ["true or false"]),
            ("[GENERAL]\nhost = 5\n", 2, ["text in quotes"]), ("[GENERAL]\ntimeout = \"soon\"\n", 2, ["soon"]),
            ("[GENERAL]\ntimeout = 0.5\n", 2, ["1 to 86400"]), ("[LOGGER]\nformat = \"xml\"\n", 2, ["text, json"]),
            ("[PACKAGE]\ntimezone = \"Europe/Warsow\"\n", 2, ["'Europe/Warsaw'"]),
            ("[GENERAL]\nhost = \"a\"\nhost = \"b\"\n", 3, []), ("[GENERAL\nhost = 1\n", 1, []), ("GENERAL = 5\n", 1, ["section"]),
            ("[GENERAL]\nhost = \"a\n", 2, []), (b"[GENERAL]\nhost = \"\xff\"\n", 2, []), ("[GENERAL]\nx = 010\n", 2, []),
            ("[GENERAL]\npassword_file = 5\n", 2, ["text"]), ("[GENERAL]\nhost = \"a\\u0000b\"\n", 2, ["text"])):
        write(text)
        status, out, talk = run("convert", "--data-path=x", env=HOME)
        check(status == 78 and out == "" and f"{FILE}:{line}:" in talk and all(word in talk for word in words),
              f"wrong file {text!r}: {status} {talk!r}")
        check(run("config", "path", env=HOME)[0] == 0, f"config path with {text!r}")
        found = document("config", "check", env=HOME)
        check(found["exit"] == 78 and any(f"{FILE}:{line}:" in problem["message"] for problem in found["problems"]),
              f"config check {text!r}: {found}")
    write("[GENERAL]\ntimeout = 0\nretries = -1\n")
    check(run("convert", "--data-path=x", env=HOME)[2].count("error:") == 2, "two mistakes, two lines")
    write("[CONVERT]\nqualiti = 5\n[GENRAL]\nx = 1\n")
    status, _, talk = run("convert", "--data-path=x", env=HOME)
    check(status == 1 and f"{FILE}:2: unknown setting CONVERT.qualiti: did you mean 'quality'?" in talk
          and f"{FILE}:3: unknown section 'GENRAL': did you mean 'GENERAL'?" in talk, f"unknown keys: {status} {talk}")
    status, _, talk = run("convert", "--data-path=x", env={"CONVERT__QUALITY": "x"})
    check(status == 78 and "environment CONVERT__QUALITY: 'x'" in talk, f"wrong environment: {status} {talk}")
    status, _, talk = run("convert", "--data-path=x", "--set", "CONVERT.quality=x")
    check(status == 2 and "--set CONVERT.quality: 'x'" in talk, f"wrong --set: {status} {talk}")
    write("")
    check(run("config", "check", env=HOME)[0] == 0, "an empty file")
    # It follows GENERAL.verify_ssl until it is set: no value of its own is shown.
    shown = document("config", "show", env=HOME)["settings"]
    check(shown["UPLOAD"]["verify_ssl"] is None, "UPLOAD.verify_ssl unset")
    check(shown["PACKAGE"]["image_extensions"] == [".jpg", ".jpeg", ".png"], "a list's default is not shown")
    FILE.unlink()
    FILE.mkdir()
    check(run("convert", "--data-path=x", env=HOME)[0] == 78, "a folder for a file")
    FILE.rmdir()


def test_toml():
    """What TOML 1.0 allows means here what Python's reader says."""
    text = ('\ufeff# BOM\r\n"GENERAL".host = \'h # no comment\'\r\n[CONVERT] # c\nquality = 0x3C\n"overwrite" = true\n'
            'resize = """\\\n   640\\u0078480"""\n[LOGGER]\nloglevel = +2\n[[CAMERA]]\nname = "own"\n[[CAMERA]]\nx.y = {z = [1, {a = 2}]}\n'
            '[GENERAL.deeper]\nnot = "ours"\n')
    write(text)
    peer = tomllib.loads(text.removeprefix("\ufeff"))
    for section, key in (("GENERAL", "host"), ("CONVERT", "quality"), ("CONVERT", "overwrite"), ("CONVERT", "resize"),
                         ("LOGGER", "loglevel")):
        check(get(f"{section}.{key}")[0] == peer[section][key], f"TOML {section}.{key}")
    check(get("CONVERT.resize")[1] == f"{FILE}:6", f"line of a text over two lines: {get('CONVERT.resize')}")


def test_legacy():
    """A file as trapper-tools makes it: not a word of complaint."""
    write('[LOGGER]\nloglevel = 1\nlogfilename = ""\n[GENERAL]\nhost = "https://localhost"\nlogin = "a@example.org"\n'
          f'password = "{MARKER}"\nproject_id = 999\nverify_ssl = true\nffmpeg = "ffmpeg"\nexiftool = "exiftool"\n'
          'data_dir = ""\n[CONVERT]\nresize_img = true\nresize_img_size = [800, 600]\noverwrite = false\nkeep_mdt = true\n'
          '[PACKAGE]\nignore_dst = true\n[UPLOAD]\nftp_tls = true\nftp_login = ""\nftp_pass = ""\ntrigger = true\n'
          'remove_zip = true\n')
    status, _, talk = run("convert", "--data-path=x", env=HOME)
    check(status == 1 and talk.count("\n") == 1, f"a trapper-tools file: {status} {talk}")
    check(get("CONVERT.resize") == ("800x600", f"{FILE}:15"), f"resize_img_size: {get('CONVERT.resize')}")
    check(get("PACKAGE.timezone_ignore_dst")[0] is True, "ignore_dst")
    check(get("GENERAL.project_id")[0] == 999, "project_id")
    write('[CONVERT]\nresize_img = false\nresize_img_size = [800, 600]\n')
    check(get("CONVERT.resize")[0] == "off", "resize_img = false")


def test_env_file():
    dotenv = SCRATCH / ".env"
    dotenv.write_text('# comment\nexport GENERAL__HOST="https://a b" # c\nCONVERT__QUALITY=77   # c\n\n'
                      "GENERAL__LOGIN='x$y@z.org'\nOTHER=1\n")
    FILE.unlink(missing_ok=True)
    check(get("GENERAL.host", "--env-file") == ("https://a b", ".env:2"), f".env: {get('GENERAL.host', '--env-file')}")
    check(get("CONVERT.quality", "--env-file")[0] == 77, ".env: a comment after a value")
    check(get("GENERAL.login", "--env-file")[0] == "x$y@z.org", ".env: literal quotes")
    check(document("config", "get", "GENERAL.host", env=HOME)["exit"] == 1, ".env is read only on request")
    dotenv.write_text("ONE\n")
    status, _, talk = run("convert", "--data-path=x", "--env-file", env=HOME)
    check(status == 78 and ".env:1:" in talk, f"a wrong .env: {status} {talk}")
    status, _, talk = run("convert", "--data-path=x", "--env-file=none.env", env=HOME)
    check(status == 78 and "none.env" in talk, f"a missing .env: {status} {talk}")
    dotenv.write_text('GENERAL__HOST=https://t.example.org\nGENERAL__PASSWORD="%s"\n' % MARKER)
    check(run("config", "--init", "--env-file", env=HOME)[0] == 0, "config --init --env-file")
    made = tomllib.loads(FILE.read_text())["GENERAL"]
    check(made == {"host": "https://t.example.org", "password": MARKER}, f"config --init --env-file: {made}")
    dotenv.unlink()


def test_secrets():
    write(f'[GENERAL]\nlogin = "a@b.org"\npassword = "{MARKER}"\nhots = 1\ntimeout = "{MARKER}x"\n', 0o644)
    log = SCRATCH / "secret.log"
    (SCRATCH / "pw").write_text(MARKER + "\nmore\n")
    for words in (["config", "show", "--origin"], ["config", "show", "--json"], ["config", "check", "-v"],
                  ["config", "get", "GENERAL.password"], ["config", "get", "GENERAL.password", "--json"],
                  ["convert", "--data-path=x", "-v", "--set", "GENERAL.timeout=9"]):
        _, out, talk = run(*words, "--logfile", str(log), env=dict(HOME, GENERAL__TOKEN=MARKER))
        text = (out + talk + log.read_text()).replace(f"'{MARKER}x'", "")
        check(MARKER not in text, f"a secret is shown by {words}: {text}")
    check(run("config", "get", "GENERAL.password", env=HOME)[1] == "[hidden]\n", "config get of a secret")
    check(run("config", "get", "GENERAL.password", "--reveal", env=HOME)[1] == MARKER + "\n", "--reveal")
    check("chmod 600" in run("config", "show", env=HOME)[2], "no warning: others can read the file")
    write(f'[GENERAL]\npassword = "{MARKER}"\n')
    check("chmod" not in run("config", "show", env=HOME)[2], "a warning for mode 0600")
    write('[GENERAL]\nhost = "https://h"\n', 0o644)
    check("chmod" not in run("config", "show", env=HOME)[2], "a warning without a secret")
    write('[GENERAL]\npassword_file = "~/pw"\n')
    check(get("GENERAL.password", "--reveal", HOME=str(SCRATCH))[0] == MARKER, "~/ in password_file")
    for key, value in (("password_file", str(SCRATCH / "pw")), ("password_command", f"cat {SCRATCH}/pw")):
        write(f'[GENERAL]\n{key} = "{value}"\n', 0o644)
        check(get("GENERAL.password", "--reveal")[0] == MARKER, key)
        check("chmod" not in run("config", "show", env=HOME)[2], f"{key} is no secret itself")
        check(get("GENERAL.password", "--reveal", GENERAL__PASSWORD="other")[0] == "other", f"environment over {key}")
    status, _, talk = run("config", "get", "GENERAL.password", "--reveal", env=dict(HOME, GENERAL__PASSWORD_COMMAND="exit 3"))
    check(status == 78 and "status 3" in talk, f"a command that fails: {status} {talk}")
    long = {"GENERAL__PASSWORD_COMMAND": "printf geheim; head -c 300000 /dev/zero"}
    check(run("config", "get", "GENERAL.password", "--reveal", env=dict(HOME, **long))[1] == "geheim\n", "much is said")
    # F67: a helper that hangs is ended with us.
    process = subprocess.Popen([TRAPKIT, "config", "get", "GENERAL.password", "--reveal"], stdin=subprocess.DEVNULL,
                               stderr=subprocess.PIPE, env=environment(**HOME, GENERAL__PASSWORD_COMMAND="echo $$ >pid; "
                                                                        "sleep 30"), cwd=SCRATCH)
    while not (SCRATCH / "pid").exists() or not (SCRATCH / "pid").read_text().strip():
        time.sleep(0.05)
    process.terminate()
    began = time.monotonic()
    process.communicate(timeout=20)
    check(process.returncode == 143 and time.monotonic() - began < 3, f"a command that hangs: {process.returncode}")
    check(not os.path.exists("/proc/" + (SCRATCH / "pid").read_text().strip()), "the command lives on")
    status, _, talk = run("config", "get", "GENERAL.password", "--reveal", env=dict(HOME, GENERAL__PASSWORD_FILE="/nowhere"))
    check(status == 78 and "/nowhere" in talk, f"a file that is missing: {status} {talk}")


def test_init():
    fresh = SCRATCH / "fresh"
    env = {"TRAPKIT_SETTINGS_DIR": str(fresh)}
    old = os.umask(0)
    check(run("config", "--init", "--dry-run", env=env)[0] == 0 and not fresh.exists(), "--dry-run made something")
    status, out, _ = run("config", "--init", env=env)
    os.umask(old)
    made = fresh / "default.toml"
    check(status == 0 and out == f"Created project settings at: {made}\n", f"config --init: {out!r}")
    check(stat.S_IMODE(made.stat().st_mode) == 0o600, "config --init: mode")
    check(os.listdir(fresh) == ["default.toml"], f"config --init left more: {os.listdir(fresh)}")
    check(run("config", "check", env=env)[0] == 0, "config check after --init")
    made.write_text("# mine\n")
    status, _, talk = run("config", "--init", env=env)
    check(status == 1 and "--overwrite" in talk and made.read_text() == "# mine\n", f"--init over a file: {status} {talk}")
    template = SCRATCH / "template.toml"
    template.write_text('[CONVERT]\nquality = 55 # kept\n')
    check(run("config", "--init", "--overwrite", "--template", str(template), env=env)[0] == 0, "--template")
    check(made.read_text() == template.read_text(), "--template: not the same")
    template.write_text('[CONVERT]\nquality = "x"\n')
    check(run("config", "--init", "--overwrite", "--template", str(template), env=env)[0] == 78, "a wrong template")
    check("kept" in made.read_text(), "a wrong template was installed")
    # On a terminal it asks; the password is not echoed.
    terminal = Terminal("config", "--init", "--project", "asked", env=env)
    for question, answer in (("TRAPPER server", "h.example.org"), ("Login", ""), ("Number", "twelve"),
                             ("not a whole number", "12"), ("Password", MARKER), ("Time zone", "Europe/Warsow"),
                             ("did you mean 'Europe/Warsaw'", "Europe/Warsaw")):
        check(terminal.wait_for(question), f"--init does not ask for {question}: {terminal.seen!r}")
        terminal.type(answer + "\n")
    status = terminal.finish()
    asked = tomllib.loads((fresh / "asked.toml").read_text()) if status == 0 else {}
    check(asked.get("GENERAL") == {"host": "https://h.example.org", "project_id": 12, "password": MARKER}
          and asked.get("PACKAGE") == {"timezone": "Europe/Warsaw"}, f"asked: {asked}")
    check(MARKER not in terminal.seen, "the password was echoed")


def test_set():
    text = ('# head\n\n[GENERAL]  # server\n  host = "https://old"   # keep me\n# login = ""\n\n# after\n'
            '[CONVERT]\nquality = 1_0\n[UPLOAD]\nx=1')
    write(text)
    for key, value in (("GENERAL.host", "https://new"), ("general.LOGIN", "ż@b.org"), ("CONVERT.quality", "20"),
                       ("CONVERT.overwrite", "yes"), ("LOGGER.loglevel", "2"), ("GENERAL.timeout", "15m"),
                       ("GENERAL.password_file", "/run/pw")):
        status, out, talk = run("config", "set", key, value, env=HOME)
        check((status, out, talk) == (0, "", ""), f"config set {key}: {status} {talk}")
    changed = FILE.read_text()
    expected = ('# head\n\n[GENERAL]  # server\n  host = "https://new"   # keep me\n# login = ""\nlogin = "ż@b.org"\n'
                'timeout = "15m"\npassword_file = "/run/pw"\n\n# after\n[CONVERT]\nquality = 20\noverwrite = true\n'
                '[UPLOAD]\nx=1\n\n[LOGGER]\nloglevel = 2\n')
    check(changed == expected, f"config set: {changed}")
    check(get("GENERAL.timeout")[0] == 900, "config set: 15m")
    for key, value in (("CONVERT.quality", "0"), ("CONVERT.qualty", "5"), ("NOTHING.x", "5"),
                       ("PACKAGE.timezone", "Mars")):
        check(run("config", "set", key, value, env=HOME)[0] == 2, f"config set {key} {value}")
    check(FILE.read_text() == expected, "a refused value changed the file")
    check(run("config", "set", "-n", "CONVERT.quality", "30", env=HOME)[0] == 0 and FILE.read_text() == expected, "set -n")
    check(run("config", "set", "GENERAL.password", env=HOME)[0] == 2, "no input: a secret out of nothing")
    check(run("config", "set", "GENERAL.password", "-", text=MARKER + "\n", env=HOME)[0] == 0, "a secret from stdin")
    check(get("GENERAL.password", "--reveal")[0] == MARKER, "the secret from stdin")
    # Inline and dotted tables, a link, a file that is not there, and one that is no TOML.
    write('GENERAL = { host = "a", login = "b" }\nCONVERT.quality = 5\n')
    for key, value in (("GENERAL.host", 'quote " and \\'), ("CONVERT.quality", "6"), ("CONVERT.video", "off")):
        check(run("config", "set", key, value, env=HOME)[0] == 0, f"set {key} in an inline or dotted table")
    check(tomllib.loads(FILE.read_text()) == {"GENERAL": {"host": 'quote " and \\', "login": "b"},
                                              "CONVERT": {"quality": 6, "video": "off"}}, FILE.read_text())
    before = FILE.read_text()
    check(run("config", "set", "GENERAL.timeout", "5", env=HOME)[0] == 78 and FILE.read_text() == before, "no place for it")
    target = SCRATCH / "target.toml"
    FILE.rename(target)
    FILE.symlink_to(target)
    check(run("config", "set", "CONVERT.quality", "7", env=HOME)[0] == 0 and FILE.is_symlink(), "a link does not stay one")
    check("quality = 7" in target.read_text(), "set through a link")
    FILE.unlink()
    check(run("config", "set", "CONVERT.quality", "8", env=HOME)[0] == 0, "set without a file")
    check(tomllib.loads(FILE.read_text()) == {"CONVERT": {"quality": 8}}, "set without a file")
    check(stat.S_IMODE(FILE.stat().st_mode) == 0o600, "set without a file: mode")
    write("[GENERAL\n")
    check(run("config", "set", "CONVERT.quality", "8", env=HOME)[0] == 78 and FILE.read_text() == "[GENERAL\n", "set, no TOML")
    # A broken value can be repaired.
    write("[CONVERT]\nquality = 'x'\n")
    check(run("config", "set", "CONVERT.quality", "8", env=HOME)[0] == 0 and get("CONVERT.quality")[0] == 8, "a repair")


def editor(name, script):
    path = SCRATCH / name
    path.write_text("#!/bin/sh\n" + script)
    path.chmod(0o755)
    return str(path)


def test_edit():
    write("[CONVERT]\nquality = 5\n")
    good = editor("good", 'sed -i s/5/6/ "$1"\nulimit -c >"$(dirname "$0")/core"\n')
    check(run("config", "edit", env=dict(HOME, EDITOR=good))[0] == 0, "config edit")
    check(FILE.read_text() == "[CONVERT]\nquality = 6\n" and os.listdir(FOLDER) == ["default.toml"], "config edit: result")
    bad = editor("bad", 'sed -i s/6/600/ "$1"\n')
    status, _, talk = run("config", "edit", env=dict(HOME, VISUAL=bad, EDITOR=good))
    check(status == 78 and ":2:" in talk and "quality = 6\n" in FILE.read_text(), f"a wrong edit: {status} {talk}")
    kept = [name for name in os.listdir(FOLDER) if name != "default.toml"]
    check(len(kept) == 1 and kept[0] in talk and "600" in (FOLDER / kept[0]).read_text(), f"the wrong edit is not kept: {kept}")
    for name in kept:
        (FOLDER / name).unlink()
    status, _, talk = run("config", "edit", env=dict(HOME, EDITOR="/nowhere/editor"))
    check(status == 69 and os.listdir(FOLDER) == ["default.toml"], f"no editor: {status} {talk}")
    # On a terminal the mistake is offered back; the second round repairs it.
    twice = editor("twice", 'if grep -q 600 "$1"; then sed -i s/600/60/ "$1"; else sed -i s/6/600/ "$1"; fi\n')
    terminal = Terminal("config", "edit", env=dict(HOME, EDITOR=twice))
    check(terminal.wait_for("Edit again?"), f"not offered back: {terminal.seen!r}")
    check("quality = 6\n" in FILE.read_text(), "a wrong edit was installed")
    terminal.type("y\n")
    check(terminal.finish() == 0 and "quality = 60\n" in FILE.read_text(), f"second round: {terminal.seen!r}")
    # No core while a secret is loaded.
    write(f'[GENERAL]\npassword = "{MARKER}"\n')
    run("config", "edit", env=dict(HOME, EDITOR=good))
    check((SCRATCH / "core").read_text() == "0\n", "a core dump could hold the secret")


for name, test in list(globals().items()):
    if name.startswith("test_"):
        test()
end()
