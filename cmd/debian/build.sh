#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# make deb: puts what 'make install' installs into two Debian packages, with the dependencies of this release.
set -eu
version=$1
work=build/deb
architecture=$(dpkg --print-architecture)
libraries=/usr/lib/$(dpkg-architecture -qDEB_HOST_MULTIARCH)
# The C++ library that the static one is linked with, as this release calls it.
cxx=libstdc++-$(${CXX:-g++} -dumpversion | cut -d. -f1)-dev
# The packages are the same whenever they are made from the same sources.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || stat -c %Y NEWS.md)}
export SOURCE_DATE_EPOCH

rm -rf $work
mkdir -p $work/debian/trapkit/DEBIAN
printf 'Source: trapkit\n\nPackage: trapkit\nArchitecture: any\n' >$work/debian/control
umask 022
log=$work/log
{ make --no-print-directory install-program DESTDIR="$work/debian/trapkit" PREFIX=/usr &&
    make --no-print-directory install-library DESTDIR="$work/debian/libtrapkit-dev" PREFIX=/usr \
        LIBDIR="$libraries"; } >$log 2>&1 ||
    { cat $log >&2; exit 1; }
strip --strip-unneeded -R .comment -R .note $work/debian/trapkit/usr/bin/trapkit
strip --strip-debug -R .comment -R .note --enable-deterministic-archives \
    "$work/debian/libtrapkit-dev$libraries/libtrapkit.a"

# A library that is loaded when first used is not in the program's own list: one that links them all has them in its.
${CC:-cc} -shared -o $work/debian/trapkit/loaded.so -Wl,--no-as-needed -lzip -lssl -lcrypto -lcurl -lturbojpeg \
    -lavformat -lavcodec -lavutil -lswscale -lswresample -lz
dependencies=$(cd $work && dpkg-shlibdeps --warnings=0 -O debian/trapkit/usr/bin/trapkit debian/trapkit/loaded.so |
    sed 's/^shlibs:Depends=//')
rm $work/debian/trapkit/loaded.so

# The licence is among those that every Debian has; copyright says where.
rm $work/debian/trapkit/usr/share/doc/trapkit/LICENSE
install -m 755 cmd/debian/postinst cmd/debian/prerm cmd/debian/postrm $work/debian/trapkit/DEBIAN/

# fill PACKAGE: what Debian wants of every package.
fill() {
    root=$work/debian/$1
    mkdir -p "$root/DEBIAN" "$root/usr/share/doc/$1"
    cp cmd/debian/copyright "$root/usr/share/doc/$1/copyright"
    printf '%s (%s) unstable; urgency=medium\n\n  * NEWS.md tells what is new.\n\n -- %s  %s\n' trapkit "$version" \
        "$(sed -n 's/^Maintainer: //p' "cmd/debian/$1.control.in")" "$(date -uRd "@$SOURCE_DATE_EPOCH")" |
        gzip -9nc >"$root/usr/share/doc/$1/changelog.gz"
    if [ -d "$root/usr/share/man" ]; then
        find "$root/usr/share/man" -type f -exec gzip -9n {} +
        for link in $(find "$root/usr/share/man" -type l); do
            ln -s "$(readlink "$link").gz" "$link.gz"
            rm "$link"
        done
    fi
    sed "s|@VERSION@|$version|; s|@ARCHITECTURE@|$architecture|; s|@DEPENDS@|$dependencies|; s|@CXX@|$cxx|;
        s|@SIZE@|$(du -sk "$root/usr" | cut -f1)|" "cmd/debian/$1.control.in" >"$root/DEBIAN/control"
    (cd "$root" && find usr -type f -print0 | LC_ALL=C sort -z | xargs -0 md5sum) >"$root/DEBIAN/md5sums"
    find "$root" -newermt "@$SOURCE_DATE_EPOCH" -print0 | xargs -0r touch -hd "@$SOURCE_DATE_EPOCH"
    dpkg-deb --root-owner-group -Zxz --build "$root" build >/dev/null
    echo "build/$1_${version}_$architecture.deb"
}

fill trapkit
fill libtrapkit-dev
