"""Takes a delivered tar apart: for verifying it, and for tests."""

import json
import shutil
import tarfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import av

from reelkit.publish.hls.cue import is_strict_json
from reelkit.publish.hls.id3 import DESCRIPTION, read_tag
from reelkit.publish.hls.playlist import Piece, read_playlist
from reelkit.publish.hls.transport_stream import START_S
from reelkit.publish.hls.writer import CUES_FILE, PLAYLIST_FILE

ENDING = ".tar.gz"
_STREAM_FILE = ".stream.ts"


@dataclass(frozen=True, slots=True)
class SeenCue:
    """A message as the film carries it, or as the file of cues tells."""

    film_s: float
    text: str
    """JSON, written anew, so that equal messages are equal text."""


@dataclass(frozen=True)
class Unpacked:
    """The contents of a tar."""

    directory: Path
    pieces: list[Piece]
    """As the playlist names them."""
    stream: Path
    """All pieces, one behind the other: a transport stream of the whole film."""

    @property
    def duration_s(self) -> float:
        """As the playlist tells."""
        return sum(piece.duration_s for piece in self.pieces)

    def told_cues(self) -> list[SeenCue]:
        """What the file of cues says of those that are in the film. Raises ValueError, OSError."""
        content = json.loads((self.directory / CUES_FILE).read_bytes())
        return [
            SeenCue(cue["time_s"], json.dumps(cue["payload"], sort_keys=True))
            for cue in content["cues"]
            if cue["in_stream"]
        ]


def is_archive(path: Path) -> bool:
    """Whether a file is named like a delivered tar."""
    return path.name.endswith(ENDING)


def unpack(path: Path, directory: Path) -> Unpacked:
    """Puts the files of the tar at ``path`` into ``directory``. Nothing is written elsewhere, whatever the tar says.

    Raises ValueError if it is no such tar or not whole, OSError.
    """
    try:
        with tarfile.open(path, "r:gz") as archive:
            for member in archive:
                content = archive.extractfile(member)
                if content is None or Path(member.name).name != member.name or member.name.startswith("."):
                    raise ValueError(f"the tar holds {member.name!r}, which does not belong into it")
                with (directory / member.name).open("xb") as file:
                    shutil.copyfileobj(content, file)
    except (tarfile.TarError, zlib.error, EOFError, FileExistsError) as error:
        raise ValueError(f"the tar is damaged or cut off: {error}") from error
    try:
        pieces = read_playlist((directory / PLAYLIST_FILE).read_text())
        if strange := [piece.name for piece in pieces if Path(piece.name).name != piece.name]:
            raise ValueError(f"the playlist names {strange[0]!r}, which is not in the tar")
        stream = directory / _STREAM_FILE
        with stream.open("wb") as joined:
            for piece in pieces:
                with (directory / piece.name).open("rb") as file:
                    shutil.copyfileobj(file, joined)
    except FileNotFoundError as error:
        raise ValueError(f"the tar lacks {Path(error.filename).name}") from error
    return Unpacked(directory, pieces, stream)


def carried_cues(stream: Path) -> list[SeenCue]:
    """The tags in a transport stream, as told by :meth:`Unpacked.told_cues`. Raises av.FFmpegError, ValueError."""
    found: list[SeenCue] = []
    with av.open(stream, format="mpegts") as container:
        for packet in container.demux(*container.streams.data):
            if packet.pts is None or not packet.size:
                continue
            film_s = float(packet.pts * packet.time_base) - START_S
            found += [
                SeenCue(film_s, _anew(frame.text))
                for frame in read_tag(bytes(packet))
                if frame.description == DESCRIPTION
            ]
    return found


def _anew(text: str) -> str:
    return json.dumps(json.loads(text) if is_strict_json(text) else text, sort_keys=True)
