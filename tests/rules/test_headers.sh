#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Every public header compiles alone, in C11 and in C++17, without a warning.
set -u
cd "$ROOT" || exit 1
status=0
count=0
for header in include/trapkit/*.h; do
    count=$((count + 1))
    "${CC:-gcc}" -std=c11 -D_POSIX_C_SOURCE=200809L -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror \
        -Iinclude -x c -fsyntax-only "$header" || status=1
    g++ -std=c++17 -Wall -Wextra -Werror -Iinclude -x c++ -fsyntax-only -include "$header" /dev/null || status=1
done
echo "$count headers"
[ "$count" -gt 0 ] || status=1
exit $status
