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
  failed=$(.venv/bin/python -c 'import json; print(len(json.load(open(".pytest_cache/v/cache/lastfailed"))))')
  others=0
  .venv/bin/python -m pytest --last-failed --collect-only -q -m "not e2e" >/dev/null || others=$?
  # pytest's status 5: nothing was collected.
  if [ "$failed" -le "$SECOND_HEARINGS" ] && [ "$others" = 5 ]; then
    printf '\n==> %s end-to-end test(s) failed and are heard once more\n' "$failed"
    status=0
    run --last-failed --last-failed-no-failures none -m e2e || status=$?
  fi
fi
.venv/bin/coverage combine --quiet
.venv/bin/coverage report | tail -n 40
exit "$status"
