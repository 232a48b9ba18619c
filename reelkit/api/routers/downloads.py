"""Files of the hosted bucket, read through signed links: whole or in ranges (RFC 9110, section 14)."""

import re
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import FileResponse, RedirectResponse, Response
from starlette.types import Receive, Scope, Send

from reelkit.api.errors import NotFound, NotPermitted
from reelkit.api.state import AppState, app_state
from reelkit.publish.errors import LinkError

router = APIRouter(prefix="/bucket", tags=["downloads"])

_MEDIA_TYPES = {
    ".mp4": "video/mp4",
    ".webm": "video/webm",
    ".m4a": "audio/mp4",
    ".aac": "audio/aac",
    ".mp3": "audio/mpeg",
    ".ogg": "audio/ogg",
    ".tar": "application/x-tar",
    ".gz": "application/gzip",
    ".json": "application/json",
    ".vtt": "text/vtt; charset=utf-8",
}
_BYTE_RANGES = re.compile(r"bytes\s*=\s*(\d+-\d*|-\d+)(\s*,\s*(\d+-\d*|-\d+))*\s*", re.ASCII | re.IGNORECASE)
# Fewer hops between threads than Starlette's 64 KiB, still little memory for each download.
_CHUNK_BYTES = 256 << 10


class _Download(FileResponse):
    """Starlette's, which answers 400 where the RFC wants an unknown or malformed Range ignored."""

    chunk_size = _CHUNK_BYTES

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        kept = [
            (name, value)
            for name, value in scope["headers"]
            if name != b"range" or _BYTE_RANGES.fullmatch(value.decode("latin-1"))
        ]
        await super().__call__({**scope, "headers": kept}, receive, send)


@router.head("/{app_id}/{recording_id}/{name}", include_in_schema=False)
@router.get("/{app_id}/{recording_id}/{name}", response_class=Response)
async def download(
    app_id: str, recording_id: str, name: str, request: Request, state: Annotated[AppState, Depends(app_state)]
) -> Response:
    """A recording's file, or a redirect to where it lies. The link is a ``download_url`` and ends at its expiry."""
    try:
        link = state.bucket_links.verify(app_id, recording_id, name, request.query_params)
    except LinkError as error:
        raise NotPermitted(error.message) from error
    elsewhere = state.bucket.presigned(link.address, link.expires_s - state.clock.time_s())
    if elsewhere is not None:
        return RedirectResponse(elsewhere, HTTPStatus.FOUND, headers={"cache-control": "no-store"})
    try:
        path = await state.bucket.local(app_id, recording_id, name)
        found = path.stat()
    except FileNotFoundError as error:
        raise NotFound("the file is no longer kept") from error
    etag = f'"{found.st_mtime_ns:x}-{found.st_size:x}"'
    headers = {"etag": etag, "cache-control": "private, no-transform", "x-content-type-options": "nosniff"}
    if etag in [tag.strip() for tag in request.headers.get("if-none-match", "").split(",")]:
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    media_type = _MEDIA_TYPES.get(path.suffix.lower(), "application/octet-stream")
    return _Download(path, headers=headers, media_type=media_type, filename=name, stat_result=found)
