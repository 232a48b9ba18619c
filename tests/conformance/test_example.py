"""The example of the reference page, word for word but for the picture's address, on a whole server."""

import asyncio
import io
import tarfile
from pathlib import Path
from typing import Any

import av
import pytest
from PIL import Image

from testbed.stack import Stack
from tests.conformance.reference import ANSWER
from tests.egress.hosts import host_on

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]

FILM_S = 2.0
"""How long is recorded, by the wall clock."""
NOT_ASKED_FOR = {path for path in ANSWER if path.startswith("storage_config")}
OF_PARTICIPANTS = {"start_reason.caller.user_Id", "stop_reason.caller.user_Id"}


def fields(value: dict[str, Any], path: str = "") -> set[str]:
    """The paths of all fields of an answer."""
    return {f"{path}{name}" for name in value}.union(
        *(
            fields(part, f"{path}{name}.")
            for name, part in value.items()
            if isinstance(part, dict) and name != "reelkit"
        )
    )


async def test_the_example_of_the_page(tmp_path: Path) -> None:
    picture = io.BytesIO()
    Image.new("RGB", (8, 8), (220, 30, 40)).save(picture, "PNG")
    async with host_on() as host, Stack(environment={"REELKIT_EGRESS__ALLOW_PRIVATE": "true"}) as stack:
        api = stack.api
        host.answer("200 OK", picture.getvalue())
        response = await api.client.realtime_kit.recordings.start_recordings(
            app_id=api.app_id,
            account_id=api.account_id,
            allow_multiple_recordings=False,
            audio_config={"channel": "stereo", "codec": "AAC", "export_file": True},
            file_name_prefix="string",
            interactive_config={"type": "ID3"},
            max_seconds=60,
            meeting_id=await api.create_meeting(),
            realtimekit_bucket_config={"enabled": True},
            video_config={
                "codec": "H264",
                "export_file": True,
                "height": 720,
                "watermark": {
                    "position": "left top",
                    "size": {"height": 1, "width": 1},
                    "url": f"http://127.0.0.1:{host.port}/",
                },
                "width": 1280,
            },
        )
        assert response.success
        assert response.data is not None
        recording_id = response.data.id

        await asyncio.sleep(FILM_S)
        await api.stop_recording(recording_id)
        done = await api.recording_in(recording_id, "UPLOADED")
        whole = done.to_dict(mode="json", exclude_none=True)
        assert fields(whole) >= ANSWER.keys() - NOT_ASKED_FOR - OF_PARTICIPANTS
        assert done.output_file_name.startswith("string_")
        with tarfile.open(await api.download(done, tmp_path)) as tar:
            names = tar.getnames()
        sound = tmp_path / "sound.m4a"
        sound.write_bytes((await api.client._client.get(done.audio_download_url or "")).content)
    assert any(name.endswith(".m3u8") for name in names)
    with av.open(sound) as container:
        (stream,) = container.streams.audio
        assert (stream.codec_context.name, stream.layout.name) == ("aac", "stereo")
        samples = sum(frame.samples for frame in container.decode(stream))
        assert samples / stream.rate >= FILM_S - 0.2
