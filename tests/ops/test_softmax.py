"""softmax, log_softmax, logsumexp: values, gradients and special values against float64 NumPy, SciPy and Keras."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special

import netlet
from netlet import _core
from support import keras64

# Row lengths: small, around every vector width and its multiples, around a summation block, and long.
LENGTHS = [1, 2, 3, 4, 5, 7, 8, 9, 10, 15, 16, 17, 31, 32, 33, 63, 64, 65, 100, 255, 256, 257, 1000, 5000]
OPS = {
    "softmax": (_core.softmax, special.softmax),
    "log_softmax": (_core.log_softmax, special.log_softmax),
    "logsumexp": (_core.logsumexp, special.logsumexp),
}
SHAPES = [
    ((6, 10), -1),
    ((6, 10), 0),
    ((4, 3, 5), 1),
    ((2, 7, 70), 1),
    ((3, 65), 0),
    ((1, 1, 3), 1),
    ((5,), 0),
    ((2, 3, 4, 5), -2),
]


def twin_gradient(name, x, dy, axis):
    """dx from the textbook formulas, in x's precision; the kernels may arrange them differently."""
    p = special.softmax(x, axis)
    if name == "softmax":
        return p * (dy - np.sum(p * dy, axis, keepdims=True))
    if name == "log_softmax":
        return dy - p * np.sum(dy, axis, keepdims=True)
    return p * np.expand_dims(dy, axis)


def value_and_gradient(name, x, dy, axis):
    leaf = _core.tensor(x)
    leaf.requires_grad = True
    with _core.Tape(grad=True) as tape:
        y = OPS[name][0](leaf, axis)
        (dx,) = tape.gradients(y, [leaf], dy)
    return y.numpy(), dx.numpy()


def case(name, shape, axis, dtype=np.float64, seed=0):
    rng = np.random.default_rng(seed)
    x = (3 * rng.normal(size=shape)).astype(dtype)
    dy = rng.normal(size=np.sum(x, axis).shape if name == "logsumexp" else shape).astype(dtype)
    return x, dy


@pytest.mark.parametrize("name", OPS)
@pytest.mark.parametrize("n", LENGTHS)
def test_rows_float64(isa, name, n):
    x, dy = case(name, (5, n), -1)
    y, dx = value_and_gradient(name, x, dy, -1)
    np.testing.assert_allclose(y, OPS[name][1](x, -1), rtol=1e-14, atol=1e-15)
    np.testing.assert_allclose(dx, twin_gradient(name, x, dy, -1), rtol=1e-9, atol=1e-15)


@pytest.mark.parametrize("name", OPS)
@pytest.mark.parametrize("n", LENGTHS)
def test_rows_float32(isa, name, n):
    x, dy = case(name, (5, n), -1, np.float32)
    y, dx = value_and_gradient(name, x, dy, -1)
    exact, dexact = x.astype(np.float64), dy.astype(np.float64)
    assert y.dtype == dx.dtype == np.float32
    # e^(x - max) has the rounding error of x - max, a few units of 2^-24 here.
    np.testing.assert_allclose(y, OPS[name][1](exact, -1), rtol=2e-6, atol=1e-6)
    scale = np.abs(dy).sum()
    np.testing.assert_allclose(dx, twin_gradient(name, exact, dexact, -1), rtol=4e-6, atol=2e-7 * max(1.0, scale / 5))


@pytest.mark.product
@pytest.mark.parametrize("name", OPS)
@pytest.mark.parametrize(("shape", "axis"), SHAPES, ids=str)
def test_any_axis(isa, name, shape, axis):
    x, dy = case(name, shape, axis)
    y, dx = value_and_gradient(name, x, dy, axis)
    np.testing.assert_allclose(y, OPS[name][1](x, axis), rtol=1e-14, atol=1e-15)
    np.testing.assert_allclose(dx, twin_gradient(name, x, dy, axis), rtol=1e-9, atol=1e-15)


@pytest.mark.parametrize("name", OPS)
@pytest.mark.parametrize(("shape", "axis"), SHAPES, ids=str)
def test_gradient_by_complex_step(name, shape, axis):
    """The definition's complex-step derivative Im f(x + ih) / h along a random direction against <dx, direction>."""
    x, dy = case(name, shape, axis)
    direction = np.random.default_rng(1).normal(size=shape)
    z = x + 1e-30j * direction
    s = np.sum(np.exp(z), axis, keepdims=name != "logsumexp")
    log_s = np.log(s.real) + 1j * s.imag / s.real
    f = {"softmax": lambda: np.exp(z) / s, "log_softmax": lambda: z - log_s, "logsumexp": lambda: log_s}[name]()
    _, dx = value_and_gradient(name, x, dy, axis)
    assert np.sum(dx * direction) == pytest.approx(np.sum(dy * f.imag / 1e-30), rel=1e-9)


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("name", OPS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_extremes(isa, name, dtype, axis):
    """Rows around +-88 and +-1e4 and rows with -inf give accurate results without overflow."""
    rows = np.array(
        [
            [88.0, -88.0, 88.0, 0.0, -88.0, 87.5, 1.0, 2.0, 3.0, 4.0, 5.0],
            [1e4, -1e4, 1e4 - 1, 0.0, 9999.5, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0],
            [-1e4, -1e4, -1e4, -1e4, -1e4 + 2, -1e4, -1e4, -1e4, -1e4, -1e4, -1e4],
            [-np.inf, 0.0, 1.0, -np.inf, -np.inf, 2.0, -np.inf, -np.inf, 3.0, -np.inf, -np.inf],
            [-88.0] * 11,
            [1e30, -1e30, 1e30, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
        ],
        dtype,
    )
    x = rows if axis == 1 else np.ascontiguousarray(rows.T)
    want = OPS[name][1](x.astype(np.float64), axis)
    np.testing.assert_allclose(OPS[name][0](x, axis), want, rtol=2e-6 if dtype == np.float32 else 1e-13, atol=1e-30)


@pytest.mark.parametrize("n", [3, 10, 16, 40, 300])
@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_infinities_and_nan(isa, dtype, axis, n):
    """If all are -inf, softmax and log_softmax are 0 / 0 and logsumexp is -inf. One +inf or NaN: as in NumPy."""
    rows = np.zeros((4, n), dtype)
    rows[0] = -np.inf
    rows[1, n - 1] = np.inf
    rows[2, n - 1] = np.nan
    x = rows if axis == 1 else np.ascontiguousarray(rows.T)
    softmax = np.moveaxis(_core.softmax(x, axis), axis, 1)
    log_softmax = np.moveaxis(_core.log_softmax(x, axis), axis, 1)
    assert np.isnan(softmax[[0, 2]]).all()
    assert np.isnan(log_softmax[[0, 2]]).all()
    assert np.isnan(softmax[1, n - 1])
    np.testing.assert_allclose(softmax[3], 1 / n, rtol=1e-6)
    total = _core.logsumexp(x, axis)
    assert total[0] == -np.inf
    assert total[1] == np.inf
    assert np.isnan(total[2])
    assert total[3] == pytest.approx(np.log(n), rel=1e-6)


@pytest.mark.parametrize("axis", [0, 1])
def test_long_sums_stay_accurate(isa, axis):
    """float32 with 300,000 classes: a single running sum would have an error of 1e-3 or more."""
    x = np.random.default_rng(2).normal(size=300_000).astype(np.float32)
    x = x[None] if axis == 1 else np.ascontiguousarray(np.repeat(x[:, None], 3, 1))
    want = special.logsumexp(x.astype(np.float64), axis)
    np.testing.assert_allclose(np.exp(_core.logsumexp(x, axis) - want), 1, rtol=5e-6)
    np.testing.assert_allclose(np.sum(_core.softmax(x, axis), axis, dtype=np.float64), 1, rtol=2e-6)


@pytest.mark.parametrize("name", OPS)
@pytest.mark.parametrize(("shape", "axis"), [((700, 33), -1), ((40, 50, 130), 1)])
def test_bits_do_not_depend_on_threads(threads, name, shape, axis):
    x, dy = case(name, shape, axis, np.float32)
    y, dx = value_and_gradient(name, x, dy, axis)
    _core.set_num_threads(1)
    y1, dx1 = value_and_gradient(name, x, dy, axis)
    assert y.tobytes() == y1.tobytes()
    assert dx.tobytes() == dx1.tobytes()


@pytest.mark.parametrize("name", OPS)
@pytest.mark.parametrize("axis", [0, 1])
def test_gradients_add_up(name, axis):
    x, dy = case(name, (5, 7), axis)
    leaf = _core.tensor(x)
    leaf.requires_grad = True
    with _core.Tape(grad=True) as tape:
        y = _core.add(OPS[name][0](leaf, axis), OPS[name][0](leaf, axis))
        (dx,) = tape.gradients(y, [leaf], dy)
    np.testing.assert_array_equal(dx.numpy(), 2 * value_and_gradient(name, x, dy, axis)[1])


@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("axis", [None, 0, 1, 2, -1])
def test_logsumexp_shapes(axis, keepdims):
    x = np.random.default_rng(3).normal(size=(2, 3, 4))
    y = _core.logsumexp(x, axis, keepdims)
    want = special.logsumexp(x, axis, keepdims=keepdims)
    assert y.shape == np.shape(want)
    np.testing.assert_allclose(y, want, rtol=1e-14)


@pytest.mark.parametrize("name", OPS)
@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (2, 0, 3)])
def test_zero_sized(name, shape):
    x = np.zeros(shape)
    y = OPS[name][0](x, 1)
    if name == "logsumexp":
        assert np.array_equal(y, np.full(np.delete(shape, 1), -np.inf))  # the empty sum is 0
    else:
        assert y.shape == shape


def test_errors():
    with pytest.raises(ValueError, match="softmax: axis 2 is out of bounds for a tensor with 2 axes"):
        _core.softmax(np.zeros((2, 3)), 2)
    with pytest.raises(ValueError, match="log_softmax: axis -1 is out of bounds for a tensor with 0 axes"):
        _core.log_softmax(np.float64(1.0))
    with pytest.raises(TypeError, match="logsumexp: expected a float32 or float64 tensor, received int64"):
        _core.logsumexp(np.zeros((2, 3), np.int64))


@pytest.mark.parametrize("name", OPS)
@pytest.mark.parametrize(("shape", "axis"), SHAPES, ids=str)
def test_against_keras(name, shape, axis):
    keras = pytest.importorskip("keras")
    jax = pytest.importorskip("jax")
    x, dy = case(name, shape, axis)
    with keras64.float64():
        function = getattr(keras.ops, name)
        want, pull = jax.vjp(lambda t: function(t, axis=axis), jax.numpy.asarray(x))
        dwant = pull(jax.numpy.asarray(dy))[0]
    y, dx = value_and_gradient(name, x, dy, axis)
    np.testing.assert_allclose(y, want, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(dx, dwant, rtol=1e-9, atol=1e-14)


@pytest.mark.parametrize("axis", [(0, 2), (2, 0), (-1,), (), (0, 1, 2)])
@pytest.mark.parametrize("keepdims", [False, True])
def test_logsumexp_over_several_axes(axis, keepdims):
    x = np.random.default_rng(0).normal(size=(3, 4, 5))
    x[0, 0] = -np.inf
    want = special.logsumexp(x, axis, keepdims=keepdims) if axis else x
    np.testing.assert_allclose(netlet.ops.logsumexp(x, axis, keepdims), want, rtol=1e-13)
    empty = netlet.ops.logsumexp(np.zeros((2, 0, 3)), (0, 1, 2), keepdims)
    np.testing.assert_array_equal(empty, np.full((1, 1, 1) if keepdims else (), -np.inf))
