"""Where streams go, and what of it is shown."""

import pytest

from reelkit.publish.rtmp.errors import BadRtmpUrl
from reelkit.publish.rtmp.url import RtmpUrl


@pytest.mark.parametrize(
    ("url", "parts", "target"),
    [
        (
            "rtmp://a.rtmp.youtube.com/live2/abcd-efgh",
            (False, "a.rtmp.youtube.com", 1935, "live2", "abcd-efgh"),
            "rtmp://a.rtmp.youtube.com/live2/…",
        ),
        (
            "rtmps://live-api-s.facebook.com:443/rtmp/FB-1-0?s_bl=1&a=x/y",
            (True, "live-api-s.facebook.com", 443, "rtmp", "FB-1-0?s_bl=1&a=x/y"),
            "rtmps://live-api-s.facebook.com/rtmp/…",
        ),
        (
            "RTMP://[::1]:19350/app/instance/key",
            (False, "::1", 19350, "app/instance", "key"),
            "rtmp://[::1]:19350/app/…",
        ),
    ],
)
def test_a_url_in_parts(url: str, parts: tuple[bool, str, int, str, str], target: str) -> None:
    parsed = RtmpUrl.parse(url)
    assert (parsed.tls, parsed.host, parsed.port, parsed.app, parsed.key) == parts
    assert parsed.target == target
    assert parts[4] not in repr(parsed)


def test_the_server_is_told_the_application_only() -> None:
    assert RtmpUrl.parse("rtmp://host/app/key").tc_url == "rtmp://host/app"
    assert RtmpUrl.parse("rtmps://host:1936/app/key").tc_url == "rtmps://host:1936/app"


@pytest.mark.parametrize(
    "url",
    [
        "http://host/app/secret",
        "rtmp://host/secret",
        "rtmp://host/app/",
        "rtmp://host//secret",
        "rtmp:///app/secret",
        "rtmp://host:0/app/secret",
        "rtmp://host:99999/app/secret",
        "rtmp://user:secret@host/app/key",
        "rtmp://host/app/secret key",
        "rtmp://host/app/secret\r\n",
        "rtmp://[::1/app/secret",
        "rtmp://host/app/?secret",
    ],
)
def test_what_cannot_be_streamed_to(url: str) -> None:
    with pytest.raises(BadRtmpUrl) as refused:
        RtmpUrl.parse(url)
    assert "secret" not in str(refused.value)
    assert refused.value.__cause__ is None
