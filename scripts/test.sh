#!/usr/bin/env bash
# Runs the tests in a network namespace of their own and prints branch coverage. Arguments go to pytest.
# Tests marked e2e play meetings by the wall clock, with browsers: a machine that stood still for a second fails them. Up
# to three of them are heard once more, in a process and servers of their own, and must pass then. Any other failure
# stands, and both results are printed.
set -euo pipefail
cd "$(dirname "$0")/.."
SECOND_HEARINGS=3
rm -f .coverage .coverage.* .pytest_cache/v/cache/lastfailed
run() { scripts/netns.sh .venv/bin/coverage run -m pytest "$@"; }
status=0
run "$@" || status=$?
if [ "$status" = 1 ] && [ "$#" = 0 ]; then
  mapfile -t failed < <(.venv/bin/python -c 'import json; print(*json.load(open(".pytest_cache/v/cache/lastfailed")), sep="\n")')
  others=$(comm -23 <(printf '%s\n' "${failed[@]}" | sort) <(.venv/bin/python -m pytest --collect-only -q -m e2e | sort))
  if [ "${#failed[@]}" -le "$SECOND_HEARINGS" ] && [ -z "$others" ]; then
    printf '\n==> %s end-to-end test(s) failed and are heard once more\n' "${#failed[@]}"
    status=0
    run "${failed[@]}" || status=$?
  fi
fi
.venv/bin/coverage combine --quiet
.venv/bin/coverage report | tail -n 40
exit "$status"
