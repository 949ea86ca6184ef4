#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the seeds of fuzz_trapper_json and fuzz_trapper_csv: one file for each form in the contract."""
import gzip
import io
import json
import pathlib
import zipfile

HERE = pathlib.Path(__file__).resolve().parent / "corpus"
PROJECT = {"pk": 5, "name": "Forest \u0141", "acronym": "FORS", "owner": "u", "status": "Approved", "is_active": True}
JSON = {
    "page": {"pagination": {"page": 1, "page_size": 2, "pages": 3, "count": 5}, "results": [PROJECT, {"pk": "6"}]},
    "window": {"pagination": {"current": 1, "size": 2, "total": 9, "filtered": 3}, "results": [PROJECT]},
    "old": {"results": [PROJECT]},
    "bare": [PROJECT],
    "next": {"count": 9, "next": "https://localhost/?page=2", "results": [PROJECT]},
    "answer": {"data": {"message": "Started.", "errors": None, "task_id": "1"}},
    "package": {"data": {"message": "Package successfully generated and saved to cache.", "errors": None,
                         "package": "https://localhost/storage/packages/download/7/?rt=a"}},
    "no_package": {"data": {"message": "Bad request", "errors": "Invalid parameter", "package": None}},
    "refusal": {"data": {"message": "Invalid.", "errors": {"a": ["b", "c"]}, "task_id": None}},
    "detail": {"detail": "Invalid token."},
    "field": {"zip_file": ["This field is required."]},
    "inner": {"_error": {"message": "broken"}},
}
LOCATIONS = ('_id,locationID,longitude,latitude,country,timezone,ignoreDST,habitat,comments,researchProject\r\n'
             '1,32_01,23.5,52.7,,Europe/Warsaw,False,,"a ""b"",\r\nc",5.0\r\n').encode()
DEPLOYMENTS = b'\xef\xbb\xbfdeploymentID,locationID,deploymentStart,deploymentEnd,timezone\nr1-32_01,32_01,,,UTC\n'


def zipped(content, method, name="x.csv"):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        archive.writestr(zipfile.ZipInfo("folder/"), b"")
        archive.writestr(zipfile.ZipInfo(name), content, compress_type=method)
    return out.getvalue()


def write(folder, name, content):
    (HERE / folder).mkdir(parents=True, exist_ok=True)
    (HERE / folder / name).write_bytes(content)


for key, value in JSON.items():
    write("trapper_json", key, json.dumps(value).encode())
write("trapper_json", "page.html", b"<html><!-- x --><style>p{}</style><script>1<2</script><h1>No\xff</h1></html>")
packed = gzip.compress(LOCATIONS, mtime=0)
write("trapper_csv", "locations", LOCATIONS)
write("trapper_csv", "deployments", DEPLOYMENTS)
write("trapper_csv", "gzip", packed)
write("trapper_csv", "members", packed + gzip.compress(b"2,b,,,,UTC,True,,,\n", mtime=0))
write("trapper_csv", "zip_deflated", zipped(DEPLOYMENTS, zipfile.ZIP_DEFLATED))
write("trapper_csv", "zip_stored", zipped(packed, zipfile.ZIP_STORED, "x.csv.gz"))
write("trapper_csv", "cut", packed[:-9])
