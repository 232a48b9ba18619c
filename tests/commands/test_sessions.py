"""``reelkit sessions``, and what ``reelkit meetings`` does to the one that goes on."""

from pathlib import Path

from tests.commands.conftest import Commands


def test_a_session_is_listed_shown_and_its_chat_downloaded(commands: Commands, tmp_path: Path) -> None:
    meeting = commands.output("meetings", "create", "Weekly")
    commands.join(meeting, "Ada")
    (session,) = commands.json("sessions", "list", "--meeting", meeting, "--status", "live")
    assert session["live_participants"] == 1
    assert session["id"] in commands.output("meetings", "sessions", meeting)
    told = commands.output("sessions", "show", session["id"])
    assert "Weekly" in told
    assert meeting in told
    (row,) = commands.json("sessions", "participants", session["id"])
    assert row["display_name"] == "Ada"
    assert row["user_id"] in commands.output("sessions", "participants", session["id"])
    chat = tmp_path / "chat.csv"
    assert "nothing was written" in commands.refused("sessions", "chat", session["id"], "--out", chat)
    commands.live.call(_say(commands, meeting, "=1+1"))
    assert str(chat) in commands.output("sessions", "chat", session["id"], "--out", chat, "--spreadsheet")
    assert "'=1+1" in chat.read_text()
    assert "is there already" in commands.refused("sessions", "chat", session["id"], "--out", chat)
    assert commands.json("sessions", "list", "--status", "ENDED", "--all") == []


def test_everybody_is_sent_away(commands: Commands) -> None:
    meeting = commands.output("meetings", "create", "Weekly")
    assert "no active session" in commands.refused("meetings", "kick-all", meeting, "--yes")
    ada = commands.join(meeting, "Ada")
    assert "name somebody" in commands.refused("meetings", "kick", meeting, status=2)
    assert commands.run("meetings", "kick-all", meeting, given="n\n").exit_code == 1
    told = commands.output("meetings", "kick", meeting, ada.participant_id)
    assert told.startswith("kicked 1\n")
    assert "Ada" in told


async def _say(commands: Commands, meeting_id: str, words: str) -> None:
    chat = commands.api.control.gateway.rooms[meeting_id].chat
    chat.add(peer_id="p", user_id="u", name="Ada", payload_type=0, payload=words, time_s=1_767_225_600.0)
