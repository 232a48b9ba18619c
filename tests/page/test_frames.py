import av

from reelkit.page.frames import FrameQueue, Shot, frame_bytes


def shots(*times_s: float) -> list[Shot]:
    return [Shot(time_s, av.VideoFrame(2, 2, "yuv420p")) for time_s in times_s]


def test_the_newest_of_what_is_seen_is_taken_and_the_rest_waits() -> None:
    queue = FrameQueue(frame_bytes(2, 2))
    one, two, three = shots(1.0, 2.0, 3.0)
    for shot in (one, two, three):
        queue.put(shot)
    assert queue.newest(0.5) is None
    assert queue.newest(2.0) is two
    assert queue.newest(2.5) is None
    assert queue.newest(9.0) is three
    assert (queue.taken, queue.dropped) == (3, 0)


def test_a_renderer_that_is_too_slow_gets_the_newest() -> None:
    queue = FrameQueue(frame_bytes(1920, 1920))
    for shot in (made := shots(*range(40))):
        queue.put(shot)
    assert queue.dropped == 10
    assert queue.newest(28) is made[28]
    assert queue.newest(100) is made[39]


def test_completeness_only_grows_and_ends_in_infinity() -> None:
    queue = FrameQueue(6)
    queue.complete(5.0)
    queue.complete(4.0)
    assert queue.complete_s == 5.0
    queue.end()
    assert queue.complete_s == float("inf")


def test_what_covers_the_page_is_not_shown() -> None:
    queue = FrameQueue(1_000)
    one, two, three, four, five = shots(1.0, 2.0, 3.0, 4.0, 5.0)
    for shot in (one, two, three):
        queue.put(shot)
    queue.cover(2.0)
    queue.put(four)
    assert queue.newest(9.0) is two
    queue.uncover()
    queue.put(five)
    assert queue.newest(9.0) is five


def test_what_will_cover_it_does_not_cover_it_yet() -> None:
    queue = FrameQueue(1_000)
    one, two = shots(1.0, 3.0)
    queue.cover(2.0)
    queue.cover(9.0)
    queue.put(one)
    queue.put(two)
    assert queue.newest(9.0) is one


def test_pictures_that_nobody_wants_are_only_counted() -> None:
    queue = FrameQueue(1_000, kept=False)
    for shot in shots(*range(1_000)):
        queue.put(shot)
    assert (queue.taken, queue.dropped, queue.newest(9_999.0)) == (1_000, 0, None)
