"""The command line: exit status, one line on stderr that says what to do."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import av
import pytest

import reelkit
from reelkit.capture.events import PeerJoined, SessionEnded, SessionStarted
from reelkit.capture.journal import JournalWriter
from reelkit.clock import SystemClock

START_S = 1_767_225_600.0
TIMEOUT_S = 60


def run(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs the command as a user does."""
    command = [sys.executable, "-W", "error", "-c", "from reelkit.cli import main; main()", *map(str, arguments)]
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("REELKIT_")}
    return subprocess.run(
        command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False, env=inherited | environment
    )


def assert_one_line(done: subprocess.CompletedProcess[str], status: int, *words: str) -> None:
    assert done.returncode == status, done.stderr
    said = [line for line in done.stderr.splitlines() if line.startswith("reelkit: ")]
    assert len(said) == 1, done.stderr
    assert "Traceback" not in done.stderr
    for word in words:
        assert word in said[0]


def test_version() -> None:
    done = run("version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{reelkit.__version__}\n", "")


def test_help_tells_the_commands_and_the_exit_status() -> None:
    done = run("--help", COLUMNS="120")
    assert done.returncode == 0
    for word in ("serve", "render", "version", "Exit status"):
        assert word in done.stdout


@pytest.mark.parametrize(
    ("arguments", "environment", "words"),
    [
        (("--port", "99999"), {}, ("port", "65535")),
        ((), {"REELKIT_RENDER__CRF": "bad"}, ("render.crf",)),
        ((), {"REELKIT_RENDER__CFR": "20"}, ("render.cfr",)),
        ((), {"REELKIT_VAULT_KEYS": "no-json"}, ("reelkit: vault_keys:", "JSON")),
        ((), {"REELKIT_EGRESS__ALLOWED_NETWORKS": "10.0.0.0/8"}, ("reelkit: egress:", "JSON")),
        ((), {"REELKIT_BUCKET__KIND": "s3"}, ("bucket: kind s3 needs bucket, access_key, secret",)),
        ((), {"REELKIT_API_TOKEN": " "}, ("REELKIT_API_TOKEN", "empty")),
        ((), {"REELKIT_TLS_CERTIFICATE": "/nowhere.pem"}, ("tls_certificate", "tls_key")),
        ((), {"REELKIT_DATABASE_URL": "mystery://x"}, ("database",)),
    ],
    ids=str,
)
def test_wrong_settings_are_named(
    tmp_path: Path, arguments: tuple[str, ...], environment: dict[str, str], words: tuple[str, ...]
) -> None:
    done = run("serve", "--data", tmp_path / "data", "--port", "0", "--tls-port", "0", *arguments, **environment)
    assert_one_line(done, 1 if "database" in words else 2, *words)


def test_a_broken_settings_file_is_named(tmp_path: Path) -> None:
    config = tmp_path / "reelkit.toml"
    config.write_text("port = ")
    assert_one_line(run("serve", "--config", config), 2, "reelkit.toml")
    config.write_text("[rooms]\nmax_peers = 0\n")
    assert_one_line(run("serve", "--config", config, "--data", tmp_path / "data"), 2, "rooms.max_peers")


def test_a_taken_port_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = run("serve", "--data", tmp_path / "data", "--port", port)
    assert_one_line(done, 1, f"127.0.0.1 port {port}", "in use")


def test_a_data_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert_one_line(run("serve", "--data", tmp_path / "file" / "data"), 1, "file")


def write_capture(directory: Path, duration_s: float) -> None:
    """A session with one person who sends nothing."""
    clock = SystemClock()
    journal = JournalWriter(directory / "journal.jsonl", clock, 1.0)
    journal.append(SessionStarted(time_s=START_S, session_id="s", meeting_id="m", title="Weekly"))
    journal.append(PeerJoined(time_s=START_S, peer_id="p", participant_id="a", name="Ada Lovelace"))
    journal.append(SessionEnded(time_s=START_S + duration_s))
    journal.close()


def test_render_makes_a_film_of_a_capture_and_goes_on_where_it_was(tmp_path: Path) -> None:
    write_capture(tmp_path / "capture", 2.0)
    config = tmp_path / "film.json"
    config.write_text(json.dumps({"video": {"width_px": 320, "height_px": 180, "preset": "ultrafast"}}))
    done = run("render", tmp_path / "capture", "--config", config, "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"film: {tmp_path}/out/film.mp4 (2.0 s, 60 frames)\n"
    with av.open(tmp_path / "out" / "film.mp4") as film:
        video = film.streams.video[0]
        assert (video.width, video.height) == (320, 180)
    again = run("render", tmp_path / "capture", "--config", config, "--out", tmp_path / "out")
    assert (again.returncode, again.stdout) == (0, done.stdout)


def test_render_names_every_file(tmp_path: Path) -> None:
    write_capture(tmp_path / "capture", 2.0)
    config = tmp_path / "film.json"
    size = {"width_px": 64, "height_px": 64}
    wanted = {"video": {"codec": "VP8", **size}, "audio": {"codec": "VORBIS"}, "files": ["video", "audio"]}
    config.write_text(json.dumps(wanted))
    done = run("render", tmp_path / "capture", "--config", config, "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        f"film: {tmp_path}/out/film.webm (2.0 s, 60 frames)",
        f"sound: {tmp_path}/out/sound.ogg (2.0 s)",
    ]


def test_render_says_what_is_wrong(tmp_path: Path) -> None:
    assert run("render", tmp_path / "absent", "--out", tmp_path / "out").returncode == 2
    (tmp_path / "empty").mkdir()
    assert_one_line(run("render", tmp_path / "empty", "--out", tmp_path / "out"), 2, "journal.jsonl")
    write_capture(tmp_path / "short", 0.0)
    assert_one_line(run("render", tmp_path / "short", "--out", tmp_path / "out"), 1, "nothing was recorded")
    config = tmp_path / "film.json"
    config.write_text('{"video": {"fps": 500}}')
    write_capture(tmp_path / "capture", 2.0)
    done = run("render", tmp_path / "capture", "--config", config, "--out", tmp_path / "out")
    assert_one_line(done, 2, "film.json", "video.fps")
