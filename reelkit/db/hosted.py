"""The columns of whatever is made of a capture and hosted: the files of a recording, or of a film made again."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from reelkit.db.base import UtcDateTime


class HostedColumns:
    """A mixin of rows.

    ``output_file_name`` is the main file: the film, or the sound where there is no film. ``audio_file_name`` is the
    file of the sound, if there is to be one; both are the same where there is nothing else. ``integrity`` can be large
    and is only read when it is asked for.
    """

    output_file_name: Mapped[str] = mapped_column(String(255))
    audio_file_name: Mapped[str | None] = mapped_column(String(255))
    uploaded_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    duration_ms: Mapped[int | None] = mapped_column(BigInteger)
    file_size_bytes: Mapped[int | None] = mapped_column(BigInteger)
    sha256: Mapped[str | None] = mapped_column(String(64))
    audio_size_bytes: Mapped[int | None] = mapped_column(BigInteger)
    audio_sha256: Mapped[str | None] = mapped_column(String(64))
    integrity: Mapped[dict[str, Any] | None] = mapped_column(
        JSON(none_as_null=True), deferred=True, deferred_raiseload=True
    )
    integrity_sha256: Mapped[str | None] = mapped_column(String(64))
    """Of the record's file, which lies beside the main one as ``{output_file_name}.json``."""
    download_expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    file_removed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    notes: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    error: Mapped[str | None] = mapped_column(Text)
