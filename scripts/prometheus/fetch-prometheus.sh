#!/usr/bin/env bash
# Prints the folder that has `prometheus` and `promtool`: where PATH has both, else out of Debian's package, which is unpacked
# into a cache and not installed. Exit 1 with the reason on standard error where neither can be had.
set -euo pipefail

say() { echo "prometheus: $*" >&2; }

if command -v promtool >/dev/null && command -v prometheus >/dev/null; then
  dirname "$(command -v promtool)"
  exit 0
fi

CACHE=${ACKLINE_PROMETHEUS_CACHE:-${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/ackline-prometheus}
BIN=$CACHE/root/usr/bin
here() { [ -x "$BIN/promtool" ] && [ -x "$BIN/prometheus" ]; }
if here; then echo "$BIN"; exit 0; fi

if ! command -v apt-get >/dev/null || ! command -v dpkg-deb >/dev/null; then
  say "not on PATH, and this system has no apt-get to fetch it with"
  exit 1
fi
mkdir -p "$CACHE"
exec 8>"$CACHE/lock"
flock 8 # two test runs at once: one fetches it, the other finds it
if here; then echo "$BIN"; exit 0; fi

folder=$(mktemp -d "$CACHE/fetching.XXXXXX")
trap 'rm -rf "$folder"' EXIT
cd "$folder"
# apt's own user may not write here, and it warns of that.
fetch() { apt-get -qq -o APT::Sandbox::User="$(id -un)" download prometheus >>log 2>&1; }
refresh() { [ "$(id -u)" = 0 ] && apt-get -qq update >>log 2>&1; } # where no list of packages is here yet
if ! fetch && ! { refresh && fetch; }; then
  say "not on PATH, and Debian's package can not be fetched: $(tail -1 log | cut -c1-160)"
  exit 1
fi
dpkg-deb -x prometheus_*.deb root
rm -rf "$CACHE/root"
mv root "$CACHE/root"
here || { say "Debian's package has no promtool"; exit 1; }
echo "$BIN"
