#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes slug_table.h: what a non-ASCII character leaves in a slug once NFKD took it apart.

usage: python3 lib/base/slug_table.py > lib/base/slug_table.h
"""
import re
import sys
import unicodedata


def survivors(character):
    """Canonical reordering moves only combining marks, which are not ASCII: characters do not mix."""
    ascii_part = unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode("ascii")
    return re.sub(r"[^\w\s-]", "", ascii_part.lower())


def main():
    rows = []
    for code in range(0x80, 0x110000):
        if 0xD800 <= code <= 0xDFFF:
            continue
        text = survivors(chr(code))
        if text:
            rows.append((code, text))
    longest = max(len(text) for _, text in rows)
    assert longest < 8 and all(re.fullmatch(r"[a-z0-9_ -]+", text) for _, text in rows)
    out = ["/* SPDX-License-Identifier: GPL-3.0-or-later */",
           "/* Made by slug_table.py from Unicode %s: do not edit. */" % unicodedata.unidata_version,
           "/* clang-format off */"]
    line = ""
    for code, text in rows:
        cell = '{0x%X, "%s"},' % (code, text)
        if len(line) + len(cell) + 1 > 100:
            out.append(line)
            line = ""
        line += (" " if line else "") + cell
    out.append(line)
    out.append("/* clang-format on */")
    sys.stdout.write("\n".join(out) + "\n")


main()
