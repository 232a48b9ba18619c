import subprocess
import sys

from bench.chromium_parts import chromium_parts, part_of
from tests.patience import PATIENCE_S

WAIT = "import sys; print(flush=True); sys.stdin.read()"
BROWSER = f"""
import subprocess, sys
kinds = ["--type=renderer", "--type=renderer", "--type=gpu-process",
         "--type=utility --utility-sub-type=audio.mojom.AudioService", "--type=utility --utility-sub-type=a.b.Other"]
children = [subprocess.Popen([sys.executable, "-c", {WAIT!r}, *kind.split()], stdout=subprocess.PIPE) for kind in kinds]
for child in children:
    child.stdout.readline()
print(flush=True)
sys.stdin.read()
"""


def test_processes_are_named_after_what_they_do() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", BROWSER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as browser:
        assert browser.stdout is not None
        browser.stdout.readline()
        found = chromium_parts(browser.pid)
        browser.communicate(timeout=PATIENCE_S)

    assert found["chromium"] == browser.pid
    assert sorted(found) == [
        "chromium",
        "chromium: a.b.Other",
        "chromium: compositing",
        "chromium: page",
        "chromium: page #2",
        "chromium: sound",
    ]
    assert {part_of(name) for name in found if "page" in name} == {"chromium: page"}
