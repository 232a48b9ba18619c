"""Which messages belong to an interactive recording."""

from reelkit.clock import utc
from reelkit.control.recording import StartReason
from reelkit.control.timed_metadata import metadata_of
from reelkit.render.config import MetadataSpec
from tests.control.manual_clock import START_S


def test_one_that_was_asked_for_leaves_out_what_was_sent_before() -> None:
    assert metadata_of("talk_1.tar.gz", utc(START_S), StartReason.API_CALL) == MetadataSpec(
        since_s=START_S, name="talk_1"
    )


def test_one_that_began_with_its_session_takes_all() -> None:
    assert metadata_of("talk_1.tar.gz", utc(START_S), StartReason.RECORD_ON_START) == MetadataSpec(name="talk_1")


def test_other_recordings_have_none() -> None:
    assert metadata_of("talk_1.mp4", utc(START_S), StartReason.API_CALL) == MetadataSpec()
