#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# make install puts everything below DESTDIR, the links work, and make uninstall leaves no file behind.
set -u
cd "$ROOT" || exit 1
fail() { echo "$*"; exit 1; }
destination=$SCRATCH/root
make --no-print-directory install DESTDIR="$destination" PREFIX=/usr >"$SCRATCH/log" 2>&1 || { cat "$SCRATCH/log"; exit 1; }
for path in bin/trapkit bin/trapkit-pipeline bin/trapkit-upload bin/trapper-tools share/man/man1/trapkit.1 \
    share/man/man1/trapkit-pipeline.1 share/man/man5/trapkit-config.5 share/man/man5/trapkit-package.5 \
    share/bash-completion/completions/trapkit share/bash-completion/completions/trapper-tools \
    share/zsh/vendor-completions/_trapkit share/fish/vendor_completions.d/trapkit.fish \
    lib/systemd/system/trapkit-traplinked.service lib/systemd/system/trapkit-traplinked.timer \
    lib/systemd/system/trapkit-pipeline@.service lib/systemd/system/trapkit-pipeline@.timer \
    share/man/man1/trapper-tools.1 share/man/man5/trapkit-traplinked.5 share/man/man5/trapkit-cameras.5 \
    share/doc/trapkit/LICENSE share/doc/trapkit/config.example.toml \
    include/trapkit/survey.h lib/libtrapkit.a lib/pkgconfig/trapkit.pc; do
    [ -s "$destination/usr/$path" ] || fail "not installed: $path"
done
"$destination/usr/bin/trapkit" --version | grep -Eq '^trapkit [0-9]+\.[0-9]+\.[0-9]+' || fail "trapkit --version"
"$destination/usr/bin/trapkit-upload" --help | grep -q 'upload' || fail "trapkit-upload --help"
"$destination/usr/bin/trapper-tools" upload --help | grep -q -- '--file-yaml' || fail "trapper-tools upload --help"
grep -q '^ExecStart=/usr/bin/trapkit traplinked-sync' "$destination/usr/lib/systemd/system/trapkit-traplinked.service" ||
    fail "the service does not start the installed program"
grep -rq '@[A-Z]*@' "$destination/usr/lib" --include='*.service' --include='*.pc' && fail "a placeholder is left"
if command -v systemd-analyze >/dev/null; then
    # The program is looked for where the unit says; here it is below DESTDIR.
    mkdir -p "$SCRATCH/units"
    for unit in "$destination"/usr/lib/systemd/system/trapkit-*; do
        name=${unit##*/}
        sed "s|=/usr/bin/trapkit|=$destination/usr/bin/trapkit|" "$unit" >"$SCRATCH/units/${name/@./@tmp.}"
    done
    systemd-analyze verify --man=no "$SCRATCH"/units/* 2>&1 | grep trapkit && fail "systemd does not like the units"
fi
# The shells find the completions by themselves where they were put.
if [ -r /usr/share/bash-completion/bash_completion ]; then
    # shellcheck disable=SC2016
    XDG_DATA_DIRS="$destination/usr/share" bash -c '. /usr/share/bash-completion/bash_completion
        load=_comp_load; declare -F _comp_load >/dev/null || load=__load_completion
        $load trapkit-upload && complete -p trapkit-upload' | grep -q _trapkit || fail "bash does not find the completions"
fi
# A program of somebody else, against the library where it was put.
cp tests/rules/slug.c "$SCRATCH/"
flags=$(PKG_CONFIG_PATH="$destination/usr/lib/pkgconfig" pkg-config --define-variable=prefix="$destination/usr" \
    --define-variable=libdir="$destination/usr/lib" --cflags --libs trapkit) || fail "pkg-config"
# shellcheck disable=SC2086
${CC:-cc} "$SCRATCH/slug.c" -o "$SCRATCH/slug" $flags || fail "the library cannot be used"
[ "$("$SCRATCH/slug")" = r1-32-odz ] || fail "$("$SCRATCH/slug") is no slug"
[ ! -e build/lib/trapkit/libonnxruntime.so.1 ] || [ -s "$destination/usr/lib/trapkit/libonnxruntime.so.1" ] ||
    fail "the model runtime that make deps fetched is not installed"
make --no-print-directory uninstall DESTDIR="$destination" PREFIX=/usr >"$SCRATCH/log" 2>&1 || { cat "$SCRATCH/log"; exit 1; }
left=$(find "$destination" ! -type d)
[ -z "$left" ] || fail "left behind: $left"
