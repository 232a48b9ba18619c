"""Connection strings, and where they may lead."""

import pytest
from pydantic import SecretStr

from reelkit.egress.guard import EgressGuard
from reelkit.publish.storage.azure_account import AzureAccount, azure_account
from reelkit.publish.storage.errors import StorageRefused
from reelkit.publish.storage.open import open_destination
from reelkit.publish.storage.targets import AzureTarget
from reelkit.settings import EgressSettings, StorageSettings
from tests.egress.hosts import host_on

KEY = "aGlkZGVu"
SAS = "sv=2023-11-03&sp=cw&sig=aGlkZGVu%2B"


@pytest.mark.parametrize(
    ("text", "endpoint"),
    [
        (f"AccountName=films;AccountKey={KEY}", "https://films.blob.core.windows.net"),
        (f" accountname = films ; ACCOUNTKEY={KEY};;", "https://films.blob.core.windows.net"),
        (
            f"DefaultEndpointsProtocol=https;AccountName=films;AccountKey={KEY};EndpointSuffix=core.chinacloudapi.cn",
            "https://films.blob.core.chinacloudapi.cn",
        ),
        (
            f"AccountName=films;AccountKey={KEY};BlobEndpoint=https://blobs.example/films/;QueueEndpoint=https://q/",
            "https://blobs.example/films",
        ),
        (
            f"BlobEndpoint=https://films.blob.core.windows.net;SharedAccessSignature=?{SAS}",
            "https://films.blob.core.windows.net",
        ),
    ],
)
def test_connection_strings(text: str, endpoint: str) -> None:
    account = azure_account(text)
    assert account.blob_endpoint == endpoint
    assert "hidden" not in repr(account)
    assert KEY not in repr(account)


def test_the_operators_endpoint_counts() -> None:
    text = f"AccountName=films;AccountKey={KEY};BlobEndpoint=https://elsewhere.example"
    assert azure_account(text, "http://azurite:10000/films").blob_endpoint == "http://azurite:10000/films"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hidden",
        "AccountName=films",
        f"AccountKey={KEY}",
        f"AccountName=films;AccountKey={KEY};AccountName=other",
        f"AccountName=films;AccountKey={KEY};SharedAccessSignature={SAS}",
        f"AccountName=FILMS;AccountKey={KEY}",
        f"AccountName=films.evil.example/;AccountKey={KEY}",
        "AccountName=films;AccountKey=hidden!",
        f"AccountName=films;AccountKey={KEY};EndpointSuffix=evil.example/x",
        f"AccountName=films;AccountKey={KEY};DefaultEndpointsProtocol=gopher",
        f"AccountName=films;AccountKey={KEY};BlobEndpoint=file:///etc",
        f"AccountName=films;AccountKey={KEY};BlobEndpoint=https://user:hidden@films.example",
        f"AccountName=films;AccountKey={KEY};BlobEndpoint=https://films.example/..",
        f"AccountName=films;AccountKey={KEY};BlobEndpoint=https://films.example/?x",
        f"AccountName=films;AccountKey={KEY};Hidden=1",
        "BlobEndpoint=https://films.example;SharedAccessSignature=hidden",
        f"SharedAccessSignature={SAS}",
        "UseDevelopmentStorage=true",
    ],
)
def test_what_is_no_connection_string(text: str) -> None:
    with pytest.raises(ValueError, match=r"must|has|is there") as raised:
        azure_account(text)
    assert "hidden" not in str(raised.value).lower()
    assert KEY not in str(raised.value)


def test_a_signature_is_part_of_every_url_and_proves_alone() -> None:
    account = AzureAccount("https://films.example", "", None, SecretStr(SAS))
    url = account.url("/films/a", "comp=block")
    assert url == f"https://films.example/films/a?comp=block&{SAS}"
    assert account.headers("PUT", url, {"x-ms-date": "now"}, 3) == {"x-ms-date": "now"}


async def test_a_callers_endpoint_is_guarded() -> None:
    async with host_on() as inside:
        inside.answer("201 Created")
        text = f"AccountName=films;AccountKey={KEY};BlobEndpoint=http://127.0.0.1:{inside.port}/films"
        target = AzureTarget(type="azure", connection_string=SecretStr(text), container="films")
        destination = open_destination(target, guard=EgressGuard(EgressSettings()), settings=StorageSettings())
        with pytest.raises(StorageRefused, match="not on the public internet"):
            await destination.check()
        await destination.close()
        assert inside.requests == []


def test_a_target_that_cannot_be_right() -> None:
    target = AzureTarget(type="azure", connection_string=SecretStr("hidden"), container="films")
    with pytest.raises(StorageRefused) as raised:
        open_destination(target, guard=EgressGuard(EgressSettings()), settings=StorageSettings())
    assert "hidden" not in str(raised.value)
