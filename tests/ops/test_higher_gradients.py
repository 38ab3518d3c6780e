"""Second derivatives of every op that supports them against differences of its first gradient, in float64."""

from __future__ import annotations

import numpy as np
import pytest

import netlet
from netlet import _core, activations, ops
from support.second_derivatives import RNG, check, normal, positive, watched

UNARY = ["negative", "exp", "expm1", "square", "sin", "cos", "tan", "exp2", "erf", "abs"]
UNARY += ["arctan", "sinh", "cosh", "arcsinh", "erfc", "i0", "sinc"]
UNARY_POSITIVE = ["log", "log1p", "sqrt", "rsqrt", "log2", "log10", "reciprocal"]


@pytest.mark.parametrize("name", UNARY)
def test_unary(name):
    check(getattr(ops, name), normal(3, 4))


@pytest.mark.parametrize("name", ["arcsin", "arccos", "arctanh", "erfinv"])
def test_unary_of_numbers_below_1(name):
    check(getattr(ops, name), np.tanh(normal(3, 4)) * 0.7)


@pytest.mark.parametrize("name", ["cbrt", "lgamma", "arccosh"])
def test_unary_of_numbers_above_1(name):
    check(getattr(ops, name), positive(3, 4) + 1)


def test_derivatives_of_sinc_at_0():
    check(ops.sinc, [0.0, 1e-4, 0.003, -0.0033])
    x = watched([np.zeros(1)])
    with netlet.GradientTape() as outer:
        with netlet.GradientTape() as inner:
            y = ops.sinc(x[0])
        slope = inner.gradient(y, x)[0]
    assert outer.gradient(slope, x)[0].item() == pytest.approx(-(np.pi**2) / 3)


@pytest.mark.parametrize("name", ["arctan2", "hypot", "logaddexp", "logaddexp2"])
def test_special_binary(name):
    check(lambda a, b: ops.square(getattr(ops, name)(a, b)), positive(3, 1), positive(1, 4))


@pytest.mark.parametrize("name", UNARY_POSITIVE)
def test_unary_of_positive_numbers(name):
    check(getattr(ops, name), positive(3, 4))


def test_clip():
    check(lambda x: ops.multiply(ops.clip(x, -0.5, 0.5), x), normal(4, 5))


@pytest.mark.parametrize("name", ["add", "subtract", "multiply", "divide", "maximum", "minimum"])
@pytest.mark.parametrize("shapes", [((3, 4), (3, 4)), ((3, 1), (1, 4)), ((2, 3, 4), (4,))])
def test_binary(name, shapes):
    check(lambda a, b: ops.square(getattr(ops, name)(a, b)), positive(*shapes[0]), positive(*shapes[1]))


def test_power():
    check(ops.power, positive(3, 4), normal(3, 4))
    for exponent in (1, 2, 3, -1, 0, 2.5):
        check(lambda x, e=exponent: ops.power(x, e), positive(5))


def test_power_of_zero():
    check(lambda x: ops.power(x, _core.tensor([0.0, 2.0], "float64")), [0.0, 0.0])


def test_where():
    condition = normal(3, 4) > 0
    check(lambda a, b: ops.where(condition, ops.square(a), ops.multiply(a, b)), normal(3, 4), normal(4))


@pytest.mark.parametrize(
    "name",
    "relu leaky_relu sigmoid tanh elu exponential relu6 selu celu gelu silu softplus softsign mish hard_sigmoid "
    "hard_silu log_sigmoid hard_tanh hard_shrink soft_shrink tanh_shrink threshold sparse_plus sparse_sigmoid "
    "squareplus softmax log_softmax sparsemax".split(),
)
def test_activations(name):
    f = getattr(activations, name)
    extra = {"threshold": (0.3, 0.1)}.get(name, ())
    check(lambda x: ops.multiply(f(x, *extra), x), normal(4, 6) * 2)


def test_more_activations():
    check(lambda x: ops.square(activations.gelu(x, approximate=True)), normal(4, 6))
    check(lambda x: ops.square(activations.relu(x, negative_slope=0.1, max_value=1.5, threshold=0.2)), normal(4, 6))
    check(lambda x: ops.logsumexp(x, axis=1), normal(4, 6))
    check(activations.glu, normal(4, 6))


@pytest.mark.parametrize(
    "shapes",
    [((3, 4), (4, 5)), ((4,), (4, 5)), ((3, 4), (4,)), ((4,), (4,)), ((2, 3, 4), (4, 5)), ((2, 1, 3, 4), (6, 4, 5))],
)
def test_matmul(shapes):
    check(lambda a, b: ops.square(ops.matmul(a, b)), normal(*shapes[0]), normal(*shapes[1]))


@pytest.mark.parametrize("transposes", [(True, False), (False, True), (True, True)])
def test_matmul_transposed(transposes):
    a, b = normal(2, 3, 4), normal(2, 4, 5)
    a = a.swapaxes(1, 2) if transposes[0] else a
    b = b.swapaxes(1, 2) if transposes[1] else b
    check(lambda a, b: ops.square(_core.matmul(a, b, *transposes)), a, b)


@pytest.mark.parametrize("act", ["linear", "relu", "tanh", "sigmoid", "elu", "gelu"])
def test_dense(act):
    check(lambda x, w, b: _core.dense(x, w, b, act, 1.0), normal(5, 4), normal(4, 3), normal(3))
    check(lambda x, w: _core.dense(x, w, None, act, 1.0), normal(5, 4), normal(4, 3))


@pytest.mark.parametrize("name", ["sum", "mean", "max", "min", "prod"])
@pytest.mark.parametrize("axis", [None, 0, 1, (0, 2)])
@pytest.mark.parametrize("keepdims", [False, True])
def test_reductions(name, axis, keepdims):
    check(lambda x: getattr(ops, name)(ops.square(x), axis=axis, keepdims=keepdims), normal(2, 3, 4))


def test_product_with_zeros():
    check(lambda x: ops.prod(x, axis=1), [[0.0, 2.0, 3.0], [0.0, 0.0, 2.0]])


@pytest.mark.parametrize(
    "f",
    [
        lambda x: ops.reshape(x, (4, 6)),
        lambda x: ops.transpose(x, (2, 0, 1)),
        lambda x: ops.broadcast_to(x, (5, 2, 3, 4)),
        lambda x: ops.concatenate([x, ops.square(x)], axis=1),
        lambda x: ops.stack([x, ops.exp(x)], axis=0),
        lambda x: x[:, ::-2, 1:3],
        lambda x: ops.pad(x, ((0, 0), (1, 2), (0, 1))),
        lambda x: ops.flip(x, axis=1),
        lambda x: ops.repeat(x, 3, axis=1),
        lambda x: ops.tile(x, (2, 1, 2)),
        lambda x: ops.cumsum(x, axis=1),
        lambda x: ops.cumprod(x, axis=2),
        lambda x: ops.sort(x, axis=2),
        lambda x: ops.top_k(x, 2)[0],
        lambda x: ops.take(x, [2, 0, 2], axis=1),
        lambda x: ops.take_along_axis(x, np.array([[[0, 3, 3]]]), axis=2),
        lambda x: ops.slice_update(x, (0, 1, 0), ops.square(x[:, :1])),
        lambda x: ops.einsum("abc,adc->bd", x, x),
        lambda x: ops.cast(x, "float64"),
        lambda x: ops.diagonal(x, axis1=1, axis2=2),
        lambda x: ops.split(x, 2, axis=2)[1],
        lambda x: ops.norm(x, axis=-1),
        lambda x: ops.var(x, axis=1),
    ],
)
def test_moves(f):
    check(lambda x: ops.square(f(x)), normal(2, 3, 4))


def test_scatter():
    index = np.array([[1], [0], [1]])
    check(lambda u: ops.square(ops.scatter(index, u, (4, 2))), normal(3, 2))
    check(lambda u: ops.square(ops.segment_sum(u, np.array([0, 2, 2]), num_segments=4)), normal(3, 2))


@pytest.mark.parametrize(
    ("x", "kernel", "options"),
    [
        ((2, 6, 5, 3), (3, 3, 3, 4), {"padding": "same"}),
        ((2, 6, 5, 3), (3, 2, 3, 4), {"strides": 2}),
        ((2, 9, 2), (3, 2, 4), {"dilation_rate": 2}),
        ((2, 6, 6, 4), (3, 3, 2, 6), {}),
        ((1, 3, 4, 3, 2), (2, 2, 2, 2, 3), {"padding": "same"}),
        ((2, 5, 5, 3), (1, 1, 3, 4), {}),
        ((1, 16, 16, 16), (3, 3, 16, 16), {"padding": "same"}),
    ],
)
def test_conv(x, kernel, options):
    check(lambda x, w: ops.conv(x, w, **options), normal(*x), normal(*kernel), tolerance=1e-5)
    check(lambda x, w: ops.tanh(ops.conv(x, w, **options)), 0.1 * normal(*x), 0.3 * normal(*kernel), tolerance=1e-5)


def test_conv_layers_bias_and_activation():
    for layer in (
        netlet.layers.Conv2D(3, 3, activation="tanh", dtype="float64"),
        netlet.layers.Conv2DTranspose(3, 3, strides=2, activation="sigmoid", dtype="float64"),
        netlet.layers.DepthwiseConv2D(3, depth_multiplier=2, activation="tanh", dtype="float64"),
        netlet.layers.SeparableConv2D(4, 3, activation="tanh", dtype="float64"),
    ):
        check(lambda x, layer=layer: ops.square(layer(x)), normal(2, 6, 6, 2))


def test_conv_transpose():
    check(
        lambda x, w: ops.square(ops.conv_transpose(x, w, strides=2, padding="same")),
        normal(2, 3, 3, 2),
        normal(3, 3, 4, 2),
    )


def test_third_derivative_through_a_convolution():
    x, w = watched([normal(1, 5, 5, 2), normal(3, 3, 2, 2)])
    with netlet.GradientTape() as third:
        with netlet.GradientTape() as second:
            with netlet.GradientTape() as first:
                y = ops.sum(ops.tanh(ops.conv(x, w)))
            g = first.gradient(y, w)
            total = ops.sum(ops.square(g))
        h = ops.sum(ops.square(second.gradient(total, x)))
    found = third.gradient(h, w).numpy()

    def value(w_value):
        a, b = watched([x.numpy(), w_value])
        with netlet.GradientTape() as outer:
            with netlet.GradientTape() as inner:
                y = ops.sum(ops.tanh(ops.conv(a, b)))
            total = ops.sum(ops.square(inner.gradient(y, b)))
        return float(ops.sum(ops.square(outer.gradient(total, a))))

    d = normal(3, 3, 2, 2)
    expected = (value(w.numpy() + 1e-5 * d) - value(w.numpy() - 1e-5 * d)) / 2e-5
    assert float(np.sum(found * d)) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("name", ["max_pool", "average_pool"])
@pytest.mark.parametrize(
    ("shape", "size", "strides", "padding"),
    [((2, 6, 5, 3), 2, 2, "valid"), ((2, 7, 5, 3), 3, 2, "same"), ((2, 9, 3), 2, 1, "valid")],
)
def test_pool(name, shape, size, strides, padding):
    check(lambda x: ops.square(getattr(ops, name)(x, size, strides, padding)), normal(*shape))


def test_first_of_equal_pixels_takes_the_gradient_of_a_pool():
    check(lambda x: ops.multiply(ops.max_pool(ops.relu(x), 2, 2), 1.5), -np.ones((1, 4, 4, 1)))


def test_resize():
    check(lambda x: ops.square(ops.image.resize(x, (5, 7), interpolation="bilinear")), normal(2, 4, 4, 2))


@pytest.mark.parametrize(
    "layer",
    [
        netlet.layers.LayerNormalization,
        netlet.layers.BatchNormalization,
        lambda **kw: netlet.layers.GroupNormalization(groups=2, **kw),
        netlet.layers.RMSNormalization,
        netlet.layers.UnitNormalization,
    ],
)
@pytest.mark.parametrize("training", [True, False])
def test_normalization(layer, training):
    layer = layer(dtype="float64")
    layer.build((3, 5, 4))
    check(lambda x: ops.square(layer(x, training=training)), normal(3, 5, 4), tolerance=1e-5)


@pytest.mark.parametrize("heads", [(2, 2), (4, 2)])
@pytest.mark.parametrize("causal", [False, True])
def test_attention(heads, causal):
    n, k = heads
    mask = RNG.random((2, 1, 3, 5)) > 0.3
    check(
        lambda q, k, v, b: ops.dot_product_attention(q, k, v, bias=b, mask=mask, is_causal=causal),
        normal(2, 3, n, 4),
        normal(2, 5, k, 4),
        normal(2, 5, k, 4),
        normal(1, n, 3, 5),
    )


def test_dropout_draws_the_same_again():
    x = watched([normal(50)])[0]
    layer = netlet.layers.Dropout(0.5, seed=3, dtype="float64")
    with netlet.GradientTape() as outer:
        with netlet.GradientTape() as inner:
            y = layer(ops.square(x), training=True)
        g = inner.gradient(y, x)
        total = ops.sum(ops.square(g))
    kept = np.asarray(y) != 0
    np.testing.assert_allclose(g.numpy(), np.where(kept, 4 * x.numpy(), 0))
    np.testing.assert_allclose(outer.gradient(total, x).numpy(), np.where(kept, 32 * x.numpy(), 0))


@pytest.mark.parametrize(
    ("f", "name"),
    [
        (lambda x: ops.ctc_loss([[1]], ops.reshape(x, (1, 3, 2)), [1], [3]), "ctc"),
        (lambda x: netlet.layers.LSTM(2, dtype="float64")(ops.reshape(x, (1, 3, 2))), "lstm"),
    ],
)
def test_what_has_no_second_derivative_says_so(f, name):
    x = watched([positive(6)])[0]
    with netlet.GradientTape() as outer:
        with netlet.GradientTape() as inner:
            y = ops.sum(f(x))
        g = inner.gradient(y, x)
        total = ops.sum(ops.multiply(g, 2.0)) + ops.sum(ops.square(x))
    assert np.all(np.isfinite(g.numpy()))
    with pytest.raises(ValueError, match=f"no second derivative through {name}"):
        outer.gradient(total, x)
