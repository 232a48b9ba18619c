#!/usr/bin/env bash
# Everything about the code that can be judged without running it.
set -euo pipefail
cd "$(dirname "$0")/.."
.venv/bin/ruff format --check .
.venv/bin/ruff check .
.venv/bin/mypy
.venv/bin/lint-imports
.venv/bin/python scripts/generate_configuration_page.py --check
