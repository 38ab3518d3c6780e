"""Recurrent layers of int8 codes: integers as NumPy computes them, on every instruction set."""

from __future__ import annotations

import numpy as np
import pytest

from netlet import _core
from support import quantized_rnn as reference
from support.guarded import guarded
from support.rnn_arrays import GATES, case, masks

SHAPES = [(1, 1, 1, 1), (1, 3, 3, 3), (3, 4, 2, 17), (2, 2, 7, 128), (33, 2, 5, 17), (9, 1, 4, 129), (1, 2, 28, 64)]


def quantized(kind, *shape, seed=0, weights_scale=1.0):
    """The float arrays of `case`, and the arguments x ... bias of `_core.quantized_rnn`."""
    arrays = case(kind, *shape, seed=seed, dtype="float32")
    arrays[2] *= np.float32(weights_scale)
    x, (w, w_scale), (r, r_scale) = arrays[0], reference.weights_of(arrays[1]), reference.weights_of(arrays[2])
    codes, scale, zero = reference.range_codes(x) if x.size else (x, np.ones((*x.shape[:2], 1), "f4"), 0 * x[..., :1])
    codes = [codes.astype("uint8"), scale, zero.astype("uint8")]
    return arrays, [*codes, w, w_scale, None, r, r_scale, arrays[3]]


def stepwise(kind, given, h, c, **names):
    """The same as one call for each time step, each checked against NumPy from the state that the call before gave."""
    x, x_scale, x_zero, w, w_scale, _, r, r_scale, bias = given
    h = np.zeros((len(x), len(r)), "float32") if h is None else h
    c = np.zeros_like(h) if c is None and kind == "lstm" else c
    ys = []
    for t in range(x.shape[1]):
        at = slice(t, t + 1)
        now = x[:, t].astype("int64"), x_scale[:, t], x_zero[:, t].astype("int64")
        expected = reference.step(kind, now, (w, w_scale), (r, r_scale), bias, h, c, *names.values())
        _, h, c = _core.quantized_rnn(kind, x[:, at], x_scale[:, at], x_zero[:, at], *given[3:], h, c, **names)
        h, c = h.numpy(), None if c is None else c.numpy()
        np.testing.assert_allclose(h, expected[0], rtol=2e-6, atol=2e-6)
        if c is not None:
            np.testing.assert_allclose(c, expected[1], rtol=2e-6, atol=2e-6)
        ys.append(h)
    return np.stack(ys, 1), h, c


def check_equal(found, expected):
    for f, e in zip(found, expected, strict=True):
        assert (f is None) == (e is None)
        if e is not None:
            np.testing.assert_array_equal(f, e)


@pytest.mark.parametrize("kind", GATES)
def test_each_step_is_the_integer_arithmetic(dot_isa, kind):
    for shape in SHAPES:
        arrays, given = quantized(kind, *shape)
        for state in ((None, None), arrays[4:]):
            whole = _core.quantized_rnn(kind, *given, *state)
            check_equal(whole, stepwise(kind, given, *state))


@pytest.mark.product
@pytest.mark.parametrize(
    ("act", "gate"),
    [("relu", "sigmoid"), ("linear", "linear"), ("hard_sigmoid", "hard_sigmoid"), ("sigmoid", "tanh")],
)
@pytest.mark.parametrize("kind", GATES)
def test_other_activations(dot_isa, kind, act, gate):
    for shape in ((3, 3, 2, 9), (1, 2, 3, 70)):
        arrays, given = quantized(kind, *shape, weights_scale=0.3)
        names = {"activation": act, "recurrent_activation": gate}
        check_equal(
            _core.quantized_rnn(kind, *given, *arrays[4:], **names), stepwise(kind, given, *arrays[4:], **names)
        )


def test_linear_sums_to_the_bit(dot_isa):
    """Without gates a step is only the products: every bit is NumPy's, extreme codes included."""
    rng = np.random.default_rng(0)
    for n, features, units in ((1, 5, 3), (4, 3, 65), (17, 70, 31)):
        x = rng.choice(np.array([0, 1, 254, 255], "uint8"), (n, 1, features))
        w, r = (rng.choice(np.array([-128, -127, 127], "int8"), (k, units)) for k in (features, units))
        w_scale, r_scale = (rng.uniform(0.01, 0.1, units).astype("float32") for _ in range(2))
        h = rng.choice(np.array([-3, 0, 0.1, 5], "float32"), (n, units))
        scale, zero = np.float32(0.03), np.uint8(7)
        found = _core.quantized_rnn(
            "simple_rnn", x, scale, zero, w, w_scale, None, r, r_scale, h0=h, activation="linear"
        )[1]
        from_x = reference.dequantized_product(x[:, 0].astype("int64"), scale, 7, w, w_scale)
        from_h = reference.dequantized_product(*reference.range_codes(h), r, r_scale)
        np.testing.assert_array_equal(found, from_h + from_x)


def test_a_nan_state_spoils_its_row_alone(dot_isa):
    arrays, given = quantized("gru", 3, 2, 2, 20)
    h = arrays[4]
    whole = _core.quantized_rnn("gru", *given, h)[0].numpy()
    h[1, 3] = np.nan
    y = _core.quantized_rnn("gru", *given, h)[0].numpy()
    assert np.isnan(y[1]).all()
    np.testing.assert_array_equal(y[[0, 2]], whole[[0, 2]])


@pytest.mark.parametrize("kind", GATES)
def test_masks_and_direction(dot_isa, kind):
    """A masked step keeps the state; backwards is the same on reversed time."""
    n, steps, units = 5, 6, 11
    arrays, given = quantized(kind, n, steps, 3, units)
    mask, _ = masks(n, steps, units)
    y, h, c = _core.quantized_rnn(kind, *given, *arrays[4:], mask)
    for i in range(n):
        kept = mask[i]
        mine = [v[i : i + 1, kept] for v in given[:3]]
        state = [None if s is None else s[i : i + 1] for s in arrays[4:]]
        alone = _core.quantized_rnn(kind, *mine, *given[3:], *state)
        np.testing.assert_array_equal(y.numpy()[i, kept], alone[0].numpy()[0])
        np.testing.assert_array_equal(h.numpy()[i], alone[1].numpy()[0])
        if c is not None:
            np.testing.assert_array_equal(c.numpy()[i], alone[2].numpy()[0])
        for t in np.flatnonzero(~kept):
            np.testing.assert_array_equal(y.numpy()[i, t], y.numpy()[i, t - 1] if t else arrays[4][i])
    back = _core.quantized_rnn(kind, *given, *arrays[4:], mask, reverse=True)
    turned = [np.ascontiguousarray(v[:, ::-1]) for v in given[:3]]
    front = _core.quantized_rnn(kind, *turned, *given[3:], *arrays[4:], np.ascontiguousarray(mask[:, ::-1]))
    np.testing.assert_array_equal(back[0].numpy()[:, ::-1], front[0])
    check_equal(back[1:], front[1:])


@pytest.mark.parametrize("kind", GATES)
def test_close_to_the_float_layer(dot_isa, kind):
    arrays, given = quantized(kind, 8, 12, 10, 40, weights_scale=0.5)
    y = _core.rnn(kind, *arrays)[0].numpy()
    found = _core.quantized_rnn(kind, *given, *arrays[4:])[0].numpy()
    assert np.sqrt(np.mean((found - y) ** 2)) < 0.02 * np.sqrt(np.mean(y**2))
    assert np.abs(found - y).max() > 1e-5  # it is not the float layer


@pytest.mark.parametrize("kind", GATES)
def test_rows_are_independent_of_batch_and_threads(threads, kind):
    arrays, given = quantized(kind, 33, 5, 4, 19)
    whole = _core.quantized_rnn(kind, *given, *arrays[4:])[0].numpy()
    for i in (0, 7, 8, 32):
        mine = [v[i : i + 1] for v in given[:3]]
        state = [None if s is None else s[i : i + 1] for s in arrays[4:]]
        np.testing.assert_array_equal(whole[i : i + 1], _core.quantized_rnn(kind, *mine, *given[3:], *state)[0])


def test_scales_and_signs_of_the_input(dot_isa):
    """One scale for all of x, int8 codes without a zero point, one scale for a kernel, column scales as (1, G U)."""
    _, (x, _, _, w, w_scale, _, r, r_scale, bias) = quantized("lstm", 3, 4, 6, 8)
    signed = (x.astype("int16") - 128).astype("int8")
    scale = np.float32(0.02)
    rest = (w, w_scale, None, r, r_scale, bias)
    unsigned = _core.quantized_rnn("lstm", x, scale, np.uint8(128), *rest)
    check_equal(_core.quantized_rnn("lstm", signed, scale, None, *rest), unsigned)
    rows = np.full((3, 4, 1), scale)
    check_equal(_core.quantized_rnn("lstm", signed, rows, None, *rest), unsigned)
    check_equal(
        _core.quantized_rnn("lstm", signed, 0.02, None, w, w_scale[None], None, r, r_scale[None], bias), unsigned
    )
    one = _core.quantized_rnn("lstm", signed, scale, None, w, 0.01, None, r, 0.01, bias)
    many = np.full(32, 0.01, "float32")
    check_equal(_core.quantized_rnn("lstm", signed, scale, None, w, many, None, r, many, bias), one)


def test_zero_points_of_the_kernel(dot_isa):
    arrays, (x, x_scale, x_zero, w, w_scale, _, r, r_scale, bias) = quantized("lstm", 4, 1, 7, 9)
    zero = np.random.default_rng(0).integers(-50, 50, w.shape[1]).astype("int8")
    _, h, c = _core.quantized_rnn("lstm", x, x_scale, x_zero, w, w_scale, zero, r, r_scale, bias, *arrays[4:])
    now = x[:, 0].astype("int64"), x_scale[:, 0], x_zero[:, 0].astype("int64")
    expected = reference.step("lstm", now, (w, w_scale, zero.astype("int64")), (r, r_scale), bias, *arrays[4:])
    np.testing.assert_allclose(h, expected[0], rtol=2e-6, atol=2e-6)
    np.testing.assert_allclose(c, expected[1], rtol=2e-6, atol=2e-6)


@pytest.mark.parametrize("kind", GATES)
def test_empty_batches_and_sequences(kind):
    for n, steps in ((2, 0), (0, 3), (0, 0)):
        arrays, given = quantized(kind, n, steps, 3, 4)
        y, h, _ = _core.quantized_rnn(kind, *given, *arrays[4:])
        assert y.shape == (n, steps, 4)
        np.testing.assert_array_equal(h, arrays[4])


@pytest.mark.parametrize("side", ["begin", "end"])
@pytest.mark.parametrize("kind", GATES)
def test_no_byte_outside_is_touched(dot_isa, kind, side):
    for shape in ((1, 2, 3, 5), (3, 2, 1, 17), (9, 3, 2, 33), (1, 1, 5, 130)):
        arrays, given = quantized(kind, *shape)
        mask, _ = masks(*shape[:2], shape[3])
        inside = [None if a is None else guarded(np.asarray(a), side) for a in (*given, *arrays[4:], mask)]
        check_equal(_core.quantized_rnn(kind, *inside), _core.quantized_rnn(kind, *given, *arrays[4:], mask))


@pytest.mark.parametrize("kind", GATES)
def test_in_a_plan(kind):
    """Inference plans pack the recurrent kernel once and give the bits of an eager call in each run."""
    arrays, given = quantized(kind, 5, 6, 3, 7)
    expected = [v for v in _core.quantized_rnn(kind, *given, *arrays[4:]) if v is not None]
    tape = _core.Tape(record=True)
    weights = [None if v is None else _core.tensor(v) for v in given[3:]]
    with tape:
        inputs = [tape.input(v.shape, str(v.dtype), f"x{i}") for i, v in enumerate(given[:3])]
        plan = tape.compile([v for v in _core.quantized_rnn(kind, *inputs, *weights, *arrays[4:]) if v is not None])
    for _ in range(3):
        check_equal(plan.run(given[:3])[0], expected)
    kernels = [record["kernel"] for record in plan.records()]
    assert f"quantized_{kind}" in kernels


@pytest.mark.parametrize("kind", GATES)
def test_gradient_of_a_step_on_exact_codes(dot_isa, kind):
    """With a state that the codes hold exactly, the gradients are those of the float layer on dequantized operands."""
    arrays, given = quantized(kind, 5, 1, 4, 9, weights_scale=0.3)
    x, x_scale, x_zero, w, w_scale, _, r, r_scale, bias = given
    codes = np.random.default_rng(2).integers(0, 256, (5, 9))
    codes[:, 0], codes[:, 1] = 0, 255
    h = ((codes - 100) / 128).astype("float32")
    # r h' of this cell is rounded all the same.
    tolerance = 5e-3 if kind == "gru_reset_before" else 2e-5
    values = [(x.astype("float32") - x_zero) * x_scale, w * w_scale, r * r_scale, bias, h, arrays[5]]
    dy = np.random.default_rng(1).normal(size=(5, 1, 9)).astype("float32")
    results = []
    for through_codes in (False, True):
        leaves = [None if v is None else _core.tensor(v.astype("float32")) for v in values]
        wanted = [v for v in leaves if v is not None]
        for v in wanted:
            v.requires_grad = True
        x_hat, kernel_hat, recurrent_hat, b, *state = leaves
        with _core.Tape(grad=True) as tape:
            if through_codes:
                hats = {"x_hat": x_hat, "kernel_hat": kernel_hat, "recurrent_hat": recurrent_hat}
                y, *_ = _core.quantized_rnn(kind, *given[:8], b, *state, **hats)
            else:
                y, *_ = _core.rnn(kind, x_hat, kernel_hat, recurrent_hat, b, *state)
            results.append([y, *tape.gradients(y, wanted, dy)])
    for expected, found in zip(*results, strict=True):
        np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("kind", GATES)
def test_gradient_through_time(kind):
    """Forward keeps the bits of inference; gradients are the float layer's within the quantization error."""
    arrays, given = quantized(kind, 6, 8, 4, 16, weights_scale=0.4)
    x, x_scale, x_zero, w, w_scale, _, r, r_scale, bias = given
    values = [(x.astype("float32") - x_zero) * x_scale, w * w_scale, r * r_scale]
    mask, _ = masks(6, 8, 16)
    inference = _core.quantized_rnn(kind, *given, *arrays[4:], mask)
    results = []
    for through_codes in (False, True):
        leaves = [_core.tensor(v.astype("float32")) for v in values]
        for v in leaves:
            v.requires_grad = True
        with _core.Tape(grad=True) as tape:
            if through_codes:
                hats = dict(zip(("x_hat", "kernel_hat", "recurrent_hat"), leaves, strict=True))
                found = _core.quantized_rnn(kind, *given, *arrays[4:], mask, **hats)
                check_equal(found, inference)
                y = found[0]
            else:
                y = _core.rnn(kind, *leaves, bias, *arrays[4:], mask)[0]
            results.append([v.numpy() for v in tape.gradients(y, leaves, np.ones(y.shape, "float32"))])
    for expected, found in zip(*results, strict=True):
        assert np.linalg.norm(found - expected) < 0.03 * np.linalg.norm(expected)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"x": np.ones((3, 4, 2), "float32")}, "codes x of uint8 or int8, received float32"),
        ({"x": np.ones((3, 2), "uint8")}, r"\(batch, time steps, features\), received shape \(3, 2\)"),
        ({"x": np.ones((3, 4, 5), "uint8")}, r"a kernel of shape \(5, 16\), received \(2, 16\)"),
        ({"kernel": np.ones((2, 16), "uint8")}, "a kernel of int8, received uint8"),
        ({"recurrent_kernel": np.ones((4, 16), "float32")}, "a recurrent kernel of int8, received float32"),
        ({"recurrent_kernel": np.ones((4, 12), "int8")}, r"a recurrent kernel of shape \(4, 16\), received \(4, 12\)"),
        ({"recurrent_scale": np.ones(4, "float32")}, r"a recurrent scale of shape \(\) or \(16,\) or \(1, 16\)"),
        ({"recurrent_scale": np.ones(16)}, "a recurrent scale of float32, received float64"),
        ({"x_scale": np.ones((3, 1, 1), "float32")}, r"scale of x of shape \(\) or \(3, 4, 1\), received \(3, 1, 1\)"),
        ({"bias": np.ones((2, 16), "float32")}, r"a bias of shape \(16,\)"),
        ({"bias": np.ones(16)}, "a bias of float32, received float64"),
        ({"h0": np.ones((2, 4), "float32")}, r"an initial h of shape \(3, 4\), received \(2, 4\)"),
        ({"c0": np.ones((3, 4))}, "an initial c of float32"),
        ({"mask": np.ones((3, 5), bool)}, r"boolean mask of shape \(3, 4\), received shape \(3, 5\)"),
        ({"kind": "gru"}, "quantized_gru: expected"),
        ({"activation": "gelu"}, "derivatives follow from their values"),
        ({"x_hat": np.ones((3, 4, 2), "float32")}, "x_hat, kernel_hat and recurrent_hat together"),
    ],
)
def test_bad_input(change, message):
    given = {
        "kind": "lstm",
        "x": np.ones((3, 4, 2), "uint8"),
        "x_scale": np.float32(0.1),
        "x_zero": np.uint8(0),
        "kernel": np.ones((2, 16), "int8"),
        "kernel_scale": np.float32(0.1),
        "kernel_zero": None,
        "recurrent_kernel": np.ones((4, 16), "int8"),
        "recurrent_scale": np.float32(0.1),
        "bias": np.ones(16, "float32"),
    }
    _core.quantized_rnn(**given)
    with pytest.raises((ValueError, TypeError), match=message):
        _core.quantized_rnn(**{**given, **change})
