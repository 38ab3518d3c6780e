"""Normalization ops: values and gradients against float64 NumPy and PyTorch.

Also: ill-conditioned inputs, all ways of splitting the work, edge cases.
"""

from __future__ import annotations

import numpy as np
import pytest

from netlet import _core, ops
from support.gradients import rng_of
from support.guarded import guarded

EPS = 1e-3
# (rows, columns): columns around every vector width and a tile; rows around a block, partial sums and several chunks.
COLUMNS = [
    *((2, c) for c in (1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 33, 63, 64, 65, 130, 256, 257, 300, 600)),
    *((r, 3) for r in (1, 3, 21, 63, 64, 65, 127, 128, 1031)),
    *((r, 64) for r in (1, 63, 64, 65, 512, 1000, 2000)),
    *((70, 300), (5000, 16), (0, 5)),
]
ROWS = [1, 2, 3, 7, 8, 9, 15, 16, 17, 33, 63, 64, 65, 100, 255, 256, 257, 320, 1000, 20000]


def normal(*shape, seed=0, dtype="f8"):
    return rng_of(shape, seed).standard_normal(shape).astype(dtype)


def run(f, arrays, dy, double=False):
    """The value of f, and the gradients with respect to all arrays that are not None for the output gradient dy."""
    leaves = [None if a is None else _core.tensor(a) for a in arrays]
    sources = [leaf for leaf in leaves if leaf is not None]
    for leaf in sources:
        leaf.requires_grad = True
    with _core.Tape(grad=True) as tape:
        y = f(*leaves)
        if double:  # two uses, so the second gradient is added to the first
            y2 = f(*leaves)
            grads = tape.gradients(_core.add(y, y2), sources, dy)
        else:
            grads = tape.gradients(y, sources, dy)
    return y.numpy(), [None if g is None else g.numpy() / (2 if double else 1) for g in grads]


def normalised(x, axes, eps=EPS, centred=True):
    """(x - mean) / std and 1 / std in float64, computed in two passes."""
    x = x.astype("f8")
    mean = x.mean(axes, keepdims=True) if centred else 0.0
    variance = ((x - mean) ** 2).mean(axes, keepdims=True)
    return (x - mean) / np.sqrt(variance + eps), 1 / np.sqrt(variance + eps)


def input_gradient(x, g, axes, eps=EPS, centred=True):
    xhat, rstd = normalised(x, axes, eps, centred)
    mean = g.mean(axes, keepdims=True) if centred else 0.0
    return rstd * (g - mean - xhat * (g * xhat).mean(axes, keepdims=True))


def assert_near(got, want, rtol, atol):
    np.testing.assert_allclose(got, want, rtol=rtol, atol=atol)


# ---- batch ---------------------------------------------------------------------------------------------------------
def batch_norm(x, gamma, beta):
    return _core.batch_norm(x, gamma, beta, EPS)[0]


@pytest.mark.parametrize(("dtype", "tol"), [("f8", 1e-12), ("f4", 3e-5)])
def test_batch_norm(isa, dtype, tol):
    for shape in COLUMNS:
        x, dy = normal(*shape, dtype=dtype), normal(*shape, seed=1, dtype=dtype)
        gamma, beta = normal(shape[1], seed=2, dtype=dtype), normal(shape[1], seed=3, dtype=dtype)
        y, (dx, dgamma, dbeta) = run(batch_norm, [x, gamma, beta], dy)
        if shape[0] == 0:
            assert y.shape == dx.shape == shape
            np.testing.assert_array_equal([dgamma, dbeta], np.zeros((2, shape[1])))
            continue
        xhat, _ = normalised(x, 0)
        # A column of two close numbers has a small deviation: dividing by it amplifies the rounding of x.
        assert_near(y, xhat * gamma + beta, tol, tol)
        assert_near(dgamma, (dy * xhat).sum(0), tol, tol * np.sqrt(shape[0]))
        assert_near(dbeta, dy.astype("f8").sum(0), tol, tol * np.sqrt(shape[0]))
        _, rstd = normalised(x, 0)
        assert_near(dx, input_gradient(x, dy * gamma.astype("f8"), 0), tol, tol * max(1, (rstd * np.abs(gamma)).max()))


@pytest.mark.parametrize("shape", [(0,), (4, 0), (0, 0)])
def test_no_channels(isa, shape):
    """There are as many groups as channels, and a division by their number ended the process."""
    x, none = np.zeros(shape, "f4"), np.zeros(0, "f4")
    y, (dx, dgamma, dbeta) = run(batch_norm, [x, none, none], x)
    assert y.shape == dx.shape == shape
    assert dgamma.shape == dbeta.shape == (0,)
    assert _core.given_norm(x, none, none).shape == shape


def test_batch_statistics(isa):
    for dtype, tol in (("f8", 1e-14), ("f4", 70 * 2.0**-24)):
        for shape in COLUMNS[:-1]:
            x = normal(*shape, dtype=dtype) + 1
            _, mean, variance = _core.batch_norm(x, None, None, EPS)
            assert mean.dtype == variance.dtype == x.dtype
            assert_near(mean, x.astype("f8").mean(0), tol, tol)
            assert_near(variance, x.astype("f8").var(0), tol, 0)


@pytest.mark.parametrize("activation", ["relu", "relu6", "silu"])
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_an_activation_in_the_same_pass_has_the_bits_of_one_after_it(isa, dtype, activation):
    for shape in ((2, 1), (7, 3), (65, 17), (130, 64), (70, 300), (0, 5), (3, 5, 4, 24)):
        x, dy = normal(*shape, dtype=dtype), normal(*shape, seed=1, dtype=dtype)
        if x.size > 1000:
            x[0, 0] = np.nan
        gamma, beta = 5 * normal(shape[-1], seed=2, dtype=dtype), normal(shape[-1], seed=3, dtype=dtype)

        def fused(x, gamma, beta):
            return _core.batch_norm(x, gamma, beta, EPS, activation)[0]

        def after(x, gamma, beta):
            return _core.activation(batch_norm(x, gamma, beta), activation)

        for weights in ((gamma, beta), (None, None)):
            for double in (False, True):
                y, grads = run(fused, [x, *weights], dy, double)
                expected, expected_grads = run(after, [x, *weights], dy, double)
                np.testing.assert_array_equal(y, expected)
                for got, want in zip(grads, expected_grads, strict=True):
                    np.testing.assert_array_equal(got, want)


def test_a_large_mean_costs_nothing(isa):
    """float32 with mean 1e4 and variance 1e-4, also with an outlier in front: no accuracy is lost beyond that of x."""
    x = (1e4 + 0.01 * normal(3000, 33)).astype("f4")
    for first in (None, 0.0):
        if first is not None:
            x[0] = first
        y, mean, variance = _core.batch_norm(x, None, None, 1e-6)
        exact, _ = normalised(x, 0, 1e-6)
        assert_near(variance, x.astype("f8").var(0), 5e-6, 0)
        assert_near(mean, x.astype("f8").mean(0), 1e-7, 0)
        assert_near(y, exact, 1e-5, 1e-5)
    x = (1e4 + 0.01 * normal(50, 777)).astype("f4")
    assert_near(_core.layer_norm(x, None, None, 1e-6), normalised(x, 1, 1e-6)[0], 1e-5, 1e-5)
    dy = normal(50, 777, seed=1, dtype="f4")
    for f, axis in (
        (lambda x: _core.batch_norm(x, None, None, 1e-6)[0], 0),
        (lambda x: _core.layer_norm(x, None, None, 1e-6), 1),
    ):
        _, (dx,) = run(f, [x], dy)
        want = input_gradient(x, dy, axis, 1e-6)
        assert_near(dx, want, 1e-5, 1e-5 * np.abs(want).max())


def test_not_finite_stays_in_its_channel():
    x = normal(100, 5, dtype="f4")
    x[3, 1], x[4, 2] = np.nan, np.inf
    y, mean, variance = _core.batch_norm(x)
    assert np.isnan(y[:, 1:3]).all() and np.isfinite(y[:, [0, 3, 4]]).all()
    assert np.isnan(mean[1]) and np.isnan(variance[1:3]).all()
    assert np.isnan(_core.layer_norm(x)[3:5]).all() and np.isfinite(_core.layer_norm(x)[5:]).all()


# ---- rows ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("centred", [True, False])
@pytest.mark.parametrize(("dtype", "tol"), [("f8", 1e-12), ("f4", 2e-5)])
def test_rows(isa, dtype, tol, centred):
    for n in ROWS:
        x, dy = normal(5, n, dtype=dtype), normal(5, n, seed=1, dtype=dtype)
        gamma, beta = normal(n, seed=2, dtype=dtype), normal(n, seed=3, dtype=dtype)
        for g, b in ((gamma, beta), (gamma, None), (None, beta), (None, None)):
            y, grads = run(lambda x, g, b: _core.layer_norm(x, g, b, EPS, centred), [x, g, b], dy)
            xhat, rstd = normalised(x, 1, centred=centred)
            scale = 1.0 if g is None else g.astype("f8")
            assert_near(y, xhat * scale + (0 if b is None else b), tol, tol)
            assert_near(grads[0], input_gradient(x, dy * scale, 1, centred=centred), tol, tol * max(1, rstd.max()))
            if g is not None:
                assert_near(grads[1], (dy * xhat).sum(0), tol, tol)
            if b is not None:
                assert_near(grads[-1], dy.astype("f8").sum(0), tol, tol)


@pytest.mark.parametrize("rows", [0, 1, 31, 33, 300, 1000])
def test_many_rows(rows):
    x, dy, gamma = normal(rows, 24), normal(rows, 24, seed=1), normal(24, seed=2)
    _, (dx, dgamma, dbeta) = run(lambda x, g, b: _core.layer_norm(x, g, b, EPS), [x, gamma, gamma], dy)
    assert_near(dx, input_gradient(x, dy * gamma, 1), 1e-11, 1e-12)
    assert_near(dgamma, (dy * normalised(x, 1)[0]).sum(0), 1e-11, 1e-12)
    assert_near(dbeta, dy.sum(0), 1e-11, 1e-12)


# ---- groups, given statistics --------------------------------------------------------------------------------------
GROUPS = [
    *(((2, 5, 12), g) for g in (1, 2, 3, 12)),
    *(((3, 7, 9, 32), g) for g in (1, 4, 32)),
    *(((1, 1, 8), 8), ((4, 130, 300), 5), ((2, 6), 3), ((0, 4, 6), 2), ((2, 0, 6), 2)),
]


@pytest.mark.parametrize(("shape", "groups"), GROUPS, ids=str)
def test_groups(isa, shape, groups):
    c = shape[-1]
    x, dy, gamma, beta = normal(*shape), normal(*shape, seed=1), normal(c, seed=2), normal(c, seed=3)
    y, (dx, dgamma, dbeta) = run(lambda x, g, b: _core.group_norm(x, groups, g, b, EPS), [x, gamma, beta], dy)
    if x.size == 0:
        assert y.shape == dx.shape == shape
        return
    split = (shape[0], -1, groups, c // groups)
    xhat = normalised(x.reshape(split), (1, 3))[0].reshape(shape)
    want = input_gradient(x.reshape(split), (dy * gamma).reshape(split), (1, 3)).reshape(shape)
    over = tuple(range(len(shape) - 1))
    assert_near(y, xhat * gamma + beta, 1e-12, 1e-12)
    assert_near(dx, want, 1e-11, 1e-11)
    assert_near(dgamma, (dy * xhat).sum(over), 1e-12, 1e-12)
    assert_near(dbeta, dy.sum(over), 1e-12, 1e-12)


@pytest.mark.parametrize("shape", [(6, 4), (2, 5, 3, 17), (130, 64), (1, 1), (0, 3)], ids=str)
def test_given_statistics(isa, shape):
    c = shape[-1]
    arrays = [normal(*shape), normal(c, seed=1), normal(c, seed=2) ** 2, normal(c, seed=3), normal(c, seed=4)]
    dy = normal(*shape, seed=5)
    y, grads = run(lambda x, m, v, g, b: _core.given_norm(x, m, v, g, b, EPS), arrays, dy)
    x, m, v, g, b = arrays
    scale, over = g / np.sqrt(v + EPS), tuple(range(len(shape) - 1))
    assert_near(y, (x - m) * scale + b, 1e-13, 1e-13)
    by_scale = (dy * (x - m)).sum(over)
    expected = (
        dy * scale,
        -dy.sum(over) * scale,
        by_scale * g * -0.5 * (v + EPS) ** -1.5,
        by_scale / np.sqrt(v + EPS),
        dy.sum(over),
    )
    for got, want in zip(grads, expected, strict=True):
        assert_near(got, want, 1e-11, 1e-11)


@pytest.mark.parametrize(
    "f",
    [
        lambda x, g, b: _core.batch_norm(x, g, b)[0],
        lambda x, g, b: _core.layer_norm(x, g, b),
        lambda x, g, b: _core.group_norm(x, 3, g, b),
        lambda x, g, b: _core.given_norm(x, b, g, g, b),
    ],
    ids=["batch", "layer", "group", "given"],
)
def test_gradients_are_added_where_something_stands_already(f):
    arrays, dy = [normal(4, 5, 6), normal(6, seed=1) ** 2, normal(6, seed=2)], normal(4, 5, 6, seed=3)
    once, twice = run(f, arrays, dy), run(f, arrays, dy, double=True)
    for a, b in zip(once[1], twice[1], strict=True):
        assert_near(b, a, 1e-13, 1e-13)


# ---- the ops under Keras's names -----------------------------------------------------------------------------------
def test_other_axes():
    x, dy = normal(3, 4, 5, 6), normal(3, 4, 5, 6, seed=1)
    for axis in (0, 1, 2, -1):
        c = x.shape[axis]
        m, v, o, s = (normal(c, seed=i) for i in range(4))
        wide = tuple(c if i == axis % 4 else 1 for i in range(4))
        got, (dx, *_) = run(lambda x, axis=axis: ops.batch_normalization(x, m, v**2, axis, o, s), [x], dy)  # noqa: B023
        scale = (s / np.sqrt(v**2 + 1e-3)).reshape(wide)
        assert_near(got, (x - m.reshape(wide)) * scale + o.reshape(wide), 1e-12, 1e-12)
        assert_near(dx, dy * scale, 1e-12, 1e-12)
    for axes in ((1,), (0, 2), (2, 1), (1, 2, 3), (0, 3)):
        where = tuple(sorted(axes))
        wide = tuple(n if i in where else 1 for i, n in enumerate(x.shape))
        g, b = normal(*(x.shape[i] for i in where), seed=7), normal(*(x.shape[i] for i in where), seed=8)
        got, (dx, *_) = run(lambda x, a=axes: ops.layer_normalization(x, g, b, a, 1e-3), [x], dy)  # noqa: B023
        assert_near(got, normalised(x, where)[0] * g.reshape(wide) + b.reshape(wide), 1e-12, 1e-12)
        assert_near(dx, input_gradient(x, dy * g.reshape(wide), where), 1e-11, 1e-11)
        rms = ops.rms_normalization(x, g, axes, 1e-3)
        assert_near(rms, normalised(x, where, centred=False)[0] * g.reshape(wide), 1e-12, 1e-12)


def test_results_do_not_depend_on_threads(threads):
    got = results()
    for name, bits in got.items():
        assert BITS.setdefault(name, bits) == bits, name


BITS: dict[str, list[bytes]] = {}


def results():
    found = {}
    for shape in ((40000, 24), (3000, 300), (8, 900, 96)):
        x, dy, g = normal(*shape, dtype="f4"), normal(*shape, seed=1, dtype="f4"), normal(shape[-1], seed=2, dtype="f4")
        for name, f in {
            "batch": lambda x, g, b: _core.batch_norm(x, g, b)[0],
            "batch, relu6": lambda x, g, b: _core.batch_norm(x, g, b, 1e-3, "relu6")[0],
            "layer": lambda x, g, b: _core.layer_norm(x, g, b),
            "group": lambda x, g, b: _core.group_norm(x, 6, g, b),
            "given": lambda x, g, b: _core.given_norm(x, b, b, g, b),
        }.items():
            y, grads = run(f, [x, g, np.abs(g)], dy)
            found[f"{name} {shape}"] = [a.tobytes() for a in (y, *grads)]
    return found


@pytest.mark.parametrize("side", ["begin", "end"])
def test_nothing_outside_is_touched(isa, side):
    for shape in ((7, 3), (65, 17), (3, 300), (2, 5, 6)):
        x = guarded(normal(*shape, dtype="f4"), side)
        g, b = (guarded(normal(shape[-1], seed=i, dtype="f4"), side) for i in (1, 2))
        assert np.isfinite(_core.batch_norm(x, g, b)[0]).all()
        assert np.isfinite(_core.layer_norm(x, g, b)).all()
        assert np.isfinite(_core.given_norm(x, b, np.abs(g), g, b)).all()
        if len(shape) == 3:
            assert np.isfinite(_core.group_norm(x, 3, g, b)).all()


def test_moving_average(isa):
    for n in (1, 5, 40):
        moving, value = _core.tensor(normal(n, dtype="f4")), _core.tensor(normal(n, seed=1, dtype="f4"))
        want = 0.9 * moving.numpy().astype("f8") + 0.1 * value.numpy()
        _core.moving_average(value, moving, 0.9)
        assert_near(moving.numpy(), want, 1e-6, 1e-7)


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda: _core.batch_norm(np.ones((2, 3)), np.ones(4)), ValueError, r"gamma of shape \(3,\).*received \(4,\)"),
        (lambda: _core.layer_norm(np.ones((2, 3)), None, np.ones((3, 1))), ValueError, r"beta of shape \(3,\)"),
        (
            lambda: _core.group_norm(np.ones((2, 6)), 4),
            ValueError,
            "expected a number of groups that divides the 6 channels.*received 4",
        ),
        (lambda: _core.group_norm(np.ones(6), 2), ValueError, "expected x"),
        (lambda: _core.batch_norm(np.ones((2, 3), "i4")), TypeError, "batch_normalization"),
        (lambda: _core.layer_norm(np.float64(1.0)), ValueError, "at least one axis"),
        (lambda: ops.layer_normalization(np.ones((2, 3)), axis=2), ValueError, "out of range"),
        (lambda: ops.layer_normalization(np.ones((2, 3)), axis=(1, -1)), ValueError, "expected different axes"),
        (
            lambda: ops.batch_normalization(np.ones((2, 3)), np.ones(2), np.ones(2), 1),
            ValueError,
            r"mean of shape \(3,\)",
        ),
        (lambda: ops.normalize(np.ones(3), order=0), ValueError, "order"),
        (lambda: ops.moments(np.ones(3), 0, synchronized=True), NotImplementedError, "synchronized"),
    ],
)
def test_bad_input(call, error, says):
    with pytest.raises(error, match=says):
        call()
