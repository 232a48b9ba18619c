#!/usr/bin/env bash
# Sets up everything that `make demo` and `make test` need, and is quick when nothing changed.
#   1. Debian/Ubuntu packages: janus (its system service masked, never started), chromium, iproute2, fonts of all scripts
#      and what shapes Arabic and Indic ones, a C compiler
#   2. .venv from requirements/dev.txt (a lock file with hashes), the package itself in editable mode
#   3. testbed/web/node_modules from its package-lock.json (the browser SDK)
#   4. build/libreelkit-flush.so, which makes Janus' recordings readable within 50 ms
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf '\033[1m==>\033[0m %s\n' "$*"; }
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

PACKAGES=(janus chromium iproute2 fonts-dejavu-core fonts-noto-core fonts-noto-cjk fonts-noto-color-emoji libfribidi0 gcc libc6-dev)
missing=()
for package in "${PACKAGES[@]}"; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q '^install ok installed' || missing+=("$package")
done
if [ "${#missing[@]}" -gt 0 ]; then
  command -v apt-get >/dev/null || { echo "reelkit's set-up knows Debian and Ubuntu; install by hand: ${missing[*]}" >&2; exit 1; }
  say "installing ${missing[*]}"
  # Debian's package starts a Janus with a stock configuration without secrets: mask the service before it can.
  as_root mkdir -p /etc/systemd/system
  [ -e /etc/systemd/system/janus.service ] || as_root ln -s /dev/null /etc/systemd/system/janus.service
  as_root apt-get update -qq
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
fi

python=${PYTHON:-python3}
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "reelkit needs Python 3.11 or newer; set PYTHON=/path/to/python3" >&2; exit 1; }
stamp=.venv/.stamp
want=$(cat requirements/dev.txt pyproject.toml | sha256sum | cut -d' ' -f1)
if [ "$(cat $stamp 2>/dev/null || true)" != "$want" ]; then
  say "creating .venv from requirements/dev.txt"
  [ -x .venv/bin/python ] || "$python" -m venv .venv
  .venv/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
  .venv/bin/pip install --quiet --disable-pip-version-check --no-deps --editable .
  echo "$want" >$stamp
fi

if ! cmp -s testbed/web/package-lock.json testbed/web/node_modules/.stamp; then
  command -v npm >/dev/null || { echo "reelkit's browser tests and demo need Node with npm" >&2; exit 1; }
  say "installing the browser SDK from testbed/web/package-lock.json"
  npm ci --prefix testbed/web --silent --no-audit --no-fund --ignore-scripts
  cp testbed/web/package-lock.json testbed/web/node_modules/.stamp
fi

if [ reelkit/sfu/flush.c -nt build/libreelkit-flush.so ]; then
  say "building build/libreelkit-flush.so"
  mkdir -p build
  cc -O2 -Wall -Wextra -Werror -shared -fPIC -o build/libreelkit-flush.so reelkit/sfu/flush.c -lpthread
fi
