"""The page's URL, what the page is told, and what its worker is."""

import json
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelkit.control.config_layers import layered_recording
from reelkit.control.errors import Invalid
from reelkit.control.own_hosts import OwnHosts
from reelkit.control.page_plan import opened_url
from reelkit.control.recording_params import RecordingConfig, RecordingParams
from reelkit.control.recording_plan import RecordingPlan, plan_recording
from reelkit.page.spec import PageRoute, PageSpec
from reelkit.settings import Settings

MEETING_ID = "97440c6a-140b-40a9-9499-b23fd7a3868a"
TOKEN = "head.claims-1_2.sign"
STORAGE = {
    "type": "aws",
    "access_key": "hidden-1",
    "secret": "hidden-2",
    "bucket": "films",
    "region": "r",
}


def plan(standing: dict[str, Any] | None = None, **fields: Any) -> RecordingPlan:
    params = RecordingParams.parse({"meeting_id": MEETING_ID, **fields})
    config = RecordingConfig.parse(standing) if standing is not None else None
    return plan_recording(layered_recording(params, config, None).params, Settings(), captures_at_once=True)


@pytest.mark.parametrize(
    ("url", "opened"),
    [
        ("https://app.example.com", "https://app.example.com?{}"),
        ("https://app.example.com/", "https://app.example.com/?{}"),
        ("https://app.example.com/a/b?room=1&x=%20y", "https://app.example.com/a/b?room=1&x=%20y&{}"),
        ("https://app.example.com/?", "https://app.example.com/?{}"),
        ("https://app.example.com/#top", "https://app.example.com/?{}#top"),
        ("https://app.example.com/?a=1#/record?room=1", "https://app.example.com/?a=1&{}#/record?room=1"),
        ("https://app.example.com/#/record?authToken=x#y", "https://app.example.com/?{}#/record?authToken=x#y"),
        ("https://app.example.com/?authToken=old&a&config=old&b=", "https://app.example.com/?a&b=&{}"),
        ("https://app.example.com/?auth%54oken=old&authtoken=kept", "https://app.example.com/?authtoken=kept&{}"),
        ("https://app.example.com/?a=1&&b=2", "https://app.example.com/?a=1&&b=2&{}"),
        ("https://app.example.com/?next=a?b", "https://app.example.com/?next=a?b&{}"),
        ("https://bücher.example/straße?q=ä#ö", "https://bücher.example/straße?q=ä&{}#ö"),
    ],
)
def test_the_token_and_the_configuration_are_added_to_the_query(url: str, opened: str) -> None:
    added = f"authToken={TOKEN}&config=%7B%22max_seconds%22%3A60%7D"
    assert opened_url(url, TOKEN, {"max_seconds": 60}) == opened.format(added)


@given(
    name=st.text(),
    query=st.lists(st.tuples(st.text("ab=%&#?+ ü", max_size=4), st.text("ab%&#?+ ü", max_size=4))),
    fragment=st.text("ab#?&=/ü"),
)
def test_a_page_reads_what_was_meant(name: str, query: list[tuple[str, str]], fragment: str) -> None:
    text = "&".join(f"{key}={value}".replace("#", "") for key, value in query)
    opened = urlsplit(opened_url(f"https://app.example.com/p?{text}#{fragment}", TOKEN, {"name": name}))
    assert (opened.path, opened.fragment) == ("/p", fragment)
    found = parse_qsl(opened.query, keep_blank_values=True)
    assert found[:-2] == parse_qsl(text, keep_blank_values=True)
    assert found[-2] == ("authToken", TOKEN)
    assert json.loads(found[-1][1]) == {"name": name}


def test_the_page_is_told_the_configuration_without_what_is_secret() -> None:
    made = plan(
        {"video_config": {"watermark": {"url": "https://example.com/logo.png", "position": "right top"}}},
        url="https://app.example.com/?key=page-secret",
        max_seconds=60,
        file_name_prefix="weekly",
        storage_config=STORAGE,
        rtmp_out_config={"rtmp_url": "rtmp://live.example.com/app/stream-key"},
        video_config={"width": 640},
    )
    assert made.page is not None
    spec = made.page.spec(TOKEN, Settings(), OwnHosts())
    query = parse_qs(urlsplit(spec.url.get_secret_value()).query)
    assert (query["key"], query["authToken"]) == (["page-secret"], [TOKEN])
    assert json.loads(query["config"][0]) == {
        "file_name_prefix": "weekly",
        "max_seconds": 60,
        "rtmp_out_config": {"rtmp_url": "rtmp://live.example.com/app/…"},
        "video_config": {
            "watermark": {"position": "right top", "url": "https://example.com/logo.png"},
            "width": 640,
        },
    }
    assert not any(secret in repr((made, spec)) for secret in ("page-secret", "hidden-", "stream-key", TOKEN))


def test_of_the_url_only_the_address_is_kept() -> None:
    made = plan(url="https://APP.example.com:8443/a%20b?key=secret#secret", video_config={"height": 360})
    assert made.config == {"url": "https://app.example.com:8443/a%20b", "video_config": {"height": 360}}
    assert made.page is not None
    assert (made.page.host, made.page.port) == ("app.example.com", 8443)


def test_the_film_shows_the_page_as_it_is() -> None:
    made = plan(url="https://app.example.com/", video_config={"watermark": {"url": "https://example.com/logo.png"}})
    render = made.render_config("r")
    assert (render.source, render.video.watermark, render.files) == ("page", None, ("video",))
    assert made.media.watermark is None
    assert [note.partition(":")[0] for note in made.media.notes] == ["video_config.watermark"]
    assert plan().render_config("r").source == "meeting"


@pytest.mark.parametrize(
    ("fields", "field", "reason"),
    [
        ({"url": "ftp://app.example.com/"}, "url", "scheme http or https"),
        ({"url": "app.example.com"}, "url", "scheme http or https"),
        ({"url": "https://"}, "url", "scheme http or https"),
        ({"url": "https:///page"}, "url", "names no host"),
        ({"url": "https://me:page-secret@app.example.com/"}, "url", "user name"),
        ({"url": "https://me@app.example.com/"}, "url", "user name"),
        ({"url": "https://app.example.com\\@page-secret.example.com/"}, "url", "url: "),
        ({"url": "https://app.example.com:0/"}, "url", "port"),
        ({"url": "https://app.example.com/\n"}, "url", "not a URL"),
        ({"url": f"https://app.example.com/?{'x' * 2_048}"}, "url", "2048"),
        ({"url": "https://app.example.com/", "reelkit": {"layout": "speaker"}}, "reelkit.layout", "together with url"),
        ({"url": "https://app.example.com/", "reelkit": {"keep_capture": True}}, "reelkit.keep_capture", "together"),
    ],
)
def test_what_cannot_be_recorded_is_refused(fields: dict[str, Any], field: str, reason: str) -> None:
    with pytest.raises(Invalid, match=reason) as refused:
        plan(**fields)
    assert refused.value.field == field
    assert "page-secret" not in refused.value.message


def test_a_page_may_leave_its_capture_to_the_server() -> None:
    assert plan(url="https://app.example.com/", reelkit={"keep_capture": False}).keep_capture is False


def test_a_page_gets_to_its_meeting_and_to_nothing_else_of_the_server() -> None:
    settings = Settings(sfu={"rtp_port_min": 30_000, "rtp_port_max": 30_099})
    own = OwnHosts(
        domain="rtk.example.com",
        sdk_ports=(443, 8743),
        tls_host="10.0.0.5",
        tls_port=8743,
        closed_ports=(8700, 8743),
        key_pins=("pin",),
        media=lambda: {"198.51.100.7": "10.0.0.5", "10.0.0.5": "10.0.0.5"},
    )
    made = plan(url="https://app.example.com/")
    assert made.page is not None
    spec = made.page.spec(TOKEN, settings, own)
    assert spec.routes == (
        PageRoute(host="*.rtk.example.com", first_port=443, last_port=443, to_host="10.0.0.5", to_port=8743),
        PageRoute(host="*.rtk.example.com", first_port=8743, last_port=8743, to_host="10.0.0.5"),
        PageRoute(host="198.51.100.7", first_port=30_000, last_port=30_099, to_host="10.0.0.5", media=True),
        PageRoute(host="10.0.0.5", first_port=30_000, last_port=30_099, media=True),
    )
    assert (spec.closed_ports, spec.key_pins) == ((8700, 8743), ("pin",))
    assert (spec.settings, spec.egress) == (settings.page, settings.egress)
    assert PageSpec.received(spec.handover()) == spec
