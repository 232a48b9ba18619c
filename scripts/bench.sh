#!/usr/bin/env bash
# Prints the figures of bench/ that take less than a few minutes; each can be run by itself with --help.
set -euo pipefail
cd "$(dirname "$0")/.."
for name in capture_read render_picture render_capture segment_encoder presets scaling catch_up film_writer; do
  printf '\n\033[1m== %s\033[0m\n' "$name"
  .venv/bin/python -m "bench.$name"
done
for name in start_latency meeting_minute kill_renderer upload_growth storage_cuts id3_cues rtmp_delay tracks \
  page_start page_skew list_recordings; do
  printf '\n\033[1m== %s\033[0m\n' "$name"
  scripts/netns.sh .venv/bin/python -m "bench.$name"
done
# A browser on an X server is measured beside them where scripts/setup-bench.sh was run.
baseline=()
if ! command -v Xvfb >/dev/null || ! command -v pulseaudio >/dev/null || ! command -v ffmpeg >/dev/null; then
  baseline=(--without-baseline)
fi
for name in cost page_cost; do
  printf '\n\033[1m== %s\033[0m\n' "$name"
  scripts/netns.sh .venv/bin/python -m "bench.$name" "${baseline[@]}"
done
cat <<'END'

These take longer:
  scripts/netns.sh .venv/bin/python -m bench.kill_anything     100 kills, a quarter of an hour
  scripts/netns.sh .venv/bin/python -m bench.kill_delivery     50 kills, six minutes
  scripts/netns.sh .venv/bin/python -m bench.storage_down      storage down for ten minutes, a quarter of an hour
  scripts/netns.sh .venv/bin/python -m bench.long_recording    half an hour
  scripts/netns.sh .venv/bin/python -m bench.page_sequence     50 recordings of a page, eight minutes
  scripts/netns.sh .venv/bin/python -m bench.page_skew --minutes 30    an hour and a quarter
  .venv/bin/python -m bench.drift                              a film of two hours, some ten minutes
  .venv/bin/python -m bench.long_replay                        a film of a day
END
