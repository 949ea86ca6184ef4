#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# The main job on a small made-up card, offline: survey, package, deliver to an outbox folder.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
build=${TRAPKIT_BUILD:-$here/../build/plain}
demo=${DEMO:-$(cd "$build/.." && pwd)/demo}
card=$demo/card
outbox=$demo/outbox

if [ ! -e "$demo/made" ]; then
    rm -rf "$demo"
    mkdir -p "$demo/settings" "$outbox"
    echo "Making a small card in $card"
    "${PYTHON:-python3}" "$here/fixtures/make_card.py" "$card" \
        --collections 1 --deployments 3 --images 8 --clips 1 --seed 1 >/dev/null
    (
        umask 077
        cat >"$demo/settings/default.toml" <<'TOML'
[GENERAL]
host = "https://trapper.example.org"
login = "you@example.org"
project_id = 12

[PACKAGE]
timezone = "Europe/Warsaw"
TOML
    )
    : >"$demo/made"
fi

echo "The card:"
(cd "$card" && find . -type f -not -path './.trapkit/*' -not -name 'package_*' | LC_ALL=C sort | head -n 8 &&
    echo "… $(find . -type f -not -path './.trapkit/*' -not -name 'package_*' | wc -l) files in all")
echo
echo "\$ trapkit pipeline --data-path build/demo/card --to file://$outbox --no-validate"
"$build/trapkit" --settings-dir "$demo/settings" pipeline --data-path "$card" --to "file://$outbox" --no-validate
echo
echo "In the outbox:"
ls -l "$outbox"
echo
echo "The first lines of the definition that TRAPPER reads:"
for yaml in "$outbox"/*.yaml; do head -n 18 "$yaml"; break; done
cat <<TEXT

What to do next
  - Run 'make demo' again: it finds everything delivered and does nothing twice.
  - Write your own settings:    build/plain/trapkit config --init
  - Try them:                   build/plain/trapkit helpers test_connection
  - Send a card of your own:    build/plain/trapkit pipeline --data-path /path/to/card --trigger
TEXT
