"""``reelkit presets`` against a server."""

import json

from tests.commands.conftest import Commands


def test_a_preset_is_copied_changed_and_deleted(commands: Commands) -> None:
    assert "group_call_host" in commands.output("presets", "list")
    made = commands.output("presets", "copy", "group_call_host", "teacher")
    whole = json.loads(commands.output("presets", "show", "teacher"))
    original = json.loads(commands.output("presets", "show", "group_call_host"))
    assert (whole["id"], whole["name"], whole["permissions"]) == (made, "teacher", original["permissions"])
    change = '{"permissions": {"can_record": false}}'
    commands.output("presets", "update", made, "-", given=change)
    assert json.loads(commands.output("presets", "show", made))["permissions"]["can_record"] is False
    again = {name: whole[name] for name in ("config", "permissions", "ui")} | {"name": "again"}
    assert commands.json("presets", "create", "-", given=json.dumps(again))["name"] == "again"
    commands.output("presets", "update", "again", "-", "--replace", given=json.dumps({**again, "name": "once more"}))
    assert commands.run("presets", "delete", "teacher", given="n\n").exit_code == 1
    commands.output("presets", "delete", "teacher", "--yes")
    assert [row["name"] for row in commands.json("presets", "list", "--search", "e")].count("teacher") == 0
    assert "there is no preset named teacher" in commands.refused("presets", "show", "teacher")
