"""Which files a recording is delivered in: their containers, names and types.

======  ===============  ==========  ==============
video   sound            film        sound file
======  ===============  ==========  ==============
H264    AAC              ``.mp4``    ``.m4a``
H264    MP3              ``.mp4``    ``.mp3``
VP8     Vorbis           ``.webm``   ``.ogg``
VP9     Vorbis           ``.webm``   ``.ogg``
======  ===============  ==========  ==============

H264 with either sound can also be delivered in pieces for HTTP Live Streaming, which lie in a ``.tar.gz``.
"""

from typing import Literal

from reelkit.render.config import FileKind, RenderConfig

Container = Literal["mp4", "webm", "mkv", "m4a", "mp3", "ogg", "tar", "vtt", "json"]

_SOUND_CONTAINERS: dict[str, Container] = {"AAC": "m4a", "MP3": "mp3", "VORBIS": "ogg"}
_CONTENT_TYPES: dict[Container, str] = {
    "mp4": "video/mp4",
    "webm": "video/webm",
    "mkv": "video/x-matroska",
    "m4a": "audio/mp4",
    "mp3": "audio/mpeg",
    "ogg": "audio/ogg",
    "tar": "application/gzip",
    "vtt": "text/vtt",
    "json": "application/json",
}
_EXTENSIONS: dict[Container, str] = {"tar": ".tar.gz"}
"""Where it is not the container's name."""
_FILE_STEMS: dict[FileKind, str] = {"video": "film", "audio": "sound", "hls": "film"}


def container(config: RenderConfig, kind: FileKind) -> Container:
    """The container of a recording's file of that kind, whether or not the recording has one."""
    if kind == "audio":
        return _SOUND_CONTAINERS[config.audio.codec]
    if kind == "hls":
        return "tar"
    return "mp4" if config.video.codec == "H264" else "webm"


def extension(config: RenderConfig, kind: FileKind) -> str:
    """The end of the file's name, with the dot."""
    made = container(config, kind)
    return _EXTENSIONS.get(made, f".{made}")


def content_type(of: Container) -> str:
    """The media type that the file is served as (RFC 4337, RFC 3003, RFC 5334, RFC 6713)."""
    return _CONTENT_TYPES[of]


def file_name(config: RenderConfig, kind: FileKind) -> str:
    """What the file is called in the directory in which it is made."""
    return _FILE_STEMS[kind] + extension(config, kind)
