"""Elementwise operations, activations, casts and moves on a GPU against the CPU, forward and backward."""

from __future__ import annotations

import numpy as np
import pytest

import netlet
from netlet import _core
from support.on_device import check_device

FLOATS = ["float32", "float64"]
NUMBERS = [*FLOATS, "int32", "int64", "int8", "uint8"]
DTYPES = [*NUMBERS, "float16", "bfloat16", "bool"]
SIZES = [1, 3, 31, 64, 127, 1031]
BROADCASTS = [
    ((7,), (7,)),
    ((1031,), ()),
    ((), (129,)),
    ((5, 12), (12,)),
    ((5, 13), (13,)),
    ((4, 1), (1, 9)),
    ((3, 1, 8), (2, 1)),
    ((2, 3, 4, 5), (3, 1, 5)),
    ((6, 4), (6, 1)),
]


def numbers(shape, dtype="float32", seed=0, low=-3.0, high=3.0):
    return np.random.default_rng(seed).uniform(low, high, shape).astype(dtype)


def both(f, *arrays, device):
    """The result on the CPU and on the device, with the same bits or not."""
    expected = f(*(_core.tensor(a) for a in arrays)).numpy()
    with netlet.device(device):
        found = f(*(_core.tensor(a) for a in arrays)).numpy()
    assert found.dtype == expected.dtype
    assert found.shape == expected.shape
    return found, expected


def check_equal(f, *arrays, device):
    found, expected = both(f, *arrays, device=device)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("to", DTYPES)
@pytest.mark.parametrize("of", DTYPES)
def test_a_cast_gives_the_same_bits(device, of, to):
    x = numbers(133, low=0 if of == "uint8" or to == "uint8" else -120, high=120)
    if of == "bool":
        x = x > 0
    start = _core.cast(x, of)
    with netlet.device(device):
        found = _core.cast(start.numpy(), to).numpy()
    np.testing.assert_array_equal(found, _core.cast(start, to).numpy())


def test_special_numbers_are_cast_as_on_the_cpu(device):
    x = np.array([np.nan, np.inf, -np.inf, 3e9, -3e9, 2147483648, -2147483648, 1e-40, -0.0, 65520, 1e30])
    for dtype in ("float32", "float64"):
        check_equal(lambda x: _core.cast(_core.cast(x, "float16"), "float32"), x.astype(dtype), device=device)
        check_equal(lambda x: _core.cast(_core.cast(x, "bfloat16"), "float32"), x.astype(dtype), device=device)
        check_equal(lambda x: _core.cast(x, "int64"), x.astype(dtype)[:-1], device=device)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", _core.activation_names())
def test_activations(device, name, dtype):
    x = np.concatenate([numbers(69, dtype, low=-6, high=6), np.array([0, -30, 30], dtype)])
    check_device(lambda x: [_core.activation(x, name, 0.5, 2.0, 0.25)], [x], device=device)


@pytest.mark.parametrize("dtype", NUMBERS)
@pytest.mark.parametrize("name", ["add", "subtract", "multiply", "maximum", "minimum", "divide", "power"])
def test_binary_operations_broadcast(device, name, dtype):
    f = getattr(_core, name)
    for a, b in BROADCASTS:
        x, y = numbers(a, dtype, 1, 0.5, 3), numbers(b, dtype, 2, 0.5, 3)
        found, expected = both(f, x, y, device=device)
        np.testing.assert_allclose(found, expected, rtol=1e-6 if found.dtype == "float32" else 1e-14)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", ["add", "subtract", "multiply", "maximum", "minimum", "divide", "power"])
def test_gradients_of_binary_operations(device, name, dtype):
    f = getattr(_core, name)
    for a, b in BROADCASTS[:1] + BROADCASTS[3:6]:
        x, y = numbers(a, dtype, 1, 0.5, 3).round(1), numbers(b, dtype, 2, 0.5, 3).round(1)  # some are equal
        check_device(lambda x, y: [f(x, y)], [x, y], device=device)


@pytest.mark.parametrize("dtype", NUMBERS)
@pytest.mark.parametrize("name", ["equal", "not_equal", "less", "less_equal", "greater", "greater_equal"])
def test_comparisons(device, name, dtype):
    for a, b in BROADCASTS[::2]:
        check_equal(getattr(_core, name), numbers(a, dtype, 1, 0, 3), numbers(b, dtype, 2, 0, 3), device=device)


@pytest.mark.parametrize("name", ["logical_and", "logical_or", "logical_xor"])
def test_logical_operations(device, name):
    for a, b in BROADCASTS:
        check_equal(getattr(_core, name), numbers(a, seed=1) > 0, numbers(b, seed=2) > 0, device=device)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", ["isfinite", "isnan", "isinf", "isposinf", "isneginf", "signbit"])
def test_tests_for_special_numbers(device, name, dtype):
    check_equal(getattr(_core, name), np.array([0, 1, -np.inf, np.nan, np.inf, -3e38, 7], dtype), device=device)


@pytest.mark.parametrize("dtype", DTYPES)
def test_where(device, dtype):
    for a, b in BROADCASTS:
        x, y = numbers(a, seed=1, low=0) > 1, numbers(b, seed=2, low=0)
        values = _core.cast(y, dtype), _core.cast(y + 1, dtype)
        expected = _core.cast(_core.where(x, *values), "float64").numpy()
        with netlet.device(device):
            found = _core.cast(_core.where(x, *(v.numpy() for v in values)), "float64").numpy()
        np.testing.assert_array_equal(found, expected)


UNARY = "negative abs exp log log1p expm1 sqrt rsqrt square sin cos tan exp2 log2 log10 erf reciprocal".split()


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", [*UNARY, "sign", "floor", "ceil", "round"])
def test_unary_operations(device, name, dtype):
    f = getattr(_core, name)
    for n in SIZES:
        found, expected = both(f, numbers(n, dtype, n, 0.1, 4), device=device)
        np.testing.assert_allclose(found, expected, rtol=5e-7 if dtype == "float32" else 1e-14)
    special = np.array([0, -0.0, np.inf, -np.inf, np.nan, -1, 0.5, 1e-40], dtype)
    np.testing.assert_allclose(*both(f, special, device=device), rtol=5e-7 if dtype == "float32" else 1e-14)


SPECIAL = (
    "arcsin arccos arctan sinh cosh arcsinh arccosh arctanh cbrt erfc erfinv i0 i1 lgamma digamma trigamma".split()
)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", [*SPECIAL, "trunc"])
def test_special_functions(device, name, dtype):
    f = getattr(_core, name)
    for n in (1, 31, 1031):
        found, expected = both(f, numbers(n, dtype, n, -3, 3), device=device)
        np.testing.assert_allclose(found, expected, rtol=2e-7 if dtype == "float32" else 2e-14, atol=1e-15)
    special = np.array([0, -0.0, np.inf, -np.inf, np.nan, -1, 1, 0.5, 1e-40, 20], dtype)
    np.testing.assert_allclose(*both(f, special, device=device), rtol=2e-7 if dtype == "float32" else 2e-14)


SPECIAL_BINARY = "arctan2 hypot logaddexp logaddexp2 nextafter heaviside floor_divide mod fmod".split()
INTEGER_BINARY = "floor_divide mod fmod bitwise_and bitwise_or bitwise_xor left_shift right_shift gcd lcm".split()


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", SPECIAL_BINARY)
def test_special_functions_of_two_numbers(device, name, dtype):
    for a, b in BROADCASTS:
        found, expected = both(getattr(_core, name), numbers(a, dtype, 1), numbers(b, dtype, 2), device=device)
        np.testing.assert_allclose(found, expected, rtol=2e-7 if dtype == "float32" else 1e-14)
    x, n = numbers(70, dtype, 1), numbers(70, "int32", 2, -140, 140)
    check_equal(_core.ldexp, x, n, device=device)


@pytest.mark.parametrize("dtype", NUMBERS[2:])
@pytest.mark.parametrize("name", INTEGER_BINARY)
def test_functions_of_integers(device, name, dtype):
    low, high = (0, 255) if dtype == "uint8" else (-120, 120)
    for a, b in BROADCASTS[::2]:
        check_equal(getattr(_core, name), numbers(a, dtype, 1, low, high), numbers(b, dtype, 2, 0, 5), device=device)


def test_gradients_of_special_functions(device):
    x, y = numbers((5, 12), "float64", 1, 0.1, 0.9), numbers((12,), "float64", 2, 0.1, 0.9)
    for name in ("arcsin", "sinh", "erfinv", "lgamma", "i0", "cbrt"):
        check_device(lambda x, name=name: [getattr(_core, name)(x)], [x], device=device)
    for name in ("arctan2", "hypot", "logaddexp", "mod"):
        check_device(lambda x, y, name=name: [getattr(_core, name)(x, y)], [x, y], device=device)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", UNARY)
def test_gradients_of_unary_operations(device, name, dtype):
    check_device(lambda x: [getattr(_core, name)(x)], [numbers(133, dtype, 3, 0.1, 2)], device=device)


@pytest.mark.parametrize("dtype", FLOATS)
def test_clip(device, dtype):
    x = numbers(257, dtype).round()  # many at the bounds
    check_device(lambda x: [_core.clip(x, -1.0, 2.0)], [x], device=device)


def test_a_gradient_is_added_to_what_is_there(device):
    def f(x, y):
        z = _core.multiply(x, y)
        return [_core.add(_core.exp(z), _core.activation(z, "tanh")), _core.multiply(z, x)]

    check_device(f, [numbers((6, 9), seed=1, high=1), numbers((9,), seed=2, high=1)], device=device)


@pytest.mark.parametrize("dtype", ["float32", "float64", "int8", "float16"])
@pytest.mark.parametrize(
    "axes", [(1, 0), (0, 2, 1), (2, 0, 1), (2, 1, 0), (1, 0, 2), (0, 3, 1, 2), (0, 2, 3, 1), (3, 2, 1, 0)], ids=str
)
def test_transpositions(device, axes, dtype):
    for sizes in [(5, 7, 3, 6), (33, 65, 2, 34), (8, 4, 3, 16)]:
        x = _core.cast(numbers(sizes[: len(axes)], low=-90, high=90), dtype)
        expected = _core.cast(_core.transpose(x, axes), "float64").numpy()
        with netlet.device(device):
            found = _core.cast(_core.transpose(x.numpy(), axes), "float64").numpy()
        np.testing.assert_array_equal(found, expected)


MOVES = {
    "transpose": lambda x: [_core.transpose(x, [0, 2, 1])],
    "concatenate": lambda x: [_core.concatenate([x, _core.exp(x)], 2)],
    "pad": lambda x: [_core.pad(x, [1, 0, 2], [0, 3, 1], 0.5)],
    "flip": lambda x: [_core.flip(x, [0, 2])],
    "broadcast_to": lambda x: [_core.broadcast_to(x, [3, *x.shape])],
    "split": lambda x: _core.split(x, [2, 5], 1),
    "getitem": lambda x: [_core.getitem(x, (slice(None), slice(5, 0, -2), slice(1, None)))],
    "slice_update": lambda x: [_core.slice_update(x, [0, 1, 1], _core.exp(_core.getitem(x, (slice(1), slice(3)))))],
    "twice": lambda x: [_core.multiply(_core.transpose(x, [2, 1, 0]), 2.0), _core.flip(x, [1])],
}


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", MOVES)
def test_moves_and_their_gradients(device, name, dtype):
    f = MOVES[name]
    if name == "slice_update":
        f = lambda x: [_core.slice_update(x, [0, 1, 0], _core.exp(_core.getitem(x, (slice(1), slice(3)))))]  # noqa: E731
    for shape in [(2, 6, 4), (3, 33, 35), (2, 7, 64)]:
        check_device(f, [numbers(shape, dtype)], device=device)


def test_full_and_fill(device):
    with netlet.device(device):
        for n in SIZES:
            np.testing.assert_array_equal(_core.full([n], "float32", 2.5).numpy(), np.full(n, 2.5, "float32"))
            np.testing.assert_array_equal(_core.full([n], "int64", -7).numpy(), np.full(n, -7))
