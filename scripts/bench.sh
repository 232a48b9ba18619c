#!/usr/bin/env bash
# Prints the figures of bench/ that take less than a few minutes; each can be run by itself with --help.
set -euo pipefail
cd "$(dirname "$0")/.."
for name in capture_read render_picture render_capture segment_encoder film_writer; do
  printf '\n\033[1m== %s\033[0m\n' "$name"
  .venv/bin/python -m "bench.$name"
done
for name in start_latency meeting_minute kill_renderer; do
  printf '\n\033[1m== %s\033[0m\n' "$name"
  scripts/netns.sh .venv/bin/python -m "bench.$name"
done
printf '\nbench.long_recording takes half an hour: scripts/netns.sh .venv/bin/python -m bench.long_recording\n'
