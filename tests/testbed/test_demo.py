import asyncio
import json
import sys
from pathlib import Path

import pytest
from PIL import Image

import testbed.demo

pytestmark = [pytest.mark.e2e, pytest.mark.alone]

ROOT = Path(testbed.demo.__file__).parent.parent


async def run_demo(*arguments: str, environment: dict[str, str] | None = None) -> tuple[int | None, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "testbed.demo",
        *arguments,
        cwd=ROOT,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    return process.returncode, output.decode()


async def test_demo_leaves_a_film_and_a_contact_sheet(tmp_path: Path) -> None:
    out = tmp_path / "out"

    status, output = await run_demo("--out", str(out), "--seconds", "6")

    assert status == 0, output
    assert output.splitlines()[-1] == f"film: {out / 'film.mp4'}"
    assert sorted(path.name for path in out.iterdir()) == ["contact-sheet.png", "film.mp4", "report.json"]
    with Image.open(out / "contact-sheet.png") as sheet:
        assert sheet.width > 1_000
    report = json.loads((out / "report.json").read_bytes())
    assert (report["facts"]["video_codec"], report["facts"]["width_px"]) == ("h264", 1280)
    assert [bool(person["seen"]) for person in report["participants"]] == [True, True, True]


async def test_demo_refuses_to_use_the_machines_network(tmp_path: Path) -> None:
    status, output = await run_demo("--out", str(tmp_path), environment={"PATH": "/usr/bin:/bin"})

    assert status == 2
    assert "make demo" in output
