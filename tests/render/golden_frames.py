"""What golden frames show, and how a frame is compared with one.

    python -m tests.render.golden_frames

paints them anew. Look at what changed before it is committed.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from reelkit.capture.events import (
    Event,
    MediaKind,
    PeerJoined,
    PeerPictureStored,
    ProducerOpened,
    Source,
    SpeakerChanged,
)
from reelkit.render import paint
from reelkit.render.compositor import Compositor
from reelkit.render.config import FilmLayout
from reelkit.render.layout import Rect, layout
from reelkit.render.meeting import Meeting
from reelkit.render.scene import Person, Scene, scene_of
from tests.render.scenes import COLOURS, SHARE_COLOUR, flat

GOLDEN = Path(__file__).parent / "golden"
CAPTURE = GOLDEN / "capture"
"""Stands for a capture: its ``pictures/`` has two of people."""
BLOCK_PX = 8
BLOCK_TOLERANCE = 12
"""Frames are compared by the mean colours of blocks. A tile that is off by two pixels changes those at its edges by 20
and more; another way of scaling or of smoothing changes them by less than this."""
TEXT_TOLERANCE = 118
"""Blocks in which letters may be can differ by this. Another font changes them by up to 114; a missing label on a
bright picture changes them by 120 and more."""

_NAMES = ("Ada Lovelace", "Bo", "Cleo", "Maximiliane von Hohenstaufen", "Dörte", "Emil", "Frida", "Gül", "Hồ Xuân")
_SCRIPTS = (
    "山田 太郎",
    "محمد علي",
    "שלום (Ada) 12",
    "नमस्ते क्षत्रिय",
    "สวัสดีชาวโลก",
    "👩‍👩‍👧 Zoë 🇬🇧",
    "김민수",
    "Ελένη Иванова",
    "தமிழ்",
)
_LONG_TITLE = "Planning the next quarter with everybody in Zürich, 東京 and القاهرة, once more from the top"


@dataclass(frozen=True)
class Golden:
    """A scene on a canvas. Cameras are ``camera-N`` (16:9), ``phone-N`` (9:16) or ``square-N``."""

    scene: Scene
    width_px: int = 640
    height_px: int = 360

    def paint(self) -> Image.Image:
        compositor = Compositor(self.width_px, self.height_px, capture_dir=CAPTURE)
        return Image.fromarray(compositor.compose(self.scene, frame_of).to_ndarray(format="rgb24"))

    def text(self) -> NDArray[np.bool_]:
        """The blocks in which letters may be."""
        mask = np.zeros((self.height_px, self.width_px, 1))
        tiles = layout(self.scene, self.width_px, self.height_px)
        if not tiles:
            mask[self.height_px // 4 : self.height_px * 3 // 4] = 1
        for tile in tiles:
            is_avatar = isinstance(tile.subject, Person) and tile.subject.camera is None
            for part in _text_parts(tile.rect, counts=bool(tile.unseen), is_avatar=is_avatar):
                mask[part.y : part.bottom, part.x : part.right] = 1
        return _blocks(mask)[..., 0] > 0


@cache
def frame_of(producer_id: str) -> av.VideoFrame:
    """The picture of each camera and screen, with an edge by which one sees what was cut off."""
    kind, _, number = producer_id.partition("-")
    width, height = {"screen": (1600, 900), "phone": (360, 640), "square": (480, 480)}.get(kind, (640, 360))
    return flat(SHARE_COLOUR if kind == "screen" else COLOURS[int(number) % len(COLOURS)], width, height, edge_px=10)


def meeting(
    people: int,
    *,
    screens: int = 0,
    off: tuple[int, ...] = (),
    speaker: int | None = None,
    names: tuple[str, ...] = _NAMES,
    pictures: tuple[str | None, ...] = (),
    arranged: FilmLayout = "grid",
) -> Scene:
    """The scene after so many people joined, the first of whom share their screens. Every second one is muted."""
    events: list[Event] = []
    for number in range(people):
        peer_id, name = f"peer-{number}", names[number % len(names)]
        events.append(PeerJoined(time_s=0, peer_id=peer_id, participant_id=f"participant-{number}", name=name))
        if number not in off:
            events.append(_opened(f"camera-{number}", peer_id, Source.CAMERA))
        if number % 2 == 0:
            events.append(_opened(f"microphone-{number}", peer_id, Source.MICROPHONE))
        if number < screens:
            events.append(_opened(f"screen-{number}", peer_id, Source.SCREEN))
    for number, file in enumerate(pictures):
        if file is not None:
            events.append(PeerPictureStored(time_s=0, peer_id=f"peer-{number}", file=f"pictures/{file}"))
    if speaker is not None:
        events.append(SpeakerChanged(time_s=0, peer_id=f"peer-{speaker}"))
    following = Meeting()
    following.extend(events)
    return replace(scene_of(following.at(1), arranged), title="Planning")


def problem(painted: Image.Image, expected: Image.Image, text: NDArray[np.bool_]) -> str | None:
    """In what a frame differs from the golden one by more than another font would make it; None if it does not.

    ``text`` are the blocks in which letters may be.
    """
    if painted.size != expected.size:
        return f"it is {painted.size} instead of {expected.size}"
    one, other = (_blocks(np.asarray(image.convert("RGB"), np.float64)) for image in (painted, expected))
    difference = np.abs(one - other).max(axis=2)
    for what, blocks, tolerance in (("pictures", ~text, BLOCK_TOLERANCE), ("text", text, TEXT_TOLERANCE)):
        wrong = np.argwhere(blocks & (difference > tolerance))
        if len(wrong):
            row, column = wrong[0] * BLOCK_PX
            most = difference[blocks].max()
            return f"{len(wrong)} blocks of {what} differ by up to {most:.0f}, the first at x={column} y={row}"
    return None


def _text_parts(tile: Rect, *, counts: bool, is_avatar: bool) -> Iterator[Rect]:
    area, inset = paint.label_area_px(tile.height), paint.label_inset_px(tile.height)
    if area:
        yield Rect(tile.x + inset, tile.bottom - area, tile.width - 2 * inset, area - inset)
    elif counts:
        yield Rect(tile.x + tile.width // 2, tile.y + tile.height // 2, tile.width // 2, tile.height // 2)
    if is_avatar:
        middle = tile.height // 2 if tile.height > 4 * area else (tile.height - area) // 2
        reach = round(min(tile.width, tile.height) * 0.18)
        yield Rect(tile.x + tile.width // 2 - reach, max(0, tile.y + middle - reach), 2 * reach, 2 * reach)


def _blocks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Means of each block; what is left at the right and at the bottom is a block too."""
    height, width = values.shape[:2]
    rows, columns = np.arange(0, height, BLOCK_PX), np.arange(0, width, BLOCK_PX)
    sums = np.add.reduceat(np.add.reduceat(values, rows, axis=0), columns, axis=1)
    sizes = np.minimum(BLOCK_PX, height - rows)[:, None] * np.minimum(BLOCK_PX, width - columns)
    means: NDArray[np.float64] = sums / sizes[..., None]
    return means


def _opened(producer_id: str, peer_id: str, source: Source) -> ProducerOpened:
    return ProducerOpened(
        time_s=0,
        producer_id=producer_id,
        peer_id=peer_id,
        feed=peer_id,
        mid="0",
        mindex=0,
        kind=MediaKind.AUDIO if source is Source.MICROPHONE else MediaKind.VIDEO,
        source=source,
        codec="opus" if source is Source.MICROPHONE else "vp8",
    )


def _with_cameras(scene: Scene, *cameras: str) -> Scene:
    people = [replace(person, camera=camera) for person, camera in zip(scene.people, cameras, strict=True)]
    return replace(scene, people=tuple(people))


FRAMES: dict[str, Golden] = {
    "empty": Golden(Scene("Planning")),
    "empty-long": Golden(Scene(_LONG_TITLE)),
    **{f"people-{count}": Golden(meeting(count, off=(1, 6, 11, 12, 20))) for count in (1, 2, 3, 4, 5, 9, 16, 25, 30)},
    "speaker": Golden(meeting(4, off=(1,), speaker=1)),
    "speaker-of-30": Golden(meeting(30, speaker=29)),
    **{
        f"stage-people-{count}": Golden(meeting(count, off=(1,), speaker=count - 1, arranged="speaker"))
        for count in (1, 4, 16)
    },
    **{
        f"share-{screens}-people-{count}": Golden(meeting(count, screens=screens, off=(1,), speaker=0))
        for screens in (1, 2)
        for count in (3, 30)
    },
    **{f"portrait-people-{count}": Golden(meeting(count, off=(1,), speaker=0), 360, 640) for count in (1, 4, 30)},
    "portrait-share": Golden(meeting(3, screens=1), 360, 640),
    "portrait-share-people-30": Golden(meeting(30, screens=1), 360, 640),
    "square-people-4": Golden(meeting(4, off=(1,)), 360, 360),
    "square-share": Golden(meeting(5, screens=1, off=(1,)), 360, 360),
    "phones": Golden(_with_cameras(meeting(3, speaker=0), "phone-0", "square-1", "camera-2")),
    "phone-share": Golden(_with_cameras(meeting(3, screens=1), "phone-0", "square-1", "camera-2")),
    "pictures": Golden(meeting(4, off=(0, 1, 2, 3), pictures=("photo.png", "logo.png", "missing.png", None))),
    "scripts": Golden(meeting(9, off=(0, 1, 2, 3, 5, 8), names=_SCRIPTS)),
    "small-people-9": Golden(meeting(9, off=(1,), speaker=2), 320, 180),
    "small-people-30": Golden(meeting(30, off=(1,), speaker=2), 320, 180),
    "tiny-people-4": Golden(meeting(4, off=(1,), speaker=2), 64, 64),
    "tiny-share": Golden(meeting(3, screens=1, off=(1,)), 64, 64),
    "odd-shape": Golden(meeting(5, screens=1), 640, 160),
}


def write_pictures() -> None:
    """The pictures of two people: one like a photograph, one with a transparent ground."""
    (CAPTURE / "pictures").mkdir(parents=True, exist_ok=True)
    photo = Image.new("RGB", (128, 128), (120, 170, 210))
    draw = ImageDraw.Draw(photo)
    draw.rectangle((0, 96, 128, 128), fill=(60, 110, 60))
    draw.ellipse((24, 72, 104, 168), fill=(180, 60, 70))
    draw.ellipse((44, 24, 84, 76), fill=(232, 190, 150))
    logo = Image.new("RGBA", (96, 96), (0, 0, 0, 0))
    ImageDraw.Draw(logo).polygon([(48, 16), (84, 78), (12, 78)], fill=(255, 230, 80, 255))
    photo.save(CAPTURE / "pictures" / "photo.png", optimize=True)
    logo.save(CAPTURE / "pictures" / "logo.png", optimize=True)


def main() -> None:
    write_pictures()
    for name, golden in FRAMES.items():
        golden.paint().save(GOLDEN / f"{name}.png", optimize=True)
    for path in GOLDEN.glob("*.png"):
        if path.stem not in FRAMES:
            path.unlink()


if __name__ == "__main__":
    main()
