"""The further files of recordings between their table and the domain."""

from typing import cast

from reelkit.control.hosted import StoredExtra
from reelkit.db.deliveries import RecordingFileRow
from reelkit.publish.delivered import DeliveredKind


def extra_of(row: RecordingFileRow) -> StoredExtra:
    return StoredExtra(
        name=row.name,
        kind=cast("DeliveredKind", row.kind),
        content_type=row.content_type,
        size_bytes=row.size_bytes,
        sha256=row.sha256,
        layer=row.layer,
        custom_participant_id=row.custom_participant_id,
    )


def row_of(recording_id: str, extra: StoredExtra) -> RecordingFileRow:
    return RecordingFileRow(
        recording_id=recording_id,
        name=extra.name,
        kind=extra.kind,
        content_type=extra.content_type,
        size_bytes=extra.size_bytes,
        sha256=extra.sha256,
        layer=extra.layer,
        custom_participant_id=extra.custom_participant_id,
    )
