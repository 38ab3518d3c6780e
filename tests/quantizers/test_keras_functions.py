"""netlet.quantizers' functions against Keras's own: the same codes and scales, the same gradients."""

from __future__ import annotations

import jax
import keras
import numpy as np
import pytest

import netlet
from netlet import GradientTape, quantizers
from netlet.engine.variable import Variable

RNG = np.random.default_rng(0)
X = RNG.normal(size=(6, 10)).astype(np.float32) * np.geomspace(1e-3, 30, 10, dtype=np.float32)


def same(got, want):
    for g, w in zip(got, want, strict=True):
        assert str(g.dtype) == str(w.dtype) and tuple(g.shape) == tuple(w.shape)
        np.testing.assert_array_equal(np.asarray(g), np.asarray(w))


# ---- abs_max ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("axis", [0, 1, -1, (0, 1)])
@pytest.mark.parametrize(("value_range", "dtype"), [((-127, 127), "int8"), ((-8, 7), "int8"), ((0, 200), "uint8")])
@pytest.mark.parametrize("to_numpy", [False, True])
def test_abs_max_quantize(axis, value_range, dtype, to_numpy):
    arguments = (axis, value_range, dtype, 1e-5, to_numpy)
    same(quantizers.abs_max_quantize(X, *arguments), keras.quantizers.abs_max_quantize(X, *arguments))


def test_abs_max_quantize_of_zeros_and_of_halves():
    zeros = np.zeros((2, 3), np.float32)
    same(quantizers.abs_max_quantize(zeros, 0), keras.quantizers.abs_max_quantize(zeros, 0))
    half = X.astype(np.float16)
    codes, scale = quantizers.abs_max_quantize(half, 0)
    theirs, reciprocal = keras.quantizers.abs_max_quantize(half, 0)
    assert scale.dtype == np.float16
    np.testing.assert_allclose(np.asarray(scale, "float32"), np.asarray(reciprocal, "float32"), rtol=2e-3)
    assert np.abs(np.asarray(codes, int) - np.asarray(theirs, int)).max() <= 1  # netlet computes halves in float32


def test_abs_max_quantizer():
    ours, theirs = quantizers.AbsMaxQuantizer(axis=0), keras.quantizers.AbsMaxQuantizer(axis=0)
    assert ours.get_config() == theirs.get_config()
    same(ours(X), theirs(X))
    same(ours(X, axis=1), theirs(X, axis=1))
    same(quantizers.AbsMaxQuantizer()(X), keras.quantizers.AbsMaxQuantizer()(X))


@pytest.mark.parametrize("rows", [1, 4, 6])
@pytest.mark.parametrize("block", [1, 2, 4, 6, 100])
@pytest.mark.parametrize("value_range", [(-8, 7), (-128, 127)])
@pytest.mark.parametrize("to_numpy", [False, True])
def test_groups_with_zero_points(rows, block, value_range, to_numpy):
    x = X[:rows] + np.float32(0.5)
    x[:, 3] = 2  # a constant group
    arguments = (block, value_range, "int8", 1e-5, to_numpy)
    codes, scale, zero = quantizers.abs_max_quantize_grouped_with_zero_point(x, *arguments)
    theirs, their_scale, their_zero = keras.quantizers.abs_max_quantize_grouped_with_zero_point(x, *arguments)
    if to_numpy:
        same((codes, scale, zero), (theirs, their_scale, their_zero))
    else:  # XLA multiplies by the reciprocal of the number of steps: its scales are off by an ULP
        np.testing.assert_allclose(scale, their_scale, rtol=2.0**-23)
        assert np.abs(np.asarray(codes, int) - np.asarray(theirs, int)).max() <= 1
        assert (np.asarray(codes) == np.asarray(theirs)).mean() > 0.95
        same([zero], [their_zero])


# ---- names and configs -----------------------------------------------------------------------------------------------
def test_by_name_and_config():
    quantizer = quantizers.AbsMaxQuantizer(axis=1, value_range=(-8, 7))
    for again in (
        quantizers.deserialize(quantizers.serialize(quantizer)),
        quantizers.get(keras.quantizers.serialize(keras.quantizers.AbsMaxQuantizer(axis=1, value_range=(-8, 7)))),
        quantizers.get(quantizer),
    ):
        assert type(again) is quantizers.AbsMaxQuantizer
        assert again.get_config() == quantizer.get_config()
    assert type(quantizers.get("abs_max_quantizer")) is quantizers.AbsMaxQuantizer
    assert type(quantizers.get(netlet.Quantizer)) is quantizers.Quantizer
    assert quantizers.get(None) is None
    with pytest.raises(ValueError, match="AbsMaxQuantizer"):
        quantizers.get("AbsMaxQuantiser")


# ---- 4 bits ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("dtype", ["int8", "uint8"])
@pytest.mark.parametrize("axis", [0, 1, 2, -1, -3])
@pytest.mark.parametrize("shape", [(4, 3, 6), (5, 1, 7)])
def test_int4(dtype, axis, shape):
    low = 0 if dtype == "uint8" else -8
    codes = RNG.integers(low, low + 16, shape).astype(dtype)
    got, want = quantizers.pack_int4(codes, axis, dtype), keras.quantizers.pack_int4(codes, axis, dtype)
    same(got[:1], want[:1])
    assert got[1:] == want[1:]
    back = quantizers.unpack_int4(got[0], got[2], axis, dtype)
    assert back.dtype == codes.dtype
    np.testing.assert_array_equal(back, codes)


# ---- fake quantization -----------------------------------------------------------------------------------------------
LIMITS = [(-1.0, 1.0), (-0.3, 6.0), (0.5, 2.0), (-3.0, -1.0), (0.0, 1e-3)]


def ours_with_gradients(x, low, high, upstream, **options):
    variables = [Variable(np.asarray(v, "float32")) for v in (x, low, high)]
    with GradientTape() as tape:
        y = quantizers.fake_quant_with_min_max_vars(*variables, **options)
        loss = netlet.ops.sum(y * upstream)
    return y, *tape.gradient(loss, variables)


def theirs_with_gradients(x, low, high, upstream, **options):
    def loss(x, low, high):
        return (keras.quantizers.fake_quant_with_min_max_vars(x, low, high, **options) * upstream).sum()

    y = keras.quantizers.fake_quant_with_min_max_vars(x, low, high, **options)
    return y, *jax.grad(loss, (0, 1, 2))(*(np.asarray(v, "float32") for v in (x, low, high)))


@pytest.mark.parametrize("limits", LIMITS)
@pytest.mark.parametrize("bits", [2, 4, 8])
@pytest.mark.parametrize("narrow", [False, True])
def test_fake_quantization(limits, bits, narrow):
    low, high = (np.float32(v) for v in limits)
    edges = [low, high, 0, (low + high) / 2, 100, -100]
    x = np.concatenate([np.linspace(low - 1, high + 1, 500), edges]).astype(np.float32)
    upstream = RNG.normal(size=x.shape).astype(np.float32)
    options = {"num_bits": bits, "narrow_range": narrow}
    got, want = (f(x, low, high, upstream, **options) for f in (ours_with_gradients, theirs_with_gradients))
    np.testing.assert_allclose(got[0], want[0], rtol=1e-6, atol=1e-7)
    np.testing.assert_array_equal(got[1], want[1])
    for g, w in zip(got[2:], want[2:], strict=True):
        np.testing.assert_allclose(g, w, rtol=1e-5, atol=1e-4)


def test_fake_quantization_of_channels():
    low, high = -np.linspace(0.1, 2, 10).astype(np.float32), np.linspace(3, 0.5, 10).astype(np.float32)
    upstream = RNG.normal(size=X.shape).astype(np.float32)
    # The gradients of the limits are sums over the rows, each in an order of its own: the bound of a float32 sum.
    of_sums = 2.0**-24 * len(X) * np.abs(upstream).sum(0).max()
    got = ours_with_gradients(X, low, high, upstream, axis=1)
    for g, w in zip(got, theirs_with_gradients(X, low, high, upstream, axis=1), strict=True):
        np.testing.assert_allclose(g, w, rtol=1e-6, atol=of_sums)
    first = ours_with_gradients(X.T.copy(), low, high, upstream.T.copy(), axis=0)
    for g, w in zip(first, got, strict=True):
        np.testing.assert_allclose(np.asarray(g).T, w, rtol=1e-6, atol=of_sums)


# ---- float8 ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("dtype", ["float8_e4m3fn", "float8_e5m2"])
def test_float8(dtype):
    x = np.concatenate([np.ldexp(RNG.uniform(-1, 1, 3000), RNG.integers(-20, 20, 3000)), [0, 448, 464, np.inf, np.nan]])
    x = x.astype(np.float32)
    for scale in (np.float32(1), np.float32(0.37)):
        got = quantizers.quantize_and_dequantize(x, scale, dtype, "float32")
        same([got], [keras.quantizers.quantize_and_dequantize(x, scale, dtype, "float32")])


def test_float8_passes_gradients_on_within_its_limits():
    x = Variable(np.array([0.3, -500.0, 447.0], "float32"))
    with GradientTape() as tape:
        loss = netlet.ops.sum(quantizers.quantize_and_dequantize(x, 1.0, "float8_e4m3fn", "float32"))
    assert tape.gradient(loss, x).tolist() == [1, 0, 1]


@pytest.mark.parametrize("amax", [0.0, 3.0, np.inf, np.nan])
def test_float8_scale(amax):
    arguments = np.float32(amax), np.float32(0.25), 448.0
    for margin in (0, 2):
        got, want = (m.quantizers.compute_float8_scale(*arguments, margin) for m in (netlet, keras))
        np.testing.assert_allclose(got, want, rtol=1e-6)


@pytest.mark.parametrize("length", [1, 2, 5])
def test_float8_history(length):
    history = np.arange(1, length + 1).astype(np.float32)
    got, want = (m.quantizers.compute_float8_amax_history(X, history) for m in (netlet, keras))
    same([got], [want])


# ---- errors ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda q: q.abs_max_quantize(X, 0, (3, -3)), ValueError, r"value_range .* received \(3, -3\)"),
        (lambda q: q.AbsMaxQuantizer(value_range=(-300, 300)), ValueError, "within"),
        (lambda q: q.Quantizer().get_config(), NotImplementedError, "Quantizer"),
        (lambda q: q.abs_max_quantize_grouped_with_zero_point(X[0], 2), ValueError, r"received shape \(10,\)"),
        (lambda q: q.abs_max_quantize_grouped_with_zero_point(X, 0), ValueError, "block_size 0"),
        (lambda q: q.abs_max_quantize_grouped_with_zero_point(X, 2, (-5, 5)), ValueError, "value_range"),
        (lambda q: q.pack_int4(np.ones((2, 2), "int8"), 3), ValueError, "2 axes, received 3"),
        (lambda q: q.pack_int4(X), TypeError, "int8 or uint8, received float32"),
        (lambda q: q.pack_int4(np.array([1, 8], "int8")), ValueError, r"\[-8, 7\], received 1 to 8"),
        (lambda q: q.pack_int4(np.array([1], "int8"), dtype="uint8"), TypeError, "uint8, received int8"),
        (lambda q: q.unpack_int4(np.array([1], "int8"), 1, dtype="int32"), ValueError, "received int32"),
        (lambda q: q.unpack_int4(np.array([1], "int8"), 5), ValueError, "expected 3 bytes"),
        (lambda q: q.fake_quant_with_min_max_vars(X, 0.0, 1.0, 1), ValueError, "num_bits from 2 to 16, received 1"),
        (lambda q: q.fake_quant_with_min_max_vars(X, [0.0, 0.0], 1.0), ValueError, r"without `axis`, .* \(2,\)"),
        (lambda q: q.fake_quant_with_min_max_vars(X, [0.0], [1.0], axis=1), ValueError, r"shape \(10,\)"),
        (lambda q: q.fake_quant_with_min_max_vars(X, [0.0], [1.0], axis=2), ValueError, "2 axes, received 2"),
        (lambda q: q.quantize_and_dequantize(X, 1.0, "float9", "float32"), ValueError, "received 'float9'"),
    ],
)
def test_errors(call, error, text):
    with pytest.raises(error, match=text):
        call(quantizers)
