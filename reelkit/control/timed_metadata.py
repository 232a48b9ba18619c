"""Which of a meeting's messages belong to an interactive recording, and what their own files are called."""

from datetime import datetime

from reelkit.control.recording import StartReason
from reelkit.render.config import MetadataSpec

_ENDING = ".tar.gz"


def metadata_of(output_file_name: str, invoked_at: datetime, reason: StartReason) -> MetadataSpec:
    """That of a recording by the name of its main file and by when it was asked for.

    One that began with its session takes the messages of all of it; one that was asked for later leaves out what was
    sent before, which may belong to an earlier recording.
    """
    if not output_file_name.endswith(_ENDING):
        return MetadataSpec()
    since_s = None if reason is StartReason.RECORD_ON_START else invoked_at.timestamp()
    return MetadataSpec(since_s=since_s, name=output_file_name.removesuffix(_ENDING))
