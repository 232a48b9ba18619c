"""What waits to be sent, within limits."""

from collections import deque

from reelkit.publish.rtmp.flv import Tag


class GopQueue:
    """Packets in order, in groups that begin with a keyframe (GOPs).

    When more waits than ``max_s`` seconds or ``max_bytes``, the oldest groups are dropped, each with the sound beside
    it: a decoder can go on with a keyframe, not with a hole in a group.
    """

    def __init__(self, max_s: float, max_bytes: int) -> None:
        self._max_ms = max_s * 1_000
        self._max_bytes = max_bytes
        self._tags: deque[Tag] = deque()
        self._bytes = 0
        self._awaits_keyframe = True
        """What comes before the next one is of no use."""
        self._in_hole = True
        """Whether what is of no use was counted."""
        self.dropped_gops = 0
        """Groups of which something was dropped."""

    def __len__(self) -> int:
        return len(self._tags)

    def put(self, tag: Tag) -> None:
        """Adds the next packet; drops what must be dropped."""
        if self._awaits_keyframe:
            if not _begins(tag):
                self.dropped_gops += not self._in_hole
                self._in_hole = True
                return
            self._awaits_keyframe = False
        self._tags.append(tag)
        self._bytes += tag.size_bytes
        while self._tags and self._is_too_much():
            self._drop_oldest()

    def get(self) -> Tag | None:
        """Takes the next packet out; None if there is none."""
        if not self._tags:
            return None
        tag = self._tags.popleft()
        self._bytes -= tag.size_bytes
        return tag

    def restart(self) -> None:
        """The next packet that is taken out shall be the newest keyframe, or the next one to come."""
        while sum(map(_begins, self._tags)) > 1 or (self._tags and not _begins(self._tags[0])):
            self._drop_oldest()
        if not self._tags and not self._awaits_keyframe:
            self._awaits_keyframe, self._in_hole = True, False

    def _is_too_much(self) -> bool:
        waits_ms = self._tags[-1].timestamp_ms - self._tags[0].timestamp_ms
        return waits_ms > self._max_ms or self._bytes > self._max_bytes

    def _drop_oldest(self) -> None:
        """Drops up to the next keyframe behind the first packet."""
        self.dropped_gops += 1
        self.get()
        while self._tags and not _begins(self._tags[0]):
            self.get()
        if not self._tags:
            # The rest of the group is still to come.
            self._awaits_keyframe = self._in_hole = True


def _begins(tag: Tag) -> bool:
    return tag.kind == "video" and tag.keyframe
