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
    share/man/man5/trapkit-traplinked.5 share/doc/trapkit/LICENSE share/doc/trapkit/config.example.toml; do
    [ -s "$destination/usr/$path" ] || fail "not installed: $path"
done
"$destination/usr/bin/trapkit" --version | grep -Eq '^trapkit [0-9]+\.[0-9]+\.[0-9]+' || fail "trapkit --version"
"$destination/usr/bin/trapkit-upload" --help | grep -q 'upload' || fail "trapkit-upload --help"
"$destination/usr/bin/trapper-tools" upload --help | grep -q -- '--file-yaml' || fail "trapper-tools upload --help"
grep -q '^ExecStart=/usr/bin/trapkit traplinked-sync' "$destination/usr/lib/systemd/system/trapkit-traplinked.service" ||
    fail "the service does not start the installed program"
if command -v systemd-analyze >/dev/null; then
    # The program is looked for where the unit says; here it is below DESTDIR.
    mkdir -p "$SCRATCH/units"
    sed "s|=/usr/bin/trapkit|=$destination/usr/bin/trapkit|" "$destination/usr/lib/systemd/system/trapkit-traplinked.service" \
        >"$SCRATCH/units/trapkit-traplinked.service"
    cp "$destination/usr/lib/systemd/system/trapkit-traplinked.timer" "$SCRATCH/units/"
    systemd-analyze verify --man=no "$SCRATCH"/units/* 2>&1 | grep trapkit && fail "systemd does not like the units"
fi
make --no-print-directory uninstall DESTDIR="$destination" PREFIX=/usr >"$SCRATCH/log" 2>&1 || { cat "$SCRATCH/log"; exit 1; }
left=$(find "$destination" ! -type d)
[ -z "$left" ] || fail "left behind: $left"
