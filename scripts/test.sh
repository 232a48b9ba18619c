#!/usr/bin/env bash
# Runs the tests, each process of them in a network namespace of its own:
#   1. what does not judge by the wall clock, in several processes side by side
#   2. what does, one after the other with nothing beside it: tests marked alone
#   3. what keeps data, once more on PostgreSQL instead of SQLite, in the processor time that 2 leaves: half of it, because
#      a meeting takes the time that it takes
# With arguments, which go to pytest, only one process. With REELKIT_COVERAGE=1 branch coverage is measured and printed, which
# takes longer.
# Tests marked e2e play meetings with real browsers and a real SFU: a machine that stood still for a second fails them. Up to
# three of them are heard once more, in a process and servers of their own, and must pass then. So are up to three of those of
# the last part, which stand still while the tests beside them need the whole processor. Any other failure stands, and both
# results are printed.
set -euo pipefail
cd "$(dirname "$0")/.."
SECOND_HEARINGS=3
# Each takes some hundred megabytes; more than four wait for the disk.
MOST_PROCESSES=4
WITH_DATA=(tests/db tests/control tests/api)
# Where pytest notes the failures of each of them.
CACHE=.pytest_cache/hearings
SLOWEST=--durations=15

MEASURING=${REELKIT_COVERAGE:-}

run() { scripts/netns.sh .venv/bin/python ${MEASURING:+-m coverage run} -m pytest "$@"; }

# What each process measured is put together under a name that the next ones leave alone.
side_by_side() {
  local name=$1 status=0
  shift
  "${sparing[@]}" .venv/bin/python -m pytest --dist loadfile --tx "$processes*popen//python=scripts/netns-python.sh" \
    ${MEASURING:+--cov --cov-report=} "$SLOWEST" -o cache_dir="$CACHE/$name" "$@" || status=$?
  [ ! -e .coverage ] || mv .coverage ".coverage.$name"
  return "$status"
}

# The tests that failed in the runs of these names.
failures() {
  .venv/bin/python - "$@" <<'END'
import json, pathlib, sys
for name in sys.argv[1:]:
    noted = pathlib.Path(name, "v/cache/lastfailed")
    print(*(json.loads(noted.read_text()) if noted.exists() else ()), sep="\n")
END
}

# Runs tests that failed once more, unless they are too many. Arguments for pytest, then --, then the tests.
hear_again() {
  local options=()
  while [ "$1" != -- ]; do
    options+=("$1")
    shift
  done
  shift
  if [ "$#" = 0 ] || [ "$#" -gt "$SECOND_HEARINGS" ]; then
    return 1
  fi
  printf '\n==> %s test(s) failed and are heard once more\n' "$#"
  run "${options[@]}" "$@"
}

hear_end_to_end_again() {
  local failed others
  mapfile -t failed < <(failures "$CACHE/sqlite" "$CACHE/alone" | grep .)
  others=$(comm -23 <(printf '%s\n' "${failed[@]}" | sort) <(.venv/bin/python -m pytest --collect-only -q -m e2e | sort))
  [ -z "$others" ] && hear_again -- "${failed[@]}"
}

hear_postgresql_again() {
  local failed
  mapfile -t failed < <(failures "$CACHE/postgresql" | grep .)
  hear_again --database postgresql -- "${failed[@]}"
}

on_postgresql() { side_by_side postgresql -m "not alone and not e2e" --database postgresql "${WITH_DATA[@]}"; }

rm -f .coverage .coverage.*
status=0
sparing=()
if [ "$#" != 0 ]; then
  run "$@" || status=$?
else
  rm -rf "$CACHE"
  processes=$(($(nproc) < MOST_PROCESSES ? $(nproc) : MOST_PROCESSES))
  side_by_side sqlite -m "not alone" || status=$?
  beside=
  if [ -z "$MEASURING" ]; then
    # Gets the processor when nobody else wants it.
    sparing=(chrt --idle 0)
    told=$(mktemp)
    on_postgresql >"$told" 2>&1 &
    beside=$!
    trap 'pkill -TERM -P "$beside" || true' EXIT
  fi
  printf '\n==> one after the other: tests that judge by the wall clock\n'
  run -m alone "$SLOWEST" -o cache_dir="$CACHE/alone" || status=$?
  if [ "$status" = 1 ]; then
    status=0
    hear_end_to_end_again || status=1
  fi
  printf '\n==> once more on PostgreSQL: tests that keep data\n'
  if [ -n "$beside" ]; then
    failed=0
    wait "$beside" || failed=$?
    trap - EXIT
    cat "$told"
    rm -f "$told"
    if [ "$failed" = 1 ]; then
      failed=0
      hear_postgresql_again || failed=1
    fi
    [ "$failed" = 0 ] || status=$failed
  else
    on_postgresql || status=$?
  fi
fi
if [ -n "$MEASURING" ]; then
  .venv/bin/coverage combine --quiet
  .venv/bin/coverage report | tail -n 40
fi
exit "$status"
