"""``reelkit recordings diagnosis``."""

import json
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner, Result

from reelkit.cli import app
from reelkit.commands.client import ServerClient
from reelkit.commands.errors import Refused

ID = "97440c6a-140b-40a9-9499-b23fd7a3868a"
PATH = f"/client/v4/accounts/account/realtime/kit/app/recordings/{ID}/page-diagnosis"


def answered(request: httpx.Request) -> httpx.Response:
    if request.url.path == PATH:
        return httpx.Response(200, json={"success": True, "data": {"state": "failed"}})
    if request.url.path == f"{PATH}/screenshot":
        return httpx.Response(200, content=b"\x89PNG")
    return httpx.Response(404, json={"errors": [{"message": "there is no such recording in this app"}]})


@pytest.fixture(autouse=True)
def server(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that knows one diagnosis."""
    monkeypatch.setattr(
        "reelkit.commands.connection.Connection.open",
        lambda _: ServerClient("http://server", "token", "account", "app", httpx.MockTransport(answered)),
    )


def diagnosis(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["recordings", "diagnosis", *arguments])


def test_it_is_printed_and_its_picture_written(tmp_path: Path) -> None:
    picture = tmp_path / "page.png"
    done = diagnosis(ID, "--screenshot", str(picture))
    assert done.exit_code == 0, done.output
    assert json.loads(done.output) == {"state": "failed"}
    assert picture.read_bytes() == b"\x89PNG"
    assert json.loads(diagnosis(ID).output) == {"state": "failed"}


def test_what_is_not_there_is_told(tmp_path: Path) -> None:
    refused = diagnosis("other")
    assert refused.exit_code == 1
    assert "there is no such recording" in refused.output
    unwritten = diagnosis(ID, "--screenshot", str(tmp_path / "no" / "page.png"))
    assert unwritten.exit_code == 1
    assert "cannot be written" in unwritten.output


def test_a_download_that_is_refused() -> None:
    with (
        ServerClient("http://server", "token", "account", "app", httpx.MockTransport(answered)) as client,
        pytest.raises(Refused, match="no such recording"),
    ):
        client.download("/recordings/other/page-diagnosis/screenshot")
