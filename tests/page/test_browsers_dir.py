import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from reelkit.page.browsers_dir import browsers_dir
from reelkit.page.errors import JailFailed
from reelkit.settings import PageSettings


@pytest.fixture
def temporary(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    directory = Path(tempfile.mkdtemp(prefix="rk-"))
    monkeypatch.setattr(tempfile, "tempdir", str(directory))
    yield directory
    shutil.rmtree(directory)


def test_it_is_made_once_and_found_again(temporary: Path) -> None:
    first, second = browsers_dir(PageSettings()), browsers_dir(PageSettings())
    assert first == second == temporary / f"reelkit-browsers-{os.geteuid()}"
    assert first.stat().st_mode & 0o777 == 0o711


def test_the_operator_may_choose_another() -> None:
    assert browsers_dir(PageSettings(browsers_dir=Path("/srv/browsers"))) == Path("/srv/browsers")


def test_a_name_that_is_too_long_for_sockets_is_refused(tmp_path: Path) -> None:
    with pytest.raises(JailFailed, match=r"page\.browsers_dir"):
        browsers_dir(PageSettings(browsers_dir=tmp_path / ("long" * 20)))


@pytest.mark.parametrize("kind", ["link", "open", "file"])
def test_what_somebody_else_put_there_is_not_used(kind: str, temporary: Path) -> None:
    planted = temporary / f"reelkit-browsers-{os.geteuid()}"
    if kind == "link":
        (temporary / "elsewhere").mkdir()
        planted.symlink_to(temporary / "elsewhere")
    elif kind == "file":
        planted.write_text("")
    else:
        planted.mkdir()
        planted.chmod(0o777)
    with pytest.raises(JailFailed):
        browsers_dir(PageSettings())
