#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A second survey opens no media file: the kernel's own record of every call is the witness.
set -u
fail() {
	echo "FAIL: $*"
	exit 1
}

[ -n "${TRAPKIT_SANITIZE:-}" ] && { echo "the sanitizers do not run under strace"; exit 77; }
command -v strace >/dev/null || { echo "strace is not installed"; exit 77; }
strace -o /dev/null true 2>/dev/null || { echo "tracing is not permitted here"; exit 77; }
survey=$TRAPKIT_BUILD/unit/test_survey
cd "$SCRATCH" || exit 1

for deployment in R1 R2; do
	mkdir -p "data/winter/$deployment/100RECNX"
	for number in 1 2 3 4 5; do
		printf '\377\330\377\331' >"data/winter/$deployment/100RECNX/IMG_000$number.JPG"
	done
done
find data -name '*.JPG' -exec touch -d 2024-07-01T10:00:00Z {} +

# Opens of media files, and calls that name one, in the survey of the data folder.
traced() {
	strace -f -e trace=open,openat,openat2,newfstatat,stat,lstat,statx -o trace \
		"$survey" data work >out || fail "the survey: $(cat out)"
	opens=$(grep -E '^[0-9]+ +open' trace | grep -c 'JPG')
	stats=$(grep -vE '^[0-9]+ +open' trace | grep -c 'JPG')
}

traced
grep -q '^files 10 read 10 ' out || fail "first: $(cat out)"
[ "$opens" = 10 ] || fail "first survey: $opens opens of 10 media files"
traced
grep -q '^files 10 read 0 ' out || fail "second: $(cat out)"
[ "$opens" = 0 ] || fail "second survey: $opens opens of media files"
[ "$stats" = 10 ] || fail "second survey: $stats looks at 10 media files"
touch -d 2024-07-01T10:00:01Z data/winter/R2/100RECNX/IMG_0003.JPG
traced
[ "$opens" = 1 ] || fail "one file changed: $opens opens"
grep -E '^[0-9]+ +open' trace | grep -q 'R2/100RECNX/IMG_0003.JPG' || fail "another file was opened"

# Killed at one of its writes to the ledger, the next run ends well and knows everything.
killed=0
for number in 1 2 3 5 8 13 21 34; do
	rm -rf work
	strace -f -e trace=pwrite64 -e inject=pwrite64:signal=SIGKILL:when=$number -o trace \
		"$survey" data work >/dev/null 2>&1
	grep -q 'killed by SIGKILL' trace && killed=$((killed + 1))
	"$survey" data work >out || fail "after a kill at write $number: $(cat out)"
	grep -q '^files 10 ' out || fail "after a kill at write $number: $(cat out)"
	[ -z "$(find work -name '*damaged*')" ] || fail "a kill at write $number damaged the ledger"
done
[ "$killed" -ge 6 ] || fail "only $killed runs were killed: the test does not test"
