"""Interactive recordings play in hls.js in a real Chromium, with every cue at its instant."""

import json
import re
from pathlib import Path

import pytest

from reelkit.publish.files import FilesWriter
from reelkit.render.config import AudioCodec
from testbed.hls_film import unpacked
from testbed.hls_player import hls_page, play_hls
from tests.publish.hls.interactive import config_of, mark, opening, sent, write_journal
from tests.publish.segments import write_film
from tests.render.media import tone

pytestmark = [pytest.mark.e2e, pytest.mark.alone, pytest.mark.timeout(120)]

DOCS = Path(__file__).resolve().parents[2] / "docs" / "interactive.md"
FRAMES = 610
"""Two pieces of 9.6 s and one that is shorter than a tenth of a piece."""
DURATION_S = FRAMES / 30
# Of one instant, over the seams of pieces, not ASCII; in order of time.
MESSAGES: list[tuple[float, object]] = [
    (-3.0, {"before": "RECORDING"}),
    (0.7, {"text": "Zoë 日本語 👩‍🚀"}),
    (4.0, ["one", 1]),
    (4.0, ["two", 2]),
    (9.59, "before the seam"),
    (9.6, 9.6),
    (9.61, None),
    (15.0, {"long": "x" * 50_000}),
    (20.2, {"last": True}),
]


def record(tmp_path: Path, audio: AudioCodec) -> Path:
    """The unpacked recording."""
    config = config_of(audio)
    started, *later = [sent(at_s, json.dumps(payload)) for at_s, payload in MESSAGES]
    events = [*opening(), started, mark(0, "started"), *later, sent(20.25, '"CLOSE_TRANSPORT"'), sent(20.3, "0")]
    (tmp_path / "segments").mkdir()
    with FilesWriter(tmp_path, config, write_journal(tmp_path / "capture", events)) as writer:
        for each in write_film(tmp_path / "segments", FRAMES, tone(1_000.0, DURATION_S), config):
            writer.append(*each)
        archive, *_ = writer.finish()
    return unpacked(archive.path, tmp_path / "out").directory


@pytest.mark.parametrize("audio", ["AAC", "MP3"])
async def test_the_cues_of_hls_js_are_what_was_sent(tmp_path: Path, audio: AudioCodec) -> None:
    played = await play_hls(record(tmp_path, audio), rate=8.0)
    assert played.version.startswith("1.7.")
    assert played.errors == []
    assert len(played.buffered) == 1, "no gap between pieces"
    assert played.duration_s == pytest.approx(DURATION_S, abs=0.06)
    assert played.target_duration_s == 10
    expected = sorted((max(0.0, at_s), json.dumps(payload, sort_keys=True)) for at_s, payload in MESSAGES)
    found = sorted((cue.start_s, json.dumps(json.loads(cue.data), sort_keys=True)) for cue in played.cues)
    assert [text for _, text in found] == [text for _, text in expected]
    assert [at_s for at_s, _ in found] == pytest.approx([at_s for at_s, _ in expected], abs=0.001)
    assert {(cue.key, cue.info) for cue in played.cues} == {("TXXX", "ID3Data")}
    assert {json.dumps(json.loads(each["data"]), sort_keys=True) for each in played.shown} >= {
        text for at_s, text in expected if at_s not in {9.59, 9.6}
    }, "cues of some hundredths of a second may be over before the page hears of them"
    numbers = [sum(1 << bit for bit, luma in enumerate(frame.bars) if luma > 150) for frame in played.frames]
    assert len(numbers) > 50
    assert [frame.time_s for frame in played.frames] == pytest.approx([number / 30 for number in numbers], abs=0.005)


async def test_a_player_may_begin_anywhere(tmp_path: Path) -> None:
    played = await play_hls(record(tmp_path, "AAC"), rate=8.0, start_s=12.0)
    assert played.errors == []
    expected = [9.6, 9.61, 15.0, 20.2]
    assert sorted(cue.start_s for cue in played.cues if cue.start_s > 9.595) == pytest.approx(expected, abs=0.001)
    assert played.frames[0].time_s == pytest.approx(12.0, abs=0.1)
    number = sum(1 << bit for bit, luma in enumerate(played.frames[0].bars) if luma > 150)
    assert number / 30 == pytest.approx(played.frames[0].time_s, abs=0.005)


async def test_the_example_of_the_docs_tells_every_message_once(tmp_path: Path) -> None:
    (example,) = (block for block in re.findall(r"```js\n(.*?)```", DOCS.read_text(), re.DOTALL) if "new Hls" in block)
    assert example.count("\n") <= 16
    directory = record(tmp_path, "AAC")
    async with hls_page(directory) as (page, url):
        script = "([text, url]) => player.run(text, url, 4)"
        found = await page.evaluate(script, [example, url])
    assert found["errors"] == []
    told = sorted((each["start_s"], json.dumps(each["payload"], sort_keys=True)) for each in found["messages"])
    expected = sorted((max(0.0, at_s), json.dumps(payload, sort_keys=True)) for at_s, payload in MESSAGES)
    assert [text for _, text in told] == [text for _, text in expected]
    assert [at_s for at_s, _ in told] == pytest.approx([at_s for at_s, _ in expected], abs=0.001)
