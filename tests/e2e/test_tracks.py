"""Track recordings of a meeting that is filmed, too: the official client, real Janus, synthetic participants."""

import asyncio
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from testbed.rehearsal import rehearse
from testbed.stack import Stack
from testbed.timeline import Interval, Timeline, people
from testbed.track_hearing import hear

pytestmark = [pytest.mark.e2e, pytest.mark.alone, pytest.mark.timeout(240)]

TOLERANCE_S = 0.06
"""Of real packets on a busy machine; captures on disk are judged more strictly elsewhere."""


async def test_everybody_who_speaks_gets_a_file_beside_the_film(stack: Stack, tmp_path: Path) -> None:
    ada, bo, cleo = people(3)
    timeline = Timeline(
        12.0,
        (ada, replace(bo, joins_s=4.0), replace(cleo, microphone=(Interval(0.0, 4.0), Interval(7.0, 12.0)))),
    )
    api, started = stack.api, {}

    async def record_tracks(film_id: str) -> None:
        meeting_id = ((await api.recording(film_id)).model_extra or {})["reelkit"]["meeting_id"]
        answer = await api.client.realtime_kit.recordings.start_track_recording(
            api.app_id,
            account_id=api.account_id,
            meeting_id=meeting_id,
            layers={"default": {"media_kind": "audio", "file_name_prefix": "lesson"}},
        )
        assert answer.data is not None
        assert answer.data.recording.status == "RECORDING"
        assert (answer.data.recording.model_extra or {})["type"] == "TRACK"
        started["id"] = answer.data.recording.id
        await asyncio.sleep(9.5)
        await api.stop_recording(started["id"])

    film = await rehearse(stack, timeline, tmp_path, during=record_tracks)
    assert film.recording.status == "UPLOADED"
    done = await api.recording_in(started["id"], "UPLOADED")
    layers: Any = done.download_url
    (layer,) = layers
    assert layer["layer_name"] == "default"
    assert len(layer["download_urls"]) == 3
    integrity = (done.model_extra or {})["reelkit"]["integrity"]
    assert integrity["whole"]
    people_heard = set()
    for record in integrity["files"]:
        link = layer["download_urls"][record["name"]]
        assert link["custom_participant_id"] == record["custom_participant_id"]
        prefix, participant_id, peer_id, stream_kind, media_kind, _ = record["name"].split("_")
        assert (prefix, stream_kind, media_kind) == ("lesson", "peer", "audio")
        assert (participant_id, peer_id) == (record["participant_id"], record["peer_id"])
        path = tmp_path / record["name"]
        async with httpx.AsyncClient() as client:
            path.write_bytes((await client.get(link["download_url"])).content)
        assert path.stat().st_size == record["size_bytes"]
        assert record["sha256"]
        person = next(each for each in timeline.participants if each.name == record["participant_name"])
        people_heard.add(person.name)
        heard = hear(path)
        wanted = [
            film.zero_s + beep_s
            for beep_s in timeline.beeps(person)
            if heard.start_s + 0.3 < film.zero_s + beep_s < integrity["ended_wall_s"] - 0.3
        ]
        assert wanted
        onsets = heard.onsets()
        for beep_s in wanted:
            assert min(abs(onset_s - beep_s) for onset_s in onsets) < TOLERANCE_S
        gaps = [gap["reason"] for gap in record["gaps"] if gap["length_s"] > 1.0]
        assert gaps == (["muted"] if person.name == "Cleo" else [])
    assert people_heard == {"Ada", "Bo", "Cleo"}
    assert time.time() - integrity["ended_wall_s"] < 240
