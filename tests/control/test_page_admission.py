"""Which pages may be recorded, and how many at once."""

import asyncio
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from pydantic import SecretStr

from reelkit.control.errors import Invalid, Unavailable, Unsupported
from reelkit.control.page_admission import PageAdmission, default_limit
from reelkit.control.page_plan import PagePlan
from reelkit.egress.guard import EgressGuard
from reelkit.settings import EgressSettings, PageSettings

BROWSER = Path(sys.executable)


def admission(settings: PageSettings, *addresses: str, error: OSError | None = None) -> PageAdmission:
    async def resolve(host: str, port: int) -> Sequence[str]:
        assert (host, port) == ("app.example.com", 443)
        if error is not None:
            raise error
        return addresses

    return PageAdmission(settings, EgressGuard(EgressSettings(), resolve))


def page() -> PagePlan:
    url = "https://app.example.com/"
    return PagePlan(url=SecretStr(url), shown_url=url, host="app.example.com", port=443, config={})


def test_places_are_given_back() -> None:
    pages = admission(PageSettings(chromium_binary=BROWSER, max_live=2))
    first, _ = pages.take(), pages.take()
    for refused in (pages.take, pages.require):
        with pytest.raises(Unavailable, match=r"page\.max_live, 2") as error:
            refused()
        assert error.value.retry
    first.release()
    first.release()
    pages.take()
    with pytest.raises(Unavailable):
        pages.take()


def test_there_is_one_for_each_processor() -> None:
    pages = admission(PageSettings(chromium_binary=BROWSER))
    for _ in range(default_limit()):
        pages.take()
    with pytest.raises(Unavailable):
        pages.require()


def test_pages_can_be_switched_off() -> None:
    with pytest.raises(Unsupported, match=r"switched off .*page\.max_live") as error:
        admission(PageSettings(chromium_binary=BROWSER, max_live=0)).require()
    assert error.value.field == "url"


@pytest.mark.parametrize("there", [True, False])
def test_without_a_browser_the_operator_is_told_what_to_do(tmp_path: Path, there: bool) -> None:
    binary = tmp_path / "chromium"
    if there:
        binary.touch(0o644)
    with pytest.raises(Unavailable, match=r"page\.chromium_binary"):
        admission(PageSettings(chromium_binary=binary)).require()


async def test_a_public_page_is_let_through() -> None:
    await admission(PageSettings(), "93.184.216.34").check(page())


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1"])
async def test_a_page_that_is_not_public_is_refused(address: str) -> None:
    with pytest.raises(Invalid, match="url: the host is not on the public internet") as error:
        await admission(PageSettings(), "93.184.216.34", address).check(page())
    assert error.value.field == "url"


async def test_a_page_that_is_nowhere_is_refused() -> None:
    with pytest.raises(Invalid, match="url: the host's name cannot be resolved"):
        await admission(PageSettings(), error=socket.gaierror(socket.EAI_NONAME, "unknown")).check(page())


async def test_a_name_server_that_does_not_answer_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(_: str, __: int) -> Sequence[str]:
        await asyncio.Event().wait()
        return ()

    monkeypatch.setattr("reelkit.control.page_admission._RESOLVE_TIMEOUT_S", 0.01)
    pages = PageAdmission(PageSettings(), EgressGuard(EgressSettings(), never))
    with pytest.raises(Unavailable, match="url: the host's name was not resolved") as error:
        await pages.check(page())
    assert error.value.retry


async def test_a_name_server_that_fails_is_worth_another_try() -> None:
    with pytest.raises(Unavailable, match="url: the host's name cannot be resolved now"):
        await admission(PageSettings(), error=socket.gaierror(socket.EAI_AGAIN, "try again")).check(page())
