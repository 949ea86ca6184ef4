#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""text_slugify against Django's rule in Python, for every character and for random texts."""
import os
import random
import re
import subprocess
import sys
import unicodedata

from base_driver import ROOT, answers


def slugify(value):
    """The rule of contracts/trapper.md 2.1."""
    value = unicodedata.normalize("NFKD", value).encode("ascii", "ignore").decode("ascii")
    value = re.sub(r"[^\w\s-]", "", value.lower())
    return re.sub(r"[-\s]+", "-", value).strip("-_")


def texts():
    characters = [chr(code) for code in range(1, 0x110000) if not 0xD800 <= code <= 0xDFFF]
    for character in characters[:0x30000]:
        yield character
        yield "a" + character + "B_" + character + " 7"
    chance = random.Random(20240701)
    useful = [c for c in characters[:0x30000] if slugify(c)] + list("--__  \t\n!.,/\\'\"")
    for _ in range(20000):
        pool = chance.choice((useful, characters, characters[:0x250]))
        yield "".join(chance.choice(pool) for _ in range(chance.randint(0, 30)))


def entries(table):
    return [(int(code, 16), text) for code, text in re.findall(r'\{(0x[0-9A-F]+), "([^"]*)"\}', table)]


def main():
    table = (ROOT / "lib/base/slug_table.h").read_text()
    version = re.search(r"from Unicode (\S+):", table).group(1)
    made = subprocess.run([sys.executable, str(ROOT / "lib/base/slug_table.py")], stdout=subprocess.PIPE,
                          check=True, env=dict(os.environ, PYTHONDONTWRITEBYTECODE="1")).stdout
    given = list(texts())
    if version == unicodedata.unidata_version:
        assert made.decode() == table, "lib/base/slug_table.h is not what slug_table.py makes"
    else:
        # What a character of an older Unicode comes apart into never changes: only new ones are left out.
        known = set(entries(table))
        assert known <= set(entries(made.decode())), "the table has rows that Python does not make"
        new = {chr(code) for code, _ in set(entries(made.decode())) - known}
        given = [text for text in given if new.isdisjoint(text)]
    got = answers("slugs", b"".join(t.encode() + b"\0" for t in given)).decode().split("\0")[:-1]
    assert len(got) == len(given)
    for text, slug in zip(given, got):
        assert slug == slugify(text), (text, slug, slugify(text))
    print(len(given), "texts")


main()
