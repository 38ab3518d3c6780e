"""Augmentation: images rotated (each by its own angle), sampled at displaced pixels, mirrored, and equalized.

A name gives batch x height x width x channels. For rotation both sides start from matrices. PyTorch uses affine_grid
and grid_sample on channels first, its layout. Its grid_sample alone, on points computed before, is faster than netlet
for images of one channel.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from bench.harness.peers import torch_peer
from bench.harness.row import Case, Row, uniform
from netlet import _core, ops

Shape = tuple[int, int, int, int]


def rotations(shape: Shape) -> np.ndarray:
    n, h, w, _ = shape
    angle = np.random.default_rng(0).uniform(-0.5, 0.5, n)
    cos, sin, cx, cy = np.cos(angle), np.sin(angle), (w - 1) / 2, (h - 1) / 2
    columns = [cos, -sin, cx - cx * cos + cy * sin, sin, cos, cy - cx * sin - cy * cos, 0 * angle, 0 * angle]
    return np.stack(columns, axis=1).astype("f4")


def points(shape: Shape, matrices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The row and the column that each pixel is read from, (N, H, W) each."""
    row, column = np.mgrid[: shape[1], : shape[2]].astype("f8")
    a0, a1, a2, b0, b1, b2 = (m[:, None, None].astype("f8") for m in matrices.T[:6])
    return b0 * column + b1 * row + b2, a0 * column + a1 * row + a2


def sampled(x: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Bilinear, 0 outside, in float64."""
    framed = np.pad(x.astype("f8"), ((0, 0), (1, 1), (1, 1), (0, 0)))
    n, h, w, _ = framed.shape
    r, c = np.clip(rows + 1, 0, h - 1), np.clip(columns + 1, 0, w - 1)
    i, j = np.minimum(r, h - 2).astype(int), np.minimum(c, w - 2).astype(int)
    at = np.arange(n)[:, None, None]
    v, u = (r - i)[..., None], (c - j)[..., None]
    top = framed[at, i, j] * (1 - u) + framed[at, i, j + 1] * u
    return top * (1 - v) + (framed[at, i + 1, j] * (1 - u) + framed[at, i + 1, j + 1] * u) * v


def rotate(shape: Shape) -> Case:
    x, matrices = uniform(shape), rotations(shape)
    rows, columns = points(shape, matrices)
    n, h, w, c = shape
    rotation = matrices[:, [0, 1, 3, 4]].reshape(n, 2, 2)  # about the centre of square images, so there is no shift
    theta = np.concatenate([rotation, np.zeros((n, 2, 1), "f4")], axis=2)

    def rotated(torch: Any, x: Any, theta: Any) -> Any:
        grid = torch.nn.functional.affine_grid(theta, (n, c, h, w), align_corners=True)
        y = torch.nn.functional.grid_sample(x, grid, "bilinear", "zeros", align_corners=True)
        return y.permute(0, 2, 3, 1)

    return Case(
        ours=ops.image.affine_transform,
        on=[x, matrices],
        truth=sampled(x, rows, columns),
        peers=torch_peer(rotated, x.transpose(0, 3, 1, 2).copy(), theta),
        bytes=2 * x.nbytes,
        rtol=0,
        atol=2e-3,  # both sides round coordinates to about 2^-16 of a pixel
    )


def displace(shape: Shape) -> Case:
    """Samples at pixels that are displaced by up to two pixels, as elastic transforms do."""
    x = uniform(shape)
    n, h, w, c = shape
    at = np.mgrid[:h, :w][:, None] + np.random.default_rng(0).uniform(-2, 2, (2, n, h, w))
    rows, columns = at.astype("f4").astype("f8")
    coordinates = np.stack([rows, columns], axis=1).reshape(n, 2, h * w).astype("f4")
    grid = np.stack([columns * 2 / (w - 1) - 1, rows * 2 / (h - 1) - 1], axis=-1).astype("f4")

    def sampled_by(torch: Any, x: Any, grid: Any) -> Any:
        y = torch.nn.functional.grid_sample(x, grid, "bilinear", "zeros", align_corners=True)
        return y.permute(0, 2, 3, 1).reshape(n, h * w, c)

    return Case(
        ours=partial(_core.sample, sizes=(h, w)),
        on=[x.reshape(n, h * w, c), coordinates],
        truth=sampled(x, rows, columns).reshape(n, h * w, c),
        peers=torch_peer(sampled_by, x.transpose(0, 3, 1, 2).copy(), grid),
        bytes=2 * x.nbytes + coordinates.nbytes,
        rtol=0,
        atol=2e-3,
    )


def flip(shape: Shape) -> Case:
    """Mirrors every second image left to right."""
    x, flags = uniform(shape), np.arange(shape[0]) % 2 == 0
    truth = np.where(flags[:, None, None, None], x[:, :, ::-1], x)
    y = np.empty_like(x)

    def numpy() -> np.ndarray:
        y[::2], y[1::2] = x[::2, :, ::-1], x[1::2]
        return y

    return Case(
        ours=partial(_core.flip_images, horizontal=True, vertical=False),
        on=[x, flags],
        truth=truth,
        peers={
            "numpy": numpy,
            **torch_peer(lambda torch, x, f: torch.where(f[:, None, None, None], x.flip(2), x), x, flags),
        },
        bytes=2 * x.nbytes,
    )


def equalize(shape: Shape) -> Case:
    """Equalizes the histogram of each channel, in bins of the integers from 0 to 255."""
    x = np.random.default_rng(0).integers(0, 256, shape).astype("f4")

    def numpy() -> np.ndarray:
        y = np.empty_like(x)
        for n in range(shape[0]):
            for c in range(shape[3]):
                values = x[n, :, :, c].astype(int)
                cdf = np.bincount(values.ravel(), minlength=256).cumsum()
                first = cdf[cdf > 0][0]
                y[n, :, :, c] = np.round((cdf - first) * 255 / (cdf[-1] - first))[values]
        return y

    return Case(
        ours=partial(_core.equalize, bins=256),
        on=[x],
        truth=numpy(),
        peers={"numpy": numpy},
        bytes=2 * x.nbytes,
        rtol=0,
        atol=1,  # x / 255 * 255 may fall below an integer, as in Keras
    )


def rows() -> Iterator[Row]:
    for shape in [(128, 28, 28, 1), (128, 32, 32, 3), (32, 224, 224, 3)]:
        name = " x ".join(map(str, shape))
        yield Row(f"rotate {name}", partial(rotate, shape))
        yield Row(f"displace {name}", partial(displace, shape))
        yield Row(f"flip {name}", partial(flip, shape))
        yield Row(f"equalize {name}", partial(equalize, shape))
