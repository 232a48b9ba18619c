"""Janus as a process: what keeps it from starting, what it says, and that nothing of it is left."""

import asyncio
import json
from pathlib import Path

import psutil
import pytest
from structlog.testing import capture_logs

from reelkit.settings import SfuSettings
from reelkit.sfu.client import JanusClient
from reelkit.sfu.errors import JanusNotStarted, RequestRefused, Unauthorised
from reelkit.sfu.janus import JanusProcess


@pytest.fixture
def library_dir(tmp_path: Path) -> Path:
    for module in ("plugins/libjanus_videoroom.so", "transports/libjanus_websockets.so"):
        (tmp_path / "lib" / module).parent.mkdir(parents=True)
        (tmp_path / "lib" / module).touch()
    return tmp_path / "lib"


def stand_in(tmp_path: Path, script: str) -> Path:
    """An executable in Janus' place."""
    path = tmp_path / "stand-in"
    path.write_text(f"#!/bin/bash\n{script}\n")
    path.chmod(0o755)
    return path


def settings_for(binary: Path, library_dir: Path, **more: float | Path) -> SfuSettings:
    return SfuSettings.model_validate({"janus_binary": binary, "janus_library_dir": library_dir, **more})


async def test_a_missing_executable_is_told(tmp_path: Path, library_dir: Path) -> None:
    with pytest.raises(JanusNotStarted, match="cannot be configured and executed"):
        await JanusProcess(settings_for(tmp_path / "none", library_dir), tmp_path / "janus").start()


async def test_an_end_while_starting_is_told_with_what_it_complained_of(tmp_path: Path, library_dir: Path) -> None:
    binary = stand_in(tmp_path, "echo 'Starting'; echo '[FATAL] [janus.c:main:1] no such module'; exit 3")
    with capture_logs() as logs, pytest.raises(JanusNotStarted, match="ended while starting") as raised:
        await JanusProcess(settings_for(binary, library_dir), tmp_path / "janus").start()
    assert raised.value.context == {"status": 3, "complaints": ["[janus.c:main:1] no such module"]}
    assert [(entry["log_level"], entry["line"]) for entry in logs] == [
        ("debug", "Starting"),
        ("error", "[janus.c:main:1] no such module"),
    ]


async def test_an_api_that_does_not_open_is_told_and_nothing_is_left(tmp_path: Path, library_dir: Path) -> None:
    binary = stand_in(tmp_path, "exec sleep 60")
    process = JanusProcess(settings_for(binary, library_dir, start_timeout_s=0.3), tmp_path / "janus")
    with pytest.raises(JanusNotStarted, match="did not open its API in time"):
        await process.start()
    assert not psutil.pid_exists(process.pid)


async def test_log_lines_keep_their_level_and_lose_their_secrets(tmp_path: Path, library_dir: Path) -> None:
    show = "grep -o 'api_secret = \"[^\"]*' janus.jcfg | sed 's/^/[WARN] /'; echo '[WARN] mDNS resolution disabled'"
    binary = stand_in(tmp_path, f"{show}; exit 1")
    process = JanusProcess(settings_for(binary, library_dir), tmp_path / "janus")
    with capture_logs() as logs, pytest.raises(JanusNotStarted):
        await process.start()
    assert [(entry["log_level"], entry["line"]) for entry in logs] == [
        ("warning", 'api_secret = "***'),
        ("debug", "[WARN] mDNS resolution disabled"),
    ]


async def test_what_is_expected_of_janus_is_no_complaint(tmp_path: Path, library_dir: Path) -> None:
    expected = (
        "[ERR] [ice.c:janus_ice_outgoing_traffic_handle:5110] [7] ... only sent -1 bytes? (was 1180)",
        "[WARN] [7] ICE failed for component 1 in stream 1, but we're still waiting for some info so we don't care...",
    )
    told = "[ERR] [ice.c:janus_ice_outgoing_traffic_handle:5110] [7] ... only sent 12 bytes? (was 1180)"
    (tmp_path / "log").write_text("\n".join((*expected, told)))
    process = JanusProcess(
        settings_for(stand_in(tmp_path, f"cat {tmp_path}/log; exit 1"), library_dir), tmp_path / "janus"
    )
    with capture_logs() as logs, pytest.raises(JanusNotStarted) as raised:
        await process.start()
    assert [entry["log_level"] for entry in logs] == ["debug", "debug", "error"]
    assert raised.value.context["complaints"] == [told.removeprefix("[ERR] ")]


def test_a_configured_flush_library_must_exist(tmp_path: Path) -> None:
    with pytest.raises(JanusNotStarted, match="flush_library"):
        JanusProcess(SfuSettings(flush_library=tmp_path / "none.so"), tmp_path / "janus")


@pytest.mark.e2e
async def test_it_starts_quickly_serves_and_leaves_nothing(tmp_path: Path) -> None:
    async with JanusProcess(SfuSettings(), tmp_path / "a directory: with spaces") as janus:
        process = psutil.Process(janus.pid)
        assert process.rlimit(psutil.RLIMIT_NOFILE)[0] >= min(process.rlimit(psutil.RLIMIT_NOFILE)[1], 65_536)
        listening = {conn.laddr.ip for conn in process.net_connections("tcp") if conn.status == psutil.CONN_LISTEN}
        assert listening == {"127.0.0.1"}
        assert janus.flushes
        async with JanusClient(janus.config.api_url, janus.config.api_secret, request_timeout_s=5.0) as client:
            await client.keepalive()
        # No secret in what any user of the machine can see.
        assert not any(secret in json.dumps([process.cmdline(), process.environ()]) for secret in janus.config.secrets)
    assert not process.is_running()
    await janus.stop()


@pytest.mark.e2e
async def test_a_flush_library_that_cannot_be_loaded_is_not_counted_on(tmp_path: Path) -> None:
    (tmp_path / "broken.so").write_text("no library")
    settings = SfuSettings(flush_library=tmp_path / "broken.so")
    with capture_logs() as logs:
        async with JanusProcess(settings, tmp_path / "janus") as janus:
            assert not janus.flushes
    assert "Janus runs without the flush shim, which could not be loaded" in [entry["event"] for entry in logs]


@pytest.mark.e2e
async def test_secrets_are_asked_for(tmp_path: Path) -> None:
    async with JanusProcess(SfuSettings(), tmp_path / "janus") as janus:
        with pytest.raises(Unauthorised) as raised:
            await JanusClient(janus.config.api_url, "guessed", request_timeout_s=5.0).open()
        assert raised.value.code == 403
        async with JanusClient(janus.config.api_url, janus.config.api_secret, request_timeout_s=5.0) as client:
            handle = await client.attach(lambda _: None)
            for admin_key in ({}, {"admin_key": "guessed"}):
                with pytest.raises(RequestRefused):
                    await handle.message({"request": "create", "room": "mine", **admin_key})


@pytest.mark.e2e
async def test_a_janus_that_does_not_answer_is_killed_without_waiting(tmp_path: Path) -> None:
    janus = JanusProcess(SfuSettings(), tmp_path / "janus")
    await janus.start()
    process = psutil.Process(janus.pid)
    process.suspend()
    async with asyncio.timeout(2.0):
        await janus.kill()
    assert not process.is_running()
