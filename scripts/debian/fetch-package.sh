#!/usr/bin/env bash
# fetch-package.sh <package> <program>…: prints the folder that has the programs: one of PATH that has them all, else that of
# Debian's package, which is unpacked into a cache and not installed. Exit 1 with the reason on standard error where neither can be had.
set -euo pipefail

package=$1
shift
say() { echo "$package: $*" >&2; }
has() { # has <folder> <program>…: all of them
  local folder=$1 program
  shift
  for program in "$@"; do [ -x "$folder/$program" ] || return 1; done
}

# Debian's daemons are in sbin, which the PATH of an ordinary user lacks.
if found=$(PATH=$PATH:/usr/sbin command -v "$1") && has "$(dirname "$found")" "$@"; then
  dirname "$found"
  exit 0
fi

CACHE=${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/ackline-$package
here() { # prints the folder in the cache
  local folder
  for folder in "$CACHE/root/usr/bin" "$CACHE/root/usr/sbin"; do
    if has "$folder" "$@"; then echo "$folder"; return 0; fi
  done
  return 1
}
if here "$@"; then exit 0; fi

if ! command -v apt-get >/dev/null || ! command -v dpkg-deb >/dev/null; then
  say "not on PATH, and this system has no apt-get to fetch it with"
  exit 1
fi
mkdir -p "$CACHE"
exec 8>"$CACHE/lock"
flock 8 # two test runs at once: one fetches it, the other finds it
if here "$@"; then exit 0; fi

folder=$(mktemp -d "$CACHE/fetching.XXXXXX")
trap 'rm -rf "$folder"' EXIT
cd "$folder"
# apt's own user may not write here, and it warns of that.
fetch() { apt-get -qq -o APT::Sandbox::User="$(id -un)" download "$package" >>log 2>&1; }
refresh() { [ "$(id -u)" = 0 ] && apt-get -qq update >>log 2>&1; } # where no list of packages is here yet
if ! fetch && ! { refresh && fetch; }; then
  say "not on PATH, and Debian's package can not be fetched: $(tail -1 log | cut -c1-160)"
  exit 1
fi
dpkg-deb -x "$package"_*.deb root
rm -rf "$CACHE/root"
mv root "$CACHE/root"
here "$@" || { say "Debian's package has no $*"; exit 1; }
