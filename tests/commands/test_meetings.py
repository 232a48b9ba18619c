"""``reelkit meetings`` and ``reelkit participants`` against a server."""

import json
from pathlib import Path

from tests.commands.conftest import Commands

UNKNOWN = "97440c6a-140b-40a9-9499-b23fd7a3868a"


def test_from_making_a_meeting_to_closing_it(commands: Commands, tmp_path: Path) -> None:
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"max_seconds": 120, "video_config": {"width": 640}}))
    made = commands.output(
        "meetings", "create", "[b]Weekly[/b]", "--config", config, "--record-on-start", "--keep-alive", "5m"
    )
    found = commands.json("meetings", "show", made)
    assert found["id"] == made
    assert (found["title"], found["record_on_start"], found["session_keep_alive_time_in_secs"]) == (
        "[b]Weekly[/b]",
        True,
        300.0,
    )
    assert found["recording_config"]["max_seconds"] == 120
    told = commands.output("meetings", "show", made)
    for word in (made, "[b]Weekly[/b]", "ACTIVE", "5:00", '"max_seconds": 120'):
        assert word in told
    changed = commands.json("meetings", "update", made, "--title", "Monthly", "--no-record-on-start")
    assert (changed["title"], changed["record_on_start"]) == ("Monthly", False)
    assert changed["recording_config"] == found["recording_config"]
    commands.output("meetings", "deactivate", made)
    assert [row["id"] for row in commands.json("meetings", "list", "--status", "inactive")] == [made]
    commands.output("meetings", "activate", made)
    assert commands.json("meetings", "list", "--status", "INACTIVE") == []
    assert "Monthly" in commands.output("meetings", "list", "--search", "month")


def test_a_list_says_that_there_is_more(commands: Commands) -> None:
    made = [commands.output("meetings", "create", f"Meeting {number}") for number in range(3)]
    short = commands.run("meetings", "list", "--limit", "2")
    assert short.exit_code == 0
    # Nothing is cut or folded in a pipe: a line for each, and the header.
    assert len(short.stdout.splitlines()) == 3
    assert short.stderr == "2 of 3: --all shows all, --page 2 the next\n"
    everything = commands.run("meetings", "list", "--all")
    assert everything.stderr == ""
    assert {line.split()[0] for line in everything.stdout.splitlines()[1:]} == set(made)
    assert len(commands.json("meetings", "list", "--limit", "2", "--page", "2")) == 1


def test_what_is_wrong_is_told(commands: Commands, tmp_path: Path) -> None:
    assert "there is no such meeting" in commands.refused("meetings", "show", UNKNOWN)
    commands.refused("meetings", "show", "../presets")
    broken = tmp_path / "broken.json"
    broken.write_text('{"storage_config": {"secret": "very-secret"')
    told = commands.refused("meetings", "create", "--config", broken, status=2)
    assert told.startswith("--config: this is not JSON")
    assert "very-secret" not in told
    broken.write_text("[]")
    assert commands.refused("meetings", "create", "--config", broken, status=2) == "--config: this is no JSON object"
    absent = commands.refused("meetings", "create", "--config", tmp_path / "absent", status=2)
    assert "cannot be read: No such file" in absent
    broken.write_text('{"max_seconds": 1}')
    assert "max_seconds" in commands.refused("meetings", "create", "--config", broken)
    for odd, said in (
        ('{"max_seconds": 1e999}', "cannot be sent as JSON"),
        ('{"a": "\\ud800"}', "cannot be sent as JSON"),
    ):
        broken.write_text(odd)
        assert said in commands.refused("meetings", "create", "--config", broken, status=2)
    assert "no character" in commands.refused("meetings", "show", "\udcff", status=2)
    assert "is no time" in commands.refused("meetings", "list", "--since", "soon", status=2)


def test_participants_come_and_go(commands: Commands) -> None:
    meeting = commands.output("meetings", "create", "Weekly")
    added = commands.run(
        "participants", "add", meeting, "ada@example.com", "--name", "Ada", "--preset", "group_call_host"
    )
    assert added.exit_code == 0, added.output
    (token,) = added.stdout.splitlines()
    assert token.count(".") == 2
    (row,) = commands.json("participants", "list", meeting)
    assert row["id"] in added.stderr
    assert "ada@example.com" in commands.output("participants", "list", meeting)
    told = commands.run("participants", "edit", meeting, row["id"], "--name", "Ada Lovelace")
    assert "Ada Lovelace" in told.stdout
    assert "eyJ" not in told.output
    assert commands.json("participants", "show", meeting, row["id"])["name"] == "Ada Lovelace"
    again = commands.output("participants", "token", meeting, row["id"])
    assert again.count(".") == 2
    assert again != token
    commands.output("participants", "remove", meeting, row["id"])
    assert commands.json("participants", "list", meeting) == []
    assert "nothing to change" in commands.refused("participants", "edit", meeting, row["id"], status=2)
    assert "no preset named king" in commands.refused("participants", "add", meeting, "a", "--preset", "king")
