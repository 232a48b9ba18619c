"""``reelkit apps`` and ``reelkit tokens`` against a server."""

import json
from datetime import UTC, datetime

from tests.commands.conftest import Commands


def test_apps_and_their_defaults(commands: Commands) -> None:
    made = commands.output("apps", "create", "Second")
    assert {row["id"] for row in commands.json("apps", "list")} == {made, commands.live.app_id}
    assert made in commands.output("apps", "list", "--search", "Sec")
    url = ("--url", commands.live.url, "--account", commands.live.account_id)
    assert made in commands.output("apps", "list", *url)

    config = {"max_seconds": 120, "video_config": {"width": 640}}
    told = commands.run("apps", "defaults", "set", "-", "--app", made, given=json.dumps(config))
    assert (told.exit_code, told.stdout) == (0, "")
    assert json.loads(commands.output("apps", "defaults", "show", "--app", made)) == config
    assert json.loads(commands.output("apps", "defaults", "show")) == {}
    change = '{"max_seconds": null, "file_name_prefix": "week"}'
    changed = commands.json("apps", "defaults", "update", "-", "--app", made, given=change)
    assert changed == {"file_name_prefix": "week", "video_config": {"width": 640}}
    commands.output("apps", "defaults", "clear", "--app", made)
    assert json.loads(commands.output("apps", "defaults", "show", "--app", made)) == {}
    assert "max_seconds" in commands.refused("apps", "defaults", "set", "-", given='{"max_seconds": 1}')


def test_tokens_are_told_once(commands: Commands) -> None:
    app_id = commands.live.app_id
    made = commands.run("tokens", "create", "nightly", "--app", app_id, "--expires", "30d")
    assert made.exit_code == 0, made.output
    (token,) = made.stdout.splitlines()
    nightly = next(row for row in commands.json("tokens", "list") if row["name"] == "nightly")
    assert nightly["id"] in made.stderr
    assert nightly["app_id"] == app_id
    assert (datetime.fromisoformat(nightly["expires_at"]) - datetime.now(UTC)).days == 29
    assert commands.json("meetings", "list", "--token", token) == []
    listed = commands.output("token", "list")
    assert nightly["id"] in listed
    assert token not in listed
    commands.output("tokens", "revoke", nightly["id"])
    assert "the API token is not accepted" in commands.refused("meetings", "list", "--token", token)
    assert "--expires" in commands.refused("tokens", "create", "never", "--expires", "soon", status=2)
