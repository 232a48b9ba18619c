"""Metadata in files of its own."""

import json
import re
from pathlib import Path

from reelkit.publish.hls.cue import Cue, Sender
from reelkit.publish.hls.cue_files import CaptionsFile, CuesFile

ADA = Sender("peer-1", "participant-1", 'Ada "the first"')
CUES = [
    Cue(0.0, 1_760_000_000.0, '{"before": true}', ADA),
    Cue(0.0, 1_760_000_001.5, '{"arrow": "a --> b <i>&"}', ADA),
    Cue(61.0004, 1_760_000_061.0, '"Zoë 👩‍🚀"', Sender("peer-2")),
    Cue(3_725.25, 1_760_003_725.25, "NaN", ADA, in_stream=False),
]
DURATION_S = 3_725.3


def written(tmp_path: Path, cues: list[Cue], closed_s: float | None = None) -> tuple[str, dict[str, object]]:
    captions, file = CaptionsFile(tmp_path / "a.vtt"), CuesFile(tmp_path / "a.json")
    for cue in cues:
        captions.add(cue)
        file.add(cue)
    captions.end(DURATION_S)
    file.end(DURATION_S, closed_s)
    contents = captions.content(), file.content()
    captions.keep()
    file.keep()
    assert ((tmp_path / "a.vtt").read_bytes(), (tmp_path / "a.json").read_bytes()) == contents
    return contents[0].decode(), json.loads(contents[1])


def test_captions(tmp_path: Path) -> None:
    text, _ = written(tmp_path, CUES)
    blocks = text.split("\n\n")
    assert blocks[0] == "WEBVTT"
    assert [block.splitlines()[1] for block in blocks[1:]] == [
        "00:00:00.000 --> 00:01:01.000",
        "00:00:00.000 --> 00:01:01.000",
        "00:01:01.000 --> 01:02:05.250",
        "01:02:05.250 --> 01:02:05.300",
    ]
    texts = [block.splitlines()[2] for block in blocks[1:]]
    assert all("-->" not in each for each in texts)
    assert [json.loads(each) for each in texts[:3]] == [json.loads(cue.text) for cue in CUES[:3]]
    assert re.fullmatch(r"[^\r]*\n", text)


def test_a_cue_at_the_very_end_lasts(tmp_path: Path) -> None:
    text, _ = written(tmp_path, [Cue(DURATION_S, 1.0, "1", ADA)])
    assert "01:02:05.300 --> 01:02:05.301" in text


def test_cues(tmp_path: Path) -> None:
    _, found = written(tmp_path, CUES, closed_s=3_725.26)
    assert (found["version"], found["duration_s"], found["closed_s"]) == ("reelkit.cues/1", DURATION_S, 3_725.26)
    cues = found["cues"]
    assert isinstance(cues, list)
    assert cues[1] == {
        "time_s": 0.0,
        "at": "2025-10-09T08:53:21.500Z",
        "type": "ID3Data",
        "sender": {"peer_id": "peer-1", "participant_id": "participant-1", "name": 'Ada "the first"'},
        "in_stream": True,
        "payload": {"arrow": "a --> b <i>&"},
    }
    assert cues[2]["sender"] == {"peer_id": "peer-2"}
    assert (cues[3]["payload"], cues[3]["in_stream"]) == ("NaN", False), "what is not JSON for everybody is text"


def test_no_messages_are_no_cues(tmp_path: Path) -> None:
    text, found = written(tmp_path, [])
    assert text == "WEBVTT\n"
    assert found["cues"] == []


def test_deep_json_is_no_trap(tmp_path: Path) -> None:
    _, found = written(tmp_path, [Cue(0.0, 1.0, "[" * 100_000 + "]" * 100_000, ADA)])
    cues = found["cues"]
    assert isinstance(cues, list)
    assert isinstance(cues[0]["payload"], str)
