"""A renderer in a process of its own, to be killed: ``python -m tests.render.killed CAPTURE JOB CONFIG``.

It prints a line for each segment that it commits, and goes on when it is told a line.
"""

import sys
from pathlib import Path

from reelkit.clock import SystemClock
from reelkit.render.config import RenderConfig
from reelkit.render.manifest import Segment
from reelkit.render.renderer import Renderer


def main() -> None:
    capture, job, config = sys.argv[1:]
    renderer = Renderer(Path(capture), RenderConfig.model_validate_json(config), Path(job), SystemClock())
    renderer.run(lambda _: None, _tell)
    print("done", flush=True)


def _tell(segment: Segment) -> None:
    print(segment.index, flush=True)
    sys.stdin.readline()


if __name__ == "__main__":
    main()
