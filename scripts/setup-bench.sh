#!/usr/bin/env bash
# Installs what only the benchmark's browser-based baseline needs (bench/jibri.py): an X server without a screen, a sound
# server and ffmpeg with x11grab, all from Debian or Ubuntu. Nothing else of the project uses them.
set -euo pipefail
cd "$(dirname "$0")/.."

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

PACKAGES=(xvfb pulseaudio ffmpeg chromium)
missing=()
for package in "${PACKAGES[@]}"; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q '^install ok installed' || missing+=("$package")
done
if [ "${#missing[@]}" -gt 0 ]; then
  command -v apt-get >/dev/null || { echo "install by hand: ${missing[*]}" >&2; exit 1; }
  printf '\033[1m==>\033[0m installing %s\n' "${missing[*]}"
  as_root apt-get update -qq
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
fi
