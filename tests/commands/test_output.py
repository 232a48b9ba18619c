"""What commands print, on terminals and in pipes."""

import re
import subprocess
import sys
from typing import Any

import pytest

from reelkit.commands import output
from reelkit.commands.recording_view import facts, integrity, links
from tests.commands.conftest import Commands

ID = "97440c6a-140b-40a9-9499-b23fd7a3868a"
COLUMNS = (
    output.Column("id", "id"),
    output.Column("status", "status"),
    output.Column("kind", "kind", spare=True),
    output.Column("title", "meeting.title", folds=True),
)
ROW = {"id": ID, "status": "RECORDING", "kind": "x" * 30, "meeting": {"title": "A meeting with a very long name"}}


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Any:
    def of(width: int) -> None:
        monkeypatch.setenv("FORCE_COLOR", "1")
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.setenv("COLUMNS", str(width))

    return of


@pytest.mark.parametrize("width", [80, 70, 20])
def test_a_table_fits_and_keeps_ids_whole(terminal: Any, capsys: pytest.CaptureFixture[str], width: int) -> None:
    terminal(width)
    output.print_table([ROW], COLUMNS)
    told = re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out)
    assert ID in told
    assert "RECORDING" in told
    assert "xxx" not in told
    assert max(map(len, told.splitlines())) <= max(width, 65)


def test_a_pipe_gets_everything_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    output.print_table([ROW], COLUMNS)
    header, line = capsys.readouterr().out.splitlines()
    assert header.split() == ["id", "status", "kind", "title"]
    assert line.split(maxsplit=3) == [ID, "RECORDING", "x" * 30, "A meeting with a very long name"]


def test_a_terminal_shows_progress_in_place(commands: Commands) -> None:
    meeting = commands.output("meetings", "create", "Weekly")
    commands.join(meeting)
    done = commands.run("record", meeting, "--stop-after", "0.1s", FORCE_COLOR="1", TERM="xterm", COLUMNS="80")
    assert done.exit_code == 0, done.output
    assert "1.7 s behind the meeting" in done.stdout
    assert "\x1b[2K" in done.stdout


def test_nobody_minds_a_reader_that_leaves(commands: Commands) -> None:
    program = "import sys; from reelkit.cli import main; sys.argv[0] = 'reelkit'; main()"
    command = [sys.executable, "-c", program, "meetings", "list", "--json"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=commands.environment, text=True
    ) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        assert process.stderr.read() == ""
    assert process.returncode == 1


def test_what_a_recording_tells() -> None:
    recording = {
        "id": ID,
        "status": "ERRORED",
        "output_file_name": "a.mp4",
        "download_url": "http://bucket/a.mp4?signature=x",
        "start_reason": {"reason": "API_CALL", "caller": {"name": "default\x1b[2J"}},
        "reelkit": {
            "duration_ms": 61_000,
            "page": {"state": "failed", "reloads": 2, "reason": "it does not answer"},
            "streaming": {"state": "RETRYING", "target": "rtmp://live/app", "reconnects": 3, "error": "refused"},
            "destination": {
                "state": "UPLOADING",
                "label": "s3://films",
                "sent_bytes": 1_000_000,
                "total_bytes": 2_000_000,
                "attempts": 2,
                "error": "503",
            },
            "rendering": {"state": "catching_up", "lag_s": 12.0, "done_s": 3.0},
            "notes": ["the picture is smaller"],
            "error": "the disk is full",
        },
    }
    told = dict(facts(recording))
    assert told["length"] == "1:01"
    assert told["page"] == "failed, opened anew 2 times: it does not answer"
    assert told["stream"] == "RETRYING to rtmp://live/app, 3 new connections: refused"
    assert told["storage"] == "UPLOADING to s3://films, 1.0 MB of 2.0 MB, attempt 2: 503"
    assert told["film"] == "catches up, 12.0 s left"
    assert (told["note"], told["error"]) == ("the picture is smaller", "the disk is full")
    assert "\x1b" not in told["started"]
    assert list(links(recording)) == [("a.mp4", "http://bucket/a.mp4?signature=x")]
    assert dict(facts({}))["error"] == ""


def test_what_a_record_of_integrity_tells() -> None:
    record = {
        "whole": True,
        "decoded": {"level": "keyframes", "frames": 300, "frame_errors": 1, "problems": ["a black picture"]},
        "gaps": {"entries": [{}], "paused_s": 61.0, "without_media_s": 2.0},
        "participants": [{"tracks": [{"lost": 3}, {"lost": 4}]}],
    }
    assert integrity(record) == (
        "whole, 300 pictures decoded (keyframes), 1 with errors, paused for 1:01, without media for 0:02, "
        "7 packets never came\na black picture"
    )
    assert integrity({"whole": False, "error": "the disk is full"}) == "not whole: the disk is full"
    assert integrity(None) == ""
