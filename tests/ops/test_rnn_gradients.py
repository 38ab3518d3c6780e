"""Gradients of the recurrent ops: against difference quotients, and the same bits for any number of threads."""

from __future__ import annotations

import math

import numpy as np
import pytest

from netlet import _core
from support.differences import check_gradients
from support.rnn_arrays import GATES, case, masks


def joined(kind, mask, scale, reverse, names, **options):
    """The op as a function of its differentiable arguments, with all results concatenated in one array."""

    def f(*given):
        values = dict(zip(names, given, strict=True))
        results = _core.rnn(
            kind, *(values.get(k) for k in ("x", "w", "r", "b", "h", "c")), mask, scale, reverse=reverse, **options
        )
        flat = [_core.reshape(v, (math.prod(v.shape),)) for v in results if v is not None]
        # The results are weighted differently, so that a mix-up of their gradients is detected.
        return _core.concatenate([_core.multiply(v, 1.0 + i) for i, v in enumerate(flat)], 0)

    return f


@pytest.mark.product
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("kind", GATES)
def test_gradients(isa, kind, reverse, masked):
    n, steps, units = 3, 4, 5
    values = {k: v for k, v in zip("xwrbhc", case(kind, n, steps, 2, units), strict=True) if v is not None}
    extra = masks(n, steps, units) if masked else (None, None)

    def in_dtype(*given):
        scale = None if extra[1] is None else extra[1].astype(str(given[0].dtype))
        return joined(kind, extra[0], scale, reverse, list(values))(*given)

    check_gradients(in_dtype, list(values.values()))


@pytest.mark.parametrize("act", ["relu", "linear", "elu", "hard_sigmoid", "exponential"])
@pytest.mark.parametrize("kind", GATES)
def test_gradients_of_other_activations(kind, act):
    values = {k: v for k, v in zip("xwrbhc", case(kind, 2, 3, 2, 3, seed=5), strict=True) if v is not None}
    f = joined(kind, None, None, False, list(values), activation=act, recurrent_activation="hard_sigmoid")
    check_gradients(f, [0.4 * v for v in values.values()], h=5e-4)


@pytest.mark.parametrize("kind", GATES)
def test_gradient_twice_from_one_tape(kind):
    """The backward pass works in place if it runs once; it must not if it runs again."""
    values = [_core.tensor(v) for v in case(kind, 2, 3, 2, 5) if v is not None]
    for v in values:
        v.requires_grad = True
    names = list("xwrbhc")[: len(values)]
    with _core.Tape(grad=True) as tape:
        y = joined(kind, None, None, False, names)(*values)
        seed = np.ones(tuple(y.shape))
        first = [g.numpy().copy() for g in tape.gradients(y, values, seed, True)]
        second = [g.numpy() for g in tape.gradients(y, values, seed, True)]
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("kind", GATES)
def test_only_what_is_asked_for(kind):
    """Each gradient is the same if it alone is requested."""
    arrays = [a for a in case(kind, 3, 4, 2, 5) if a is not None]
    names = list("xwrbhc")[: len(arrays)]

    def gradient(which):
        values = [_core.tensor(a) for a in arrays]
        for i in which:
            values[i].requires_grad = True
        with _core.Tape(grad=True) as tape:
            y = joined(kind, None, None, False, names)(*values)
            found = tape.gradients(y, [values[i] for i in which], np.ones(tuple(y.shape)))
        return [g.numpy().copy() for g in found]

    everything = gradient(range(len(arrays)))
    for i, g in enumerate(everything):
        np.testing.assert_array_equal(gradient([i])[0], g)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("kind", GATES)
def test_same_bits_for_any_number_of_threads(kind, dtype, threads):
    names = list("xwrbhc")
    arrays = [None if a is None else a for a in case(kind, 37, 20, 19, 33, dtype=dtype)]
    values = {k: v for k, v in zip(names, arrays, strict=True) if v is not None}
    mask, scale = masks(37, 20, 33, dtype=dtype)

    def bits():
        leaves = [_core.tensor(v) for v in values.values()]
        for t in leaves:
            t.requires_grad = True
        with _core.Tape(grad=True) as tape:
            y = joined(kind, mask, scale, True, list(values))(*leaves)
            grads = tape.gradients(y, leaves, np.ones(tuple(y.shape), dtype))
        return b"".join(t.numpy().tobytes() for t in (y, *grads))

    found = bits()
    _core.set_num_threads(1)
    assert found == bits()
