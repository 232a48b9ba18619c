"""A compressed tar that grows."""

import subprocess
import tarfile
from pathlib import Path

from reelkit.publish.hls.archive import Archive

FILES = {"a.ts": b"\x47" * 188_000, "b.ts": bytes(range(256)) * 3, "empty": b"", "index.m3u8": b"#EXTM3U\n"}


def write(path: Path) -> Path:
    archive = Archive(path)
    for name, content in FILES.items():
        archive.add(name, content, media=name.endswith(".ts"))
    archive.keep()
    return path


def test_tar_and_python_read_it(tmp_path: Path) -> None:
    path = write(tmp_path / "film.tar.gz")
    with tarfile.open(path) as archive:
        found = {member.name: archive.extractfile(member) for member in archive}
        assert {name: file.read() for name, file in found.items() if file is not None} == FILES
    (tmp_path / "out").mkdir()
    subprocess.run(["tar", "xzf", path, "-C", tmp_path / "out"], check=True)
    assert {file.name: file.read_bytes() for file in (tmp_path / "out").iterdir()} == FILES
    subprocess.run(["gzip", "-t", path], check=True)


def test_it_only_grows_and_is_always_the_same(tmp_path: Path) -> None:
    archive = Archive(tmp_path / "film.tar.gz")
    part = tmp_path / "film.tar.gz.part"
    seen = b""
    for name, content in FILES.items():
        archive.add(name, content, media=name.endswith(".ts"))
        growth = archive.growth()
        now = part.read_bytes()
        assert now.startswith(seen)
        assert len(now) == growth.digests.total_bytes > len(seen)
        assert growth.head_bytes == 0
        seen = now
    archive.keep()
    assert (tmp_path / "film.tar.gz").read_bytes().startswith(seen)
    assert write(tmp_path / "again.tar.gz").read_bytes() == (tmp_path / "film.tar.gz").read_bytes()


def test_what_is_given_up_is_gone(tmp_path: Path) -> None:
    archive = Archive(tmp_path / "film.tar.gz")
    archive.add("a", b"a")
    archive.discard()
    assert list(tmp_path.iterdir()) == []
