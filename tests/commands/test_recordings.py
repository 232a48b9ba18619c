"""``reelkit recordings`` against a server."""

import json
from pathlib import Path

from tests.commands.conftest import Commands

FILM = b"film"


def test_a_recording_is_steered_listed_and_downloaded(commands: Commands, tmp_path: Path) -> None:
    meeting = commands.output("meetings", "create", "Weekly")
    commands.join(meeting)
    made = commands.output("recordings", "start", meeting, "--width", "640", "--audio", "mp3", "--prefix", "week")
    assert "--allow-multiple" not in commands.refused("recordings", "start", meeting)
    paused = commands.run("recordings", "pause", made)
    assert (paused.stdout, paused.stderr) == ("", f"{made} is PAUSED\n")
    assert commands.json("recordings", "resume", made)["status"] == "RECORDING"
    assert "nothing to download yet: the recording is RECORDING" in commands.refused("recordings", "download", made)
    commands.output("recordings", "stop", made)
    commands.output("recordings", "watch", made)

    listed = commands.output("recordings", "list", "--status", "uploaded", "--status", "ERRORED", "--search", "week")
    assert made in listed
    assert "Weekly" in listed
    assert "4 B" in listed
    assert [row["id"] for row in commands.json("recordings", "list", "--meeting", meeting, "--not-expired")] == [made]
    assert commands.json("recordings", "list", "--status", "RECORDING") == []

    told = commands.output("recordings", "show", made)
    for word in (made, "UPLOADED", "STORED until", "API_CALL by default", "integrity"):
        assert word in told, told
    whole = commands.json("recordings", "show", made)
    assert whole["download_url"] in told

    done = commands.json("recordings", "download", made, "--out", tmp_path / "films")
    names = {Path(file["path"]).name: file["checked"] for file in done}
    film, sound = whole["output_file_name"], whole["reelkit"]["audio_file_name"]
    assert names == {film: True, sound: True, f"{film}.json": False}
    assert (tmp_path / "films" / film).read_bytes() == FILM
    assert "is there already" in commands.refused("recordings", "download", made, "--out", tmp_path / "films")
    again = commands.output("recordings", "download", made, "--out", tmp_path / "films", "--force")
    assert "(4 B, SHA-256 is right)" in again


def test_tracks(commands: Commands) -> None:
    meeting = commands.output("meetings", "create", "Weekly")
    assert "no live session" in commands.refused("recordings", "track", meeting)
    commands.join(meeting)
    started = commands.json(
        "recordings",
        "track",
        meeting,
        "--user",
        "ada",
        "--media",
        "video",
        "--config",
        "-",
        given='{"max_seconds": 60}',
    )
    assert started["type"] == "TRACK"
    assert "TRACK" in commands.output("recordings", "list")


def test_options_win_over_the_file(commands: Commands, tmp_path: Path) -> None:
    meeting = commands.output("meetings", "create", "Weekly")
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"meeting_id": "another", "video_config": {"width": 640, "height": 5000}}))
    assert "height" in commands.refused("recordings", "start", meeting, "--config", config)
    started = commands.json("recordings", "start", meeting, "--config", config, "--height", "360")
    assert started["reelkit"]["meeting_id"] == meeting
    config.write_text('{"video_config": 1}')
    told = commands.refused("recordings", "start", meeting, "--config", config, "--height", "360", status=2)
    assert told == "--config: video_config must be a JSON object"


def test_only_the_sound(commands: Commands) -> None:
    meeting = commands.output("meetings", "create", "Weekly")
    started = commands.json("recordings", "start", meeting, "--no-film")
    assert started["output_file_name"].endswith(".m4a")
