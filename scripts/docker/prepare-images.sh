#!/usr/bin/env bash
# Makes sure that the images of the container tests are here.
#   1. present                 nothing to do
#   2. can be pulled           the official image
#   3. can't be pulled         a stand-in under the same name, built out of Debian's and Maven's packages and labelled
#                              ackline.standin=yes; needs root, apt, mvn, and says so loudly
# prepare-images.sh [auto|official-only]; STANDIN=force builds all stand-ins whatever is here.
# STANDIN_TAG_PREFIX names them otherwise (to try the script without touching the images that tests use).
set -euo pipefail
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
MODE=${1:-auto}
CACHE=${ACKLINE_STANDIN_CACHE:-/var/cache/ackline-standin}
PREFIX=${STANDIN_TAG_PREFIX:-}
POSTGRES=postgres:17 REDIS=redis:8.0 KAFKA=apache/kafka:4.1.0
KAFKA_VERSION=${KAFKA##*:}
PULL_LIMIT_S=${PULL_LIMIT_S:-600}
BASE=ackline/standin-base:1
DEBIAN=trixie # has PostgreSQL 17 and Redis 8.0

say() { printf 'images: [%3d s] %s\n' "$SECONDS" "$*" >&2; }
present() { docker image inspect "$1" >/dev/null 2>&1; }

missing() {
  local image
  for image in $POSTGRES $REDIS $KAFKA; do
    if [ "${STANDIN:-}" = force ] || ! present "$image"; then echo "$image"; fi
  done
}

# Docker itself gives up after seconds where no registry answers; the limit is for a line that is merely slow.
pull_all() {
  local image log
  log=$(mktemp)
  for image in "$@"; do
    say "pulling $image"
    timeout "$PULL_LIMIT_S" docker pull -q "$image" >/dev/null 2>"$log" && continue
    say "$image can not be pulled: $(tail -1 "$log" | cut -c1-160)"
    rm -f "$log"
    return 1
  done
  rm -f "$log"
}

# ------------------------------------------------------------------------------------------------ stand-ins

# The packages of the servers with all that they need, resolved against an empty system. Nothing is installed here.
unpack_debian() {
  : >status
  local mirror
  mirror=$(apt-get indextargets --format '$(REPO_URI)' | grep -v security | head -1) # the one that this machine uses
  [ -n "$mirror" ] || { say "no package lists: run apt-get update first"; return 1; }
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $DEBIAN main" >sources.list
  cat >apt.conf <<END
Dir::Etc::sourcelist "$CACHE/sources.list"; Dir::Etc::sourceparts "/dev/null"; Dir::Etc::preferencesparts "/dev/null";
Dir::State::lists "$CACHE/lists"; Dir::State::status "$CACHE/status"; Dir::Cache "$CACHE/apt"; APT::Sandbox::User "root";
Acquire::Languages "none"; Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false"; Acquire::Retries "3";
APT::Install-Recommends "false";
END
  export APT_CONFIG=$CACHE/apt.conf
  apt-get -qq update
  # Left out: what only installation scripts, compilers and documentation need.
  apt-get -s install postgresql-17 redis-server openjdk-21-jre-headless bash dash coreutils sed grep mawk findutils procps \
    util-linux hostname netbase tzdata 2>/dev/null | awk '/^Inst/ { print $2 }' |
    grep -vE '^(libllvm.*|libz3-4|perl|perl-modules.*|libperl.*|libgdbm.*|ssl-cert|openssl|openssl-provider.*|.*-perl)$' |
    grep -vE '^(adduser|passwd|login.*|debconf|libdebconf.*|postgresql-common.*|postgresql-client-common|locales|libc-l10n)$' |
    grep -vE '^(ca-certificates.*|java-common|ucf|sensible-utils|init-system-helpers|sysvinit-utils|libsemanage.*|libsepol2)$' |
    grep -vE '^(libpam-.*|gcc-.*-base|readline-common|libtext-.*)$' >packages.txt
  (cd debs && xargs apt-get -qq download <../packages.txt)
  rm -rf root.new && mkdir root.new
  dpkg-deb -x debs/base-files_*.deb root.new # first: it brings the links from /bin to /usr/bin
  find debs -name '*.deb' -print0 | xargs -0 -P2 -I{} dpkg-deb -x {} root.new
  rm -rf root.new/usr/share/{man,doc,locale,info,lintian,bug} root.new/usr/lib/postgresql/17/lib/{bitcode,llvmjit*}
  rm -rf root && mv root.new root
  say "$(wc -l <packages.txt) Debian packages unpacked"
}

fetch_kafka() {
  [ -f "libs/kafka_2.13-$KAFKA_VERSION.jar" ] && return 0
  sed "s/@KAFKA@/$KAFKA_VERSION/" "$HERE/standins/pom.xml" >pom.xml
  mvn -q -B -f pom.xml dependency:copy-dependencies -DoutputDirectory="$CACHE/libs" -DincludeScope=runtime >mvn.log 2>&1 ||
    { tail -20 mvn.log >&2; return 1; }
  say "$(find libs -name '*.jar' | wc -l) jars of Kafka $KAFKA_VERSION fetched"
}

complete_root() {
  local root=$CACHE/root account name id home file
  cp $root/usr/share/base-passwd/passwd.master $root/etc/passwd
  cp $root/usr/share/base-passwd/group.master $root/etc/group
  for account in postgres:999:/var/lib/postgresql redis:998:/data; do
    IFS=: read -r name id home <<<"$account"
    echo "$name:x:$id:$id::$home:/bin/sh" >>$root/etc/passwd
    echo "$name:x:$id:" >>$root/etc/group
    mkdir -p "$root$home"
    chown "$id:$id" "$root$home"
  done
  printf 'passwd: files\ngroup: files\nhosts: files dns\n' >$root/etc/nsswitch.conf
  ln -sf mawk $root/usr/bin/awk
  [ -e $root/usr/bin/sh ] || ln -s dash $root/usr/bin/sh
  ln -sfn "$(cd $root && echo usr/lib/jvm/java-21-openjdk-*/bin/java | sed 's,^,/,')" $root/usr/bin/java
  for file in $root/usr/lib/postgresql/17/bin/*; do ln -sf "${file#"$root"}" $root/usr/bin/; done
  cp -a "$HERE/standins/rootfs/." $root/
  chmod 755 $root/etc/kafka/docker/run $root/usr/local/bin/*.sh
  mkdir -p $root/opt/kafka/libs
  cp libs/*.jar $root/opt/kafka/libs/
  ldconfig -r $root
  for file in /usr/lib/postgresql/17/bin/postgres /usr/bin/{redis-server,bash,setpriv}; do
    if chroot $root /usr/bin/ldd "$(readlink -m "$root$file" | sed "s,^$root,,")" 2>/dev/null | grep 'not found' >&2; then
      say "a library is missing for $file"
      return 1
    fi
  done
  tar --numeric-owner -C $root -c . | docker import - $BASE >/dev/null
}

tag() { # IMAGE LINES-OF-DOCKERFILE
  printf 'FROM %s\nLABEL ackline.standin="yes"\n%b\n' $BASE "$2" | DOCKER_BUILDKIT=0 docker build -q -t "$PREFIX$1" - >/dev/null
  say "built the stand-in $PREFIX$1"
}

tag_kafka() {
  tag $KAFKA 'EXPOSE 9092\nCMD ["/etc/kafka/docker/run"]'
  # A training run writes the loaded classes to an archive, which halves every later start.
  local container folder
  container=$(docker run -d -e ACKLINE_DUMP_CLASSES=/tmp/classes.jsa "$PREFIX$KAFKA")
  for ((i = 0; i < 240; i++)); do docker logs "$container" 2>&1 | grep -q 'Kafka Server started' && break; sleep 0.5; done
  docker stop -t 90 "$container" >/dev/null
  folder=$(mktemp -d)
  if docker cp "$container:/tmp/classes.jsa" "$folder/" >/dev/null 2>&1; then
    chmod 644 "$folder/classes.jsa"
    printf 'FROM %s\nCOPY classes.jsa /opt/kafka/classes.jsa\n' "$PREFIX$KAFKA" >"$folder/Dockerfile"
    DOCKER_BUILDKIT=0 docker build -q -t "$PREFIX$KAFKA" "$folder" >/dev/null
  fi
  docker rm -f -v "$container" >/dev/null
  rm -rf "$folder"
}

build_standins() {
  [ "$(id -u)" = 0 ] || { say "stand-ins need root"; return 1; }
  mkdir -p "$CACHE"/{lists/partial,debs/partial,apt}
  cd "$CACHE"
  exec 8>"$CACHE/lock"
  flock 8 # one build at a time
  local debian kafka
  unpack_debian & debian=$!
  fetch_kafka & kafka=$!
  wait $debian
  wait $kafka
  complete_root
  local image
  for image in "$@"; do
    case $image in
      "$POSTGRES") tag $POSTGRES 'ENV PGDATA=/var/lib/postgresql/data LANG=C.UTF-8\nVOLUME /var/lib/postgresql/data\nSTOPSIGNAL SIGINT\nEXPOSE 5432\nENTRYPOINT ["postgres-entrypoint.sh"]\nCMD ["postgres"]' ;;
      "$REDIS") tag $REDIS 'WORKDIR /data\nVOLUME /data\nEXPOSE 6379\nENTRYPOINT ["redis-entrypoint.sh"]\nCMD ["redis-server"]' ;;
      "$KAFKA") tag_kafka ;;
    esac
  done
}

mapfile -t needed < <(missing)
[ ${#needed[@]} -gt 0 ] || { say "all here"; exit 0; }
if [ "${STANDIN:-}" != force ]; then
  pull_all "${needed[@]}" && { say "pulled ${needed[*]}"; exit 0; }
  [ "$MODE" = auto ] || exit 1
  mapfile -t needed < <(missing)
fi
say "BUILDING STAND-INS, NOT THE OFFICIAL IMAGES, FOR: ${needed[*]}"
build_standins "${needed[@]}"
say "done"
