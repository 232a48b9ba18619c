"""The examples of docs/webhooks.md do what they say."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from reelkit.control.webhooks.signing import SigningKey

PAGE = (Path(__file__).parents[3] / "docs" / "webhooks.md").read_text()
BODY, FORGED = b'{"event":"meeting.started"}', b'{"event":"meeting.ended"}'
NODE = shutil.which("node")


def example(language: str) -> str:
    (found,) = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    return str(found)


@pytest.fixture
def key(tmp_path: Path) -> SigningKey:
    return SigningKey(tmp_path / "webhooks.pem")


def test_python(key: SigningKey) -> None:
    names: dict[str, Any] = {}
    exec(example("python"), names)  # noqa: S102 - our own page
    signature, pem = key.signature(BODY), key.public_pem()
    assert names["is_genuine"](BODY, signature, pem)
    assert not names["is_genuine"](FORGED, signature, pem)
    assert not names["is_genuine"](BODY, "?", pem)


@pytest.mark.skipif(NODE is None, reason="there is no Node")
def test_node(key: SigningKey, tmp_path: Path) -> None:
    (tmp_path / "verify.mjs").write_text(example("js"))
    program = """
        import { isGenuine } from "./verify.mjs";
        const [signature, pem, ...bodies] = process.argv.slice(1);
        console.log(bodies.map((body) => isGenuine(Buffer.from(body), signature, pem)).join());
    """
    command = [str(NODE), "--input-type=module", "-e", program, key.signature(BODY), key.public_pem()]
    done = subprocess.run([*command, BODY, FORGED], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "true,false"
