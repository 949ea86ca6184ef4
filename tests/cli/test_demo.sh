#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# make demo delivers a package that unzip and PyYAML accept, and a second run sends nothing.
set -u
fail() { echo "$*"; exit 1; }
export DEMO=$SCRATCH/demo
began=$SECONDS
sh "$ROOT/tests/demo.sh" >"$SCRATCH/first" 2>&1 || { cat "$SCRATCH/first"; exit 1; }
[ $((SECONDS - began)) -lt 60 ] || fail "the demo took $((SECONDS - began)) s"
zip=$(echo "$DEMO"/outbox/*.zip)
[ "$(find "$DEMO/outbox" -type f | wc -l)" = 2 ] || fail "the outbox does not hold one YAML and one ZIP"
unzip -tqq "$zip" || fail "unzip -t"
"$PYTHON" - "${zip%.zip}.yaml" "$zip" <<'P' || fail "YAML and ZIP differ"
import sys, yaml, zipfile
(collection,) = yaml.safe_load(open(sys.argv[1]))["collections"]
named = sorted(f"{collection['resources_dir']}/{d['deployment_id']}/{r['file']}"
               for d in collection["deployments"] for r in d["resources"])
# 3 deployments of 8 pictures and 1 clip
assert len(named) == 27, len(named)
assert named == sorted(zipfile.ZipFile(sys.argv[2]).namelist())
P
before=$(cd "$DEMO/outbox" && stat -c '%n %i %Y' ./*)
sh "$ROOT/tests/demo.sh" >"$SCRATCH/second" 2>&1 || { cat "$SCRATCH/second"; exit 1; }
[ "$before" = "$(cd "$DEMO/outbox" && stat -c '%n %i %Y' ./*)" ] || fail "the second run touched the outbox"
grep -q 'What to do next' "$SCRATCH/second" || fail "no next step shown"
