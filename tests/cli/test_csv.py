#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The CSV reader and writer against Python's csv module, with made-up and random tables."""
import csv
import io
import random

from base_driver import answers

READ = ["a,b,c\r\n1,2,3\r\n", "a\n\n\nb\n", "a\rb\rc", "", "\n\n", '"a ""b"" c",d\n', '"a\r\nb",c\r\n', 'a"b,c\n',
        '"a"b,c\n', ",,\n", "a,\n", '""\n', "Łódź,„x”\n", " a , b \n", '"a\rb"\r\n', "a,b", 'a,"b']


def right(text):
    rows = [r for r in csv.reader(io.StringIO(text, newline="")) if r]
    return "".join("".join(c + "\x1f" for c in row) + "\x1e" for row in rows)


def is_closed(text):
    try:
        list(csv.reader(io.StringIO(text, newline=""), strict=False))
        rest = list(csv.reader(io.StringIO(text + '\n"x"', newline="")))
        return rest and rest[-1] == ["x"]
    except csv.Error:
        return False


def check_reading(text):
    got = answers("read_csv", text.encode()).decode()
    if is_closed(text):
        assert got == right(text), (text, got, right(text))
    else:
        assert "\x1d" in got and "never closed" in got, (text, got)


def check_writing(rows):
    given = "".join("".join(c + "\x1f" for c in row) + "\x1e" for row in rows)
    out = io.StringIO(newline="")
    csv.writer(out).writerows(rows)
    got = answers("write_csv", given.encode())
    assert got == out.getvalue().encode(), (rows, got)
    assert answers("read_csv", got).decode() == given


def main():
    chance = random.Random(20240701)
    for text in READ:
        check_reading(text)
    for _ in range(250):
        check_reading("".join(chance.choice('ab,"\r\nŁ ') for _ in range(chance.randint(0, 25))))
    check_writing([["deploymentID", "locationID"], ["r1-32_01", "32_01"], ["a,b", 'say "x"'], ["", ""], [""],
                   ["two\nlines", "\r"], ["Łódź", " blank "], ["-", "'"]])
    check_writing([["".join(chance.choice('ab,"\r\n;\t Ł') for _ in range(chance.randint(0, 6)))
                    for _ in range(chance.randint(1, 5))] for _ in range(3000)])
    for text, message in (("a,\0b\n", "line 1: a NUL byte"), ("ok\nx" + "y" * (1 << 20), "line 2: the record is too long"),
                          ("," * 1000, "too many cells")):
        got = answers("read_csv", text.encode()).decode()
        assert message in got, (text[:9], got[-200:])
    assert "line 2: the text is not UTF-8" in answers("read_csv", b"a\nZ\xb3oty\n").decode()
    assert answers("read_csv", b"\xef\xbb\xbfa,b\n") == b"a\x1fb\x1f\x1e"
    print("ok")


main()
