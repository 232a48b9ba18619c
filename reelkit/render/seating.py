"""Who has a tile when there are more people than tiles, and who is on the stage."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

GRID_SEATS = 25
"""Tiles of a grid at most: 5 x 5 are the smallest in which a face on a 720p film is still a face."""
STRIP_SEATS = 12
"""Tiles beside a shared screen, or beside a speaker, at most: two columns of six with readable names on a 720p film."""


@dataclass(frozen=True, slots=True)
class Seating:
    """At most ``limit`` people, in the order of their tiles.

    Nobody moves because somebody speaks: who speaks without having a seat takes that of the one who has been silent
    for longest. A seat that becomes free goes to the latest speaker among those who have none, or else to the one who
    has been waiting for longest; only if nobody waits do the others close up.
    """

    limit: int
    seated: tuple[str, ...] = ()

    def after(self, present: Sequence[str], spoken: Sequence[str]) -> Self:
        """The seating after people came, went or spoke.

        ``present`` are in order of coming; ``spoken`` are those of them who have spoken, the latest first. The same
        object if nobody's place changed.
        """
        waiting = [person for person in spoken if person not in self.seated]
        waiting += [person for person in present if person not in self.seated and person not in spoken]
        seated: list[str] = []
        for person in self.seated:
            if person in present:
                seated.append(person)
            elif waiting:
                seated.append(waiting.pop(0))
        if len(seated) < self.limit:
            # Newcomers sit in the order in which they came, whoever has spoken.
            free = self.limit - len(seated)
            seated += [person for person in present if person in waiting[:free]]
        if spoken and spoken[0] not in seated:
            seated[seated.index(_most_silent(seated, present, spoken))] = spoken[0]
        return self if tuple(seated) == self.seated else replace(self, seated=tuple(seated))


@dataclass(frozen=True, slots=True)
class Spotlight:
    """One person on the stage, and the seats of the others beside it.

    On the stage is who spoke last, also while nobody speaks; before anybody spoke the first who came. When another
    takes the stage the two change places, and nobody else moves.
    """

    person: str | None = None
    others: Seating = Seating(STRIP_SEATS)

    @property
    def shown(self) -> tuple[str, ...]:
        """The person on the stage, then the others in the order of their tiles."""
        return () if self.person is None else (self.person, *self.others.seated)

    def after(self, present: Sequence[str], spoken: Sequence[str]) -> Self:
        """The same after people came, went or spoke; see :meth:`Seating.after`."""
        person = next(iter((*spoken, *present)), None)
        others = self.others
        if self.person is not None and self.person in present and person in others.seated:
            changed = {person: self.person}
            others = replace(others, seated=tuple(changed.get(each, each) for each in others.seated))
        others = others.after([each for each in present if each != person], [each for each in spoken if each != person])
        return self if (person, others) == (self.person, self.others) else replace(self, person=person, others=others)


def _most_silent(seated: Sequence[str], present: Sequence[str], spoken: Sequence[str]) -> str:
    """Of those who never spoke the first who came, else the one who last spoke longest ago."""
    never = [person for person in present if person in seated and person not in spoken]
    return never[0] if never else next(person for person in reversed(spoken) if person in seated)
