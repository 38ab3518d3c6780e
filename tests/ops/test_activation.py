"""Activations: values and derivatives against NumPy references (TWINS) and against Keras.

The references accept complex x, so the complex-step method gives their derivatives: Im f(x + ih) / h with h = 1e-30
is f'(x) to the last digit, without cancellation.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special

from netlet import _core
from support import keras64

H = 1e-30


def where(mask, a, b):
    return np.where(mask, a, b)


def twin_gelu(x):
    return 0.5 * x * special.erfc(-x / np.sqrt(2))


def twin_gelu_tanh(x):
    return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))


def log1p(x):
    """log1p for complex x with a tiny imaginary part, for which NumPy's log1p loses digits."""
    return np.log1p(x.real) + 1j * x.imag / (1 + x.real)


def twin_softplus(x):
    return where(x.real > 0, x + log1p(np.exp(-x)), log1p(np.exp(x)))


def twin_relu_general(x, slope, top, threshold):
    return where(x.real > threshold, where(x.real < top, x, top), slope * (x - threshold))


def clip(x, low, high):
    return where(x.real < low, low, where(x.real > high, high, x))


SELU_SCALE, SELU_ALPHA = 1.05070098735548049342, 1.67326324235437728482

# (name, parameters): reference
TWINS = {
    ("linear", ()): lambda x: x,
    ("relu", ()): lambda x: where(x.real > 0, x, 0),
    ("leaky_relu", (0.2,)): lambda x: where(x.real > 0, x, 0.2 * x),
    ("leaky_relu", (-0.3,)): lambda x: where(x.real > 0, x, -0.3 * x),
    ("sigmoid", ()): lambda x: 1 / (1 + np.exp(-x)),
    ("tanh", ()): np.tanh,
    ("elu", (1.0,)): lambda x: where(x.real > 0, x, np.expm1(x)),
    ("elu", (0.7,)): lambda x: where(x.real > 0, x, 0.7 * np.expm1(x)),
    ("elu", (-0.7,)): lambda x: where(x.real > 0, x, -0.7 * np.expm1(x)),
    ("exponential", ()): np.exp,
    ("relu6", ()): lambda x: clip(x, 0, 6),
    ("relu_general", (0.1, 4.0, 1.5)): lambda x: twin_relu_general(x, 0.1, 4.0, 1.5),
    ("relu_general", (0.0, np.inf, 2.0)): lambda x: twin_relu_general(x, 0.0, np.inf, 2.0),
    ("relu_general", (0.0, 3.0, 0.0)): lambda x: twin_relu_general(x, 0.0, 3.0, 0.0),
    ("selu", ()): lambda x: SELU_SCALE * where(x.real > 0, x, SELU_ALPHA * np.expm1(x)),
    ("celu", (1.0,)): lambda x: where(x.real > 0, x, np.expm1(x)),
    ("celu", (0.4,)): lambda x: where(x.real > 0, x, 0.4 * np.expm1(x / 0.4)),
    ("gelu", ()): twin_gelu,
    ("gelu_tanh", ()): twin_gelu_tanh,
    ("silu", ()): lambda x: x / (1 + np.exp(-x)),
    ("softplus", ()): twin_softplus,
    ("softsign", ()): lambda x: x / (1 + where(x.real > 0, x, -x)),
    ("mish", ()): lambda x: x * np.tanh(twin_softplus(x)),
    ("hard_sigmoid", ()): lambda x: clip(x / 6 + 0.5, 0, 1),
    ("hard_silu", ()): lambda x: x * clip(x / 6 + 0.5, 0, 1),
    ("log_sigmoid", ()): lambda x: -twin_softplus(-x),
    ("hard_tanh", ()): lambda x: clip(x, -1, 1),
    ("hard_shrink", (0.5,)): lambda x: where(abs(x.real) > 0.5, x, 0),
    ("soft_shrink", (0.5,)): lambda x: where(abs(x.real) > 0.5, x - 0.5 * np.sign(x.real), 0),
    ("tanh_shrink", ()): lambda x: x - np.tanh(x),
    ("threshold", (0.3, -2.0)): lambda x: where(x.real > 0.3, x, -2.0),
    ("sparse_plus", ()): lambda x: where(x.real <= -1, 0, where(x.real < 1, (x + 1) ** 2 / 4, x)),
    ("sparse_sigmoid", ()): lambda x: clip(0.5 * (x + 1), 0, 1),
    ("squareplus", (4.0,)): lambda x: (x + np.sqrt(x * x + 4)) / 2,
    ("squareplus", (0.01,)): lambda x: (x + np.sqrt(x * x + 0.01)) / 2,
}
CASES = sorted(TWINS, key=str)
# These definitions subtract nearly equal numbers, so near their zeros the absolute error is bounded.
SMOOTH_ZERO = {"tanh_shrink", "squareplus", "gelu_tanh"}


def inputs(n=1003, span=9.0):
    """Random x; none is exactly at a kink, where the derivative is a matter of convention."""
    return np.random.default_rng(5).uniform(-span, span, n)


def value_and_gradient(name, params, x, dy):
    leaf = _core.tensor(x)
    leaf.requires_grad = True
    with _core.Tape(grad=True) as tape:
        y = _core.activation(leaf, name, *params)
        (dx,) = tape.gradients(y, [leaf], dy)
    return y.numpy(), dx.numpy()


def test_every_activation_has_a_twin():
    assert {name for name, _ in CASES} == set(_core.activation_names())


@pytest.mark.parametrize(("name", "params"), CASES, ids=str)
def test_float64(isa, name, params):
    x = inputs()
    dy = np.random.default_rng(6).normal(size=x.shape)
    y, dx = value_and_gradient(name, params, x, dy)
    with np.errstate(all="ignore"):
        want = TWINS[name, params](x + 0j).real
        slope = TWINS[name, params](x + 1j * H).imag / H
    scale = 1.0 if name in SMOOTH_ZERO else 1e-3
    np.testing.assert_allclose(y, want, rtol=1e-13, atol=1e-15 * scale)
    np.testing.assert_allclose(dx, dy * slope, rtol=1e-9, atol=1e-13)


@pytest.mark.parametrize(("name", "params"), CASES, ids=str)
def test_float32(isa, name, params):
    """float32 kernels against the float64 reference on the same float32 inputs."""
    x = inputs().astype(np.float32)
    dy = np.random.default_rng(6).normal(size=x.shape).astype(np.float32)
    y, dx = value_and_gradient(name, params, x, dy)
    assert y.dtype == dx.dtype == np.float32
    exact = tuple(float(np.float32(p)) for p in params)
    with np.errstate(all="ignore"):
        want = TWINS[name, params](x.astype(np.float64) + 0j).real
        slope = TWINS[name, params](x.astype(np.float64) + 1j * H).imag / H
    tolerance = 1e-6 if exact == params or not params else 2e-6
    np.testing.assert_allclose(y, want, rtol=tolerance, atol=1e-6)
    np.testing.assert_allclose(dx, dy * slope, rtol=3e-6, atol=3e-6)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ["gelu", "gelu_tanh", "silu", "sigmoid", "softplus", "mish"])
def test_relative_accuracy_in_the_tail(isa, name, dtype):
    """For x far below 0 the results are tiny but not zero, and accurate to a few ULP."""
    x = np.linspace(-12, -1, 300).astype(dtype)
    twins = {
        # scipy.special.ndtr squares its argument in double precision, an error of 100 ULP here.
        "gelu": lambda t: t * np.exp(-0.5 * t.astype(np.longdouble) ** 2) * special.erfcx(-t / np.sqrt(2)) / 2,
        "gelu_tanh": lambda t: t * special.expit(2 * np.sqrt(2 / np.pi) * (t + 0.044715 * t**3)),
        "silu": lambda t: t * special.expit(t),
        "sigmoid": special.expit,
        "softplus": lambda t: np.log1p(np.exp(t)),
        "mish": lambda t: t * np.tanh(np.log1p(np.exp(t))),
    }
    # gelu_tanh's exponent reaches 130, so its rounding error is amplified.
    rtol = (200 if name == "gelu_tanh" else 20) * np.finfo(dtype).eps
    want = twins[name](x.astype(np.float64))
    np.testing.assert_allclose(_core.activation(x, name), want, rtol=rtol, atol=np.finfo(dtype).tiny)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("name", "params"), CASES, ids=str)
def test_nan_and_extremes(isa, name, params, dtype):
    """NaN gives NaN; at the largest finite numbers, values and derivatives are finite or follow the formula."""
    big = np.finfo(dtype).max
    x = np.array([np.nan, big, -big, 0.0, 1e4, -1e4, 88.0, -88.0], dtype)
    y, dx = value_and_gradient(name, params, x, np.ones_like(x))
    assert np.isnan(y[0])
    if name == "selu":  # 1.05 times the largest number overflows
        y[1] = 0
    if name != "exponential":
        assert np.all(np.isfinite(y[1:]))
        assert np.all(np.isfinite(dx[1:]))
    if not name.startswith(("hard_shrink", "tanh_shrink", "linear")) and params != (-0.3,):
        assert np.all(np.abs(y[[2, 5, 7]]) <= np.abs(x[[2, 5, 7]]))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("name", "params"), CASES, ids=str)
def test_bits_do_not_depend_on_position(isa, name, params, dtype):
    x = inputs(67).astype(dtype)
    y, dx = value_and_gradient(name, params, x, x)
    for n in (1, 3, 7, 8, 9, 16, 17, 33):
        part, dpart = value_and_gradient(name, params, x[-n:].copy(), x[-n:].copy())
        assert np.array_equal(part, y[-n:])
        assert np.array_equal(dpart, dx[-n:])


@pytest.mark.parametrize("name", ["relu", "gelu", "sigmoid"])
def test_bits_do_not_depend_on_threads(threads, name):
    x = np.random.default_rng(7).normal(size=(300, 401)).astype(np.float32)
    y, dx = value_and_gradient(name, (), x, x)
    _core.set_num_threads(1)
    y1, dx1 = value_and_gradient(name, (), x, x)
    assert y.tobytes() == y1.tobytes()
    assert dx.tobytes() == dx1.tobytes()


@pytest.mark.parametrize(("name", "params"), CASES, ids=str)
def test_gradients_add_up(name, params):
    """x is used twice, so the second gradient must be added to the first."""
    x = inputs(19)
    leaf = _core.tensor(x)
    leaf.requires_grad = True
    with _core.Tape(grad=True) as tape:
        y = _core.add(_core.activation(leaf, name, *params), _core.activation(leaf, name, *params))
        (dx,) = tape.gradients(y, [leaf])
    _, once = value_and_gradient(name, params, x, np.ones_like(x))
    np.testing.assert_array_equal(dx.numpy(), once + once)


def test_recorded():
    """A plan and eager calls give the same bits, forward and backward."""
    x = inputs(50).astype(np.float32).reshape(5, 10)
    with _core.Tape(record=True, grad=True) as tape:
        leaf = tape.input((5, 10), "float32", "x")
        leaf.requires_grad = True
        y = _core.activation(leaf, "gelu")
        (dx,) = tape.gradients(y, [leaf])
        plan = tape.compile([y, dx])
    (y, dx), _ = plan.run([x])
    want, dwant = value_and_gradient("gelu", (), x, np.ones_like(x))
    assert np.array_equal(y, want)
    assert np.array_equal(dx, dwant)


@pytest.mark.parametrize("shape", [(), (0,), (1,), (3, 0, 2), (2, 3, 4)])
def test_shapes(shape):
    x = np.random.default_rng(8).normal(size=shape)
    y = _core.activation(x, "tanh")
    assert y.shape == shape
    np.testing.assert_allclose(y, np.tanh(x), rtol=1e-15)


def test_errors():
    with pytest.raises(ValueError, match=r"expected one of linear, relu.*received 'rely'"):
        _core.activation(np.zeros(3), "rely")
    with pytest.raises(TypeError, match="gelu: expected a float32 or float64 tensor, received int32"):
        _core.activation(np.zeros(3, np.int32), "gelu")


# ---- Keras ----------------------------------------------------------------------------------------------------------
# (netlet's name, its parameters, Keras's name, its arguments)
KERAS = [
    ("relu", (), "relu", {}),
    ("relu6", (), "relu6", {}),
    ("leaky_relu", (0.2,), "leaky_relu", {}),
    ("leaky_relu", (0.05,), "leaky_relu", {"negative_slope": 0.05}),
    ("leaky_relu", (0.3,), "relu", {"negative_slope": 0.3}),
    ("relu_general", (0.0, 2.5, 0.0), "relu", {"max_value": 2.5}),
    ("relu_general", (0.3, 2.5, 0.75), "relu", {"negative_slope": 0.3, "max_value": 2.5, "threshold": 0.75}),
    ("relu_general", (0.0, np.inf, 0.75), "relu", {"threshold": 0.75}),
    ("elu", (1.0,), "elu", {}),
    ("elu", (0.3,), "elu", {"alpha": 0.3}),
    ("selu", (), "selu", {}),
    ("celu", (1.0,), "celu", {}),
    ("celu", (0.3,), "celu", {"alpha": 0.3}),
    ("gelu", (), "gelu", {}),
    ("gelu_tanh", (), "gelu", {"approximate": True}),
    ("silu", (), "silu", {}),
    ("softplus", (), "softplus", {}),
    ("softsign", (), "softsign", {}),
    ("mish", (), "mish", {}),
    ("hard_sigmoid", (), "hard_sigmoid", {}),
    ("hard_silu", (), "hard_silu", {}),
    ("log_sigmoid", (), "log_sigmoid", {}),
    ("hard_tanh", (), "hard_tanh", {}),
    ("hard_shrink", (0.5,), "hard_shrink", {}),
    ("hard_shrink", (1.25,), "hard_shrink", {"threshold": 1.25}),
    ("soft_shrink", (0.5,), "soft_shrink", {}),
    ("soft_shrink", (1.25,), "soft_shrink", {"threshold": 1.25}),
    ("tanh_shrink", (), "tanh_shrink", {}),
    ("threshold", (0.75, -3.0), "threshold", {"threshold": 0.75, "default_value": -3.0}),
    ("sparse_plus", (), "sparse_plus", {}),
    ("sparse_sigmoid", (), "sparse_sigmoid", {}),
    ("squareplus", (4.0,), "squareplus", {}),
    ("squareplus", (0.75,), "squareplus", {"b": 0.75}),
    ("sigmoid", (), "sigmoid", {}),
    ("tanh", (), "tanh", {}),
    ("exponential", (), "exponential", {}),
    ("linear", (), "linear", {}),
]


@pytest.mark.parametrize(("name", "params", "keras_name", "kwargs"), KERAS, ids=str)
def test_against_keras(name, params, keras_name, kwargs):
    keras = pytest.importorskip("keras")
    jax = pytest.importorskip("jax")
    function = getattr(keras.activations, keras_name)
    x = inputs(400, span=6.0)
    dy = np.random.default_rng(9).normal(size=x.shape)
    with keras64.float64():
        want, pull = jax.vjp(lambda t: jax.numpy.asarray(function(t, **kwargs)), jax.numpy.asarray(x))
    y, dx = value_and_gradient(name, params, x, dy)
    np.testing.assert_allclose(y, want, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(dx, pull(jax.numpy.asarray(dy))[0], rtol=1e-9, atol=1e-12)
