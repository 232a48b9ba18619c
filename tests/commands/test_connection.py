"""How commands find a server, and how they tell that they do not."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from reelkit.cli import app
from reelkit.commands.connection import AccountConnection, Connection

FACTS = {"http": "http://127.0.0.1:1", "account_id": "a", "app_id": "b"}


@pytest.mark.parametrize(
    ("facts", "token", "options", "said", "status"),
    [
        (None, None, (), "REELKIT_API_TOKEN", 2),
        (None, "token", (), "no server is running on", 1),
        ("{", "token", (), "cannot be read", 1),
        ("[]", "token", (), "was not written by a server", 1),
        (None, "token", ("--url", "http://elsewhere"), "--account and --app", 2),
        (None, "token", ("--url", "http://elsewhere", "--account", "a"), "--account and --app", 2),
        (json.dumps(FACTS), "token", (), "no server answers at http://127.0.0.1:1", 1),
    ],
)
def test_what_is_missing_is_told_in_one_line(
    tmp_path: Path, facts: str | None, token: str | None, options: tuple[str, ...], said: str, status: int
) -> None:
    if facts is not None:
        (tmp_path / "listening.json").write_text(facts)
    environment = {"REELKIT_DATA": str(tmp_path), "REELKIT_API_TOKEN": token}
    done = CliRunner(env=environment).invoke(app, ["webhooks", "list", *options])
    assert done.exit_code == status
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("reelkit: ")
    assert said in line


def test_options_win_over_what_the_data_directory_says(tmp_path: Path) -> None:
    (tmp_path / "listening.json").write_text(json.dumps(FACTS))
    with Connection(data=tmp_path, token="token", app="c").open() as server:
        assert (server.account_id, server.app_id) == ("a", "c")
    with Connection(data=tmp_path, token="token").open() as server:
        assert (server.account_id, server.app_id) == ("a", "b")
    with AccountConnection(data=tmp_path, token="token", account="d").open() as server:
        assert (server.account_id, server.app_id) == ("d", None)


def test_the_options_stand_behind_every_command() -> None:
    for command in (["webhooks", "list"], ["recordings", "delete"], ["record"], ["apps", "defaults", "show"]):
        told = CliRunner(env={"COLUMNS": "120"}).invoke(app, [*command, "--help"]).stdout
        for option in ("--data", "--url", "--token", "--account", "--app"):
            assert option in told, command
