#!/usr/bin/env bash
# Runs the tests in a network namespace of their own and prints branch coverage. Arguments go to pytest.
set -euo pipefail
cd "$(dirname "$0")/.."
rm -f .coverage .coverage.*
status=0
scripts/netns.sh .venv/bin/coverage run -m pytest "$@" || status=$?
.venv/bin/coverage combine --quiet
.venv/bin/coverage report | tail -n 40
exit "$status"
