"""Matrix products on a GPU: exact on integers in every layout; gradients and dense layers as on the CPU."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

import netlet
from netlet import _core, layers, ops
from support.products import exact

SIZES = [*range(1, 18), 31, 32, 33, 63, 64, 65]
TRANSPOSES = list(itertools.product([False, True], repeat=2))
ACTIVATIONS = ["linear", "relu", "leaky_relu", "sigmoid", "tanh", "elu", "exponential"]
# (batch, M, N, K): one of each tile and skinny kernel, with edges and whole.
SHAPES = [
    ((), 1, 40, 70),
    ((), 4, 33, 600),
    ((), 3, 8, 2100),  # K is split
    ((), 10, 12, 2100),
    ((), 33, 17, 40),
    ((), 40, 65, 7),
    ((34,), 65, 66, 9),  # tiles of 64 x 64, for float32 and float64
    ((132,), 97, 128, 5),  # tiles of 128 x 128, for float32
]


def integers(rng, shape, dtype):
    info = np.iinfo(dtype) if np.dtype(dtype).kind in "iu" else None
    low, high = (info.min, info.max + 1) if info else (-4, 5)
    return rng.integers(low, high, shape).astype(dtype)


def check(device, rng, batch, m, n, k, ta, tb, types):
    a = integers(rng, batch + ((k, m) if ta else (m, k)), types[0])
    b = integers(rng, batch + ((n, k) if tb else (k, n)), types[1])
    with netlet.device(device):
        c = _core.matmul(a, b, ta, tb, "float32" if a.dtype.name == "bfloat16" else None)
    assert c.device == device
    wide = [x.astype("float64") for x in (a, b)]
    np.testing.assert_array_equal(c.numpy(), exact(*wide, ta, tb), err_msg=f"{batch} {m} x {n} x {k}, {ta} {tb}")


# ---- values ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("ta", "tb"), TRANSPOSES)
def test_integers_are_exact_around_every_edge(device, dtype, ta, tb):
    rng = np.random.default_rng(1)
    for m, n, k in rng.choice(SIZES, (25, 3)):
        check(device, rng, (), m, n, k, ta, tb, (dtype, dtype))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_every_kernel(device, dtype, shape):
    rng = np.random.default_rng(2)
    for ta, tb in TRANSPOSES if np.prod(shape[0]) < 2 else [(False, False), (True, True)]:
        check(device, rng, *shape, ta, tb, (dtype, dtype))


@pytest.mark.parametrize("dtype", ["int8", "uint8"])
@pytest.mark.parametrize(("ta", "tb"), TRANSPOSES)
def test_bytes_are_exact(device, dtype, ta, tb):
    rng = np.random.default_rng(3)
    for m, n, k in rng.choice(SIZES, (12, 3)):
        check(device, rng, (), m, n, k, ta, tb, (dtype, "int8"))
    for m, n, k in [(64, 64, 128), (65, 68, 400), (16, 48, 130)]:  # whole vectors; several steps
        check(device, rng, (), m, n, k, ta, tb, (dtype, "int8"))


@pytest.mark.parametrize(("ta", "tb"), TRANSPOSES)
def test_bfloat16_integers_are_exact(device, ta, tb):
    bfloat16 = pytest.importorskip("ml_dtypes").bfloat16
    rng = np.random.default_rng(4)
    for m, n, k in rng.choice(SIZES, (12, 3)):
        check(device, rng, (), m, n, k, ta, tb, (bfloat16, bfloat16))
    for m, n, k in [(64, 64, 64), (65, 72, 200), (16, 48, 136)]:
        check(device, rng, (), m, n, k, ta, tb, (bfloat16, bfloat16))


@pytest.mark.parametrize("types", [("int8", "int8"), ("uint8", "int8"), ("bfloat16", "bfloat16")], ids=str)
def test_large_low_precision_tiles(device, types):
    pytest.importorskip("ml_dtypes")
    for ta, tb in TRANSPOSES:
        check(device, np.random.default_rng(5), (132,), 128, 112, 32, ta, tb, types)


def test_low_precision_with_batches_and_broadcasting(device):
    rng = np.random.default_rng(6)
    a, b = integers(rng, (2, 1, 3, 20), "int8"), integers(rng, (4, 20, 5), "int8")
    with netlet.device(device):
        c = ops.matmul(a, b)
    np.testing.assert_array_equal(c.numpy(), a.astype(int) @ b.astype(int))


def test_products_without_terms(device):
    with netlet.device(device):
        c = ops.dense(np.ones((3, 0), "float32"), np.ones((0, 5), "float32"), np.arange(5, dtype="float32"), "relu")
        d = ops.matmul(np.ones((40, 0)), np.ones((0, 50)))
    np.testing.assert_array_equal(c.numpy(), np.tile(np.arange(5), (3, 1)))
    np.testing.assert_array_equal(d.numpy(), np.zeros((40, 50)))


# ---- TF32 ------------------------------------------------------------------------------------------------------------
@pytest.fixture
def tf32():
    netlet.config.set_float32_matmul_precision("high")
    yield
    netlet.config.set_float32_matmul_precision("highest")


def rounded(x):
    """float32 rounded to 10 bits of mantissa, ties away from zero, as float64."""
    bits = np.ascontiguousarray(x).view(np.uint32)
    return ((bits + np.uint32(0x1000)) & np.uint32(0xFFFFE000)).view(np.float32).astype("float64")


def check_close(received, a, b, start=0.0):
    """Each element to 1e-6 of the sum of its terms' magnitudes."""
    expected, scale = start + a @ b, np.abs(start) + np.abs(a) @ np.abs(b)
    error = np.abs(np.asarray(received) - expected)
    assert np.all(error <= 1e-6 * scale + 1e-30), f"{a.shape} @ {b.shape}: {np.max(error / (scale + 1e-30)):.2g}"


def swap(x, transposed):
    return x.swapaxes(-1, -2) if transposed else x


# Sides that take tiles: 5 rows and 2 columns at least.
TF32_SHAPES = [((), 64, 64, 64), ((), 36, 40, 100), ((34,), 65, 66, 9), ((34,), 64, 64, 40), ((132,), 97, 128, 36)]


@pytest.mark.parametrize(("ta", "tb"), TRANSPOSES)
def test_tf32_rounds_the_operands(device, tf32, ta, tb):
    rng = np.random.default_rng(12)
    fuzzed = [((), *(int(v) for v in sides)) for sides in rng.choice(SIZES[4:], (12, 3))]
    large = TF32_SHAPES if ta == tb else TF32_SHAPES[:2]
    for batch, m, n, k in fuzzed + large:
        a = rng.standard_normal(batch + ((k, m) if ta else (m, k))).astype("float32")
        b = rng.standard_normal(batch + ((n, k) if tb else (k, n))).astype("float32")
        with netlet.device(device):
            c = _core.matmul(a, b, ta, tb)
        check_close(c.numpy(), rounded(swap(a, ta)), rounded(swap(b, tb)))


def test_tf32_ties_and_special_values(device, tf32):
    a = np.ones((8, 8), "float32")
    a[0, 0], a[1, 0], a[2, 0], a[3, 0] = 1 + 2**-11, -1 - 2**-11, np.inf, np.nan
    with netlet.device(device):
        c = ops.matmul(a, np.eye(8, dtype="float32"))
    np.testing.assert_array_equal(np.asarray(c)[:2, 0], [1 + 2**-10, -1 - 2**-10])
    assert not np.isfinite(np.asarray(c)[2:4]).any()


def test_tf32_bias_activation_and_gradients(device, tf32):
    """Integers are exact in TF32. The kernel's two gradients are accumulated; w is shared by a batch axis of x."""
    rng = np.random.default_rng(13)

    def compare_integers(function, *shapes):
        arrays = [integers(rng, s, "float32") for s in shapes]
        dy = integers(rng, np.shape(function(*arrays)), "float32")
        expected, received = (values_and_gradients(d, function, *arrays, dy=dy) for d in ("cpu:0", device))
        for e, r in zip(expected, received, strict=True):
            np.testing.assert_array_equal(r, e)

    for activation in ["linear", "relu"]:
        twice = lambda x, w, b, act=activation: ops.dense(ops.dense(x, w, b, "relu"), w, b, act)  # noqa: E731
        compare_integers(twice, (33, 12), (12, 12), (12,))
    compare_integers(ops.matmul, (2, 3, 6, 7), (3, 7, 5))
    x, w, b = (rng.standard_normal(s).astype("float32") for s in [(37, 30), (30, 41), (41,)])
    with netlet.device(device):
        y, z = ops.dense(x, w, b), ops.dense(x, w, b, "tanh")
    check_close(y, rounded(x), rounded(w), b.astype("float64"))
    np.testing.assert_allclose(np.asarray(z), np.tanh(np.asarray(y, "float64")), rtol=1e-5, atol=1e-6)


def test_tf32_sums_of_products(device, tf32):
    rng = np.random.default_rng(14)
    x, w, dy = (rng.standard_normal(s).astype("float32") for s in [(2, 3, 9, 20), (3, 20, 11), (2, 3, 9, 11)])
    dw = values_and_gradients(device, ops.matmul, x, w, dy=dy)[2]
    for i in range(3):
        rows, columns = (rounded(v[:, i]).reshape(18, -1) for v in (x, dy))
        check_close(dw[i], rows.T, columns)


def test_what_stays_float32(device):
    """The default; and with "high" skinny products, split sums, float64 and the CPU."""
    rng = np.random.default_rng(15)

    def product(name, m, n, k, dtype="float32"):
        a, b = rng.standard_normal((m, k)).astype(dtype), rng.standard_normal((k, n)).astype(dtype)
        with netlet.device(name):
            check_close(np.asarray(ops.matmul(a, b)), a.astype("float64"), b.astype("float64"))

    assert netlet.config.float32_matmul_precision() == "highest"
    product(device, 40, 40, 40)
    netlet.config.set_float32_matmul_precision("high")
    try:
        assert netlet.config.float32_matmul_precision() == "high"
        for m, n, k in [(3, 40, 40), (40, 1, 40), (10, 12, 2100)]:
            product(device, m, n, k)
        product(device, 40, 40, 40, "float64")
        product("cpu:0", 40, 40, 40)
    finally:
        netlet.config.set_float32_matmul_precision("highest")
    product(device, 40, 40, 40)


# ---- gradients and layers --------------------------------------------------------------------------------------------
def values_and_gradients(
    device: str, function: Any, *arrays: np.ndarray, dy: np.ndarray | None = None
) -> list[np.ndarray]:
    with netlet.device(device):
        given = [netlet.to_device(a, device) for a in arrays]
        with netlet.GradientTape() as tape:
            for x in given:
                tape.watch(x)
            y = function(*given)
        weights = np.cos(np.arange(y.size)).reshape(y.shape).astype(arrays[0].dtype) if dy is None else dy
        return [np.asarray(v) for v in [y, *tape.gradient(y, given, netlet.to_device(weights, device))]]


def compare(device: str, function: Any, *arrays: np.ndarray) -> None:
    tolerance = 1e-5 if arrays[0].dtype == np.float32 else 1e-12
    expected, received = (values_and_gradients(d, function, *arrays) for d in ("cpu:0", device))
    for e, r in zip(expected, received, strict=True):
        np.testing.assert_allclose(r, e, rtol=tolerance, atol=tolerance * np.abs(e).max())


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("a", "b"),
    [
        ((3, 4), (4, 5)),
        ((70, 33), (33, 65)),
        ((4,), (4, 5)),
        ((5, 4), (4,)),
        ((2, 3, 6, 7), (3, 7, 5)),  # b is shared by a batch axis: its gradient is a sum of products
        ((3, 7, 5), (2, 1, 5, 6)),
        ((2, 5, 8), (8, 3)),
    ],
    ids=str,
)
def test_gradients_of_matmul(device, dtype, a, b):
    rng = np.random.default_rng(7)
    compare(device, ops.matmul, rng.standard_normal(a).astype(dtype), rng.standard_normal(b).astype(dtype))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_gradients_of_dense(device, dtype, activation):
    rng = np.random.default_rng(8)
    for rows, units, inputs in [(5, 3, 7), (33, 10, 20), (2, 36, 65), (70, 1, 9)]:
        x, kernel = rng.standard_normal((rows, inputs)), rng.standard_normal((inputs, units)) / inputs**0.5
        arrays = [v.astype(dtype) for v in (x, kernel, rng.standard_normal(units))]
        compare(device, lambda x, w, b: ops.dense(x, w, b, activation, 0.3), *arrays)


def test_many_rows(device):
    """The bias's gradient is a sum of slices, and that of the kernel splits K."""
    rng = np.random.default_rng(9)
    arrays = [rng.standard_normal(s).astype("float32") for s in [(2100, 6), (6, 5), (5,)]]
    compare(device, lambda x, w, b: ops.dense(x, w, b, "tanh"), *arrays)


def test_a_kernel_that_is_used_twice(device):
    rng = np.random.default_rng(10)
    arrays = [rng.standard_normal(s).astype("float32") for s in [(9, 8), (8, 8), (8,)]]
    compare(device, lambda x, w, b: ops.dense(ops.dense(x, w, b, "relu"), w, b, "sigmoid"), *arrays)


def test_a_classifier_trains_as_on_the_cpu(device):
    rng = np.random.default_rng(11)
    x, y = rng.standard_normal((64, 50)).astype("float32"), rng.integers(0, 10, 64)
    weights = []
    for name in ("cpu:0", device):
        with netlet.device(name):
            netlet.utils.set_random_seed(1)
            model = netlet.Sequential([netlet.Input((50,)), layers.Dense(32, "relu"), layers.Dense(10, "softmax")])
            model.compile("sgd", "sparse_categorical_crossentropy")
            model.fit(x, y, batch_size=32, epochs=2, verbose=0)
            weights.append([np.asarray(w) for w in model.get_weights()])
    for expected, received in zip(*weights, strict=True):
        np.testing.assert_allclose(received, expected, rtol=1e-5, atol=1e-6)
