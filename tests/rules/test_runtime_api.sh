#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The places in ONNX Runtime's table that lib/detect/runtime_api.h names are those of the real header.
set -u
cd "$ROOT" || exit 1
header=$(find /usr/include /usr/local/include -name onnxruntime_c_api.h 2>/dev/null | head -1)
if [ -z "$header" ]; then
    echo "libonnxruntime-dev is not installed: there is no header to compare with"
    exit 77
fi
{
    printf '%s\n' '#include <stddef.h>' "#include \"$header\"" '#include "lib/detect/runtime_api.h"' \
        '#define SAME(type, name, place, arguments) _Static_assert(offsetof(OrtApi, name) == (place) * sizeof(void *), #name);' \
        'RUNTIME_FUNCTIONS(SAME)' \
        '_Static_assert(offsetof(OrtApiBase, GetApi) == 0 && offsetof(OrtApiBase, GetVersionString) == sizeof(void *), "base");' \
        'int main(void) { return 0; }'
} >"$SCRATCH/places.c"
"${CC:-cc}" -I. -c -o "$SCRATCH/places.o" "$SCRATCH/places.c" 2>"$SCRATCH/log" && exit 0
cat "$SCRATCH/log"
exit 1
