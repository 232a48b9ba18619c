"""The whole server as a process of its own, with real Janus and renderers."""

import json
import os
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from cloudflare import Cloudflare
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests.patience import PATIENCE_S

pytestmark = pytest.mark.e2e

TOKEN = "a-token-of-the-operator"
DEADLINE_S = 40.0
# A film needs a second at least, and a server that is killed knows what it recorded to a second.
RECORDED_S = 1.5


class Server:
    """A running server."""

    def __init__(self, process: subprocess.Popen[str], data: Path) -> None:
        self.process = process
        self.data = data
        self.facts: dict[str, Any] = json.loads((data / "listening.json").read_text())
        self.client = Cloudflare(api_token=TOKEN, base_url=f"{self.facts['http']}/client/v4", max_retries=0)
        self.kit = self.client.realtime_kit
        self.ids: dict[str, Any] = {"account_id": self.facts["account_id"], "app_id": self.facts["app_id"]}

    def stop(self, signum: signal.Signals) -> int:
        """Sends a signal, waits for the end and checks that no child is left."""
        children = psutil.Process(self.process.pid).children(recursive=True)
        self.process.send_signal(signum)
        status = self.process.wait(DEADLINE_S)
        _, alive = psutil.wait_procs(children, timeout=PATIENCE_S)
        assert alive == []
        return status

    def start_recording(self) -> str:
        meeting = self.kit.meetings.create(title="Weekly", **self.ids).data
        assert meeting is not None
        started = self.kit.recordings.start_recordings(meeting_id=meeting.id, **self.ids).data
        assert started is not None
        assert started.status == "RECORDING"
        return started.id

    def until_final(self, recording_id: str) -> Any:
        """The recording once it is UPLOADED or ERRORED."""
        deadline_s = time.monotonic() + DEADLINE_S
        while True:
            recording = self.kit.recordings.get_one_recording(recording_id, **self.ids).data
            assert recording is not None
            if recording.status in {"UPLOADED", "ERRORED"}:
                return recording
            assert time.monotonic() < deadline_s, recording
            time.sleep(0.05)


def command(data: Path) -> list[str]:
    program = "from reelkit.cli import main; main()"
    return [
        sys.executable,
        "-W",
        "error",
        "-c",
        program,
        "serve",
        "--data",
        str(data),
        "--port",
        "0",
        "--tls-port",
        "0",
    ]


def listening_pid(data: Path) -> int | None:
    """Who says it listens; after a SIGKILL that is a server that is gone."""
    try:
        facts: dict[str, Any] = json.loads((data / "listening.json").read_text())
    except FileNotFoundError:
        return None
    return int(facts["pid"])


@contextmanager
def serving(data: Path) -> Iterator[Server]:
    environment = os.environ | {"REELKIT_API_TOKEN": TOKEN, "REELKIT_RENDER__PRESET": "ultrafast"}
    with (data.parent / "stdout").open("w") as stdout, (data.parent / "stderr").open("a") as stderr:
        process = subprocess.Popen(command(data), stdout=stdout, stderr=stderr, text=True, env=environment)
    try:
        deadline_s = time.monotonic() + DEADLINE_S
        while listening_pid(data) != process.pid:
            assert process.poll() is None, (data.parent / "stderr").read_text()
            assert time.monotonic() < deadline_s
            time.sleep(0.02)
        server = Server(process, data)
        with server.client:
            yield server
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


def test_a_server_from_start_to_stop(data: Path) -> None:
    with serving(data) as server:
        facts = server.facts
        assert facts["pid"] == server.process.pid
        banner = (data.parent / "stdout").read_text()
        for shown in (f"{facts['http']}/client/v4", facts["sdk_base_uri"], facts["account_id"], facts["app_id"]):
            assert shown in banner
        assert "API token" not in banner
        assert httpx.get(f"{facts['http']}/readyz", timeout=PATIENCE_S).json() == {"ready": True, "reasons": []}
        assert facts["sdk_base_uri"] == f"rtk.localhost:{facts['tls_port']}"

        second = subprocess.run(command(data), capture_output=True, text=True, timeout=DEADLINE_S, check=False)
        assert second.returncode == 3
        assert f"pid {server.process.pid}" in second.stderr
        assert "Traceback" not in second.stderr

        trusting = ssl.create_default_context(cafile=facts["ca"])
        with httpx.Client(verify=trusting, base_url=facts["https"], timeout=PATIENCE_S) as client:
            refused = client.get("/v2/internals/participant-details", headers={"host": f"api.{facts['sdk_base_uri']}"})
        assert refused.status_code == 401
        with pytest.raises(InvalidStatus) as denied:
            connect(f"wss://localhost:{facts['tls_port']}/ws?peerID=p&authToken=x", ssl=trusting)
        assert denied.value.response.status_code == 401

        assert server.stop(signal.SIGTERM) == 0
        assert not (data / "listening.json").exists()
    log = (data.parent / "stderr").read_text()
    assert TOKEN not in log
    assert "authToken" not in log
    assert "Traceback" not in log


def test_a_recording_is_delivered_and_survives_sigterm_and_sigkill(data: Path) -> None:
    with serving(data) as server:
        recording_id = server.start_recording()
        time.sleep(RECORDED_S)
        server.kit.recordings.pause_resume_stop_recording(recording_id, action="stop", **server.ids)
        done = server.until_final(recording_id)
        assert done.status == "UPLOADED", done
        film = httpx.get(done.download_url, timeout=PATIENCE_S)
        assert film.status_code == 200
        assert len(film.content) == done.file_size

        interrupted = server.start_recording()
        time.sleep(RECORDED_S)
        assert server.stop(signal.SIGTERM) == 0
    with serving(data) as server:
        done = server.until_final(interrupted)
        assert done.status == "UPLOADED", done
        assert done.stop_reason.reason == "INTERNAL_ERROR"

        killed = server.start_recording()
        time.sleep(2 * RECORDED_S)
        assert server.stop(signal.SIGKILL) == -signal.SIGKILL
    with serving(data) as server:
        done = server.until_final(killed)
        assert done.status == "UPLOADED", done
        assert done.reelkit["duration_ms"] >= 1_000
        assert server.stop(signal.SIGINT) == 0
