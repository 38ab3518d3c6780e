"""Recurrent ops over all time steps: values against the definition in NumPy."""

from __future__ import annotations

import numpy as np
import pytest

import netlet
from netlet import _core, ops
from support.guarded import guarded
from support.rnn_arrays import GATES, case, masks

CURVES = {
    "tanh": np.tanh,
    "sigmoid": lambda v: 1 / (1 + np.exp(-v)),
    "linear": lambda v: v,
    "relu": lambda v: np.maximum(v, 0),
    "elu": lambda v: np.where(v > 0, v, np.expm1(v)),
    "exponential": np.exp,
    "hard_sigmoid": lambda v: np.clip(v / 6 + 0.5, 0, 1),
}


def definition(kind, x, w, r, b, h=None, c=None, mask=None, scale=None, reverse=False, act="tanh", gate="sigmoid"):
    """(y, h, c), computed step by step with the formulas of Keras's cells."""
    a, s = CURVES[act], CURVES[gate]
    n, steps, _ = x.shape
    u = r.shape[0]
    h = np.zeros((n, u), x.dtype) if h is None else h
    c = np.zeros((n, u), x.dtype) if c is None else c
    b = (np.zeros((2, r.shape[1])) if kind == "gru" else np.zeros(r.shape[1])) if b is None else b
    y = np.zeros((n, steps, u), x.dtype)
    for t in range(steps)[:: -1 if reverse else 1]:
        fed = h if scale is None else h * scale
        z = x[:, t] @ w + (b[0] if kind == "gru" else b)
        new_c = c
        if kind == "simple_rnn":
            new_h = a(z + fed @ r)
        elif kind == "lstm":
            i, f, g, o = np.split(z + fed @ r, 4, 1)
            new_c = s(f) * c + s(i) * a(g)
            new_h = s(o) * a(new_c)
        else:
            m = fed @ r + b[1] if kind == "gru" else fed @ r[:, : 2 * u]
            update, reset = s(z[:, :u] + m[:, :u]), s(z[:, u : 2 * u] + m[:, u : 2 * u])
            inner = reset * m[:, 2 * u :] if kind == "gru" else (reset * fed) @ r[:, 2 * u :]
            new_h = update * fed + (1 - update) * a(z[:, 2 * u :] + inner)
        there = True if mask is None else mask[:, t, None]
        h, c = np.where(there, new_h, h), np.where(there, new_c, c)
        y[:, t] = h
    return y, h, c if kind == "lstm" else None


def check_equal(found, expected, tolerance):
    for f, e in zip(found, expected, strict=True):
        assert (f is None) == (e is None)
        if e is not None:
            np.testing.assert_allclose(f, e, rtol=tolerance, atol=tolerance)


SHAPES = [
    (1, 1, 1, 1),
    (1, 5, 3, 4),
    (3, 7, 2, 9),
    (2, 3, 4, 33),
    (33, 4, 5, 17),
    (1, 3, 2, 64),
    (1, 2, 3, 131),
    (100, 2, 3, 8),
]


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("kind", GATES)
def test_values(isa, kind, reverse):
    for shape in SHAPES:
        arrays = case(kind, *shape)
        mask, scale = masks(*shape[:2], shape[3])
        for extra in ((None, None), (mask, None), (None, scale), (mask, scale)):
            expected = definition(kind, *arrays, *extra, reverse)
            check_equal(_core.rnn(kind, *arrays, *extra, reverse=reverse), expected, 1e-12)
            single = [None if a is None else a.astype("float32") for a in arrays]
            scaled = None if extra[1] is None else extra[1].astype("float32")
            check_equal(_core.rnn(kind, *single, extra[0], scaled, reverse=reverse), expected, 2e-5)


@pytest.mark.parametrize("kind", GATES)
def test_no_bias_no_state_no_sequences(kind):
    x, w, r, *_ = case(kind, 3, 4, 2, 5)
    y, h, c = _core.rnn(kind, x, w, r, sequences=False)
    assert y is None
    check_equal((h, c), definition(kind, x, w, r, None)[1:], 1e-12)


@pytest.mark.product
@pytest.mark.parametrize("act", CURVES)
@pytest.mark.parametrize("kind", GATES)
def test_other_activations(isa, kind, act):
    # The numbers are small enough that nothing overflows in four steps.
    arrays = [None if a is None else 0.3 * a for a in case(kind, 3, 4, 2, 9)]
    gate = "hard_sigmoid" if act in ("tanh", "exponential") else act
    expected = definition(kind, *arrays, act=act, gate=gate)
    check_equal(_core.rnn(kind, *arrays, activation=act, recurrent_activation=gate), expected, 1e-11)


@pytest.mark.parametrize("kind", GATES)
def test_a_row_does_not_depend_on_its_neighbours(kind):
    """A NaN stays in its row, and the other rows keep their bits."""
    arrays = case(kind, 20, 6, 3, 21, dtype="float32")
    whole = _core.rnn(kind, *arrays)[0]
    arrays[0] = arrays[0].copy()
    arrays[0][7] = np.nan
    spoilt = _core.rnn(kind, *arrays)[0]
    assert np.isnan(spoilt[7]).all()
    np.testing.assert_array_equal(np.delete(spoilt, 7, 0), np.delete(whole, 7, 0))


@pytest.mark.parametrize("kind", GATES)
def test_what_is_masked_may_hold_anything(kind):
    arrays = case(kind, 3, 5, 2, 4)
    mask = np.ones((3, 5), bool)
    mask[1, 2:] = False
    expected = _core.rnn(kind, *arrays, mask)
    arrays[0] = arrays[0].copy()
    arrays[0][1, 2:] = np.inf
    check_equal(_core.rnn(kind, *arrays, mask), expected, 0)


@pytest.mark.parametrize("kind", GATES)
def test_lengths_0_and_1_and_empty_batches(kind):
    for n, steps in ((2, 0), (0, 3), (0, 0), (2, 1), (1, 1)):
        arrays = case(kind, n, steps, 3, 4)
        check_equal(_core.rnn(kind, *arrays), definition(kind, *arrays), 1e-12)
    values = {k: v for k, v in zip("xwrbhc", case(kind, 2, 0, 3, 4), strict=True) if v is not None}
    leaves = [_core.tensor(v) for v in values.values()]
    for t in leaves:
        t.requires_grad = True
    with _core.Tape(grad=True) as tape:
        _, h, _ = _core.rnn(kind, *leaves)
        grads = dict(zip(values, tape.gradients(h, leaves, np.full((2, 4), 3.0)), strict=True))
    np.testing.assert_array_equal(grads["h"], np.full((2, 4), 3.0))
    for k in "wrb":
        assert not grads[k].numpy().any()


@pytest.mark.parametrize("side", ["begin", "end"])
@pytest.mark.parametrize("kind", GATES)
def test_no_byte_outside_is_touched(isa, kind, side):
    for shape in ((1, 2, 3, 5), (3, 2, 1, 17), (9, 3, 2, 33), (17, 1, 5, 8)):
        for dtype in ("float32", "float64"):
            arrays = case(kind, *shape, dtype=dtype)
            mask, scale = masks(*shape[:2], shape[3], dtype=dtype)
            inside = [None if a is None else _core.as_tensor(guarded(a, side)) for a in (*arrays, mask, scale)]
            leaves = [t for t in inside[:6] if t is not None]
            for t in leaves:
                t.requires_grad = True
            with _core.Tape(grad=True) as tape:
                y, h, c = _core.rnn(kind, *inside)
                tape.gradients(y, leaves, guarded(np.ones(tuple(y.shape), dtype), side))
            check_equal((y, h, c), definition(kind, *arrays, mask, scale), 1e-4 if dtype == "float32" else 1e-12)


@pytest.mark.parametrize("kind", GATES)
def test_in_a_plan(kind):
    """A recorded step gives the bits of an eager call in each run."""
    arrays = case(kind, 5, 6, 3, 7, dtype="float32")
    x, weights, state = arrays[0], arrays[1:4], [s for s in arrays[4:] if s is not None]
    expected = [v for v in _core.rnn(kind, x, *weights, *state) if v is not None]
    tape = _core.Tape(record=True)
    with tape:
        t = tape.input(x.shape, "float32", "x")
        outputs = [v for v in _core.rnn(kind, t, *weights, *state) if v is not None]
    plan = tape.compile(outputs)
    for _ in range(3):
        for found, e in zip(plan.run([x])[0], expected, strict=True):
            np.testing.assert_array_equal(found, e)


def test_lecture_notes_scalar_step():
    """The lecture notes' worked example: one LSTM unit with long memory (c) 2, short memory (h) 1 and input 1."""
    sigmoid = CURVES["sigmoid"]
    # Factor of the short memory, factor of the input, bias: input gate 2.00, 1.65, 0.62; forget gate 2.70, 1.63, 1.62;
    # candidate 1.41, 0.94, -0.32; output gate 4.38, -0.19, 0.59.
    recurrent = np.array([[2.00, 2.70, 1.41, 4.38]])
    kernel = np.array([[1.65, 1.63, 0.94, -0.19]])
    bias = np.array([0.62, 1.62, -0.32, 0.59])
    long = 2 * sigmoid(2.70 + 1.63 + 1.62) + sigmoid(2.00 + 1.65 + 0.62) * np.tanh(1.41 + 0.94 - 0.32)
    short = np.tanh(long) * sigmoid(4.38 - 0.19 + 0.59)
    _, h, c = _core.rnn("lstm", np.ones((1, 1, 1)), kernel, recurrent, bias, np.ones((1, 1)), np.full((1, 1), 2.0))
    assert c.item() == pytest.approx(long, rel=1e-14)
    assert h.item() == pytest.approx(short, rel=1e-14)
    assert (round(c.item(), 2), round(h.item(), 2)) == (2.95, 0.99)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"x": np.ones((3, 2))}, r"\(batch, time steps, features\), received shape \(3, 2\)"),
        ({"x": np.ones((3, 4, 5))}, r"a kernel of shape \(5, 16\), received \(2, 16\)"),
        ({"x": np.ones((3, 4, 2), "int32")}, "float32 or float64 tensor, received int32"),
        ({"kernel": np.ones((2, 15))}, r"a kernel of shape \(2, 16\), received \(2, 15\)"),
        ({"recurrent_kernel": np.ones((4, 12))}, r"recurrent kernel of shape \(4, 16\)"),
        ({"recurrent_kernel": np.ones(4)}, "recurrent kernel"),
        ({"bias": np.ones((2, 16))}, r"a bias of shape \(16,\)"),
        ({"h0": np.ones((2, 4))}, r"an initial h of shape \(3, 4\), received \(2, 4\)"),
        ({"c0": np.ones((3, 5))}, r"an initial c of shape \(3, 4\)"),
        ({"mask": np.ones((3, 5), bool)}, r"boolean mask of shape \(3, 4\), received shape \(3, 5\)"),
        ({"mask": np.ones((3, 4))}, "boolean mask"),
        ({"recurrent_scale": np.ones((3, 3))}, r"recurrent scale of shape \(3, 4\)"),
        ({"kind": "gru"}, "gru: expected"),
        ({"kind": "elman"}, "simple_rnn, lstm, gru, gru_reset_before, received 'elman'"),
        ({"activation": "gelu"}, "derivatives follow from their values"),
        ({"recurrent_kernel": np.ones((4, 16), "float32")}, "float"),
    ],
)
def test_bad_input(change, message):
    given = {
        "kind": "lstm",
        "x": np.ones((3, 4, 2)),
        "kernel": np.ones((2, 16)),
        "recurrent_kernel": np.ones((4, 16)),
        "bias": np.ones(16),
        "h0": np.ones((3, 4)),
        "c0": np.ones((3, 4)),
    }
    _core.rnn(**given)
    with pytest.raises((ValueError, TypeError), match=message):
        _core.rnn(**{**given, **change})


def test_error_of_gates(isa):
    """Errors of sigmoid and tanh inside cells in ULP, for every binade, against float64."""
    x = np.random.default_rng(0).uniform(1, 2, (4000, 1)) * 2.0 ** np.arange(-40, 7)
    x = np.concatenate([x, -x]).astype("float32").reshape(-1, 1, 1)
    one = np.ones((1, 1), "float32")
    tanh = _core.rnn("simple_rnn", x, one, 0 * one)[1].ravel()
    # One step from c = 0 with the candidate tanh(20) = 1, so that c is the input gate.
    gates = _core.rnn(
        "lstm", x, np.array([[1, 0, 0, 0]], "float32"), np.zeros((1, 4), "float32"), np.array([0, 0, 20, 0], "float32")
    )
    sigmoid = gates[2].ravel()
    for found, exact, bound in ((tanh, np.tanh, 4.0), (sigmoid, lambda v: 1 / (1 + np.exp(-v)), 2.5)):
        expected = exact(x.ravel().astype("float64"))
        normal = np.abs(expected) >= 2.0**-126
        unit = np.spacing(np.abs(expected[normal]).astype("float32")).astype("float64")
        assert (np.abs(found[normal] - expected[normal]) / unit).max() <= bound
        np.testing.assert_allclose(found[~normal], expected[~normal], atol=2.0**-125)
    assert np.isnan(_core.rnn("lstm", x[:1] * np.nan, np.ones((1, 4), "float32"), np.zeros((1, 4), "float32"))[1]).all()


def test_public_functions():
    """ops.lstm, ops.gru etc. call the kernels with Keras's argument names, on arrays, Tensors and symbols."""
    x, w, r, b, h, c = case("lstm", 3, 4, 2, 5)
    check_equal(
        ops.lstm(x, w, r, b, h, c, go_backwards=True), definition("lstm", x, w, r, b, h, c, reverse=True), 1e-12
    )
    check_equal(ops.lstm_step(x[:, 0], h, c, w, r, b), definition("lstm", x[:, :1], w, r, b, h, c)[1:], 1e-12)
    with pytest.raises(ValueError, match=r"lstm_step: expected x of shape \(batch, features\), received \(3, 4, 2\)"):
        ops.lstm_step(x, h, c, w, r, b)
    mask = masks(3, 4, 5)[0]
    for reset_after in (True, False):
        kind = "gru" if reset_after else "gru_reset_before"
        x, w, r, b, h, _ = case(kind, 3, 4, 2, 5)
        expected = definition(kind, x, w, r, b, h, mask=mask)[:2]
        check_equal(ops.gru(x, w, r, b, h, mask, reset_after=reset_after), expected, 1e-12)
    x, w, r, b, h, _ = case("simple_rnn", 3, 4, 2, 5)
    expected = definition("simple_rnn", x, w, r, b, h, act="relu")[:2]
    check_equal(ops.simple_rnn(x, w, r, b, h, activation="relu"), expected, 1e-12)
    inputs = netlet.Input((4, 2), dtype="float64")
    model = netlet.Model(inputs, ops.simple_rnn(inputs, w, r, b, activation="relu"))
    expected = ops.simple_rnn(x, w, r, b, activation="relu")
    for found, e in zip(model(x), expected, strict=True):
        np.testing.assert_array_equal(found.numpy(), e)
