import json
from pathlib import Path

from reelkit.capture.events import BroadcastSent
from reelkit.capture.journal import JournalReader
from reelkit.page.job_files import MESSAGES_FILE
from reelkit.page.messages import PEER_ID, PageMessages
from tests.page.clocks import WALL_S, SetClock


def said(job_dir: Path) -> list[BroadcastSent]:
    return [each for each in JournalReader(job_dir / MESSAGES_FILE).poll() if isinstance(each, BroadcastSent)]


def test_timed_metadata_is_written_down_at_once(tmp_path: Path) -> None:
    messages = PageMessages(tmp_path, SetClock(5.0))
    messages.take("ID3Data", {"text": "Grüße"})
    (event,) = said(tmp_path)
    assert (event.time_s, event.peer_id, event.message_type) == (WALL_S + 5.0, PEER_ID, "ID3Data")
    assert json.loads(event.payload) == {"text": "Grüße"}
    messages.close()


def test_other_messages_and_too_long_ones_are_not(tmp_path: Path) -> None:
    messages = PageMessages(tmp_path, SetClock())
    messages.take("chat", "hello")
    messages.take("ID3Data", "x" * 70_000)
    assert said(tmp_path) == []
    messages.close()


def test_a_page_that_is_opened_anew_goes_on(tmp_path: Path) -> None:
    for number in range(2):
        messages = PageMessages(tmp_path, SetClock())
        messages.take("ID3Data", number)
        messages.close()
    assert [event.payload for event in said(tmp_path)] == ["0", "1"]


def test_what_cannot_be_written_is_lost_without_harm(tmp_path: Path) -> None:
    (tmp_path / MESSAGES_FILE.parent).write_text("in the way")
    messages = PageMessages(tmp_path, SetClock())
    messages.take("ID3Data", 1)
    messages.close()


def test_half_a_character_and_floods_do_no_harm(tmp_path: Path) -> None:
    messages = PageMessages(tmp_path, SetClock())
    messages.take("ID3Data", "\ud83d")
    for _ in range(400):
        messages.take("ID3Data", "x" * 60_000)
    messages.close()
    payloads = [event.payload for event in said(tmp_path)]
    assert payloads[0] == '"?"'
    assert sum(map(len, payloads)) < 17 << 20
