#!/usr/bin/env bash
# Runs the tests, each process of them in a network namespace of its own, and prints branch coverage:
#   1. what does not live by the wall clock, in several processes side by side
#   2. what does, one after the other with nothing beside it: tests marked e2e or alone
#   3. what keeps data, once more on PostgreSQL instead of SQLite, side by side again
# With arguments, which go to pytest, only one process.
# Tests marked e2e play meetings by the wall clock, with browsers: a machine that stood still for a second fails them. Up
# to three of them are heard once more, in a process and servers of their own, and must pass then. Any other failure
# stands, and both results are printed.
set -euo pipefail
cd "$(dirname "$0")/.."
SECOND_HEARINGS=3
# Each takes some hundred megabytes; more than four wait for the disk.
MOST_PROCESSES=4
BY_THE_CLOCK="e2e or alone"
WITH_DATA=(tests/db tests/control tests/api tests/commands)
# Where pytest notes the failures of the tests by the clock, and no others.
CACHE=.pytest_cache/by-the-clock

run() { scripts/netns.sh .venv/bin/coverage run -m pytest -o cache_dir="$CACHE" "$@"; }

# What each process measured is put together under a name that the next ones leave alone.
side_by_side() {
  local name=$1 status=0
  shift
  .venv/bin/python -m pytest --dist loadfile --tx "$processes*popen//python=scripts/netns-python.sh" \
    --cov --cov-report= -m "not ($BY_THE_CLOCK)" "$@" || status=$?
  [ ! -e .coverage ] || mv .coverage ".coverage.$name"
  return "$status"
}

by_the_clock() {
  local status=0 failed others
  rm -rf "$CACHE"
  run -m "$BY_THE_CLOCK" || status=$?
  if [ "$status" = 1 ]; then
    mapfile -t failed < <(.venv/bin/python -c 'import json, sys; print(*json.load(open(sys.argv[1])), sep="\n")' "$CACHE/v/cache/lastfailed")
    others=$(comm -23 <(printf '%s\n' "${failed[@]}" | sort) <(.venv/bin/python -m pytest --collect-only -q -m e2e | sort))
    if [ "${#failed[@]}" -le "$SECOND_HEARINGS" ] && [ -z "$others" ]; then
      printf '\n==> %s end-to-end test(s) failed and are heard once more\n' "${#failed[@]}"
      status=0
      run "${failed[@]}" || status=$?
    fi
  fi
  return "$status"
}

rm -f .coverage .coverage.*
status=0
if [ "$#" != 0 ]; then
  run "$@" || status=$?
else
  processes=$(($(nproc) < MOST_PROCESSES ? $(nproc) : MOST_PROCESSES))
  side_by_side sqlite || status=$?
  printf '\n==> one after the other: tests that live by the wall clock\n'
  by_the_clock || status=$?
  printf '\n==> once more on PostgreSQL: tests that keep data\n'
  side_by_side postgresql --database postgresql "${WITH_DATA[@]}" || status=$?
fi
.venv/bin/coverage combine --quiet
.venv/bin/coverage report | tail -n 40
exit "$status"
