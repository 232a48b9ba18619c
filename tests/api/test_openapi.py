"""The documentation that the application makes of itself."""

import re
from typing import Any

import pytest

from tests.api.harness import Api


@pytest.fixture
async def document(api: Api) -> dict[str, Any]:
    answer = await api.anonymous.get("/openapi.json")
    assert answer.status_code == 200
    parsed: dict[str, Any] = answer.json()
    return parsed


async def test_docs_page(api: Api) -> None:
    answer = await api.anonymous.get("/docs")
    assert answer.status_code == 200
    assert "openapi.json" in answer.text
    sources = re.findall(r'(?:src|href)="([^"]+)"', answer.text)
    assert sources
    for source in sources:
        # Servers in closed networks have documentation too.
        assert source.startswith("/")
        assert (await api.anonymous.get(source)).status_code == 200


def test_every_operation_below_the_app_documents_answer_errors_and_token(document: dict[str, Any]) -> None:
    operations = [
        operation
        for path, methods in document["paths"].items()
        if path.startswith("/client/v4/")
        for operation in methods.values()
    ]
    assert len(operations) == 70
    for operation in operations:
        assert operation["summary"]
        assert operation["security"] == [{"API token": []}]
        success = next(answer for status, answer in operation["responses"].items() if status.startswith("2"))
        if "image/png" not in success["content"]:
            assert "$ref" in success["content"]["application/json"]["schema"]
        for status in ("400", "401", "403", "404", "409", "413", "422", "501", "503"):
            schema = operation["responses"][status]["content"]["application/json"]["schema"]
            assert schema == {"$ref": "#/components/schemas/ErrorEnvelope"}


def test_fields_that_are_left_out_are_optional_and_never_null(document: dict[str, Any]) -> None:
    recording = document["components"]["schemas"]["RecordingWire"]
    url = recording["properties"]["audio_download_url"]
    assert (url["type"], url["title"]) == ("string", "Audio Download Url")
    assert "anyOf" not in url
    assert recording["properties"]["started_time"]["format"] == "date-time"
    # A film, or the files of a track recording by layer.
    assert [choice["type"] for choice in recording["properties"]["download_url"]["anyOf"]] == ["string", "array"]
    assert "download_url" not in recording["required"]
    assert "status" in recording["required"]
    caller = document["components"]["schemas"]["CallerWire"]
    assert "user_Id" in caller["properties"]


def test_bounds_of_the_start_call_are_documented(document: dict[str, Any]) -> None:
    text = str(document["components"]["schemas"]["RecordingParams"]["properties"]["max_seconds"])
    assert "86400" in text
    assert "60" in text


def test_fields_of_bodies_are_explained(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    assert "Keep what the recording is made from" in schemas["Extensions"]["properties"]["keep_capture"]["description"]
    assert "custom_participant_id" in schemas["TrackRecordingParams"]["properties"]["user_ids"]["description"]


def test_extensions_are_told_to_be_some(document: dict[str, Any]) -> None:
    for path, methods in document["paths"].items():
        if any(part in path for part in ("/delivery", "/erasure", "/deliveries", "/renders", "/reelkit/")):
            for operation in methods.values():
                assert "extension of Reelkit" in operation["description"], path
