#!/usr/bin/env bash
# Sets up everything that `make demo` needs and, with --tests, what `make test` needs too. Quick when nothing changed.
#   1. Debian/Ubuntu packages: janus (its system service masked, never started), chromium, iproute2, fonts of all scripts
#      and what shapes Arabic and Indic ones, a C compiler
#   2. .venv from requirements/dev.txt (a lock file with hashes), the package itself in editable mode
#   3. testbed/web/node_modules from its package-lock.json (the browser SDK, hls.js)
#   4. build/libreelkit-flush.so, which makes Janus' recordings readable within 50 ms
#   With --tests also PostgreSQL and the servers that recordings are delivered to: sshd and nginx with its RTMP module
#   (installed, never started as services), testbed/azurite/node_modules; and testbed/pages/node_modules, which recording apps are built of, and testbed/api_client/node_modules, the official TypeScript client. rclone and the Google Cloud emulator come with the .venv.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf '\033[1m==>\033[0m %s\n' "$*"; }
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

PACKAGES=(janus chromium iproute2 fonts-dejavu-core fonts-noto-core fonts-noto-cjk fonts-noto-color-emoji libfribidi0 gcc libc6-dev)
tests=${1:-}
[ "$tests" != --tests ] || PACKAGES+=(openssh-server nginx-light libnginx-mod-rtmp postgresql)
NO_CLUSTER=/etc/postgresql-common/createcluster.d/reelkit.conf
missing=()
for package in "${PACKAGES[@]}"; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q '^install ok installed' || missing+=("$package")
done
if [ "${#missing[@]}" -gt 0 ]; then
  command -v apt-get >/dev/null || { echo "reelkit's set-up knows Debian and Ubuntu; install by hand: ${missing[*]}" >&2; exit 1; }
  say "installing ${missing[*]}"
  # Debian's packages start servers with stock configurations: mask those that nobody has set up before they can.
  as_root mkdir -p /etc/systemd/system
  for package in "${missing[@]}"; do
    case $package in
      janus) service=janus ;;
      openssh-server) service=ssh ;;
      nginx-light) service=nginx ;;
      # Its service starts the clusters that there are; this keeps the package from making one.
      postgresql)
        as_root mkdir -p "$(dirname "$NO_CLUSTER")"
        echo 'create_main_cluster = false' | as_root tee "$NO_CLUSTER" >/dev/null
        continue
        ;;
      *) continue ;;
    esac
    [ -e "/etc/systemd/system/$service.service" ] || as_root ln -s /dev/null "/etc/systemd/system/$service.service"
  done
  as_root apt-get update -qq
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
  as_root rm -f "$NO_CLUSTER"
fi

python=${PYTHON:-python3}
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "reelkit needs Python 3.11 or newer; set PYTHON=/path/to/python3" >&2; exit 1; }
stamp=.venv/.stamp
want=$(cat requirements/dev.txt pyproject.toml | sha256sum | cut -d' ' -f1)
if [ "$(cat $stamp 2>/dev/null || true)" != "$want" ]; then
  say "creating .venv from requirements/dev.txt"
  [ -x .venv/bin/python ] || "$python" -m venv .venv
  # The lock file is complete: pip need not look for newer versions of what is in it.
  .venv/bin/pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements/dev.txt
  .venv/bin/pip install --quiet --disable-pip-version-check --no-deps --editable .
  echo "$want" >$stamp
fi

node_modules() {
  cmp -s "$1/package-lock.json" "$1/node_modules/.stamp" && return
  command -v npm >/dev/null || { echo "reelkit's browser tests and demo need Node with npm" >&2; exit 1; }
  say "installing $2 from $1/package-lock.json"
  npm ci --prefix "$1" --silent --no-audit --no-fund --ignore-scripts
  cp "$1/package-lock.json" "$1/node_modules/.stamp"
}
node_modules testbed/web "the browser SDK"
if [ "$tests" = --tests ]; then
  node_modules testbed/azurite "Azure's storage emulator"
  node_modules testbed/pages "what recording apps are built with"
  node_modules testbed/api_client "the official API client"
fi

if [ reelkit/sfu/flush.c -nt build/libreelkit-flush.so ]; then
  say "building build/libreelkit-flush.so"
  mkdir -p build
  cc -O2 -Wall -Wextra -Werror -shared -fPIC -o build/libreelkit-flush.so reelkit/sfu/flush.c -lpthread
fi
