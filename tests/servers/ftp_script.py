# SPDX-License-Identifier: GPL-3.0-or-later
"""An FTPS server on loopback that misbehaves to order: what no real daemon does when asked.

    with ftp_script.Scripted(scratch, reset_after=[500000]) as server:
        … server.url(), server.password, server.ca, server.files / "name", server.commands, server.sessions

Orders that are lists are used up, one item a transfer (or a connection, where said):
    busy=[…]            replies to new connections instead of 220, one a connection
    garbage=BYTES       sent instead of the greeting
    no_tls=True         AUTH is refused                inject=BYTES  sent in clear behind the 234
    no_epsv=True        EPSV is refused                pasv=TEXT     what PASV answers instead of the truth
    lost_rnto=N         N sessions end after the rename, before the answer
    no_rest, no_rnfr, no_size=True                     deny=[USER…]  users that get a 530
    late_226=SECONDS    the last word comes late       mute_226=N    N transfers never get it, control stays silent
    no_close_notify=True   the data connection ends without it, and stays open until the client closes
    reset_after=[N…]    RST on data after N bytes      stall_after=[N…]  reads no further after N bytes
    refuse_after=[(N, TEXT)…]   TEXT on control after N bytes, data closed
    hang_up_after=[N…]  both connections are closed after N bytes
    tickets="never" / "tls12" / "once"   data connections that pass for reused ones: none, those of TLS 1.2, the
                        first of each session; others get 522
    keep_part=True      what arrived before the trouble stays (as real servers do); default True
    idle=[SECONDS…]     421 after so many idle seconds, one a connection
    delay_open=SECONDS  before data is accepted       no_data=True  the passive port accepts nobody
"""
import contextlib
import pathlib
import re
import socket
import ssl
import struct
import threading
import time

import ftp_peers


class Gone(Exception):
    pass


def close_all(sockets):
    """shutdown() wakes the threads that wait in them; close() alone would leave the port taken."""
    for one in sockets:
        with contextlib.suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
        with contextlib.suppress(OSError):
            one.close()


class Scripted:
    def __init__(self, scratch, certificate=None, password="snapshot", user="camera", **orders):
        self.scratch = pathlib.Path(scratch) / f"scripted-{time.monotonic_ns()}"
        self.files = self.scratch / "collections"
        self.files.mkdir(parents=True)
        self.certificate = certificate or ftp_peers.Certificate(self.scratch / "certificate")
        self.ca = self.certificate.ca
        self.user, self.password, self.folder = user, password, "/collections"
        self.orders = orders
        self.commands, self.sessions, self.accepted = [], 0, 0
        self.seen = b""  # every byte that came in clear
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(self.certificate.cert, self.certificate.key)
        if orders.get("tls12_only"):
            self.context.maximum_version = ssl.TLSVersion.TLSv1_2
        self.lock = threading.Lock()
        self.open = []

    def url(self, host="localhost", scheme="ftps"):
        return f"{scheme}://{self.user}@{host}:{self.port}{self.folder}"

    def take(self, order):
        """The next item of a list that is used up; None when there is none."""
        with self.lock:
            items = self.orders.get(order)
            return items.pop(0) if isinstance(items, list) and items else None

    def __enter__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()
        return self

    def __exit__(self, *_):
        close_all([self.listener, *self.open])

    def serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with self.lock:
                self.sessions += 1
                self.open.append(connection)
            threading.Thread(target=self.session, args=(connection,), daemon=True).start()

    def session(self, connection):
        session = Session(self, connection)
        with contextlib.suppress(OSError, Gone, ssl.SSLError, ValueError):
            session.run()
        with contextlib.suppress(OSError):
            session.control.close()


class Session:
    def __init__(self, server, control):
        self.server, self.control, self.orders = server, control, server.orders
        self.passive = None
        self.active = None
        self.rest = 0
        self.protected = False
        self.transfers = 0
        self.buffer = b""
        self.source = None

    def say(self, text):
        self.control.sendall(text.encode() + b"\r\n")

    def line(self, idle):
        self.control.settimeout(idle)
        while b"\n" not in self.buffer:
            try:
                more = self.control.recv(4096)
            except TimeoutError:
                self.say("421 Timeout: closing control connection.")
                raise Gone from None
            if not more:
                raise Gone
            if not isinstance(self.control, ssl.SSLSocket):
                self.server.seen += more
            self.buffer += more
        line, self.buffer = self.buffer.split(b"\n", 1)
        self.control.settimeout(None)
        return line.rstrip(b"\r").decode("utf-8", "surrogateescape")

    def run(self):
        busy = self.server.take("busy")
        if busy:
            self.say(busy)
            return
        if self.orders.get("garbage"):
            self.control.sendall(self.orders["garbage"])
            time.sleep(1)
            return
        self.say("220-Welcome\r\n220 Ready")
        idle = self.server.take("idle")
        while True:
            line = self.line(idle)
            word, _, rest = line.partition(" ")
            self.server.commands.append("PASS" if word.upper() == "PASS" else line)
            handler = getattr(self, "do_" + word.lower(), None)
            if handler is None:
                self.say("500 What?")
            else:
                handler(rest)

    # ---- getting in ----

    def do_auth(self, _):
        if self.orders.get("no_tls"):
            self.say("500 This security scheme is not implemented")
            return
        self.control.sendall(b"234 Go on\r\n" + self.orders.get("inject", b""))
        self.control = self.server.context.wrap_socket(self.control, server_side=True)

    def do_user(self, user):
        self.name = user
        self.say("331 Password?")

    def do_pass(self, password):
        if self.name in self.orders.get("deny", ()) or password != self.server.password:
            self.say("530 Login authentication failed")
        else:
            self.say("230 In")

    def do_pbsz(self, _):
        self.say("200 PBSZ=0")

    def do_prot(self, level):
        self.protected = level == "P"
        self.say("200 ok")

    def do_type(self, _):
        self.say("200 ok")

    def do_quit(self, _):
        self.say("221 Bye")
        raise Gone

    # ---- folders and names ----

    def path(self, name):
        return self.server.files / name.removeprefix("/collections").lstrip("/")

    def do_pwd(self, _):
        self.say('257 "/collections" is where you are')

    def do_cwd(self, name):
        self.say("250 ok" if self.path(name).is_dir() else "550 No such folder")

    def do_mkd(self, name):
        try:
            self.path(name).mkdir()
            self.say("257 made")
        except OSError as problem:
            self.say(f"550 {problem.strerror}")

    def do_size(self, name):
        path = self.path(name)
        if self.orders.get("no_size"):
            self.say("500 Unknown command")
        else:
            self.say(f"213 {path.stat().st_size}" if path.is_file() else "550 No such file")

    def do_mlst(self, name):
        path = self.path(name)
        if path.is_file():
            self.say(f"250-Begin\r\n type=file;size={path.stat().st_size};UNIX.mode=0644; {name}\r\n250 End.")
        else:
            self.say("550 No such file")

    def do_dele(self, name):
        self.path(name).unlink(missing_ok=True)
        self.say("250 gone")

    def do_rnfr(self, name):
        if self.orders.get("no_rnfr") or not self.path(name).exists():
            self.say("550 Permission denied")
        else:
            self.source = self.path(name)
            self.say("350 To what?")

    def do_rnto(self, name):
        self.source.rename(self.path(name))
        if self.orders.get("lost_rnto", 0) > 0:
            self.orders["lost_rnto"] -= 1
            raise Gone
        self.say("250 renamed")

    def do_rest(self, number):
        if self.orders.get("no_rest"):
            self.say("502 REST is switched off")
        else:
            self.rest = int(number)
            self.say("350 from there")

    # ---- data ----

    def do_epsv(self, _):
        if self.orders.get("no_epsv"):
            self.say("500 What?")
        else:
            self.say(f"229 Extended (|||{self.listen()}|)")

    def listen(self):
        self.passive = socket.create_server(("127.0.0.1", 0))
        self.passive.settimeout(20)
        self.passive.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)  # what is not read is felt soon
        port = self.passive.getsockname()[1]
        if self.orders.get("no_data"):
            self.passive.close()
        return port

    def do_pasv(self, _):
        port = self.listen()
        address = self.orders.get("pasv", "127,0,0,1")
        self.say(f"227 Passive ({address},{port // 256},{port % 256})")

    def do_port(self, where):
        numbers = [int(n) for n in where.split(",")]
        self.active = (".".join(map(str, numbers[:4])), numbers[4] * 256 + numbers[5])
        self.say("200 ok")

    def do_eprt(self, where):
        _, _, host, port, _ = where.split(where[0])
        self.active = (host, int(port))
        self.say("200 ok")

    def reused(self, data):
        kind = self.orders.get("tickets")
        if kind == "never":
            return False
        if kind == "tls12":
            return data.version() == "TLSv1.2" and data.session_reused
        if kind == "once":
            return self.transfers == 1 and data.session_reused
        return True

    def data(self):
        time.sleep(self.orders.get("delay_open", 0))
        if self.active:
            data = socket.create_connection(self.active, 10)
        else:
            data, _ = self.passive.accept()
            self.passive.close()
        self.server.open.append(data)
        self.say("150 Go")
        data.settimeout(60)
        if not self.protected:
            return data
        return self.server.context.wrap_socket(data, server_side=True, suppress_ragged_eofs=True)

    def do_retr(self, name):
        data = self.data()
        data.sendall(self.path(name).read_bytes())
        self.finish(data)
        self.say("226 sent")

    def finish(self, data):
        if isinstance(data, ssl.SSLSocket):
            with contextlib.suppress(OSError):
                data = data.unwrap()
        data.close()

    def reset(self, data):
        raw = socket.socket(fileno=data.detach())
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raw.close()

    def do_stor(self, name):
        self.transfers += 1
        data = self.data()
        if isinstance(data, ssl.SSLSocket) and not self.reused(data):
            self.reset(data)
            self.say("522 SSL connection failed: session reuse required")
            return
        trouble = [(kind, self.server.take(kind)) for kind in
                   ("reset_after", "stall_after", "refuse_after", "hang_up_after")]
        trouble = [(kind, what) for kind, what in trouble if what is not None]
        limit = None
        if trouble:
            limit = trouble[0][1][0] if isinstance(trouble[0][1], tuple) else trouble[0][1]
        whole, clean = self.receive(data, self.path(name), limit)
        if not whole:
            self.break_off(data, *trouble[0])
            return
        if self.orders.get("no_close_notify"):
            self.server.open.append(data)  # left open, without a word
        else:
            self.finish(data)
        if self.orders.get("mute_226", 0) > 0:
            self.orders["mute_226"] -= 1
            time.sleep(60)
            raise Gone
        time.sleep(self.orders.get("late_226", 0))
        self.say("226 stored" if clean else "426 the data connection ended without close_notify")

    def receive(self, data, path, limit):
        """(everything came, properly ended)"""
        count = 0
        clean = True
        mode = "r+b" if self.rest and path.exists() else "wb"
        with open(path, mode) as file:
            file.seek(self.rest)
            file.truncate()
            self.rest = 0
            while limit is None or count < limit:
                try:
                    piece = data.recv(65536 if limit is None else min(65536, limit - count))
                except ssl.SSLEOFError:
                    clean = False
                    break
                if not piece:
                    break
                file.write(piece)
                count += len(piece)
            else:
                return False, True
        return True, clean

    def break_off(self, data, kind, what):
        if kind == "reset_after":
            self.reset(data)
            self.say("426 Connection reset; transfer aborted")
        elif kind == "stall_after":
            time.sleep(60)
            raise Gone
        elif kind == "refuse_after":
            self.say(what[1])
            self.reset(data)
        else:
            self.reset(data)
            raise Gone


class Proxy:
    """Stands between a client and a server, forwards the same ports from another loopback address one to one, and
    cuts or silences data connections after so many bytes (lists, one item a connection). ports[0] is control.
    abandon_after resets all that the client has, while the server hears nothing of it and keeps its sessions."""

    def __init__(self, ports, target="127.0.0.1", listen="127.0.0.2", silence_after=None, cut_after=None,
                 abandon_after=None):
        self.ports, self.target, self.listen = ports, target, listen
        self.silence_after, self.cut_after, self.abandon_after = silence_after, cut_after, abandon_after
        self.abandoned = set()
        self.listeners, self.sockets, self.passed = [], [], {}

    def __enter__(self):
        for port in self.ports:
            listener = socket.create_server((self.listen, port))
            self.listeners.append(listener)
            threading.Thread(target=self.serve, args=(listener, port), daemon=True).start()
        return self

    def __exit__(self, *_):
        close_all(self.listeners + self.sockets)

    def serve(self, listener, port):
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection((self.target, port), 5)
            except OSError:
                client.close()
                continue
            self.sockets += [client, server]
            for one in (client, server):
                one.settimeout(None)
            threading.Thread(target=self.pump, args=(server, client, port, False), daemon=True).start()
            threading.Thread(target=self.pump, args=(client, server, port, True), daemon=True).start()

    def abandon(self):
        """self.sockets are pairs of client and server."""
        self.abandoned.update(self.sockets)
        for client in self.sockets[::2]:
            with contextlib.suppress(OSError):
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                client.shutdown(socket.SHUT_RDWR)
                client.close()

    def pump(self, source, sink, port, up):
        count = 0
        with contextlib.suppress(OSError):
            while True:
                piece = source.recv(65536)
                if source in self.abandoned or sink in self.abandoned:
                    return
                if not piece:
                    sink.shutdown(socket.SHUT_WR)
                    return
                if up and port != self.ports[0]:
                    count += len(piece)
                    if self.cut_after and count > self.cut_after[0]:
                        self.cut_after.pop(0)
                        for one in (source, sink):
                            one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                            one.shutdown(socket.SHUT_RDWR)
                            one.close()
                        return
                    if self.abandon_after and count > self.abandon_after[0]:
                        self.abandon_after.pop(0)
                        self.abandon()
                        return
                    if self.silence_after and count > self.silence_after[0]:
                        self.silence_after.pop(0)
                        time.sleep(60)
                        return
                sink.sendall(piece)


def commands_of(server, pattern):
    return [c for c in server.commands if re.match(pattern, c)]
