"""What a worker finds in its job's directory about what it is to make."""

import json
from pathlib import Path
from typing import Any

from reelkit.durable import write_durably
from reelkit.fleet.base import JobSpec

CONFIG_FILE = "config.json"


def write_job_config(spec: JobSpec) -> None:
    """Puts down what the worker has to know. Raises OSError."""
    spec.job_dir.mkdir(parents=True, exist_ok=True)
    config: dict[str, Any] = {"capture_dir": str(spec.capture_dir), "render": spec.render.model_dump(mode="json")}
    if spec.tracks is not None:
        config["tracks"] = spec.tracks.model_dump(mode="json")
    if spec.stream is not None:
        # Where to is secret, and comes by the worker's standard input.
        config["stream"] = True
    if spec.page is not None:
        # So does the page, behind the stream.
        config["page"] = True
    write_durably(spec.job_dir / CONFIG_FILE, json.dumps(config, indent=1).encode())


def job_config(job_dir: Path) -> dict[str, Any]:
    """What :func:`write_job_config` wrote down. Raises OSError or ValueError."""
    config: dict[str, Any] = json.loads((job_dir / CONFIG_FILE).read_bytes())
    return config
