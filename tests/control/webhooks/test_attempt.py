"""What an answer means, and the waits between tries."""

import random
from datetime import timedelta

import pytest

from reelkit.control.webhooks.attempt import Attempt, RetrySchedule, Verdict
from reelkit.settings import WebhookSettings
from tests.db.rows import NOW, later


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        (200, Verdict.DELIVERED),
        (204, Verdict.DELIVERED),
        (299, Verdict.DELIVERED),
        (300, Verdict.FAILED),
        (302, Verdict.FAILED),
        (400, Verdict.FAILED),
        (429, Verdict.FAILED),
        (499, Verdict.FAILED),
        (500, Verdict.RETRY),
        (599, Verdict.RETRY),
    ],
)
def test_what_a_status_means(status: int, verdict: Verdict) -> None:
    assert Attempt(NOW, 1, status).verdict is verdict


def test_no_answer_is_tried_again_unless_that_is_of_no_use() -> None:
    assert Attempt(NOW, 1, error="gone").verdict is Verdict.RETRY
    assert Attempt(NOW, 1, error="forbidden", final=True).verdict is Verdict.FAILED


def test_waits_double_up_to_the_greatest_and_spread() -> None:
    schedule = RetrySchedule(WebhookSettings(retry_min_s=2, retry_max_s=60), random.Random(4))
    for tries, whole_s in ((1, 2), (2, 4), (3, 8), (5, 32), (6, 60), (7, 60), (10_000, 60)):
        waits = [(schedule.next_at(NOW, tries, later(86_400)) or NOW) - NOW for _ in range(200)]
        assert timedelta(seconds=whole_s / 2) <= min(waits) < timedelta(seconds=whole_s * 0.55)
        assert timedelta(seconds=whole_s * 0.95) < max(waits) <= timedelta(seconds=whole_s)


def test_the_last_try_is_when_it_is_given_up() -> None:
    schedule = RetrySchedule(WebhookSettings(retry_min_s=60), random.Random(4))
    assert schedule.next_at(NOW, 1, later(10)) == later(10)
    assert schedule.next_at(later(10), 2, later(10)) is None
    assert schedule.next_at(later(11), 2, later(10)) is None
