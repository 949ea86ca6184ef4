#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Searches with every fuzz target, $FUZZ_JOBS (2) at a time: run.sh SECONDS [words that the names must contain]
# Called by `make fuzz`. Builds with clang into build/fuzz; the corpus grows there, the committed one stays as it is.
set -u
cd "$(dirname "$0")/../.." || exit 1
seconds=${1:-60}
jobs=${FUZZ_JOBS:-2}
[ $# -gt 0 ] && shift
make=${MAKE:-make}
fuzz=build/fuzz
sanitize='address,undefined'

if ! command -v clang >/dev/null || ! echo 'int LLVMFuzzerTestOneInput(void);int LLVMFuzzerTestOneInput(void){return 0;}' |
    clang -fsanitize=fuzzer -x c -o /dev/null - 2>/dev/null; then
    echo "clang with its fuzzer is needed: install the packages clang and libclang-rt-dev"
    exit 1
fi

names=
for source in tests/fuzz/fuzz_*.c; do
    name=$(basename "$source" .c)
    chosen=$([ $# -eq 0 ] && echo yes)
    for word in "$@"; do
        case $name in *"$word"*) chosen=yes ;; esac
    done
    [ -z "$chosen" ] || names="$names $name"
done
[ -n "$names" ] || { echo "no fuzz target has such a name"; exit 1; }

programs=
for name in $names; do programs="$programs $fuzz/fuzz/$name"; done
# shellcheck disable=SC2086
"$make" --no-print-directory -j"$jobs" B=$fuzz FUZZER=1 CC=clang CXX=clang++ OPTIMIZE=-O1 \
    HARDEN="-fsanitize=fuzzer-no-link,$sanitize -fno-sanitize-recover=all -fno-omit-frame-pointer" \
    LDFLAGS_ALL="-pthread -fsanitize=fuzzer,$sanitize" $programs || exit 1

mkdir -p $fuzz/logs $fuzz/artifacts
for name in $names; do
    rm -f "$fuzz/logs/$name" "$fuzz/logs/$name.status"
    mkdir -p "$fuzz/corpus/$name"
    [ ! -d "tests/fuzz/corpus/${name#fuzz_}" ] || cp -r "tests/fuzz/corpus/${name#fuzz_}/." "$fuzz/corpus/$name/"
done

echo "$names" | tr ' ' '\n' | sed '/^$/d' | SECONDS_EACH=$seconds FUZZ=$fuzz xargs -P "$jobs" -I NAME sh -c '
    "$FUZZ/fuzz/NAME" -max_total_time="$SECONDS_EACH" -timeout=10 -rss_limit_mb=1024 -print_final_stats=1 \
        -artifact_prefix="$FUZZ/artifacts/NAME-" "$FUZZ/corpus/NAME" >"$FUZZ/logs/NAME" 2>&1 </dev/null
    echo $? >"$FUZZ/logs/NAME.status"'

total=0
failed=0
for name in $names; do
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$fuzz/logs/$name")
    total=$((total + ${runs:-0}))
    if [ "$(cat "$fuzz/logs/$name.status" 2>/dev/null)" = 0 ]; then
        echo "ok    $name: ${runs:-0} inputs tried, $(ls "$fuzz/corpus/$name" | wc -l) kept"
    else
        failed=$((failed + 1))
        echo "FAIL  $name"
        tail -n 40 "$fuzz/logs/$name"
    fi
done
# shellcheck disable=SC2086
set -- $names
echo "$# targets, $total inputs tried, $failed failed; what made them fail is in $fuzz/artifacts"
[ "$failed" = 0 ]
