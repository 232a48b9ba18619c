"""Waiting longer and longer, and never all at once."""

from random import Random

from reelkit.publish.upload.retry import Patience


def test_the_limit_doubles_and_any_wait_below_it_may_come() -> None:
    patience, random = Patience(first_s=1.0, most_s=60.0), Random(3)
    for failures, most in [(1, 1.0), (2, 2.0), (5, 16.0), (7, 60.0), (5_000, 60.0)]:
        waits = [patience.delay_s(failures, random) for _ in range(1_000)]
        assert max(waits) <= most
        assert max(waits) > 0.95 * most
        assert min(waits) < 0.05 * most
