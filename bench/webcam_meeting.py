"""A live meeting whose participants send what real cameras and microphones would."""

import time
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self

from bench.meeting_capture import FPS
from bench.voices import PACKET_S, voice_clip
from bench.webcams import CLIP_FRAMES, KEYFRAME_FRAMES, webcam_clip
from testbed.clips import Clip, ClipPacket
from testbed.participant import ParticipantClips, SyntheticParticipant
from testbed.stack import Stack
from testbed.timeline import LOOP_S, people


class WebcamMeeting:
    """An async context manager: on entry ``count`` people (at most nine) are in a new meeting of ``stack`` and send."""

    def __init__(self, stack: Stack, count: int) -> None:
        self._stack = stack
        self._people = people(count)
        self._leaving = AsyncExitStack()
        self.meeting_id = ""

    @property
    def names(self) -> list[str]:
        return [person.name for person in self._people]

    async def __aenter__(self) -> Self:
        clips = [clips_of(index) for index in range(len(self._people))]
        self.meeting_id = await self._stack.api.create_meeting()
        zero_s = time.time()
        async with self._leaving:
            for person, own in zip(self._people, clips, strict=True):
                guest = await self._stack.api.add_guest(self.meeting_id, person.name)
                player = SyntheticParticipant(self._stack.address, guest.token, person, zero_s=zero_s, clips=own)
                await self._leaving.enter_async_context(player)
                await player.join()
                await player.microphone(on=True)
                await player.camera(on=True)
            self._leaving = self._leaving.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._leaving.aclose()


def clips_of(index: int) -> ParticipantClips:
    """What participant number ``index`` sends in one loop."""
    camera, voice = webcam_clip(index), voice_clip(index)
    pictures = tuple(
        ClipPacket(number / FPS, camera[number % CLIP_FRAMES], number % CLIP_FRAMES % KEYFRAME_FRAMES == 0)
        for number in range(round(LOOP_S * FPS))
    )
    sounds = tuple(
        ClipPacket(round(number * PACKET_S, 6), voice[number % len(voice)], keyframe=True)
        for number in range(round(LOOP_S / PACKET_S))
    )
    return ParticipantClips(camera=Clip("vp8", pictures), voice=Clip("opus", sounds), silence=Clip("opus", sounds))
