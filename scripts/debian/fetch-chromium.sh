#!/usr/bin/env bash
# fetch-chromium.sh: prints a program that is Chromium: that of PATH, else Debian's, unpacked into a cache with all that it needs and this
# system lacks (libraries, a font), and not installed. Exit 1 with the reason on standard error where it can't be had.
set -euo pipefail

say() { echo "chromium: $*" >&2; }

if found=$(command -v chromium); then
  echo "$found"
  exit 0
fi

CACHE=${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/ackline-chromium
PROGRAM=$CACHE/root/chromium
if [ -x "$PROGRAM" ]; then echo "$PROGRAM"; exit 0; fi

if ! command -v apt-get >/dev/null || ! command -v dpkg-deb >/dev/null; then
  say "not on PATH, and this system has no apt-get to fetch it with"
  exit 1
fi
mkdir -p "$CACHE"
exec 8>"$CACHE/lock"
flock 8 # two test runs at once: one fetches it, the other finds it
if [ -x "$PROGRAM" ]; then echo "$PROGRAM"; exit 0; fi

folder=$(mktemp -d "$CACHE/fetching.XXXXXX")
trap 'rm -rf "$folder"' EXIT
cd "$folder"
# apt's own user may not write here, and it warns of that; nothing is installed, so nothing is locked.
APT=(apt-get -qq -o APT::Sandbox::User="$(id -un)" -o Debug::NoLocking=1)
refresh() { [ "$(id -u)" = 0 ] && apt-get -qq update >>log 2>&1; } # where no list of packages is here yet
# The packages that an installation would bring, each once: `'http://…' name_version_arch.deb size hash`.
list() { "${APT[@]}" install --print-uris --yes --no-install-recommends chromium fonts-liberation 2>>log | sed -n "s/^'[^']*' \([^_ ]*\)_.*/\1/p" | sort -u; }
packages=$(list) || true
if [ -z "$packages" ] && refresh; then packages=$(list) || true; fi
# shellcheck disable=SC2086 # names, a word each
if [ -z "$packages" ] || ! "${APT[@]}" download $packages >>log 2>&1; then
  say "not on PATH, and Debian's package can not be fetched: $(tail -1 log | cut -c1-160)"
  exit 1
fi
for package in *.deb; do dpkg-deb -x "$package" root; done

libraries=$(find root -name '*.so*' -printf '%h\n' | sort -u | sed "s|^|$CACHE/|" | paste -sd:)
cat >root/fonts.conf <<END
<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>$CACHE/root/usr/share/fonts</dir>
  <dir>/usr/share/fonts</dir>
  <cachedir>$CACHE/fonts</cachedir>
  <alias><family>system-ui</family><prefer><family>Liberation Sans</family></prefer></alias>
  <alias><family>ui-monospace</family><prefer><family>Liberation Mono</family></prefer></alias>
</fontconfig>
END
cat >root/chromium <<END
#!/bin/sh
export LD_LIBRARY_PATH="$libraries" FONTCONFIG_FILE="$CACHE/root/fonts.conf"
exec "$CACHE/root/usr/lib/chromium/chromium" "\$@"
END
chmod +x root/chromium
if ! root_version=$(sed "s|$CACHE/root|$PWD/root|g" root/chromium | sh -s -- --version 2>&1); then
  say "Debian's package does not run here: $(echo "$root_version" | tail -1 | cut -c1-160)"
  exit 1
fi
rm -rf "$CACHE/root"
mv root "$CACHE/root"
echo "$PROGRAM"
