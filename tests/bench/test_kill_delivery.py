"""The judge of bench.kill_delivery sees what it is there to see."""

import base64
import json
from collections import defaultdict

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from bench.kill_delivery import Ledger, Truth, faults, logged
from testbed.webhook_receiver import Received

KEY = rsa.generate_private_key(65_537, 2_048)
PEM = (
    KEY.public_key()
    .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    .decode("ascii")
)
LIFE = ("INVOKED", "RECORDING", "UPLOADING", "UPLOADED")
TRUTH = Truth({"r": "UPLOADED"}, {"s": True}, 0)


def received(uuid: str, payload: dict[str, object]) -> Received:
    body = json.dumps(payload).encode()
    signature = base64.b64encode(KEY.sign(body, padding.PKCS1v15(), hashes.SHA256())).decode("ascii")
    return Received("/hook", {"rtk-uuid": uuid, "rtk-signature": signature}, body, 0.0)


def all_is_well() -> list[Received]:
    session = [
        received(name, {"event": name, "meeting": {"sessionId": "s"}}) for name in ("meeting.started", "meeting.ended")
    ]
    recording = [
        received(status, {"event": "recording.statusUpdate", "recording": {"id": "r", "status": status}})
        for status in LIFE
    ]
    return [session[0], *recording, session[1]]


def ledger(*answered: str) -> Ledger:
    return Ledger(defaultdict(list, {"r": list(answered)}))


def test_nothing_is_wrong_with_repetitions() -> None:
    told = all_is_well()
    assert faults([told[0], told[0], *told[1:3], told[2], *told[3:]], TRUTH, ledger("INVOKED", "UPLOADING"), PEM) == []


@pytest.mark.parametrize("lost", range(6))
def test_what_is_lost_is_seen(lost: int) -> None:
    told = all_is_well()
    del told[lost]
    known = logged(
        json.dumps({"event": "recording changed its status", "recording_id": "r", "status": status})
        for status in LIFE[1:]
    )
    assert faults(told, TRUTH, Ledger(logged=known), PEM) != []


def test_the_order_is_judged() -> None:
    told = all_is_well()
    told[2], told[3] = told[3], told[2]
    assert "was told to be" in faults(told, TRUTH, ledger(), PEM)[0]
    assert "came again after a later event" in faults([*all_is_well(), told[1]], TRUTH, ledger(), PEM)[0]


def test_forgeries_are_seen() -> None:
    told = all_is_well()
    first = told[0]
    told[0] = Received(first.path, first.headers, first.body + b" ", 0.0)
    (wrong,) = faults(told, TRUTH, ledger(), PEM)
    assert "signed wrongly" in wrong


def test_what_was_answered_must_be_told() -> None:
    assert "answered" in faults(all_is_well(), TRUTH, ledger("PAUSED"), PEM)[0]
    assert faults(all_is_well(), Truth({}, {"s": True}, 0), ledger(), PEM) == ["r is not in the database"]
