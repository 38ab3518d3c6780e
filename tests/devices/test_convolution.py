"""Convolution, pooling, resampling and image transforms on a GPU, forward and backward, against the CPU."""

from __future__ import annotations

import numpy as np
import pytest

import netlet
from netlet import _core

CHANNELS = [*range(1, 18), 31, 32, 33, 63, 64, 65, 127, 128, 129]
BOUND = {"float32": 1e-5, "float64": 1e-12}


def results(device, f, arrays):
    """y = f(*arrays) on a device, and the gradients of the sum of y * dy for a dy that depends on the shape alone."""
    with netlet.device(device):
        tensors = [_core.tensor(a) for a in arrays]
        for t in tensors:
            t.requires_grad = True
        with _core.Tape(grad=True) as tape:
            y = f(*tensors)
            dy = np.random.default_rng(9).standard_normal(y.shape).astype(arrays[0].dtype)
            grads = tape.gradients(y, tensors, dy)
        return [y.numpy(), *(g.numpy() for g in grads)]


def check(device, f, *arrays):
    """The device's results are the CPU's, up to rounding, and have the same bits each time."""
    there, again = results(device, f, arrays), results(device, f, arrays)
    bound = BOUND[arrays[0].dtype.name]
    for ours, second, reference in zip(there, again, results("cpu", f, arrays), strict=True):
        np.testing.assert_array_equal(ours, second)
        if reference.size:
            np.testing.assert_allclose(
                ours, reference, rtol=bound, atol=bound * max(np.nanmax(np.abs(reference)), 1e-30)
            )


class Case:
    """A small random convolution with every kind of argument."""

    def __init__(self, seed: int) -> None:
        rng = self.rng = np.random.default_rng(seed)
        n = int(rng.integers(1, 4))
        most = {1: 70, 2: 12, 3: 6}[n]
        draw = lambda low, high: [int(v) for v in rng.integers(low, high + 1, n)]  # noqa: E731
        self.taps, self.strides, self.dilation = draw(1, 3), draw(1, 3), draw(1, 2)
        self.pads = [(int(a), int(b)) for a, b in zip(draw(0, 2), draw(0, 2), strict=True)]
        reach = [d * (k - 1) + 1 for k, d in zip(self.taps, self.dilation, strict=True)]
        self.sizes = [max(s, r - a - b) for s, r, (a, b) in zip(draw(1, most), reach, self.pads, strict=True)]
        self.out = [
            (s + a + b - r) // t + 1 for s, (a, b), r, t in zip(self.sizes, self.pads, reach, self.strides, strict=True)
        ]
        self.batch, self.C, self.O = int(rng.integers(1, 4)), int(rng.choice(CHANNELS)), int(rng.choice(CHANNELS))
        self.groups = int(rng.choice([1, 1, 2, 3])) if self.C * self.O < 1000 else 1
        self.activation = str(rng.choice(["linear", "relu", "leaky_relu", "sigmoid", "tanh", "elu", "exponential"]))
        self.dtype = "float64" if rng.random() < 0.3 else "float32"

    def random(self, *shape: int) -> np.ndarray:
        return self.rng.standard_normal(shape).astype(self.dtype)

    def kernel(self, *shape: int) -> np.ndarray:
        return self.random(*shape) / np.asarray(np.sqrt(np.prod(shape[:-1])), self.dtype)


@pytest.mark.parametrize("seed", range(24))
def test_convolution(device, seed):
    c = Case(seed)
    check(
        device,
        lambda x, w, b: _core.conv(x, w, b, c.strides, c.pads, c.dilation, c.activation, 0.2),
        c.random(c.batch, *c.sizes, c.C * c.groups),
        c.kernel(*c.taps, c.C, c.O * c.groups),
        c.random(c.O * c.groups),
    )


@pytest.mark.parametrize("seed", range(100, 112))
def test_transposed_convolution(device, seed):
    c = Case(seed)
    check(
        device,
        lambda x, w, b: _core.conv_transpose(x, w, b, c.strides, c.pads, c.sizes, c.dilation, c.activation, 0.2),
        c.random(c.batch, *c.out, c.C),
        c.kernel(*c.taps, c.O, c.C),
        c.random(c.O),
    )


@pytest.mark.parametrize("seed", range(200, 212))
def test_depthwise_convolution(device, seed):
    c = Case(seed)
    check(
        device,
        lambda x, w, b: _core.depthwise_conv(x, w, b, c.strides, c.pads, c.dilation, c.activation, 0.2),
        c.random(c.batch, *c.sizes, c.C),
        c.kernel(*c.taps, c.C, 1),
        c.random(c.C),
    )


# One shape for each tile of conv_cuda.cu, whose choice depends on the number of pixels and columns.
@pytest.mark.parametrize(
    ("x", "kernel"),
    [((2, 40, 41, 4), (3, 3, 4, 31)), ((5, 34, 33, 3), (2, 2, 3, 65)), ((1, 20, 20, 8), (3, 3, 8, 129))],
)
def test_tiles(device, x, kernel):
    rng = np.random.default_rng(0)
    check(
        device,
        lambda x, w: _core.conv(x, w, None, [1, 1], [(1, 1)] * 2, [1, 1]),
        rng.standard_normal(x).astype("float32"),
        (rng.standard_normal(kernel) / 6).astype("float32"),
    )


@pytest.mark.parametrize("kind", ["max", "average"])
@pytest.mark.parametrize("seed", range(300, 310))
def test_pooling(device, kind, seed):
    c = Case(seed)
    rng = c.rng
    window = [int(rng.integers(1, min(s, 4) + 1)) for s in c.sizes]
    pads = [(int(rng.integers(0, w)), int(rng.integers(0, w))) for w in window]
    x = np.round(c.random(c.batch, *c.sizes, c.C))  # equal maxima occur
    if kind == "max" and seed % 2:
        x[rng.random(x.shape) < 0.02] = np.nan
    pool = _core.max_pool if kind == "max" else _core.average_pool
    check(device, lambda x: pool(x, window, c.strides, pads), x)


def test_pooling_of_wide_windows(device):
    x = np.random.default_rng(0).standard_normal((2, 17, 19, 3)).astype("float32")
    for pool in (_core.max_pool, _core.average_pool):  # more than 255 cells: numbers of cells are int32
        check(device, lambda x, pool=pool: pool(x, [17, 18], [1, 1], [(0, 0)] * 2), x)


@pytest.mark.parametrize("kind", ["nearest", "bilinear", "bicubic", "lanczos3"])
@pytest.mark.parametrize("shape", [(2, 9, 7, 3), (1, 5, 6, 8), (2, 4, 3, 1)])
def test_resize(device, kind, shape):
    x = np.random.default_rng(0).standard_normal(shape).astype("float32")
    for size in [(4, 11), (17, 3)]:
        check(device, lambda x, size=size: netlet.ops.image.resize(x, size, interpolation=kind), x)


@pytest.mark.parametrize("mode", ["constant", "nearest", "wrap", "mirror", "reflect"])
@pytest.mark.parametrize("kind", ["nearest", "bilinear"])
def test_affine_transform(device, kind, mode):
    for shape, dtype in [((2, 9, 17, 3), "float32"), ((2, 33, 18, 1), "float32"), ((1, 5, 6, 5), "float64")]:
        rng = np.random.default_rng(shape[1])
        x = rng.standard_normal(shape).astype(dtype)
        t = np.tile(np.array([0.8, -0.5, 2, 0.4, 0.9, -3, 0.01, -0.02]), (shape[0], 1)) + rng.normal(
            0, 0.01, (shape[0], 8)
        )
        check(
            device,
            lambda x, t=t: _core.affine_transform(x, _core.tensor(t.astype(x.numpy().dtype)), kind, mode, 0.5),
            x,
        )


@pytest.mark.parametrize("mode", ["constant", "nearest", "wrap", "mirror", "reflect"])
@pytest.mark.parametrize("linear", [True, False])
def test_sampling(device, linear, mode):
    for sizes, channels, places in [((9, 17), 3, 300), ((7,), 1, 70), ((3, 5, 20), 5, 60), ((2, 3, 2, 3), 2, 9)]:
        rng = np.random.default_rng(places)
        x = rng.standard_normal((2, int(np.prod(sizes)), channels)).astype("float32")
        at = rng.uniform(-4, 12, (2, len(sizes), places)).astype("float32")
        if linear:
            check(device, lambda x, at, s=sizes: _core.sample(x, at, s, True, mode, 0.5), x, at)
        else:  # the nearest elements do not move with the coordinates
            check(device, lambda x, s=sizes, at=at: _core.sample(x, _core.tensor(at), s, False, mode, 0.5), x)


def test_gradients_of_arrays_beyond_int32_are_refused(device):
    with netlet.device(device):
        tape = _core.Tape(record=True)
        with tape:
            x = tape.input((1, 2**31, 1), "float32", "x")
            x.requires_grad = True
            with netlet.GradientTape() as gradients:
                y = _core.sample(x, _core.tensor(np.zeros((1, 2, 3), "float32")), (2**16, 2**15))
            with pytest.raises(ValueError, match=r"sample: expected arrays of at most 2\^31 - 1"):
                gradients.gradient(y, x)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_homographies(device, dtype):
    rng = np.random.default_rng(0)
    square = np.array([[0, 0], [8, 0], [0, 6], [8, 6]])
    points = [(square + rng.uniform(-1, 1, (70, 4, 2))).astype(dtype) for _ in range(2)]
    with netlet.device(device):
        there = _core.homography(*map(_core.tensor, points)).numpy()
    np.testing.assert_allclose(there, _core.homography(*points), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("dtype", ["uint8", "float32", "float64", "bool"])
def test_flips(device, dtype):
    rng = np.random.default_rng(0)
    for shape in [(5, 4, 7, 3), (3, 5, 2, 4), (2, 3, 3, 1)]:
        x, flags = rng.integers(0, 100, shape).astype(dtype), rng.random(shape[0]) < 0.6
        for horizontal, vertical in [(True, False), (False, True), (True, True)]:
            with netlet.device(device):
                y = _core.flip_images(_core.tensor(x), _core.tensor(flags), horizontal, vertical).numpy()
            expected = x.copy()
            for i in np.flatnonzero(flags):
                expected[i] = x[i][:: -1 if vertical else 1, :: -1 if horizontal else 1]
            np.testing.assert_array_equal(y, expected)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_equalization(device, dtype):
    """The tables are sums of ones, so all bits are the CPU's, except where the GPU interpolates between tables."""
    for seed, shape in enumerate([(2, 9, 11, 3), (1, 5, 4, 1), (1, 17, 3, 5)]):
        x = np.random.default_rng(seed).uniform(-5, 260, shape).astype(dtype)
        for f in (
            lambda x: _core.equalize(x, 256),
            lambda x: _core.equalize(x, 10),
            lambda x: _core.equalize_tiles(x, 4.0, 2, 3),
            lambda x: _core.equalize_tiles(x, 0.0, 1, 1),
        ):
            with netlet.device(device):
                y, again = f(_core.tensor(x)).numpy(), f(_core.tensor(x)).numpy()
            np.testing.assert_array_equal(y, again)
            np.testing.assert_allclose(y, f(_core.tensor(x)).numpy(), rtol=0, atol=255 * BOUND[dtype])
