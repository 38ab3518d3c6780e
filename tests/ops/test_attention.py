"""Blocked attention against its definition in NumPy, difference quotients, and Keras."""

from __future__ import annotations

import itertools

import keras
import numpy as np
import pytest

import netlet
from netlet import _core, ops
from support.attention import attention
from support.differences import check_gradients, gradients
from support.guarded import guarded

# (B, T, S, N, K, H, D): all sizes 1; grouped heads; whole blocks; one more than a block; several blocks; wide heads.
SIZES = [
    (1, 1, 1, 1, 1, 1, 1),
    (2, 3, 5, 4, 2, 3, 7),
    (1, 64, 128, 2, 2, 32, 32),
    (1, 65, 129, 2, 1, 33, 9),
    (1, 130, 260, 3, 3, 8, 16),
    (2, 200, 70, 2, 2, 130, 70),
]
# (axes of the mask, axes of the bias, causal, whether fully masked rows give an average). Axes: 1 full, 0 broadcast.
HOW = [
    (None, None, False, True),
    (None, None, True, True),
    ((1, 0, 0, 1), None, False, True),
    ((1, 0, 1, 1), (0, 1, 1, 1), False, True),
    ((1, 0, 1, 1), None, True, True),
    ((1, 0, 1, 1), None, True, False),
    ((0, 1, 1, 0), (1, 0, 0, 1), True, False),
    (None, (1, 1, 1, 1), True, True),
]


def operands(sizes, dtype="float64", seed=0):
    B, T, S, N, K, H, D = sizes
    rng = np.random.default_rng(seed)
    return [rng.standard_normal(shape).astype(dtype) for shape in ((B, T, N, H), (B, S, K, H), (B, S, K, D))]


def extras(sizes, mask, bias, dtype="float64", seed=1):
    B, T, S, N = sizes[:4]
    rng = np.random.default_rng(seed)

    def shape(axes):
        return tuple(n if a else 1 for a, n in zip(axes, (B, N, T, S), strict=True))

    return (
        None if mask is None else rng.random(shape(mask)) > 0.6,
        None if bias is None else rng.standard_normal(shape(bias)).astype(dtype),
    )


@pytest.mark.product
@pytest.mark.parametrize("how", HOW, ids=str)
@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_values(isa, sizes, how):
    for dtype, bound in (("float64", 1e-14), ("float32", 2e-6)):
        q, k, v = operands(sizes, dtype)
        mask, bias = extras(sizes, *how[:2], dtype)
        wide = [None if x is None else x.astype("float64") for x in (q, k, v, bias)]
        want = attention(wide[0], wide[1], wide[2], mask, wide[3], 0.3, *how[2:])
        got = _core.attention(q, k, v, mask, bias, 0.3, *how[2:])
        assert got.dtype == dtype
        np.testing.assert_allclose(got, want, rtol=bound, atol=bound * np.abs(v).max())


@pytest.mark.product
@pytest.mark.parametrize("how", HOW, ids=str)
@pytest.mark.parametrize("sizes", [(1, 2, 3, 2, 1, 2, 3), (2, 3, 2, 2, 2, 2, 1)], ids=str)
def test_gradients_are_the_difference_quotients(isa, sizes, how):
    mask, bias = extras(sizes, *how[:2])
    xs = operands(sizes) + ([] if bias is None else [bias])

    def f(q, k, v, b=None):
        return _core.attention(q, k, v, mask, b, 0.7, *how[2:])

    check_gradients(f, xs)


@pytest.mark.product
@pytest.mark.parametrize("how", HOW, ids=str)
@pytest.mark.parametrize(
    "sizes", [(1, 65, 129, 2, 1, 33, 9), (2, 130, 200, 2, 2, 8, 70), (1, 300, 600, 1, 1, 4, 4)], ids=str
)
def test_gradients_of_several_blocks_by_complex_step(isa, sizes, how):
    """The definition's directional derivative along one random direction; some sizes have several chunks of keys."""
    mask, bias = extras(sizes, *how[:2])
    xs = operands(sizes) + ([] if bias is None else [bias])
    rng = np.random.default_rng(2)
    directions = [rng.standard_normal(x.shape) for x in xs]
    seed = rng.standard_normal((sizes[0], sizes[1], sizes[3], sizes[6]))
    moved = [x + 1e-30j * d for x, d in zip(xs, directions, strict=True)]
    b = moved[3] if bias is not None else None
    want = np.sum(seed * attention(moved[0], moved[1], moved[2], mask, b, 0.2, *how[2:]).imag / 1e-30)

    def f(q, k, v, b=None):
        return _core.attention(q, k, v, mask, b, 0.2, *how[2:])

    found = gradients(f, xs, seed)
    assert sum(np.sum(g * d) for g, d in zip(found, directions, strict=True)) == pytest.approx(want, rel=1e-9)


@pytest.mark.parametrize("how", HOW, ids=str)
def test_the_same_bits_for_any_number_of_threads(threads, how):
    sizes = (2, 150, 1200, 4, 2, 16, 16)
    mask, bias = extras(sizes, *how[:2], "float32")
    xs = operands(sizes, "float32") + ([] if bias is None else [bias])
    seed = np.ones((2, 150, 4, 16), "float32")

    def run():
        def f(q, k, v, b=None):
            return _core.attention(q, k, v, mask, b, 0.3, *how[2:])

        return [np.asarray(f(*xs)).tobytes(), *(g.tobytes() for g in gradients(f, xs, seed))]

    here = run()
    _core.set_num_threads(1)
    assert run() == here


@pytest.mark.parametrize("rate", [0.3, 0.9])
@pytest.mark.parametrize("sizes", [(1, 3, 5, 2, 1, 4, 6), (2, 70, 140, 2, 2, 8, 8)], ids=str)
def test_dropout_draws_the_same_backward(isa, sizes, rate):
    """With the identity as value, the output is the probabilities after dropout; they determine the gradients."""
    B, T, S, N, K = sizes[:5]
    q, k, v = operands(sizes)
    eye = np.broadcast_to(np.eye(S)[None, :, None, :], (B, S, K, S)).copy()
    how = {"scale": 0.5, "causal": True, "rate": rate, "seed": 7}

    def recorded(q, k, v, seed):
        """A recorded call. Each recording numbers its random ops from 0, so every call draws the same numbers."""
        tape = _core.Tape(record=True, grad=True)
        with tape:
            xs = [tape.input(x.shape, "float64", n) for x, n in zip((q, k, v), "qkv", strict=True)]
            for x in xs:
                x.requires_grad = True
            y = _core.attention(*xs, **how)
            plan = tape.compile([y, *tape.gradients(y, xs, seed)])
        return plan.run([q, k, v])[0]

    dropped = recorded(q, k, eye, np.ones((B, T, N, S)))[0].transpose(0, 2, 1, 3)
    clean = _core.attention(q, k, eye, scale=0.5, causal=True).transpose(0, 2, 1, 3)
    factor = np.where(dropped == 0, 0, 1 / (1 - rate))
    np.testing.assert_allclose(dropped, clean * factor, rtol=1e-12)
    seen = clean > 0
    share = (dropped[seen] == 0).mean()
    assert abs(share - rate) < 5 * np.sqrt(rate * (1 - rate) / seen.sum())
    seed = np.random.default_rng(3).standard_normal((B, T, N, v.shape[-1]))
    y, dq, dk, dv = recorded(q, k, v, seed)
    groups = N // K
    heads = np.repeat(v, groups, 2)
    np.testing.assert_allclose(y, np.einsum("bnts,bsnd->btnd", dropped, heads), rtol=1e-10, atol=1e-12)
    dp = np.einsum("btnd,bsnd->bnts", seed, heads) * factor
    g = clean * (dp - np.sum(clean * dp, -1, keepdims=True)) * 0.5

    def grouped(x):
        return x.reshape(B, S, K, groups, -1).sum(3)

    np.testing.assert_allclose(dq, np.einsum("bnts,bsnh->btnh", g, np.repeat(k, groups, 2)), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(dk, grouped(np.einsum("bnts,btnh->bsnh", g, q)), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(dv, grouped(np.einsum("bnts,btnd->bsnd", dropped, seed)), rtol=1e-9, atol=1e-12)


def test_dropout_differs_from_step_to_step_and_not_between_instruction_sets():
    q, k, v = operands((1, 70, 70, 2, 2, 8, 8), "float64")
    cell = _core.tensor(np.zeros(1, np.int64))
    results = {}
    before = _core.active_isa()
    for isa in _core.supported_isas():
        _core.force_isa(isa)
        tape = _core.Tape(record=True)
        tape.set_step(cell)
        cell.copy_from(np.zeros(1, np.int64))
        with tape:
            y = _core.attention(*[tape.input(x.shape, "float64", "x") for x in (q, k, v)], rate=0.5, seed=3)
            _core.increment(cell)
            plan = tape.compile([y])
        results[isa] = [plan.run([q, k, v])[0][0] for _ in range(2)]
    _core.force_isa(before)
    for first, second in results.values():
        assert np.abs(first - second).max() > 0.1
        np.testing.assert_allclose(first, results["scalar"][0], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("side", ["begin", "end"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_no_byte_outside_of_the_operands_is_touched(isa, dtype, side):
    for sizes in [(1, 1, 1, 1, 1, 1, 1), (2, 3, 5, 4, 2, 3, 7), (1, 65, 67, 2, 1, 17, 9), (1, 17, 130, 1, 1, 5, 33)]:
        q, k, v = operands(sizes, dtype)
        mask, bias = extras(sizes, (1, 0, 1, 1), (1, 1, 1, 1), dtype)
        inside = [_core.as_tensor(guarded(x, side)) for x in (q, k, v, bias)]
        m = _core.as_tensor(guarded(mask, side))
        for x in inside:
            x.requires_grad = True
        with _core.Tape(grad=True) as tape:
            y = _core.attention(*inside[:3], m, inside[3], 0.5, True)
            found = tape.gradients(y, inside, _core.as_tensor(guarded(np.ones(tuple(y.shape), dtype), side)))
        np.testing.assert_array_equal(y.numpy(), _core.attention(q, k, v, mask, bias, 0.5, True))
        assert all(np.isfinite(g.numpy()).all() for g in found)


def test_memory_grows_with_the_length_and_not_with_its_square():
    """The arena of a recorded forward and backward pass is proportional to T."""

    def arena(length):
        tape = _core.Tape(record=True, grad=True)
        with tape:
            xs = [tape.input((1, length, 2, 16), "float32", n) for n in "qkv"]
            for x in xs:
                x.requires_grad = True
            y = _core.attention(*xs, causal=True)
            seed = np.ones((1, length, 2, 16), "float32")
            plan = tape.compile([_core.sum(g) for g in tape.gradients(y, xs, seed)])
        return plan.arena_bytes

    assert arena(8192) <= 2.01 * arena(4096) + 4096
    assert arena(8192) < 8192 * 8192 * 4 / 16


@pytest.mark.parametrize(
    "sizes", [(1, 0, 3, 2, 1, 4, 5), (1, 3, 0, 2, 1, 4, 5), (0, 3, 3, 2, 2, 4, 5), (2, 3, 3, 2, 1, 4, 0)]
)
def test_nothing_to_look_at(isa, sizes):
    B, T, _, N, _, _, D = sizes
    q, k, v = operands(sizes)
    y = _core.attention(q, k, v)
    np.testing.assert_array_equal(y, np.zeros((B, T, N, D)))
    for g, x in zip(gradients(_core.attention, [q, k, v], np.ones(y.shape)), (q, k, v), strict=True):
        np.testing.assert_array_equal(g, np.zeros_like(x))


@pytest.mark.parametrize("causal", [False, True])
def test_dead_rows(isa, causal):
    """Fully masked rows give the average of all values (as in JAX) or, if so requested, zeros; gradients are finite."""
    q, k, v = operands((1, 70, 300, 1, 1, 4, 4))
    mask = np.zeros((1, 1, 70, 300), bool)
    mask[..., 1::2, :] = True
    y = _core.attention(q, k, v, mask, causal=causal)
    np.testing.assert_allclose(y[0, ::2, 0], np.broadcast_to(v.mean(1)[0, 0], (35, 4)), rtol=1e-12)
    assert (_core.attention(q, k, v, mask, causal=causal, average_dead=False)[0, ::2] == 0).all()
    for x in (y, *gradients(lambda *a: _core.attention(*a, mask, causal=causal), [q, k, v], np.ones(y.shape))):
        assert np.isfinite(x).all()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_extremes(isa, dtype):
    """Scores of +-1e4 and a bias of -inf give accurate results without overflow; a NaN stays in its row."""
    q, k, v = operands((1, 5, 40, 1, 1, 3, 3), dtype)
    for scale in (1e4, -1e4):
        want = attention(q.astype("f8"), k.astype("f8"), v.astype("f8"), scale=scale)
        got = _core.attention(q, k, v, scale=scale)
        # A score of 1e4 has an absolute error of 1e4 u, which becomes the relative error of its exponential.
        np.testing.assert_allclose(
            got, want, rtol=1e-2 if dtype == "float32" else 1e-9, atol=1e-2 if dtype == "float32" else 1e-9
        )
    bias = np.zeros((1, 1, 5, 40), dtype)
    bias[..., 3:] = -np.inf
    np.testing.assert_allclose(_core.attention(q, k, v, None, bias), _core.attention(q, k[:, :3], v[:, :3]), rtol=1e-5)
    bias[:, :, 2] = -np.inf
    assert np.isfinite(_core.attention(q, k, v, None, bias)).all()
    q[0, 1] = np.nan
    y = _core.attention(q, k, v)
    assert np.isnan(y[0, 1]).all()
    assert np.isfinite(y[0, [0, 2, 3, 4]]).all()


@pytest.mark.parametrize(
    ("causal", "mask", "bias"), list(itertools.product([False, True], [None, (1, 0, 1, 1)], [None, (1, 1, 1, 1)]))
)
def test_the_op_against_keras(causal, mask, bias):
    sizes = (2, 6, 6, 4, 2, 3, 3)
    q, k, v = operands(sizes, "float32")
    m, b = extras(sizes, mask, bias, "float32")
    want = keras.ops.dot_product_attention(q, k, v, bias=b, mask=m, is_causal=causal)
    np.testing.assert_allclose(
        ops.dot_product_attention(q, k, v, bias=b, mask=m, is_causal=causal), want, rtol=1e-5, atol=1e-6
    )


def test_types_and_symbols():
    q, k, v = operands((1, 3, 4, 2, 2, 3, 3))
    assert ops.attention(q.astype("float32"), k, v).dtype == np.float64
    tensor = netlet.ops.convert_to_tensor(q.astype("float32"))
    assert ops.attention(tensor, k, v, mask=np.ones((3, 4), "int32"), bias=np.zeros(4)).dtype == "float32"
    assert ops.attention(*(np.ones((1, 2, 1, 1), "int32"),) * 3).dtype == np.float32
    symbol = netlet.Input((3, 2, 3), dtype="float64")
    model = netlet.Model(symbol, ops.dot_product_attention(symbol, symbol, symbol, is_causal=True))
    np.testing.assert_array_equal(model(q).numpy(), ops.dot_product_attention(q, q, q, is_causal=True))


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        (((1, 2, 3), (1, 2, 1, 3), (1, 2, 1, 3)), "axes"),
        (((1, 2, 2, 3), (2, 2, 2, 3), (2, 2, 2, 3)), "the same batch"),
        (((1, 2, 2, 3), (1, 2, 2, 3), (1, 3, 2, 3)), "as many times and heads"),
        (((1, 2, 2, 3), (1, 2, 2, 4), (1, 2, 2, 3)), "the same size"),
        (((1, 2, 3, 3), (1, 2, 2, 3), (1, 2, 2, 3)), "a multiple"),
        (((1, 2, 3, 3), (1, 2, 0, 3), (1, 2, 0, 3)), "a multiple"),
    ],
)
def test_shapes_that_do_not_fit_are_named(shapes, message):
    with pytest.raises(ValueError, match=message):
        ops.dot_product_attention(*(np.zeros(s) for s in shapes))


def test_other_bad_arguments():
    x = np.zeros((1, 2, 1, 3))
    with pytest.raises(ValueError, match=r"mask that broadcasts .* \(1, 1, 2, 2\), received shape \(3, 2\)"):
        ops.dot_product_attention(x, x, x, mask=np.ones((3, 2), bool))
    with pytest.raises(ValueError, match="bias that broadcasts"):
        ops.dot_product_attention(x, x, x, bias=np.ones((1, 1, 1, 2, 2)))
    with pytest.raises(ValueError, match="attn_logits_soft_cap"):
        ops.dot_product_attention(x, x, x, attn_logits_soft_cap=3.0)
    with pytest.raises(ValueError, match="rate"):
        _core.attention(x, x, x, rate=1.0)
    with pytest.raises(TypeError, match="bool mask"):
        _core.attention(x, x, x, np.ones((2, 2)))
    with pytest.raises(TypeError, match="float32 or float64"):
        _core.attention(x.astype("int32"), x, x)
