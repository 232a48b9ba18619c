"""Settings come from the command line, the environment, a TOML file and the defaults, in this order."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel, ValidationError

from reelkit.settings import Settings, load_settings


@pytest.fixture
def config_file(tmp_path: Path) -> Path:
    path = tmp_path / "reelkit.toml"
    path.write_text('port = 9001\nhost = "0.0.0.0"\n[render]\ncrf = 21\npreset = "faster"\n')
    return path


def test_precedence(config_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REELKIT_PORT", "9002")
    monkeypatch.setenv("REELKIT_RENDER__CRF", "19")
    settings = load_settings(config_file, tls_port=9003, host=None)
    assert settings.port == 9002
    assert settings.tls_port == 9003
    assert settings.host == "0.0.0.0"  # noqa: S104 - only read back
    assert settings.render.crf == 19
    assert settings.render.preset == "faster"
    assert settings.render.fps == 30


def test_an_unknown_name_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "reelkit.toml"
    path.write_text("[render]\nquality = 3\n")
    with pytest.raises(ValidationError, match=r"render\.quality"):
        load_settings(path)


def names_of(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    for name, field in model.model_fields.items():
        default = field.get_default(call_default_factory=True, validated_data={})
        if isinstance(default, BaseModel):
            yield from names_of(type(default), f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}"


def test_the_page_has_every_setting() -> None:
    page = (Path(__file__).parent.parent / "docs" / "configuration.md").read_text()
    names = list(names_of(Settings))
    assert "storage.endpoints.aws" in names
    assert [name for name in names if f"| `{name}` |" not in page] == []


def test_the_token_does_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REELKIT_API_TOKEN", "s3cr3t-token")
    settings = load_settings()
    assert "s3cr3t-token" not in repr(settings)
    assert settings.api_token is not None
    assert settings.api_token.get_secret_value() == "s3cr3t-token"
