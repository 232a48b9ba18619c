"""What the application documents of itself, put to the test with bodies and queries made from it, good and bad ones.

No request may end in a fault of ours or in a status that is not documented, and each answer has its documented shape.
501 is how this server refuses what it does not offer.
"""

from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import APIOperation, Case, GenerationMode
from schemathesis.core.failures import Failure
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.api.live import LiveServer

EXAMPLES_PER_OPERATION = 5
DOCUMENTED = [status_code_conformance, content_type_conformance, response_schema_conformance]


class Service:
    """A server with one of everything, and the ids by which paths find it."""

    def __init__(self, live: LiveServer) -> None:
        self.url = live.url
        self.session = requests.Session()
        self.headers = {"Authorization": f"Bearer {live.token}"}
        kit = live.client().realtime_kit
        ids: dict[str, Any] = {"account_id": live.account_id, "app_id": live.app_id}
        meeting = kit.meetings.create(**ids, title="Weekly").data
        assert meeting is not None
        participant = kit.meetings.add_participant(
            meeting.id, **ids, custom_participant_id="ada", preset_name="group_call_host"
        ).data
        recording = kit.recordings.start_recordings(**ids, meeting_id=meeting.id).data
        webhook = kit.webhooks.create_webhook(
            **ids, name="all", url="https://hooks.example.com/", events=["meeting.started"]
        ).data
        assert participant is not None
        assert recording is not None
        self.known = {
            **ids,
            "meeting_id": meeting.id,
            "participant_id": participant.id,
            "recording_id": recording.id,
            "session_id": recording.session_id,
            "webhook_id": webhook.id,
            "preset_id": kit.presets.get(**ids).data[0].id,
        }


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    with LiveServer(tmp_path, limits={"enabled": False}) as live:
        found = Service(live)
        with found.session:
            yield found


def _try(service: Service, operation: APIOperation[Any, Any, Any, Any], mode: GenerationMode) -> None:
    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=EXAMPLES_PER_OPERATION,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.explicit, Phase.generate],
    )
    def one(case: Case[Any]) -> None:
        for name in case.path_parameters.keys() & service.known.keys():
            case.path_parameters[name] = service.known[name]
        answer = case.call(base_url=service.url, session=service.session, headers=service.headers)
        fault = answer.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR
        assert not fault or answer.status_code == HTTPStatus.NOT_IMPLEMENTED, answer.text
        case.validate_response(answer, checks=DOCUMENTED)

    one()


@pytest.mark.timeout(300)
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_no_request_ends_in_a_fault_of_ours(service: Service, mode: GenerationMode) -> None:
    document = schemathesis.openapi.from_url(f"{service.url}/openapi.json").include(path_regex="^/client/v4/")
    operations = [found.ok() for found in document.get_all_operations() if isinstance(found, Ok)]
    wrong, tried = [], 0
    # What is deleted is missed by those that come later.
    for operation in sorted(operations, key=lambda operation: operation.method.upper() == "DELETE"):
        try:
            _try(service, operation, mode)
        except Unsatisfiable:
            # Nothing that is wrong can be sent where everything is right.
            assert mode is GenerationMode.NEGATIVE
        except (Failure, AssertionError, ExceptionGroup) as failure:
            wrong.append(f"{operation.label}: {failure}")
        tried += 1
    assert tried > 60
    assert not wrong, "\n\n".join(wrong)
