"""The examples of "Signature Calculations for the Authorization Header" in the reference of Amazon S3, and those of
AWS' signature test suite."""

import hashlib
from datetime import UTC, datetime

import pytest
from pydantic import SecretStr

from reelkit.publish.storage.sigv4 import EMPTY_SHA256, SigV4

S3 = SigV4(SecretStr("AKIAIOSFODNN7EXAMPLE"), SecretStr("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"), "us-east-1")
S3_TIME = datetime(2013, 5, 24, tzinfo=UTC)
SUITE = SigV4(SecretStr("AKIDEXAMPLE"), SecretStr("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"), "us-east-1", "service")
SUITE_TIME = datetime(2015, 8, 30, 12, 36, tzinfo=UTC)
BUCKET = "https://examplebucket.s3.amazonaws.com"
SUITE_HOST = "https://example.amazonaws.com"


@pytest.mark.parametrize(
    ("method", "url", "headers", "body", "signature"),
    [
        (
            "GET",
            "/test.txt",
            {"Range": "bytes=0-9"},
            b"",
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
        ),
        (
            "PUT",
            "/test%24file.text",
            {"Date": "Fri, 24 May 2013 00:00:00 GMT", "x-amz-storage-class": "REDUCED_REDUNDANCY"},
            b"Welcome to Amazon S3.",
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
        ),
        ("GET", "/?lifecycle", {}, b"", "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"),
        ("GET", "/?max-keys=2&prefix=J", {}, b"", "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"),
    ],
)
def test_the_examples_of_s3(method: str, url: str, headers: dict[str, str], body: bytes, signature: str) -> None:
    signed = S3.headers(method, BUCKET + url, headers, hashlib.sha256(body).hexdigest(), S3_TIME)
    assert signed["authorization"].endswith(f"Signature={signature}")
    assert signed["x-amz-content-sha256"] == hashlib.sha256(body).hexdigest()


@pytest.mark.parametrize(
    ("method", "url", "headers", "signature"),
    [
        ("GET", "/", {}, "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        ("POST", "/", {}, "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
        (
            "GET",
            "/?Param2=value2&Param1=value1",
            {},
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
        ),
        (
            "GET",
            "/",
            {"My-Header1": " value1", "My-Header2": ' "a   b   c"'},
            "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
        ),
    ],
)
def test_the_suite(method: str, url: str, headers: dict[str, str], signature: str) -> None:
    signed = SUITE.headers(method, SUITE_HOST + url, headers, EMPTY_SHA256, SUITE_TIME)
    assert signed["authorization"].endswith(f"Signature={signature}")


def test_the_example_of_a_presigned_url() -> None:
    assert S3.presigned_url("GET", f"{BUCKET}/test.txt", 86_400, S3_TIME) == (
        f"{BUCKET}/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256"
        "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
        "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
        "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
    )


def test_secrets_are_not_shown() -> None:
    assert "AKIA" not in repr(S3)
    assert "wJalr" not in repr(S3)
