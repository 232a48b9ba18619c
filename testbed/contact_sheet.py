"""One picture that shows a film at a glance."""

from pathlib import Path

import av
from PIL import Image, ImageDraw, ImageFont

COLUMNS = ROWS = 3
FRAME_WIDTH_PX = 480
GAP_PX = 10
CAPTION_PX = 26
BACKGROUND, INK = (245, 246, 248), (60, 64, 74)


def contact_sheet(film: Path, path: Path) -> None:
    """Writes a PNG of nine frames, evenly spread, with their times. Raises ValueError for a film without frames."""
    frames = _frames(film, COLUMNS * ROWS)
    if not frames:
        raise ValueError(f"{film} has no frames")
    height_px = round(FRAME_WIDTH_PX * frames[0][1].height / frames[0][1].width)
    cell_px = (FRAME_WIDTH_PX + GAP_PX, height_px + CAPTION_PX + GAP_PX)
    sheet = Image.new("RGB", (COLUMNS * cell_px[0] + GAP_PX, ROWS * cell_px[1] + GAP_PX), BACKGROUND)
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(size=CAPTION_PX * 0.65)
    for index, (time_s, image) in enumerate(frames):
        row, column = divmod(index, COLUMNS)
        left, top = GAP_PX + column * cell_px[0], GAP_PX + row * cell_px[1]
        sheet.paste(image.resize((FRAME_WIDTH_PX, height_px), Image.Resampling.LANCZOS), (left, top))
        draw.text((left + 2, top + height_px + 4), f"{int(time_s // 60):02}:{time_s % 60:04.1f}", INK, font)
    sheet.save(path)


def _frames(film: Path, count: int) -> list[tuple[float, Image.Image]]:
    """``count`` frames in the middles of as many equal parts of the film."""
    with av.open(str(film)) as container:
        if not container.streams.video:
            return []
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        duration_s = (container.duration or 0) / av.time_base
        wanted_s = [(index + 0.5) * duration_s / count for index in range(count)]
        found: list[tuple[float, Image.Image]] = []
        for frame in container.decode(stream):
            if len(found) < count and frame.time is not None and frame.time >= wanted_s[len(found)]:
                found.append((frame.time, Image.fromarray(frame.to_ndarray(format="rgb24"))))
        return found
