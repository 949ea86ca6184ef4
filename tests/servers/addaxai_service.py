# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of an AddaxAI Connect server that takes uploads in, as far as a client can tell it from outside.

    with Service(server.home, verdict=lambda path, data: None) as service:     # None = taken, else the reason
        … service.taken is [(path, bytes)], service.rejected [(path, reason)]

It sees files that appear or are renamed below the upload root, leaves names that begin with a dot and `rejected`
alone, moves what it rejects to rejected/REASON/STAMP_PATH with a note beside it, deletes what it takes, and removes
folders that it has emptied (contracts/camera-addaxai, sections 0 and (c)).
"""
import datetime
import json
import os
import pathlib
import threading
import time


class Service:
    def __init__(self, root, verdict=lambda path, data: None, wait=0.2):
        self.root, self.verdict, self.wait = pathlib.Path(root), verdict, wait
        self.taken, self.rejected = [], []
        self.seen = {}
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.owner = self.root.stat()

    def __enter__(self):
        self.make(self.root / "rejected" / "missing_gps")
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        self.thread.join()

    def make(self, folder):
        folder.mkdir(parents=True, exist_ok=True)
        for one in (folder, folder.parent):
            os.chown(one, self.owner.st_uid, self.owner.st_gid)

    def serve(self):
        while not self.stop.wait(0.05):
            for folder, folders, names in os.walk(self.root):
                if pathlib.Path(folder) == self.root:
                    folders[:] = [f for f in folders if f not in ("rejected", "collections")]
                for name in names:
                    self.look(pathlib.Path(folder) / name)

    def look(self, path):
        if path.name.startswith("."):
            return
        first = self.seen.setdefault(path, time.monotonic())
        if time.monotonic() - first < self.wait:
            return
        del self.seen[path]
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            return
        relative = path.relative_to(self.root).as_posix()
        reason = self.verdict(relative, data)
        if reason is None:
            self.taken.append((relative, data))
            path.unlink()
        else:
            self.reject(path, relative, data, reason)
        for folder in path.parents:
            if folder == self.root:
                break
            try:
                folder.rmdir()
            except OSError:
                break

    def reject(self, path, relative, data, reason):
        self.rejected.append((relative, reason))
        folder = self.root / "rejected" / reason
        self.make(folder)
        now = datetime.datetime.now(datetime.timezone.utc)
        moved = folder / (now.strftime("%Y%m%dT%H%M%S_%f_") + relative.replace("/", "_"))
        path.rename(moved)
        moved.with_name(moved.name + ".error.json").write_text(json.dumps({
            "filename": path.name, "source_path": str(path), "rejected_at": now.isoformat() + "Z", "reason": reason,
            "details": f"not as it should be: {reason}", "file_size_bytes": len(data), "exif_metadata": {}}, indent=2))
