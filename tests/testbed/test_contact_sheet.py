from pathlib import Path

import numpy as np
from PIL import Image

from testbed.contact_sheet import CAPTION_PX, COLUMNS, FRAME_WIDTH_PX, GAP_PX, contact_sheet
from testbed.timeline import Timeline, people
from tests.testbed.films import make_film


def test_shows_nine_frames_of_the_film(tmp_path: Path) -> None:
    ada = people(1)[0]
    film = make_film(tmp_path / "film.mp4", Timeline(2.0, (ada,)))

    contact_sheet(film, tmp_path / "sheet.png")

    with Image.open(tmp_path / "sheet.png") as image:
        sheet = np.asarray(image.convert("RGB"), np.int16)
    height_px = FRAME_WIDTH_PX * 9 // 16
    assert sheet.shape[1] == COLUMNS * (FRAME_WIDTH_PX + GAP_PX) + GAP_PX
    for row in range(3):
        for column in range(3):
            x = GAP_PX + column * (FRAME_WIDTH_PX + GAP_PX) + FRAME_WIDTH_PX // 2
            y = GAP_PX + row * (height_px + CAPTION_PX + GAP_PX) + round(height_px * 0.9)
            colour = sheet[y, x]
            assert np.abs(colour - ada.colour).max() < 20 or colour.min() > 230  # its own colour, or a flash
