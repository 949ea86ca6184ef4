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
"$SCRATCH/root/usr/bin/trapper-tools" --version | grep -q "^trapkit $version" || fail "trapper-tools --version"
make --no-print-directory install DESTDIR="$SCRATCH/installed" PREFIX=/usr >"$SCRATCH/log" 2>&1 || { cat "$SCRATCH/log"; exit 1; }
names() { (cd "$1" && find usr ! -type d ! -path '*/doc/*' ! -path 'usr/lib/trapkit/*' | sed 's/\(man[157]\/.*\)\.gz$/\1/' | LC_ALL=C sort); }
diff <(names "$SCRATCH/installed") <(names "$SCRATCH/root") || fail "other files than make install has"
