"""Decodes a delivered film and compares it with the timeline that was played.

``check_film(path, timeline)`` gives a FilmReport: who is seen when and where, who is heard, the A/V skew of each event,
what is missing or unexpected, how regular the frames are, and a list of problems, empty for a good film.
"""

from testbed.checker.check import check_film
from testbed.checker.clock import Stretch
from testbed.checker.film import NotAFilmError
from testbed.checker.report import FilmReport
from testbed.checker.tolerance import Tolerance

__all__ = ["FilmReport", "NotAFilmError", "Stretch", "Tolerance", "check_film"]
