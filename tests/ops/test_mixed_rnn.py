"""Recurrent layers in bfloat16: products of rounded operands in every step, everything else in float32."""

from __future__ import annotations

import numpy as np
import pytest

from netlet import _core
from support.bf16 import BF16, product, rounded

GATES = {"simple_rnn": 1, "lstm": 4, "gru": 3, "gru_reset_before": 3}
SHAPES = [(1, 3, 5, 3), (5, 6, 9, 17), (9, 4, 16, 40), (20, 5, 33, 130)]  # batch, time steps, features, units


def sigmoid(x):
    return 1 / (1 + np.exp(-x.astype("float64")))


def tanh(x):
    return np.tanh(x.astype("float64"))


def definition(kind, x, w, r, b):
    """y (B, T, U) in float32, before it is rounded."""
    steps, units = x.shape[1], r.shape[0]
    h, c, ys = np.zeros((len(x), units), "f4"), 0, []
    gates = product(x.reshape(-1, x.shape[-1]), w, b[0] if kind == "gru" else b).reshape(*x.shape[:2], -1)
    for t in range(steps):
        g = gates[:, t]
        if kind == "simple_rnn":
            h = tanh(product(h, r, g))
        elif kind == "lstm":
            i, f, n, o = np.split(product(h, r, g), 4, -1)
            c = sigmoid(f) * c + sigmoid(i) * tanh(n)
            h = sigmoid(o) * tanh(c)
        elif kind == "gru":
            (xz, xr, xn), (hz, hr, hn) = np.split(g, 3, -1), np.split(product(h, r, b[1]), 3, -1)
            z = sigmoid(xz + hz)
            h = z * h + (1 - z) * tanh(xn + sigmoid(xr + hr) * hn)
        else:
            z, reset = np.split(sigmoid(product(h, r[:, : 2 * units], g[:, : 2 * units])), 2, -1)
            h = z * h + (1 - z) * tanh(product((reset * h).astype("f4"), r[:, 2 * units :], g[:, 2 * units :]))
        h = h.astype("f4")
        ys.append(h)
    return np.stack(ys, 1)


def operands(kind, shape, seed=0):
    rng, (batch, steps, features, units), gates = np.random.default_rng(seed), shape, GATES[kind]
    scale = lambda *s: (rng.normal(size=s) / np.sqrt(s[0])).astype("f4")  # noqa: E731
    bias = rng.normal(size=(2, gates * units) if kind == "gru" else gates * units).astype("f4") / 3
    x = rng.normal(size=(batch, steps, features)).astype(BF16)
    return x, scale(features, gates * units), scale(units, gates * units), bias


def run(kind, arrays, dy=None, **options):
    leaves = [_core.tensor(a) for a in arrays]
    for t in leaves:
        t.requires_grad = True
    with _core.Tape(grad=True) as tape:
        y = _core.rnn(kind, *leaves, **options)[0]
        grads = tape.gradients(y, leaves, dy) if dy is not None else []
    return y.numpy(), [g.numpy() for g in grads]


@pytest.mark.parametrize("kernel_dtype", ["float32", BF16], ids=["float32", "bfloat16"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("kind", GATES)
def test_forward(dot_isa, kind, shape, kernel_dtype):
    x, w, r, b = operands(kind, shape)
    w, r = w.astype(kernel_dtype), r.astype(kernel_dtype)
    y, _ = run(kind, (x, w, r, b))
    expected = definition(kind, x, w, r, b)
    assert y.dtype == BF16
    # sigmoid and tanh differ from the reference in float32's last places, which may change how a number is rounded.
    assert np.abs(y.astype("f4") - expected).max() <= 2.0**-7
    assert np.mean(y != expected.astype(BF16)) <= 0.02


@pytest.mark.parametrize("options", [{}, {"reverse": True}, {"mask": True, "recurrent_scale": True}], ids=str)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("kind", GATES)
def test_gradients_are_those_of_float32_but_for_the_rounding(dot_isa, kind, shape, options):
    x, w, r, b = operands(kind, shape, seed=1)
    rng = np.random.default_rng(2)
    dy = rng.normal(size=(*shape[:2], shape[3])).astype("f4")
    if options.get("mask"):
        scale = rng.choice([0.0, 2.0], (shape[0], shape[3])).astype("f4")
        options = {"mask": rng.random(shape[:2]) < 0.7, "recurrent_scale": scale}
    y, mixed = run(kind, (x, w, r, b), dy, **options)
    wide, exact = run(kind, (x.astype("f4"), rounded(w), rounded(r), b), dy, **options)
    np.testing.assert_allclose(y.astype("f4"), wide, atol=2.0**-6)
    for got, want in zip(mixed, exact, strict=True):
        assert got.dtype == np.float32
        assert np.linalg.norm(got - want) <= 2.0**-6 * np.linalg.norm(want)


@pytest.mark.parametrize("kind", GATES)
def test_states(kind):
    """The first state may be bfloat16 or float32; its gradient is float32. The last state is bfloat16."""
    x, w, r, b = operands(kind, (3, 4, 5, 6))
    h0 = np.random.default_rng(3).normal(size=(3, 6)).astype(BF16)
    state = _core.tensor(h0)
    state.requires_grad = True
    with _core.Tape(grad=True) as tape:
        y, h, c = _core.rnn(kind, x, w, r, b, h0=state)
        (dh0,) = tape.gradients(h, [state], np.ones((3, 6), "f4"))
    assert dh0.dtype == np.float32 and np.abs(dh0.numpy()).max() > 0
    np.testing.assert_array_equal(h, y.numpy()[:, -1])
    assert h.numpy().dtype == BF16 and (kind == "lstm") == (c is not None)
    np.testing.assert_array_equal(y, _core.rnn(kind, x, w, r, b, h0=h0.astype("f4"))[0])


def test_every_instruction_set_gives_the_same_bits_without_exponentials():
    before, results = _core.active_isa(), {}
    try:
        for isa in _core.supported_isas():
            _core.force_isa(isa)
            results[isa] = []
            for shape in SHAPES:
                arrays = operands("simple_rnn", shape)
                y, grads = run("simple_rnn", arrays, np.ones((*shape[:2], shape[3]), "f4"), activation="relu")
                results[isa] += [y.view("u2"), *(g.view("u4") for g in grads[:3])]
        for isa, found in results.items():
            for got, want in zip(found, results["scalar"], strict=True):
                np.testing.assert_array_equal(got, want, err_msg=isa)
    finally:
        _core.force_isa(before)


@pytest.mark.parametrize("kind", GATES)
def test_every_number_of_threads_gives_the_same(threads, kind):
    arrays, dy = operands(kind, (37, 6, 20, 50)), np.random.default_rng(4).normal(size=(37, 6, 50)).astype("f4")
    several, grads = run(kind, arrays, dy)
    _core.set_num_threads(1)
    one, of_one = run(kind, arrays, dy)
    _core.set_num_threads(threads)
    for a, b in zip([several, *grads], [one, *of_one], strict=True):
        np.testing.assert_array_equal(a, b)


def test_errors():
    x, w, r, b = operands("lstm", (2, 3, 4, 5))
    with pytest.raises(
        TypeError, match="lstm: expected a float32 or bfloat16 kernel for a bfloat16 x, received float64"
    ):
        _core.rnn("lstm", x, w, _core.tensor(r.astype("f8")), b)
    with pytest.raises(ValueError, match=r"lstm: expected a kernel of shape \(4, 20\), received \(5, 20\)"):
        _core.rnn("lstm", x, r, r, b)
