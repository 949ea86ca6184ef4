# SPDX-License-Identifier: GPL-3.0-or-later
"""Real FTP servers on loopback for tests: pure-ftpd, vsftpd and proftpd, unpacked, never installed.

    import ftp_peers
    with ftp_peers.PureFtpd(scratch) as server:
        subprocess.run([client, server.url(), "password=" + server.password, "ca=" + server.ca, …])
        assert server.path("f.bin").read_bytes() == …

Every server offers explicit TLS with a certificate of its own authority for localhost and 127.0.0.1, logs in
`server.user` with `server.password`, and keeps files in `server.files`, which clients see as `server.folder`.
The packages come by `apt-get download` (the three conflict with each other, so they cannot be installed side by
side) and lie unpacked in build/peers. Raises `Skip` with the reason when a server cannot be had here; a script
lets ftp_peers.run(main) turn that into exit status 77.
"""
import contextlib
import fcntl
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import time

ROOT = pathlib.Path(os.environ.get("ROOT") or pathlib.Path(__file__).resolve().parents[2])
CACHE = pathlib.Path(os.environ.get("TRAPKIT_PEERS") or ROOT / "build/peers")
PACKAGES = {
    "pure-ftpd": ["pure-ftpd"],
    "vsftpd": ["vsftpd"],
    # Libraries by their names in Debian 12 and 13.
    "proftpd": ["proftpd-core", "proftpd-mod-crypto", "libhiredis0.14|libhiredis1.1.0", "libmemcached11|libmemcached11t64",
                "libmemcachedutil2|libmemcachedutil2t64", "libhashkit2|libhashkit2t64", "libpcre2-posix3"],
}
# Who the servers' files belong to when we are root; any id that is not root will do.
OWNER = 65534


class Skip(Exception):
    """The reason why a server cannot be had."""


def run(main):
    """Runs a test's main(); a Skip becomes exit 77 with the reason as last line."""
    try:
        main()
    except Skip as reason:
        print(reason)
        sys.exit(77)
    sys.exit(0)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def free_range(count=40):
    """First and last of `count` ports that are free now, below those the kernel hands out itself."""
    first = 20000 + (os.getpid() * 7919 + time.monotonic_ns() // 1000) % 10000
    for _ in range(200):
        ports = range(first, first + count)
        with contextlib.ExitStack() as stack:
            try:
                for port in ports:
                    stack.enter_context(socket.socket()).bind(("127.0.0.1", port))
                return ports[0], ports[-1]
            except OSError:
                first = 20000 + (first + 997) % 10000
    raise Skip("no free range of ports on loopback")


def unpacked(server):
    """The folder with the unpacked packages of one server."""
    folder = CACHE / server
    CACHE.mkdir(parents=True, exist_ok=True)
    with open(CACHE / (server + ".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if folder.is_dir():
            return folder
        if not shutil.which("apt-get") or not shutil.which("dpkg"):
            raise Skip(f"{server}: there is no apt-get here to download it with")
        making = CACHE / (server + ".making")
        shutil.rmtree(making, ignore_errors=True)
        making.mkdir()
        for names in PACKAGES[server]:
            for package in names.split("|"):
                got = subprocess.run(["apt-get", "download", "-q", package], cwd=making, capture_output=True, text=True)
                if got.returncode == 0:
                    break
            else:
                raise Skip(f"{server}: cannot download {names}: {got.stderr.strip().splitlines()[-1:]}")
        for package in making.glob("*.deb"):
            subprocess.run(["dpkg", "-x", str(package), str(making)], check=True)
            package.unlink()
        making.rename(folder)
    return folder


def openssl(*arguments, clock=(), **keywords):
    done = subprocess.run([*clock, "openssl", *arguments], capture_output=True, text=True, **keywords)
    if done.returncode:
        raise RuntimeError(f"openssl {' '.join(arguments)}: {done.stderr}")
    return done.stdout


class Certificate:
    """An authority and a server certificate signed by it, made anew in `folder`.

    `names` are subject alternative names; `days` below 1 makes one that is expired already."""

    def __init__(self, folder, names=("DNS:localhost", "IP:127.0.0.1"), days=30, subject="/CN=localhost"):
        folder = pathlib.Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        self.ca, self.cert, self.key = (str(folder / name) for name in ("ca.pem", "server.pem", "server.key"))
        self.both = str(folder / "both.pem")
        ca_key = str(folder / "ca.key")
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", ca_key, "-out", self.ca, "-days", "30",
                "-subj", "/CN=Authority of a test", "-addext", "keyUsage=critical,keyCertSign")
        openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", self.key, "-out", str(folder / "request.pem"),
                "-subj", subject)
        extensions = folder / "extensions"
        extensions.write_text(f"subjectAltName={','.join(names)}\n" if names else "basicConstraints=CA:FALSE\n")
        # Newer versions of openssl make nothing that has expired already, unless the clock says otherwise.
        clock = ("faketime", "-f", f"{days - 30}d") if days < 0 else ()
        openssl("x509", "-req", "-in", str(folder / "request.pem"), "-CA", self.ca, "-CAkey", ca_key, "-CAcreateserial",
                "-days", "30" if clock else str(days), "-extfile", str(extensions), "-out", self.cert, clock=clock)
        with open(self.both, "w") as both:
            both.write(pathlib.Path(self.cert).read_text() + pathlib.Path(self.key).read_text())
        self.fingerprint = openssl("x509", "-in", self.cert, "-noout", "-fingerprint", "-sha256").strip().split("=")[1]


class Server:
    """What the three have in common. Use as a context manager, or call start() and stop()."""

    name = ""

    def __init__(self, scratch, user="camera", password="snapshot", certificate=None, tls13=True, prefix=()):
        self.scratch = pathlib.Path(scratch) / f"{self.name}-{os.getpid()}-{time.monotonic_ns()}"
        self.scratch.mkdir(parents=True)
        # A daemon that gives up root must still reach its files.
        for folder in (self.scratch, pathlib.Path(scratch)):
            folder.chmod(0o755)
        self.user, self.password = user, password
        self.certificate = certificate or Certificate(self.scratch / "certificate")
        self.ca = self.certificate.ca
        self.tls13 = tls13
        self.prefix = list(prefix)
        self.port = free_port()
        self.passive = free_range()
        self.home = self.scratch / "home"
        self.files = self.home / "collections"
        self.files.mkdir(parents=True)
        self.folder = "/collections"
        self.root = os.geteuid() == 0
        self.owner = OWNER if self.root else os.geteuid()
        self.group = OWNER if self.root else os.getegid()
        if self.root:
            os.chown(self.files, self.owner, self.group)
        self.log_file = self.scratch / "log"
        self.process = None
        self.binaries = unpacked(self.name)

    def url(self, host="localhost", scheme="ftps", folder=None):
        return f"{scheme}://{self.user}@{host}:{self.port}{self.folder if folder is None else folder}"

    def path(self, name):
        return self.files / name

    def log(self):
        return self.log_file.read_text("utf-8", "replace") if self.log_file.exists() else ""

    def environment(self):
        libraries = ":".join(str(p) for p in self.binaries.glob("**/x86_64-linux-gnu")) or \
            ":".join(str(p) for p in self.binaries.glob("usr/lib/*-linux-gnu*"))
        environment = dict(os.environ, LD_LIBRARY_PATH=libraries)
        if not self.tls13:
            # The daemons have no switch for it, the library has.
            config = self.scratch / "openssl.cnf"
            config.write_text("openssl_conf = a\n[a]\nssl_conf = b\n[b]\nsystem_default = c\n[c]\n"
                              "MaxProtocol = TLSv1.2\n")
            environment["OPENSSL_CONF"] = str(config)
        return environment

    def command(self):
        raise NotImplementedError

    def start(self):
        command = self.prefix + self.command()
        with open(self.scratch / "output", "wb") as output:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                                            env=self.environment(), start_new_session=True, cwd="/")
        end = time.monotonic() + 20
        while time.monotonic() < end:
            if self.process.poll() is not None:
                break
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1) as probe:
                probe.settimeout(5)
                if probe.recv(100):
                    return self
            time.sleep(0.05)
        said = (self.scratch / "output").read_text("utf-8", "replace") + self.log()
        self.stop()
        raise RuntimeError(f"{self.name} does not start: {said}")

    def stop(self):
        if self.process is None:
            return
        for number in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)  # the session that start() made: ours alone
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(3)
        self.process = None

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()


class PureFtpd(Server):
    """pure-ftpd with a virtual user, as TRAPPER and AddaxAI Connect run it. `options` are its own.

    tls: 0 = none, 1 = optional, 2 = required, 3 = required for data too. quota = (files, megabytes)."""

    name = "pure-ftpd"

    def __init__(self, scratch, options=(), tls=1, quota=None, **keywords):
        super().__init__(scratch, **keywords)
        if not self.root:
            raise Skip("pure-ftpd: its virtual users need root")
        os.chown(self.home, self.owner, self.group)
        self.options, self.tls, self.quota = list(options), tls, quota

    def command(self):
        usr = self.binaries / "usr"
        # pure-pw's own hashes are slow by design, at each login; SHA-512 crypt is good enough here.
        hashed = openssl("passwd", "-6", self.password).strip()
        files, megabytes = self.quota or ("", "")
        (self.scratch / "passwd").write_text(
            f"{self.user}:{hashed}:{self.owner}:{self.group}::{self.home}/./::::::{files}:{megabytes}::::::\n")
        subprocess.run([str(usr / "bin/pure-pw"), "mkdb", str(self.scratch / "users"), "-f",
                        str(self.scratch / "passwd")], check=True, capture_output=True, env=self.environment())
        tls = ["-2", f"{self.certificate.cert},{self.certificate.key}"] if self.tls else []
        return [str(usr / "sbin/pure-ftpd"), "-S", f"127.0.0.1,{self.port}", "-Y", str(self.tls), *tls,
                "-p", f"{self.passive[0]}:{self.passive[1]}", "-l", f"puredb:{self.scratch / 'users'}",
                "-E", "-A", "-H", "-4", "-u", "1", "-O", f"clf:{self.log_file}", "-f", "none",
                "-g", str(self.scratch / "pid"), *self.options]


class Vsftpd(Server):
    """vsftpd with its anonymous user (others need the host's PAM). `options` are lines for its settings."""

    name = "vsftpd"

    def __init__(self, scratch, require_ssl_reuse=True, options=(), tls=True, **keywords):
        super().__init__(scratch, **{**keywords, "user": "anonymous"})
        self.require_ssl_reuse, self.options, self.tls = require_ssl_reuse, list(options), tls
        if not self.root:
            self.home.chmod(0o555)

    def command(self):
        empty = self.scratch / "empty"
        empty.mkdir(exist_ok=True)
        # vsftpd insists on a user whose home exists, although it goes to anon_root.
        users = [u for u in pwd.getpwall() if u.pw_uid != 0 and os.path.isdir(u.pw_dir)]
        owner = pwd.getpwuid(os.geteuid()).pw_name
        if self.root:
            if not users:
                raise Skip("vsftpd: there is no user besides root")
            owner = users[0].pw_name
            os.chown(self.files, users[0].pw_uid, users[0].pw_gid)

        def word(flag):
            return "YES" if flag else "NO"
        lines = [
            "listen=YES", "background=NO", "listen_address=127.0.0.1", f"listen_port={self.port}",
            "anonymous_enable=YES", "local_enable=NO", "write_enable=YES", "anon_upload_enable=YES",
            "anon_mkdir_write_enable=YES", "anon_other_write_enable=YES", "no_anon_password=NO",
            "anon_umask=022", f"anon_root={self.home}", f"ftp_username={owner}", f"nopriv_user={owner}",
            f"secure_chroot_dir={empty}", f"pasv_min_port={self.passive[0]}", f"pasv_max_port={self.passive[1]}",
            "xferlog_enable=YES", f"vsftpd_log_file={self.log_file}", "log_ftp_protocol=YES",
            f"ssl_enable={word(self.tls)}", "allow_anon_ssl=YES", f"force_anon_logins_ssl={word(self.tls)}",
            f"force_anon_data_ssl={word(self.tls)}", f"require_ssl_reuse={word(self.require_ssl_reuse)}",
            "ssl_tlsv1=YES", "ssl_ciphers=HIGH", "port_enable=YES", "connect_from_port_20=NO",
            f"rsa_cert_file={self.certificate.cert}", f"rsa_private_key_file={self.certificate.key}",
            "seccomp_sandbox=NO", "isolate=NO", "isolate_network=NO",
            f"run_as_launching_user={word(not self.root)}", *self.options]
        settings = self.scratch / "vsftpd.conf"
        settings.write_text("\n".join(lines) + "\n")
        return [str(self.binaries / "usr/sbin/vsftpd"), str(settings)]

    def start(self):
        if not self.root:
            self.folder = str(self.files)
        return super().start()


class Proftpd(Server):
    """proftpd with a user file. Demands TLS session reuse unless `reuse` is False. `options` are directives."""

    name = "proftpd"

    def __init__(self, scratch, reuse=True, protocols="TLSv1.2 TLSv1.3", options=(), **keywords):
        super().__init__(scratch, **keywords)
        if not self.tls13:
            protocols = "TLSv1.2"
        self.reuse, self.protocols, self.options = reuse, protocols, list(options)
        if self.root:
            os.chown(self.home, self.owner, self.group)
        else:
            self.folder = str(self.files)

    def command(self):
        users, groups = self.scratch / "users", self.scratch / "groups"
        hashed = openssl("passwd", "-6", self.password).strip()
        users.write_text(f"{self.user}:{hashed}:{self.owner}:{self.group}::{self.home}:/bin/sh\n")
        groups.write_text(f"{self.user}:x:{self.group}:\n")
        for file in (users, groups):
            file.chmod(0o600)
        modules = self.binaries / "usr/lib/proftpd"
        # Some are built in, in older versions.
        loaded = [f"LoadModule {name}.c" for name in ("mod_tls", "mod_xfer", "mod_ls", "mod_delay")
                  if (modules / f"{name}.so").exists()]
        lines = [
            f"ModulePath {modules}", *loaded, "ServerName Test", "ServerType standalone",
            f"Port {self.port}", "DefaultAddress 127.0.0.1", "SocketBindTight on", "UseReverseDNS off",
            "UseIPv6 off", f"User #{self.owner}" if self.root else f"User {os.environ.get('USER', 'nobody')}",
            f"PidFile {self.scratch / 'pid'}", f"ScoreboardFile {self.scratch / 'scoreboard'}",
            "DelayEngine off", f"SystemLog {self.log_file}", "WtmpLog off", f"TransferLog {self.scratch / 'transfers'}",
            "AuthOrder mod_auth_file.c", "AuthPAM off", f"AuthUserFile {users}", f"AuthGroupFile {groups}",
            "RequireValidShell off", f"PassivePorts {self.passive[0]} {self.passive[1]}",
            "AllowStoreRestart on", "AllowRetrieveRestart on", "AllowOverwrite on", "Umask 022",
            "TLSEngine on", f"TLSLog {self.scratch / 'tls.log'}", f"TLSProtocol {self.protocols}",
            f"TLSRSACertificateFile {self.certificate.cert}", f"TLSRSACertificateKeyFile {self.certificate.key}",
            "TLSVerifyClient off", "TLSRequired on", *self.options]
        if self.root:
            lines += ["Group nogroup", "DefaultRoot ~"]
            lines = [line.replace(f"User #{self.owner}", "User nobody") for line in lines]
        else:
            names = [subprocess.run(["id", flag], capture_output=True, text=True).stdout.strip()
                     for flag in ("-nu", "-ng")]
            lines = [line for line in lines if not line.startswith("User ")] + [f"User {names[0]}", f"Group {names[1]}"]
        if not self.reuse:
            lines.append("TLSOptions NoSessionReuseRequired")
        settings = self.scratch / "proftpd.conf"
        settings.write_text("\n".join(lines) + "\n")
        return [str(self.binaries / "usr/sbin/proftpd"), "-n", "-q", "-c", str(settings)]

    def log(self):
        tls = self.scratch / "tls.log"
        return super().log() + (tls.read_text("utf-8", "replace") if tls.exists() else "")


ALL = (PureFtpd, Vsftpd, Proftpd)
