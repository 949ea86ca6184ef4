#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes fold_table.h: what a character becomes when case and composed accents do not count.

usage: python3 lib/base/fold_table.py > lib/base/fold_table.h
"""
import sys
import unicodedata


def folded(character):
    decomposed = unicodedata.normalize("NFD", character)
    return unicodedata.normalize("NFD", decomposed.casefold())


def main():
    rows = []
    for code in range(0x80, 0x110000):
        # Surrogates are no characters; Hangul syllables are taken apart by arithmetic.
        if 0xD800 <= code <= 0xDFFF or 0xAC00 <= code <= 0xD7A3:
            continue
        text = folded(chr(code))
        if text != chr(code):
            rows.append((code, text.encode("utf-8")))
    assert max(len(text) for _, text in rows) < 16
    out = ["/* SPDX-License-Identifier: GPL-3.0-or-later */",
           "/* Made by fold_table.py from Unicode %s: do not edit. */" % unicodedata.unidata_version,
           "/* clang-format off */"]
    line = ""
    for code, text in rows:
        cell = '{0x%X, "%s"},' % (code, "".join("\\%03o" % byte for byte in text))
        if len(line) + len(cell) + 1 > 100:
            out.append(line)
            line = ""
        line += (" " if line else "") + cell
    out.append(line)
    sys.stdout.write("\n".join(out) + "\n")


main()
