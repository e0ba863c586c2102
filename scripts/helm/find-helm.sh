#!/usr/bin/env bash
# Prints the path of helm: that of HELM, else the one on PATH, else our own in a cache, which `find-helm.sh build` makes with Go out of
# helm's module (some minutes, once). Exit 1 with the reason on standard error where there is none.
set -euo pipefail

VERSION=v4.3.2 # Go's checksum database knows what is in it
CACHE=${ACKLINE_HELM_CACHE:-${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/ackline-helm}/$VERSION

say() { echo "helm: $*" >&2; }

if [ -n "${HELM:-}" ]; then
  if command -v "$HELM" >/dev/null; then command -v "$HELM"; exit 0; fi
  say "HELM is $HELM, which is no program"
  exit 1
fi
if command -v helm; then exit 0; fi
if [ -x "$CACHE/helm" ]; then echo "$CACHE/helm"; exit 0; fi
if [ "${1:-}" != build ]; then
  say "not on PATH; set HELM, or let \`scripts/helm/find-helm.sh build\` make one with Go"
  exit 1
fi
if ! command -v go >/dev/null; then
  say "not on PATH, and there is no Go to build it with; set HELM to its path"
  exit 1
fi

mkdir -p "$CACHE"
exec 8>"$CACHE/lock"
flock 8 # two test runs at once: one builds it, the other finds it
if [ ! -x "$CACHE/helm" ]; then
  say "building $VERSION with Go, once"
  # Elsewhere first: a build that is cut leaves no half of a program behind.
  folder=$(mktemp -d "$CACHE/building.XXXXXX")
  trap 'rm -rf "$folder"' EXIT
  if ! GOBIN=$folder GOFLAGS=-buildvcs=false go install "helm.sh/helm/v4/cmd/helm@$VERSION" >"$CACHE/log" 2>&1; then
    say "Go can not build it: $(tail -1 "$CACHE/log" | cut -c1-160)"
    exit 1
  fi
  mv "$folder/helm" "$CACHE/helm"
fi
echo "$CACHE/helm"
