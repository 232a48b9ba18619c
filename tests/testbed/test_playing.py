from dataclasses import dataclass, field, replace

import pytest

from testbed.playing import play, script
from testbed.timeline import Interval, Participant, Timeline, people


@dataclass
class Puppet:
    person: Participant
    done: list[str] = field(default_factory=list)

    async def join(self) -> None:
        self.done.append("join")

    async def leave(self) -> None:
        self.done.append("leave")

    async def camera(self, *, on: bool) -> None:
        self.done.append(f"camera {on}")

    async def microphone(self, *, on: bool) -> None:
        self.done.append(f"microphone {on}")

    async def share(self, *, on: bool) -> None:
        self.done.append(f"share {on}")


ADA = replace(
    people(1)[0],
    joins_s=1.0,
    leaves_s=9.0,
    camera=(Interval(0.0, 4.0), Interval(6.0, 9.0)),
    microphone=(Interval(2.0, 5.0),),
    screen=(Interval(3.0, 8.0),),
)


async def test_does_everything_in_order() -> None:
    puppet = Puppet(ADA)

    await play(puppet, Timeline(10.0, (ADA,)), zero_s=0.0)  # long ago: nothing is waited for

    assert puppet.done == [
        "join",
        "camera True",
        "microphone True",
        "share True",
        "camera False",
        "microphone False",
        "camera True",
        "share False",
        "leave",
    ]


def test_does_each_thing_at_its_time() -> None:
    times_s = [at_s for at_s, _ in script(Puppet(ADA), Timeline(10.0, (ADA,)))]

    assert times_s == [1.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 9.0]


async def test_stays_until_the_end_without_a_leave() -> None:
    bo = people(2)[1]
    puppet = Puppet(bo)
    deeds = script(puppet, Timeline(10.0, (bo,)))

    await deeds[-1][1]()

    assert deeds[-1][0] == pytest.approx(10.0)
    assert puppet.done == ["leave"]
