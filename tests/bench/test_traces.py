import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from bench.traces import traces
from tests.patience import PATIENCE_S


@pytest.fixture(autouse=True)
def own_temporary_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))


def test_names_what_has_come_and_nothing_else(tmp_path: Path) -> None:
    browsers_dir = tmp_path / "browsers"
    before = traces(tmp_path, browsers_dir)
    (browsers_dir / "61184").mkdir(parents=True)
    (browsers_dir / "61184.lock").touch()
    (tmp_path / "tmp" / "forgotten").touch()
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.socket(socket.AF_UNIX) as named,
        subprocess.Popen([sys.executable, "-c", "input()", tmp_path], stdin=subprocess.PIPE) as child,
    ):
        port = server.getsockname()[1]
        named.bind(str(tmp_path / "screen"))
        left = traces(tmp_path, browsers_dir).left(before)
        child.communicate(b"\n", timeout=PATIENCE_S)

    assert {name.split()[0] for name in left["processes"]} == {str(child.pid)}
    assert left["browsers' directories"] == {str(browsers_dir / "61184")}
    assert left["lock files"] == {str(browsers_dir / "61184.lock")}
    assert str(tmp_path / "tmp" / "forgotten") in left["temporary files"]
    assert left["ports"] == {f"127.0.0.1:{port} LISTEN"}
    assert str(tmp_path / "screen") in left["named sockets"]
    assert len(left["descriptors of this process"]) == 3
    assert not left["control groups"]


def test_what_has_gone_again_is_not_left(tmp_path: Path) -> None:
    before = traces(tmp_path, tmp_path)
    with subprocess.Popen([sys.executable, "-c", "", tmp_path]) as child:
        child.wait(timeout=PATIENCE_S)

    left = traces(tmp_path, tmp_path).left(before)

    assert not left["processes"]
    assert not left["descriptors of this process"]
