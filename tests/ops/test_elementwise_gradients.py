"""Gradients of elementwise kernels against difference quotients and JAX."""

from __future__ import annotations

import numpy as np
import pytest

from netlet import _core
from support.differences import check_gradients, gradients
from support.elementwise import BINARY, UNARY, argument, numbers


@pytest.mark.parametrize("name", UNARY)
def test_unary_gradients(isa, name):
    positive = name in {
        "log",
        "log2",
        "log10",
        "log1p",
        "sqrt",
        "rsqrt",
        "reciprocal",
        "tan",
        "lgamma",
        "digamma",
        "cbrt",
    }
    x = np.abs(numbers(19, 6)) % 1 + 0.4 if positive else numbers(19, 6) + 0.01
    x = argument(name, x)
    check_gradients(getattr(_core, name), [x], h=2e-3 if name not in {"rsqrt", "reciprocal", "tan"} else 5e-4)


SHAPES = [
    ((7,), (7,)),
    ((3, 5), (5,)),
    ((3, 5), (3, 1)),
    ((2, 3, 5), ()),
    ((), (4,)),
    ((2, 1, 3), (4, 1)),
    ((1, 19), (2, 1)),
]


@pytest.mark.product
@pytest.mark.parametrize("shapes", SHAPES, ids=str)
@pytest.mark.parametrize("name", BINARY)
def test_binary_gradients(isa, name, shapes):
    a, b = numbers(shapes[0], 1, True) % 1 + 0.6, numbers(shapes[1], 2, True) % 1 + 0.8
    check_gradients(getattr(_core, name), [a, b], h=5e-4)


def test_gradient_of_where(isa):
    c = numbers((3, 5), 3) > 0
    for a, b in SHAPES[:4]:
        if np.broadcast_shapes(a, b) in {(3, 5), (7,)}:
            mask = c if len(a) == 2 else numbers(7) > 0
            check_gradients(lambda x, y, mask=mask: _core.where(mask, x, y), [numbers(a, 1), numbers(b, 2)])


def test_gradients_of_one_tensor_on_both_sides(isa):
    x = numbers((3, 5), 8, True)
    for name in BINARY:
        f = getattr(_core, name)
        if name not in {"maximum", "minimum"}:
            check_gradients(lambda v, f=f: f(v, v), [x], h=2e-4)
    # `add` passes its gradient on without a copy; a later addition to it must not reach the other operand.
    check_gradients(lambda a, b: _core.add(_core.multiply(_core.add(a, b), a), _core.add(b, a)), [x, x + 1])
    check_gradients(lambda a, b: _core.subtract(_core.add(_core.add(a, b), b), _core.multiply(a, a)), [x, x + 1])


def test_gradients_at_ties_are_those_of_jax(isa):
    jax = pytest.importorskip("jax")
    keras = pytest.importorskip("keras")
    x = np.array([0.0, 1.0, 1.5, 2.0, 3.0, np.nan] * 4)
    y = np.array([0.0, 1.0, 1.0, 2.5, np.nan, 1.0] * 4)
    seed = np.linspace(1, 2, x.size)
    for name in ("maximum", "minimum"):
        _, vjp = jax.vjp(getattr(keras.ops, name), x, y)
        for ours, theirs in zip(gradients(getattr(_core, name), [x, y], seed), vjp(seed), strict=True):
            np.testing.assert_array_equal(ours, theirs)
    for lo, hi in ((1.0, 2.0), (1.0, 1.0), (2.0, 1.0)):
        _, vjp = jax.vjp(lambda v, lo=lo, hi=hi: keras.ops.clip(v, lo, hi), x)
        np.testing.assert_array_equal(
            gradients(lambda v, lo=lo, hi=hi: _core.clip(v, lo, hi), [x], seed)[0], vjp(seed)[0]
        )


def test_gradients_of_powers_at_zero(isa):
    base, exponent = np.array([0.0, 0.0, 0.0, -2.0, 2.0]), np.array([0.0, 2.0, 1.0, 3.0, 0.0])
    d_base, d_exponent = gradients(_core.power, [base, exponent], np.ones(5))
    np.testing.assert_array_equal(d_base, [0, 0, 1, 12, 0])
    np.testing.assert_array_equal(d_exponent, [0, 0, 0, np.nan, np.log(2.0)])


def test_steps_and_comparisons_pass_no_gradient():
    x = _core.tensor(np.ones(3))
    x.requires_grad = True
    with _core.Tape(grad=True):
        for name in ("sign", "floor", "ceil", "round", "trunc", "isnan", "signbit", "logical_not"):
            assert not getattr(_core, name)(x).requires_grad
        assert not _core.less(x, 2.0).requires_grad


def test_recorded_steps_replay_the_same_bits(isa):
    x, w = numbers((33, 17), 1).astype("float32"), numbers(17, 2).astype("float32")

    def f(t, row):
        return _core.where(
            _core.greater(t, 0.0), _core.multiply(_core.exp(t), row), _core.subtract(row, _core.square(t))
        )

    with _core.Tape(record=True, grad=True) as tape:
        t, row = tape.input(x.shape, "float32", "x"), _core.tensor(w)
        row.requires_grad = True
        y = f(t, row)
        (dw,) = tape.gradients(y, [row])
        plan = tape.compile([y, dw])
    expected = [
        f(_core.tensor(x), _core.tensor(w)).numpy(),
        gradients(lambda r: f(_core.tensor(x), r), [w], np.ones_like(x))[0],
    ]
    for _ in range(2):
        for ours, theirs in zip(plan.run([x])[0], expected, strict=True):
            np.testing.assert_array_equal(np.asarray(ours), theirs)


SPECIAL = ["arctan2", "hypot", "logaddexp", "logaddexp2"]


@pytest.mark.parametrize("shapes", SHAPES[:3], ids=str)
@pytest.mark.parametrize("name", SPECIAL)
def test_gradients_of_special_functions_of_two_numbers(name, shapes):
    a, b = numbers(shapes[0], 1), numbers(shapes[1], 2) + 0.1
    check_gradients(getattr(_core, name), [a, b], h=5e-4)


def test_gradients_of_remainders_and_of_powers_of_two():
    a, b = np.array([5.5, -5.5, 3.25, 7.0]), np.array([2.0, 2.0, -2.0, 0.75])
    for name, slope in (("mod", -np.floor(a / b)), ("fmod", -np.trunc(a / b)), ("floor_divide", np.zeros(4))):
        da, db = gradients(getattr(_core, name), [a, b], np.ones(4))
        np.testing.assert_array_equal(da, np.full(4, name != "floor_divide"))
        np.testing.assert_array_equal(db, slope)
    n = np.array([1, -2, 0, 3], "int32")
    np.testing.assert_array_equal(gradients(lambda x: _core.ldexp(x, n), [a], np.ones(4))[0], 2.0**n)


def test_gradients_where_formulas_meet_infinities_and_zeros():
    inf = np.inf
    a, b = np.array([0.0, inf, -inf, inf, 3.0]), np.array([0.0, inf, -inf, 1.0, -inf])
    for name in ("logaddexp", "logaddexp2"):
        da, db = gradients(getattr(_core, name), [a, b], np.ones(5))
        np.testing.assert_array_equal(da, [0.5, 0.5, 0.5, 1, 1])
        np.testing.assert_array_equal(db, [0.5, 0.5, 0.5, 0, 0])
    zero = np.zeros(1)
    assert [g.item() for g in gradients(_core.hypot, [zero, zero], np.ones(1))] == [0, 0]
    assert gradients(_core.i1, [zero], np.ones(1))[0].item() == 0.5


def test_the_third_derivative_of_lgamma_is_an_error_that_says_so():
    with pytest.raises(ValueError, match="trigamma: expected at most the second derivative"):
        gradients(_core.trigamma, [np.ones(2)], np.ones(2))
