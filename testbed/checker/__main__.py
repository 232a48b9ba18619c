"""``python -m testbed.checker FILM TIMELINE.json [--start S] [--duration S] [--json]``; exit status 1: a bad film."""

import argparse
import sys
from pathlib import Path

from testbed.checker import check_film
from testbed.timeline import TIMELINE


def main() -> int:
    """Returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m testbed.checker", description="Checks a film against a timeline.")
    parser.add_argument("film", type=Path)
    parser.add_argument("timeline", type=Path, help="a Timeline as JSON")
    parser.add_argument("--start", type=float, help="timeline time of the film's first frame; found if not given")
    parser.add_argument("--duration", type=float, help="how long the film must be, in seconds")
    parser.add_argument("--json", action="store_true", help="print the whole report as JSON")
    options = parser.parse_args()
    timeline = TIMELINE.validate_json(options.timeline.read_bytes())
    report = check_film(options.film, timeline, start_s=options.start, duration_s=options.duration)
    if options.json:
        print(report.to_json())
    else:
        report.print()
    return 1 if report.problems else 0


if __name__ == "__main__":
    sys.exit(main())
