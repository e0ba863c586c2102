#!/usr/bin/env bash
# A Docker Engine for the container tests.
#   env     what the tests need in their environment, as NAME=value; exit 1 if no engine answers
#   start   use the engine that answers, else install (Debian, Ubuntu) and start one of our own; needs root, no service manager
#   stop    stop the engine that `start` started, and only that
#   status  one line
# The engine of our own keeps its images in /var/lib/ackline-docker, so that a second run finds them.
set -euo pipefail

STATE=${ACKLINE_DOCKER_STATE:-/run/ackline-dockerd}
DATA=${ACKLINE_DOCKER_DATA:-/var/lib/ackline-docker}
SOCKET=${ACKLINE_DOCKER_SOCKET:-/var/run/docker.sock}
TIMEOUT_S=${ACKLINE_DOCKER_TIMEOUT_S:-60}
LOG=$STATE/dockerd.log
PID_FILE=$STATE/dockerd.pid # written by dockerd itself

say() { echo "dockerd: $*" >&2; }

# The addresses where an engine may answer: as the user has it set, as its context says, and our own.
hosts() {
  [ -z "${DOCKER_HOST:-}" ] || echo "$DOCKER_HOST"
  command -v docker >/dev/null && docker context inspect --format '{{.Endpoints.docker.Host}}' 2>/dev/null || true
  echo "unix://$SOCKET"
}

# Prints "HOST API-VERSION" of the first that answers.
engine() {
  command -v docker >/dev/null || return 1
  local host version
  while read -r host; do
    version=$(DOCKER_HOST=$host timeout 10 docker version --format '{{.Server.APIVersion}}' 2>/dev/null) || continue
    if [ -n "$version" ]; then echo "$host $version"; return 0; fi
  done < <(hosts)
  return 1
}

# kill -0 is not enough: where pid 1 does not reap, a dead daemon stays as a zombie that still takes signals.
running() {
  [ -n "${1:-}" ] && [ "$(cat "/proc/$1/comm" 2>/dev/null)" = "$2" ] && ! grep -q '^State:.*Z' "/proc/$1/status" 2>/dev/null
}
ours() { [ -s "$PID_FILE" ] && running "$(cat "$PID_FILE")" dockerd; }

install_engine() {
  command -v dockerd >/dev/null && return 0
  command -v apt-get >/dev/null || { say "not installed, and this system has no apt-get to install it with"; return 1; }
  say "installing docker.io"
  { apt-get update -qq || true
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends docker.io iptables
  } >"$STATE/apt.log" 2>&1 </dev/null || { tail -20 "$STATE/apt.log" >&2; return 1; }
}

# A dockerd that was killed leaves its containerd behind, and the next dockerd then waits for it in vain.
end_stale_containerd() {
  local file=$STATE/exec/containerd/containerd.pid pid
  [ -s "$file" ] || return 0
  pid=$(cat "$file")
  if running "$pid" containerd; then
    kill -TERM "$pid"
    for ((i = 0; i < 100; i++)); do running "$pid" containerd || break; sleep 0.1; done
  fi
  rm -f "$file"
}

start() {
  engine >/dev/null && { say "using the engine that answers at $(engine | cut -d' ' -f1)"; return 0; }
  [ "$(id -u)" = 0 ] || { say "starting one needs root"; return 1; }
  mkdir -p "$STATE"
  exec 9>"$STATE/lock"
  flock -w "$TIMEOUT_S" 9 # two test runs at once: one starts it, the other finds it
  engine >/dev/null && return 0
  install_engine
  local child=''
  if ! ours; then
    rm -f "$PID_FILE"
    end_stale_containerd
    # setsid: it outlives this shell; 9>&-: it must not hold the lock; </dev/null: there may be no stdin
    setsid dockerd --host "unix://$SOCKET" --data-root "$DATA" --exec-root "$STATE/exec" --pidfile "$PID_FILE" \
      ${ACKLINE_DOCKERD_ARGS:-} >>"$LOG" 2>&1 </dev/null 9>&- &
    child=$!
    disown
  fi
  for ((i = 0; i < TIMEOUT_S * 5; i++)); do
    if engine >/dev/null; then say "started, process $(cat "$PID_FILE"), log $LOG"; return 0; fi
    if [ -n "$child" ] && ! kill -0 "$child" 2>/dev/null; then break; fi # it died at once: say why, do not wait
    sleep 0.2
  done
  say "did not come up; its last lines:"
  tail -25 "$LOG" >&2
  return 1
}

stop() {
  ours || { say "none of ours runs"; return 0; }
  local pid
  pid=$(cat "$PID_FILE")
  # Its containers first, so that none outlives it.
  DOCKER_HOST=unix://$SOCKET docker ps -q | xargs -r env DOCKER_HOST="unix://$SOCKET" docker kill >/dev/null
  kill -TERM "$pid"
  for ((i = 0; i < 200; i++)); do running "$pid" dockerd || { say "stopped"; return 0; }; sleep 0.1; done
  say "does not end: killing it"
  kill -KILL "$pid"
}

case ${1:-start} in
  start) start ;;
  stop) stop ;;
  status) if found=$(engine); then echo "answers: $found"; else echo "no engine answers"; exit 1; fi ;;
  env)
    found=$(engine) || exit 1
    read -r host version <<<"$found"
    echo "DOCKER_HOST=$host"
    echo "DOCKER_API_VERSION=$version"
    # Ryuk would be one more image; the tier runner removes what is left behind. The gateway's address, which is taken
    # otherwise, is not reachable everywhere.
    echo "TESTCONTAINERS_RYUK_DISABLED=true"
    echo "TESTCONTAINERS_HOST_OVERRIDE=localhost"
    ;;
  *) echo "usage: $0 [start|stop|status|env]" >&2; exit 2 ;;
esac
