#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the seeds of fuzz_camtrapdp_table, fuzz_camtrapdp_descriptor and fuzz_zip_directory, the same bytes each time."""
import io
import json
import pathlib
import zipfile

CORPUS = pathlib.Path(__file__).resolve().parent / "corpus"
BASE = "https://raw.githubusercontent.com/tdwg/camtrap-dp/1.0.2/"
MEDIA = (b"mediaID,deploymentID,captureMethod,timestamp,filePath,filePublic,fileName,fileMediatype,exifData,favorite,mediaComments\n"
         b'm1,d,timeLapse,2024-05-03T21:14:05+02:00,a/b.JPG,true,b.JPG,image/jpeg,"{""Make"": ""X""}",false,\n'
         b"m1,d,x,2024-05-03 21:14:05,../b,1,c.mp4,jpeg,no,,\r\n\nshort\n")
DEPLOYMENTS = (b"deploymentID,latitude,longitude,deploymentStart,deploymentEnd,cameraID,locationID,cameraHeight\n"
               b"d,52.5,-1e2,2024-05-03T21:14:05Z,2024-05-04T21:14:05+0200,c,l,1\nD,0,0,,,c,l,NaN\n")
OBSERVATIONS = (b"observationID,deploymentID,mediaID,eventID,eventStart,eventEnd,observationLevel,observationType,count,bboxX,bboxY,"
                b"bboxWidth,bboxHeight\no,d,m,e,2024-05-03T21:14:05Z,2024-05-03T21:14:04Z,event,animal,0,0,0,1,1\n")
DESCRIPTOR = {"profile": BASE + "camtrap-dp-profile.json", "created": "2024-06-02T09:31:00Z", "name": "x", "homepage": "y",
              "resources": [{"name": name, "path": [name + ".csv"], "profile": "tabular-data-resource", "hash": "x",
                             "schema": f"{BASE}{name}-table-schema.json", "dialect": {"delimiter": ";"}}
                            for name in ("deployments", "media", "observations")],
              "contributors": [{"title": "t", "role": "r", "email": "a@b"}], "temporal": {"start": "2024-05-01", "end": "2024-05-02"},
              "spatial": {"type": "Feature", "geometry": {"type": "Polygon", "coordinates": [[[1, 2], [3, 4], [5, 6], [1, 2]]]}},
              "taxonomic": [{"scientificName": "x", "vernacularNames": {"en": "x"}}], "licenses": [{"scope": "data"}],
              "project": {"title": "t", "captureMethod": ["timeLapse"], "observationLevel": []}}


def archive(method):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as made:
        for name, data in (("datapackage.json", b"{}"), ("../x", b"yyyyyyyyyyyyyyyyyyyyyyyyyy"), ("d/", b"")):
            info = zipfile.ZipInfo(name, (2024, 5, 3, 0, 0, 0))
            info.compress_type = method
            made.writestr(info, data)
    return out.getvalue()


def write(folder, name, data):
    (CORPUS / folder).mkdir(parents=True, exist_ok=True)
    (CORPUS / folder / name).write_bytes(data)


for number, table in enumerate((DEPLOYMENTS, MEDIA, OBSERVATIONS)):
    write("camtrapdp_table", f"table{number}", bytes([number]) + table)
write("camtrapdp_table", "semicolons", b"\1" + MEDIA.replace(b",", b";"))
write("camtrapdp_descriptor", "whole", json.dumps(DESCRIPTOR).encode())
write("camtrapdp_descriptor", "broken", b'{"profile": null, "profile": 1, "spatial": {"type": "Polygon", "coordinates": [[[1]]]}')
write("zip_directory", "stored", archive(zipfile.ZIP_STORED))
write("zip_directory", "deflated", archive(zipfile.ZIP_DEFLATED))
