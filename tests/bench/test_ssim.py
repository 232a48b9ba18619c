from fractions import Fraction

import av
import numpy as np
import pytest

from bench.ssim import luma, psnr_db, ssim


def texture(seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (120, 160)).astype(np.uint8)


def test_equal_pictures() -> None:
    assert ssim(texture(), texture()) == pytest.approx(1.0)
    assert psnr_db(texture(), texture()) == 100.0


def test_falls_with_noise() -> None:
    plain = np.full((120, 160), 100.0) + np.linspace(0, 80, 160)
    noise = np.random.default_rng(2).normal(size=plain.shape)
    likeness = [
        ssim(plain.astype(np.uint8), (plain + strength * noise).clip(0, 255).astype(np.uint8))
        for strength in (1, 4, 16)
    ]

    assert 1 > likeness[0] > likeness[1] > likeness[2]


def test_unrelated_pictures_have_nothing_in_common() -> None:
    assert abs(ssim(texture(1), texture(2))) < 0.05


def test_agrees_with_the_filter_of_ffmpeg() -> None:
    one = texture().repeat(4, axis=0).repeat(4, axis=1)
    other = (one * 0.9 + texture(2).repeat(4, axis=0).repeat(4, axis=1) * 0.1).astype(np.uint8)
    graph = av.filter.Graph()
    sources = [
        graph.add_buffer(width=640, height=480, format=av.VideoFormat("gray"), time_base=Fraction(1, 30))
        for _ in range(2)
    ]
    filtered, sink = graph.add("ssim"), graph.add("buffersink")
    for index, source in enumerate(sources):
        source.link_to(filtered, 0, index)
    filtered.link_to(sink)
    graph.configure()
    for source, image in zip(sources, (one, other), strict=True):
        frame = av.VideoFrame.from_ndarray(image, "gray")
        frame.pts = 0
        source.push(frame)
        source.push(None)
    reference = float(sink.pull().metadata["lavfi.ssim.Y"])

    assert ssim(one, other) == pytest.approx(reference, abs=1e-3)


def test_psnr() -> None:
    assert psnr_db(np.zeros((8, 8), np.uint8), np.full((8, 8), 255, np.uint8)) == pytest.approx(0.0)


def test_luma_leaves_out_the_padding_of_rows() -> None:
    image = np.arange(50 * 66, dtype=np.uint32).reshape(50, 66).astype(np.uint8)
    frame = av.VideoFrame.from_ndarray(np.concatenate([image, np.zeros((25, 66), np.uint8)]), "yuv420p")

    assert (luma(frame) == image).all()
