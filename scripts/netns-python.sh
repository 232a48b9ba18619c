#!/usr/bin/env bash
# Python in a network namespace of its own, as pytest-xdist wants it of each of its workers.
cd "$(dirname "$0")/.."
exec scripts/netns.sh .venv/bin/python "$@"
