#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What is derived from the option rows (manual, completions, example settings) is committed as `make docs` makes it,
# the manual is clean roff, and the example settings are good TOML whose commented defaults are good too.
set -u
failed=0
complain() { echo "FAILED: $*"; failed=1; }

for kind in settings man bash zsh fish; do
    "$TRAPKIT" describe $kind "$SCRATCH/made" || complain "describe $kind"
done
cd "$SCRATCH/made" || exit 1
while read -r file; do
    cmp -s "$file" "$ROOT/$file" || complain "$file is not what the option rows say: run 'make docs' and commit"
done < <(find . -type f | sed 's|^\./||')
for page in "$ROOT"/man/*.1; do
    [ -e "man/${page##*/}" ] || complain "man/${page##*/} belongs to no command any more"
done

"$PYTHON" "$ROOT/tests/recording.py" "$TRAPKIT" "$SCRATCH/recording.svg" || complain "the README's recording"
cmp -s "$SCRATCH/recording.svg" "$ROOT/man/three-minutes.svg" ||
    complain "man/three-minutes.svg is not what the program says: run 'make docs' and commit"

if command -v mandoc >/dev/null; then
    for page in "$ROOT"/man/*.[157]; do
        mandoc -Tlint -W warning "$page" || complain "mandoc does not like ${page##*/}"
        width=$(mandoc -Tascii -O width=78 "$page" | sed 's/.\x08//g' | wc -L)
        [ "$width" -le 80 ] || complain "${page##*/} has lines of $width columns"
    done
fi
if command -v groff >/dev/null; then
    out=$(groff -ww -mdoc -Tutf8 -z "$ROOT"/man/*.[157] 2>&1)
    [ -z "$out" ] || complain "groff: $out"
fi
# The help, by either way, is one, and fits a terminal.
sections="ENVIRONMENT FILES EXIT.STATUS EXAMPLES SEE.ALSO"
for name in "" $("$TRAPKIT" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z-]*\) .*/\1/p'); do
    width=$("$TRAPKIT" help $name | wc -L)
    [ "$width" -le 80 ] || complain "'trapkit help $name' has lines of $width columns"
    [ "$("$TRAPKIT" help $name)" = "$("$TRAPKIT" $name --help)" ] || complain "help of '$name' in two ways"
    for section in $sections; do
        grep -q "^\.Sh $section\$" "man/trapkit${name:+-$name}.1" || complain "no $section in the page of '$name'"
    done
done
for status in 0 1 2 3 69 75 77 78; do
    grep -q "^\.It $status$" man/trapkit.1 || complain "trapkit.1 does not tell exit status $status"
done
# Every command has its page, named in trapkit.1.
"$TRAPKIT" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z-]*\) .*/\1/p' | while read -r name; do
    [ -e "man/trapkit-$name.1" ] || echo "$name"
done | grep . && complain "commands without a manual page"

grep -rhoE '\.section = "[A-Z]+"' "$ROOT/cmd" | sed 's/.*"\(.*\)"/\1/' | sort -u | while read -r section; do
    grep -q "^\[$section\]" config.example.toml || echo "$section"
done | grep . && complain "sections of settings that cmd/cli/options.c and describe_settings.c do not name"

"$PYTHON" - config.example.toml "$SCRATCH/all.toml" <<'END' || complain "config.example.toml"
import re, sys, tomllib
text = open(sys.argv[1], encoding="utf-8").read()
assert all(value == {} for value in tomllib.loads(text).values()), "the example sets something"
assert max(map(len, text.splitlines())) <= 100
# Every default taken literally; the _file and _command keys would be followed.
whole = re.sub(r"^# ([a-z0-9_]+ = )", r"\1", text, flags=re.M)
whole = re.sub(r"^[a-z_]+_(file|command) = .*\n", "", whole, flags=re.M)
assert sum(map(len, tomllib.loads(whole).values())) > 10
open(sys.argv[2], "w", encoding="utf-8").write(whole)
END
chmod 600 "$SCRATCH/all.toml"
out=$("$TRAPKIT" config show --config "$SCRATCH/all.toml" 2>&1 >/dev/null)
[ -z "$out" ] || complain "the example's defaults: $out"
exit $failed
