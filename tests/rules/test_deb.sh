#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# make deb: two packages that hold what make install installs, name what they need, and are the same made twice.
set -u
cd "$ROOT" || exit 1
fail() { echo "$*"; exit 1; }
command -v dpkg-shlibdeps >/dev/null || { echo "no dpkg-shlibdeps here: apt-get install dpkg-dev"; exit 77; }
version=$(sed -n 's/^VERSION := //p' Makefile)
deb() { echo "build/$1_${version}_$(dpkg --print-architecture).deb"; }
sh cmd/debian/build.sh "$version" >"$SCRATCH/log" 2>&1 || { cat "$SCRATCH/log"; exit 1; }
first=$(sha256sum "$(deb trapkit)" "$(deb libtrapkit-dev)")
sh cmd/debian/build.sh "$version" >"$SCRATCH/log" 2>&1 || { cat "$SCRATCH/log"; exit 1; }
[ "$first" = "$(sha256sum "$(deb trapkit)" "$(deb libtrapkit-dev)")" ] || fail "the same sources make other packages"
depends=$(dpkg-deb -f "$(deb trapkit)" Depends)
# Linked, and loaded when first used.
for library in libc6 libsqlite3-0 libyaml-0-2 libssl3 libcurl4 libzip libturbojpeg0 libavcodec libavformat tzdata; do
    [[ " $depends" == *" $library"* ]] || fail "'$library' is not among what it depends on: $depends"
done
[ "$(dpkg-deb -f "$(deb trapkit)" Version)" = "$version" ] || fail "version"
dpkg-deb -x "$(deb trapkit)" "$SCRATCH/root" && dpkg-deb -x "$(deb libtrapkit-dev)" "$SCRATCH/root" || fail "unpack"
dpkg-deb -e "$(deb trapkit)" "$SCRATCH/control"
for script in postinst prerm postrm; do
    sh -n "$SCRATCH/control/$script" || fail "$script"
    # Outside a system that was started by systemd they have nothing to do.
    [ -d /run/systemd/system ] || "$SCRATCH/control/$script" remove || fail "$script"
done
(cd "$SCRATCH/root" && md5sum --quiet -c "$SCRATCH/control/md5sums") || fail "md5sums"
[ -z "$(find "$SCRATCH/root" -perm /022 ! -type l)" ] || fail "writable by others"
# A program of somebody else, against what libtrapkit-dev installs; its flags name all that is needed.
cp tests/rules/slug.c "$SCRATCH/"
libraries=/usr/lib/$(dpkg-architecture -qDEB_HOST_MULTIARCH)
flags=$(PKG_CONFIG_PATH="$SCRATCH/root$libraries/pkgconfig" pkg-config --define-variable=prefix="$SCRATCH/root/usr" \
    --define-variable=libdir="$SCRATCH/root$libraries" --cflags --libs trapkit) || fail "pkg-config"
# shellcheck disable=SC2086
${CC:-cc} "$SCRATCH/slug.c" -o "$SCRATCH/slug" $flags || fail "the library of libtrapkit-dev cannot be used"
[ "$("$SCRATCH/slug")" = r1-32-odz ] || fail "$("$SCRATCH/slug") is no slug"
for library in $(dpkg-deb -f "$(deb libtrapkit-dev)" Depends | tr -d , | sed 's/| [^ ]*//'); do
    dpkg-query -W "$library" >/dev/null 2>&1 || fail "libtrapkit-dev wants '$library', without which it was just used"
done
if command -v lintian >/dev/null; then
    found=$(lintian --allow-root --fail-on none "$(deb trapkit)" "$(deb libtrapkit-dev)")
    [ -z "$found" ] || fail "lintian: $found"
fi
"$SCRATCH/root/usr/bin/trapper-tools" --version | grep -q "^trapkit $version" || fail "trapper-tools --version"
make --no-print-directory install DESTDIR="$SCRATCH/installed" PREFIX=/usr >"$SCRATCH/log" 2>&1 || { cat "$SCRATCH/log"; exit 1; }
names() {
    (cd "$1" && find usr ! -type d ! -path '*/doc/*' ! -path 'usr/lib/trapkit/*' |
        sed "s|^${libraries#/}/|usr/lib/|; s|\\(man[157]/.*\\)\\.gz\$|\\1|" | LC_ALL=C sort)
}
diff <(names "$SCRATCH/installed") <(names "$SCRATCH/root") || fail "other files than make install has"
