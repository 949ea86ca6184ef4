#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The GPX reader against Python's XML parser, with made-up files and damaged ones."""
import random
import xml.etree.ElementTree as tree

from base_driver import answers

HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
PLAIN = HEAD + """<gpx version="1.1" creator="a &amp; b" xmlns="http://www.topografix.com/GPX/1/1"
  xmlns:x="http://example.org/x">
<!-- <wpt lat="9" lon="9"><name>not me</name></wpt> -->
<metadata><name>not me either</name></metadata>
<wpt lat="52.0987666" lon="23.5000001"><ele>101</ele><name>32_01</name><sym>Flag</sym></wpt>
<wpt lon='-70.5' lat='-33.25'><name> Łódź &lt;5&gt; &#x142;&#322; </name></wpt>
<wpt lat="0" lon="0"/>
<wpt lat="1.50" lon="+2"><name><![CDATA[a<b & c]]></name><extensions><x:name>no</x:name></extensions></wpt>
<rte><rtept lat="3" lon="3"><name>no</name></rtept></rte>
<trk><trkseg><trkpt lat="4" lon="4"/></trkseg></trk>
</gpx>
"""
PREFIXED = """<g:gpx xmlns:g="http://www.topografix.com/GPX/1/0"><g:wpt lat="5" lon="6"><g:name>q</g:name></g:wpt></g:gpx>"""
REFUSED = {
    "": "empty", "   \n": "not a GPX", "locationID,longitude\n": "GPX", "<kml></kml>": "not a GPX",
    HEAD + "<gpx>": "too early", "<gpx><wpt lat='1' lon='2'></gpx>": "not open",
    "<gpx><wpt lat='1'/></gpx>": "without a position", "<gpx><wpt lat='91' lon='0'/></gpx>": "without a position",
    "<gpx>\n<wpt lat='x' lon='0'/></gpx>": "line 2", "<gpx><wpt lat=1 lon=2/></gpx>": "quotes",
    "<gpx>&bomb;</gpx>": "entity", '<!DOCTYPE gpx [<!ENTITY a "b">]><gpx/>': "document type",
    "<gpx><!-- x</gpx>": "comment", "<gpx>" + "<a>" * 200: "too deep",
    "<gpx><wpt lat='1' lon='2'><name>%s</name></wpt></gpx>" % ("n" * 2000): "too long", "<gpx>&#0;</gpx>": "entity",
}


def right(text):
    points = []
    root = tree.fromstring(text.encode())
    for point in root:
        if point.tag.split("}")[-1] == "wpt":
            names = [c.text or "" for c in point if c.tag.split("}")[-1] == "name"]
            points.append("\x1f".join((names[0].strip() if names else "", point.get("lat"), point.get("lon"))) + "\x1e")
    return "".join(points)


def main():
    for text in (PLAIN, PREFIXED, PLAIN.replace("\n", "\r\n"), "\ufeff" + PLAIN, "<gpx/>"):
        got = answers("read_gpx", text.encode()).decode()
        assert got == right(text.lstrip("\ufeff")), (got, right(text.lstrip("\ufeff")))
    assert right(PLAIN).count("\x1e") == 4
    for text, message in REFUSED.items():
        got = answers("read_gpx", text.encode()).decode()
        assert got.startswith("\x1d'x.gpx'") and message in got, (text, got)
    assert "not UTF-8" in answers("read_gpx", b"\xff\xfe<\0g\0").decode()
    chance = random.Random(20240701)
    for _ in range(300):
        data = bytearray(PLAIN.encode())
        del data[chance.randrange(len(data)):]
        answers("read_gpx", bytes(data))
    print("ok")


main()
