"""``reelkit record``: from the start call to the film on this machine."""

import json
import os
import re
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reelkit.commands import progress_view, watch
from reelkit.commands.errors import ServerFailed
from reelkit.commands.interrupts import Interrupts
from reelkit.fleet.base import JobOutcome
from tests.commands.conftest import Commands


@pytest.fixture
def meeting(commands: Commands) -> str:
    """One with two people in it."""
    meeting_id = commands.output("meetings", "create", "Weekly")
    commands.join(meeting_id, "Ada")
    commands.join(meeting_id, "Grace")
    return meeting_id


@pytest.fixture
def on_status(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Callable[[], None]], None]:
    """Does something once, as soon as a status is shown."""
    todo: dict[str, Callable[[], None]] = {}
    show = progress_view.ProgressView.show

    def shown(self: progress_view.ProgressView, recording: Any, **amounts: Any) -> None:
        show(self, recording, **amounts)
        todo.pop(recording["status"], lambda: None)()

    monkeypatch.setattr(progress_view.ProgressView, "show", shown)
    return todo.__setitem__


def ctrl_c() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def test_without_watching_it_prints_the_id(commands: Commands, meeting: str) -> None:
    made = commands.output("record", meeting)
    assert commands.json("recordings", "show", made)["status"] in {"INVOKED", "RECORDING"}


def test_it_is_stopped_watched_and_brought_here(commands: Commands, meeting: str, tmp_path: Path) -> None:
    done = commands.run("record", meeting, "--stop-after", "0.1s", "--out", tmp_path / "films")
    assert done.exit_code == 0, done.output
    made, *lines = done.stdout.splitlines()
    shown = (
        r"\d\d:\d\d:\d\d RECORDING · elapsed 0:\d\d · recorded 0:04 · people 2 · film live, 1.7 s behind the meeting"
    )
    assert re.fullmatch(shown, lines[0]), done.stdout
    film = commands.json("recordings", "show", made)["output_file_name"]
    assert f"UPLOADED  0:10  4 B  {film}" in lines
    assert f"{tmp_path / 'films' / film} (4 B, SHA-256 is right)" in lines
    assert (tmp_path / "films" / film).read_bytes() == b"film"
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_programs_get_json_alone(commands: Commands, meeting: str, tmp_path: Path) -> None:
    done = commands.run("record", meeting, "--watch", "--stop-after", "0s", "--out", tmp_path / "films", "--json")
    assert json.loads(done.stdout)["status"] == "UPLOADED"
    assert "RECORDING" in done.stderr
    assert "SHA-256 is right" in done.stderr


def test_ctrl_c_stops_it_and_waits_for_its_film(commands: Commands, meeting: str, on_status: Any) -> None:
    on_status("RECORDING", ctrl_c)
    done = commands.run("record", meeting, "--watch")
    assert done.exit_code == 0, done.output
    assert "stopping; once more Ctrl-C leaves at once" in done.stdout
    assert "UPLOADED" in done.stdout
    assert "http://127.0.0.1" in done.stdout


def test_a_second_ctrl_c_leaves_and_says_how_to_go_on(commands: Commands, meeting: str, on_status: Any) -> None:
    commands.api.control.fleet.held = True
    on_status("RECORDING", ctrl_c)
    on_status("UPLOADING", ctrl_c)
    done = commands.run("record", meeting, "--watch")
    assert done.exit_code == 130, done.output
    made = done.stdout.splitlines()[0]
    assert f"reelkit recordings watch {made}" in done.stderr
    commands.live.call(_release(commands))
    assert "UPLOADED" in commands.output("recordings", "watch", made)


def test_one_that_fails_says_why(commands: Commands, meeting: str, on_status: Any) -> None:
    def fail() -> None:
        (recording,) = commands.json("recordings", "list")
        commands.api.control.fleet.outcomes[recording["id"]] = JobOutcome((), 0.0, 0, error="the disk is full")
        ctrl_c()

    on_status("RECORDING", fail)
    done = commands.run("record", meeting, "--watch")
    assert done.exit_code == 1, done.output
    assert "ERRORED" in done.stdout
    assert done.stderr == "reelkit: the recording failed: the disk is full\n"


def test_a_server_that_is_away_is_waited_for(
    commands: Commands, meeting: str, on_status: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask = watch.Watch._asked
    away = iter([True, True, False])

    class Away:
        def get(self, path: str) -> None:
            raise ServerFailed(f"the connection broke off: {path[:4]}")

    def asked(self: watch.Watch, last: dict[str, Any]) -> dict[str, Any]:
        server = self._server
        self._server = Away() if next(away, False) else server  # type: ignore[assignment]
        try:
            return ask(self, last)
        finally:
            self._server = server

    monkeypatch.setattr(watch.Watch, "_asked", asked)
    on_status("UPLOADED", lambda: None)
    done = commands.run("record", meeting, "--stop-after", "0.1s")
    assert done.exit_code == 0, done.output
    assert done.stdout.count("the connection broke off: /rec; asking again") == 2
    monkeypatch.setattr(watch, "PATIENCE_S", -1.0)
    away = iter([True])
    done = commands.run("record", meeting, "--stop-after", "0.1s")
    assert done.exit_code == 1
    assert "the recording may go on: reelkit recordings watch" in done.stderr
    assert "reelkit: the connection broke off: /rec" in done.stderr


def test_what_the_server_refuses(commands: Commands, meeting: str) -> None:
    commands.output("record", meeting)
    assert "already" in commands.refused("record", meeting, "--watch")
    commands.output("record", meeting, "--allow-multiple")
    assert commands.run("record", meeting, "--stop-after", "soon").exit_code == 2


def test_interrupts_wake_who_waits() -> None:
    with Interrupts() as interrupts:
        threading.Timer(0.01, ctrl_c).start()
        interrupts.wait(60.0)
        assert interrupts.pressed
        with pytest.raises(KeyboardInterrupt):
            interrupts.press()
        interrupts.wait(0.0)


async def _release(commands: Commands) -> None:
    commands.api.control.fleet.release()
