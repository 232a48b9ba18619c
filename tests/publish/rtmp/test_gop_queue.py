"""What waits for a slow server."""

from reelkit.publish.rtmp.flv import Tag
from reelkit.publish.rtmp.gop_queue import GopQueue


def picture(at_ms: int, *, keyframe: bool = False, size: int = 10) -> Tag:
    return Tag("video", at_ms, keyframe, bytes(size), b"")


def sound(at_ms: int) -> Tag:
    return Tag("audio", at_ms, False, b"x", b"")


def gop(start_ms: int) -> list[Tag]:
    """A second, with sound."""
    rest = [tag for at in range(100, 1_000, 100) for tag in (sound(start_ms + at), picture(start_ms + at))]
    return [picture(start_ms, keyframe=True), *rest]


def filled(seconds: int, queue: GopQueue) -> GopQueue:
    for second in range(seconds):
        for tag in gop(second * 1_000):
            queue.put(tag)
    return queue


def stamps(queue: GopQueue) -> list[int]:
    found = []
    while (tag := queue.get()) is not None:
        found.append(tag.timestamp_ms)
    return found


def test_everything_comes_out_in_order() -> None:
    queue = filled(3, GopQueue(10.0, 1 << 20))
    assert stamps(queue) == [tag.timestamp_ms for second in range(3) for tag in gop(second * 1_000)]
    assert (len(queue), queue.dropped_gops) == (0, 0)


def test_nothing_begins_without_a_keyframe() -> None:
    queue = GopQueue(10.0, 1 << 20)
    for tag in (sound(0), picture(10), sound(20), picture(30, keyframe=True), sound(40)):
        queue.put(tag)
    assert stamps(queue) == [30, 40]
    assert queue.dropped_gops == 0


def test_the_oldest_groups_are_dropped_whole() -> None:
    queue = filled(7, GopQueue(3.5, 1 << 20))
    found = stamps(queue)
    assert found[0] == 4_000
    assert found == [tag.timestamp_ms for second in (4, 5, 6) for tag in gop(second * 1_000)]
    assert queue.dropped_gops == 4


def test_of_a_group_that_is_half_sent_the_rest_is_dropped() -> None:
    queue = filled(1, GopQueue(3.5, 1 << 20))
    sent = [queue.get() for _ in range(5)]
    assert sent[0] is not None
    for second in range(1, 5):
        for tag in gop(second * 1_000):
            queue.put(tag)
    found = stamps(queue)
    assert found[0] == 2_000
    assert queue.dropped_gops == 2


def test_bytes_count_too() -> None:
    queue = GopQueue(100.0, 1_000)
    for second in range(10):
        queue.put(picture(second * 1_000, keyframe=True, size=300))
        queue.put(picture(second * 1_000 + 500, size=100))
    assert stamps(queue) == [8_000, 8_500, 9_000, 9_500]
    assert queue.dropped_gops == 8


def test_one_group_that_is_too_long_is_dropped_and_so_is_its_rest() -> None:
    queue = GopQueue(1.0, 1 << 20)
    queue.put(picture(0, keyframe=True))
    for at in range(100, 3_000, 100):
        queue.put(picture(at))
    queue.put(picture(3_000, keyframe=True))
    assert stamps(queue) == [3_000]
    assert queue.dropped_gops == 1


def test_a_new_connection_begins_with_the_newest_keyframe() -> None:
    queue = filled(3, GopQueue(10.0, 1 << 20))
    for _ in range(3):
        queue.get()
    queue.restart()
    assert stamps(queue)[0] == 2_000
    assert queue.dropped_gops == 2


def test_a_new_connection_waits_for_a_keyframe_if_there_is_none() -> None:
    queue = GopQueue(10.0, 1 << 20)
    queue.put(picture(0, keyframe=True))
    queue.get()
    queue.put(picture(100))
    queue.restart()
    for tag in (picture(200), sound(210), picture(300, keyframe=True)):
        queue.put(tag)
    assert stamps(queue) == [300]
    assert queue.dropped_gops == 1
