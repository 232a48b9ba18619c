"""People in a meeting of a running server."""

import time
from contextlib import AsyncExitStack

from testbed.participant import SyntheticParticipant
from testbed.stack import Stack
from testbed.timeline import Participant


async def seat(
    stack: Stack, meeting_id: str, person: Participant, leaving: AsyncExitStack, *, zero_s: float | None = None
) -> SyntheticParticipant:
    """Lets somebody join with microphone and camera, who stays until ``leaving`` ends.

    ``zero_s`` is the wall-clock time of their timeline's zero; now if it is left out.
    """
    guest = await stack.api.add_guest(meeting_id, person.name)
    player = SyntheticParticipant(stack.address, guest.token, person, zero_s=time.time() if zero_s is None else zero_s)
    await leaving.enter_async_context(player)
    await player.join()
    await player.microphone(on=True)
    await player.camera(on=True)
    return player
