"""Session descriptions (RFC 8866, RFC 8829) taken apart and put together. Pure values, no negotiation."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Self

from reelkit.rooms.errors import BadDescription

DIRECTIONS = ("sendrecv", "sendonly", "recvonly", "inactive")
DISCARD_PORT = 9
"""The port of an m-line that is alive while ICE decides the real one (RFC 8840)."""


def _value(line: str, name: str) -> str | None:
    """The value of attribute ``name`` if ``line`` is that attribute; empty for a flag."""
    if line == f"a={name}":
        return ""
    prefix = f"a={name}:"
    return line.removeprefix(prefix) if line.startswith(prefix) else None


@dataclass(frozen=True, slots=True)
class Section:
    """One m-line with what belongs to it. ``lines`` are those after the m-line itself."""

    kind: str
    port: int
    protocol: str
    formats: tuple[str, ...]
    lines: tuple[str, ...]

    @classmethod
    def parse(cls, lines: list[str]) -> Self:
        """Raises BadDescription."""
        fields = lines[0].removeprefix("m=").split()
        if len(fields) < 4 or not fields[1].isdecimal():
            raise BadDescription(f"not an m-line: {lines[0][:80]}")
        return cls(fields[0], int(fields[1]), fields[2], tuple(fields[3:]), tuple(lines[1:]))

    def attribute(self, name: str) -> str | None:
        """The first value of an attribute, empty for a flag, None if it is absent."""
        return next(iter(self.attributes(name)), None)

    def attributes(self, name: str) -> list[str]:
        return [value for line in self.lines if (value := _value(line, name)) is not None]

    @property
    def mid(self) -> str:
        """Raises BadDescription if there is none: everything here goes by mid (RFC 8843)."""
        mid = self.attribute("mid")
        if mid is None:
            raise BadDescription("an m-line has no mid")
        return mid

    @property
    def direction(self) -> str:
        return next((name for name in DIRECTIONS if f"a={name}" in self.lines), "sendrecv")

    @property
    def rejected(self) -> bool:
        """Whether the m-line is given up: port 0, and not merely because it lives in a bundle."""
        return self.port == 0 and self.attribute("bundle-only") is None

    @property
    def extensions(self) -> dict[str, int]:
        """RTP header extension URI -> id (RFC 8285)."""
        ids: dict[str, int] = {}
        for value in self.attributes("extmap"):
            number, _, rest = value.partition(" ")
            number = number.partition("/")[0]
            uri = rest.split(" ")[0]
            if not number.isdecimal() or not uri:
                raise BadDescription(f"not an extmap: {value[:80]}")
            ids[uri] = int(number)
        return ids

    @property
    def codecs(self) -> list[str]:
        """Lower-case codec names in the order of preference."""
        names = dict(value.split(" ", 1) for value in self.attributes("rtpmap") if " " in value)
        return [names[number].partition("/")[0].lower() for number in self.formats if number in names]

    def without(self, *names: str) -> Self:
        """A copy without the attributes of these names."""
        kept = tuple(line for line in self.lines if all(_value(line, name) is None for name in names))
        return replace(self, lines=kept)

    def adding(self, *lines: str) -> Self:
        return replace(self, lines=self.lines + lines)

    def directed(self, direction: str) -> Self:
        return self.without(*DIRECTIONS).adding(f"a={direction}")

    def text(self) -> list[str]:
        return [" ".join((f"m={self.kind}", str(self.port), self.protocol, *self.formats)), *self.lines]


@dataclass(frozen=True, slots=True)
class Description:
    """A whole description: the session's own lines and the sections."""

    session: tuple[str, ...]
    sections: tuple[Section, ...]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises BadDescription."""
        groups: list[list[str]] = [[]]
        for line in text.splitlines():
            if line.startswith("m="):
                groups.append([])
            if line:
                groups[-1].append(line)
        if not groups[0] or groups[0][0] != "v=0":
            raise BadDescription("not a session description")
        return cls(tuple(groups[0]), tuple(Section.parse(group) for group in groups[1:]))

    def section(self, mid: str) -> Section | None:
        return next((section for section in self.sections if section.attribute("mid") == mid), None)

    def bundling(self, mids: Iterable[str]) -> Self:
        """A copy whose BUNDLE group (RFC 8843) holds exactly these m-lines."""
        group = " ".join(("a=group:BUNDLE", *mids))
        kept = tuple(line for line in self.session if not line.startswith("a=group:BUNDLE"))
        return replace(self, session=(*kept, group))

    def text(self) -> str:
        lines = [*self.session, *(line for section in self.sections for line in section.text())]
        return "\r\n".join(lines) + "\r\n"


@dataclass(frozen=True, slots=True)
class TransportParameters:
    """ICE and DTLS parameters of one side (RFC 8839, RFC 8842); in a bundle every m-line has the same."""

    ufrag: str
    password: str
    fingerprint: str
    candidates: tuple[str, ...]
    ice_lite: bool

    @classmethod
    def of(cls, description: Description) -> Self:
        """Raises BadDescription if one is missing."""

        def first(name: str) -> str:
            for value in values(name):
                return value
            raise BadDescription(f"no {name} in the description")

        def values(name: str) -> list[str]:
            lines = [*description.session, *(line for section in description.sections for line in section.lines)]
            return [value for line in lines if (value := _value(line, name)) is not None]

        return cls(
            first("ice-ufrag"),
            first("ice-pwd"),
            first("fingerprint"),
            tuple(dict.fromkeys(values("candidate"))),
            "a=ice-lite" in description.session,
        )

    def lines(self, setup: str) -> tuple[str, ...]:
        """The attributes of an m-line of this side, candidates included."""
        return (
            f"a=setup:{setup}",
            f"a=ice-ufrag:{self.ufrag}",
            f"a=ice-pwd:{self.password}",
            f"a=fingerprint:{self.fingerprint}",
            *(f"a=candidate:{candidate}" for candidate in self.candidates),
        )
