"""What becomes of addresses that are to be recorded, in a real browser, and what the caller is told."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from reelkit.page.status import PageState
from testbed.free_port import free_port
from tests.egress.hosts import host_on
from tests.page.films import PAGE
from tests.page.recorded import opened, outcome_of, recorded
from tests.page.sites import INSIDE, PUBLIC, Answer, Site, redirect, self_signed, site_on

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(60)]

READY, FAILED = PageState.READY, PageState.FAILED
NOT_PUBLIC = "the page cannot be opened: the host is not on the public internet"
SHORT_S = 2.0


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with site_on() as site:
        yield site


@pytest.fixture
async def inside() -> AsyncIterator[Site]:
    """Nobody may come here."""
    async with site_on(INSIDE) as inside:
        inside.show("inside")
        yield inside
        assert inside.asked == []


async def failure_of(url: str, **options: Any) -> str:
    status, report = await outcome_of(url, **options)
    assert status.state is FAILED
    assert status.reason is not None
    assert report["reason"] == status.reason
    return status.reason


async def test_a_page_is_ready_once_it_has_loaded(site: Site) -> None:
    url = site.show("<img src=/slow><script>onload = () => say('loaded', Date.now())</script>")
    site.pages["/slow"] = Answer("")
    async with opened(url) as shown:
        status = await shown.until(READY, FAILED)
        assert status.state is READY
        assert status.since_s * 1_000 >= await site.told("loaded")
    assert [each.state for each in shown.statuses] == [PageState.OPENING, READY]


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://missing.example/", "the host's name cannot be resolved"),
        ("https://missing.example/", "its host cannot be reached"),
        ("http://127.0.0.1:PORT/", "the host cannot be reached"),
        ("https://127.0.0.1:PORT/", "its host cannot be reached"),
        ("http://127.0.0.1:25/", "its port is one that browsers do not open"),
    ],
)
async def test_a_host_that_is_not_there(url: str, reason: str) -> None:
    assert reason in await failure_of(url.replace("PORT", str(free_port())))


@pytest.mark.parametrize("status", ["404 Not Found", "500 Internal Server Error", "502 Bad Gateway"])
async def test_an_error_of_the_host_is_told_with_its_status(site: Site, status: str) -> None:
    site.pages["/"] = Answer("<h1>no", status)
    assert await failure_of(site.url()) == f"the page's host answered with HTTP status {status[:3]}"


async def test_a_host_that_asks_for_a_password(site: Site) -> None:
    site.pages["/"] = Answer("who?", "401 Unauthorized", {"www-authenticate": 'Basic realm="x"'})
    reason = await failure_of(site.url())
    assert "asks for a password" in reason or "HTTP status 401" in reason


@pytest.mark.parametrize("target", ["/inside", "http://169.254.169.254/latest/meta-data/", "http://[::1]/"])
async def test_redirects_do_not_lead_inside(site: Site, inside: Site, target: str) -> None:
    site.pages |= {"/": redirect("/next"), "/next": redirect(target.replace("/inside", inside.url()))}
    assert await failure_of(site.url()) == NOT_PUBLIC


async def test_scripts_do_not_lead_inside(site: Site, inside: Site) -> None:
    url = site.show(f"<script>location = {inside.url()!r}</script>")
    assert await failure_of(url) == NOT_PUBLIC


async def test_a_name_that_changes_its_meaning_does_not_lead_inside(site: Site, inside: Site) -> None:
    """DNS rebinding: the first answer is good and every later one is not."""
    asked: list[str] = []

    async def resolve(host: str, _: int) -> Sequence[str]:
        asked.append(host)
        return [PUBLIC if len(asked) == 1 else INSIDE]

    site.pages["/"] = redirect(f"http://rebound.example:{inside.port}/")
    reason = await failure_of(site.url(host="rebound.example"), resolve=resolve)
    assert reason == NOT_PUBLIC
    assert set(asked) == {"rebound.example"}
    assert site.asked == ["/"]


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("file:///etc/passwd", "neither http nor https"),
        ("chrome://version", "neither http nor https"),
        ("data:text/html,hello", "neither http nor https"),
        ("mailto:a@b.example", "nothing that a browser can show"),
        ("/", "it redirects in a circle"),
    ],
)
async def test_redirects_to_what_is_no_page(site: Site, target: str, reason: str) -> None:
    site.pages["/"] = redirect(target)
    assert reason in await failure_of(site.url())


@pytest.mark.parametrize("target", ["file:///etc/passwd", "chrome://version"])
async def test_scripts_and_links_do_not_lead_to_the_machines_files(site: Site, target: str) -> None:
    url = site.show(
        f"""<a href={target!r}>here</a><script>
        location = {target!r}; document.links[0].click();
        setTimeout(() => say('address', location.href), 500)</script>"""
    )
    async with opened(url) as shown:
        assert (await shown.until(READY, FAILED)).state is READY
        assert await site.told("address") == url


async def test_scripts_that_lead_to_where_nothing_is(site: Site) -> None:
    url = site.show(f"<script>location = 'https://127.0.0.1:{free_port()}/'</script>")
    assert "it leads to a host that cannot be reached" in await failure_of(url)
    url = site.show("<script>location = '/missing'</script>")
    assert await failure_of(url) == "the page's host answered with HTTP status 404"


async def test_a_certificate_that_nobody_trusts_and_one_whose_key_is_ours(tmp_path: Path) -> None:
    context, pin = self_signed(tmp_path)
    async with host_on(tls=context) as host:
        host.answer("200 OK", b"<!doctype html>hello", content_type="text/html")
        url = f"https://127.0.0.1:{host.port}/"
        assert "its certificate is not to be trusted" in await failure_of(url)
        status, _ = await outcome_of(url, key_pins=(pin,))
        assert status.state is READY


async def test_a_page_of_which_something_never_comes_is_recorded_without_that(site: Site) -> None:
    url = site.show(f"{PAGE}<img src=/never>")
    site.pages["/never"] = Answer(None)
    async with opened(url, load_timeout_s=SHORT_S) as shown:
        assert (await shown.until(READY, FAILED)).state is READY


@pytest.mark.parametrize("page", ["<script src=/never></script>", "<script>for (;;);</script>"])
async def test_a_page_whose_document_never_comes(site: Site, page: str) -> None:
    site.pages["/never"] = Answer(None)
    assert await failure_of(site.show(page), load_timeout_s=SHORT_S) == "the page did not load within 2 s"


async def test_a_host_that_never_answers(site: Site) -> None:
    site.pages["/"] = Answer(None)
    # The beginning of an answer has come; of the page nothing has.
    assert await failure_of(site.url(), load_timeout_s=SHORT_S) == "the page did not load within 2 s"


@pytest.mark.parametrize(
    "answer",
    [
        Answer(b"x" * 100, headers={"content-disposition": "attachment; filename=d.bin"}),
        Answer(b"x" * 100, kind="application/octet-stream"),
        Answer("", "204 No Content"),
    ],
    ids=["attachment", "binary", "nothing"],
)
async def test_what_no_browser_shows(site: Site, answer: Answer) -> None:
    site.pages["/"] = answer
    assert "it is a download, or has nothing that a browser can show" in await failure_of(site.url())


async def test_a_pdf_is_shown(site: Site) -> None:
    site.pages["/"] = Answer(PDF, kind="application/pdf")
    async with recorded(site.url()) as recording:
        begun_s = await recording.begin()
        recording.mark("stopped", begun_s + 2)
        await recording.done()


async def test_a_blank_page_is_told_of_unless_it_sounds(site: Site) -> None:
    async with recorded(site.show("<body>")) as recording:
        begun_s = await recording.begin()
        recording.mark("stopped", begun_s + 1)
        failed = await recording.failed()
        assert "showed nothing but one colour and played nothing" in failed.message
        assert failed.duration_s == pytest.approx(1.0, abs=0.04)
        assert failed.integrity is not None
        assert failed.integrity["page"]["new_pictures"] == 1
    sounding = """<body><script>const context = new AudioContext(), tone = new OscillatorNode(context);
        tone.connect(context.destination); tone.start(); context.resume()</script>"""
    async with recorded(site.show(sounding)) as recording:
        begun_s = await recording.begin()
        recording.mark("stopped", begun_s + 1)
        await recording.done()


async def test_a_player_of_silence_does_not_make_a_blank_page_one_with_sound(site: Site) -> None:
    silent = """<body><script>const context = new AudioContext(), tone = new ConstantSourceNode(context, {offset: 0});
        tone.connect(context.destination); tone.start(); context.resume()</script>"""
    async with recorded(site.show(silent)) as recording:
        begun_s = await recording.begin()
        recording.mark("stopped", begun_s + 1)
        assert "played nothing" in (await recording.failed()).message


async def test_what_is_secret_in_the_address_stands_in_no_diagnosis(site: Site) -> None:
    token = "eyJhbGciOi+secret/token=="
    site.pages["/page"] = """<script>
        console.error('no meeting for', new URLSearchParams(location.search).get('authToken'), location.href);
        console.error('see ws://media.example/socket?key=another-secret');
        fetch('/missing?authToken=' + new URLSearchParams(location.search).get('authToken'));
        setTimeout(() => { location = '/missing' }, 200);
        document.write('<img src=/never>')</script>"""
    site.pages["/never"] = Answer(None)
    status, report = await outcome_of(f"{site.url('/page')}?authToken=eyJhbGciOi%2Bsecret%2Ftoken%3D%3D&config=%7B%7D")
    assert status.state is FAILED
    assert "no meeting for (hidden)" in str(report)
    assert "see ws://media.example/socket" in str(report)
    assert not [word for word in (token, "secret") if word in str(report)]


async def test_a_page_that_is_closed_while_it_is_opened_leaves_nothing(site: Site) -> None:
    site.pages["/"] = Answer(None)
    async with opened(site.url()):
        pass
    async with opened(site.url()) as shown:
        await shown.until(PageState.OPENING)
        await site.asked_for(1)


PDF = b"""%PDF-1.1
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]/Contents 4 0 R>>endobj
4 0 obj<</Length 34>>stream
1 0 0 rg 20 20 160 160 re f
endstream endobj
trailer<</Root 1 0 R>>
%%EOF
"""
