"""Operations that move elements: values against NumPy, gradients against difference quotients."""

from __future__ import annotations

import itertools

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netlet import _core
from support.differences import check_gradients, gradients, leaf

DTYPES = ["float32", "float64", "int8", "uint8", "int32", "int64", "bool"]


def numbers(shape, dtype: str = "float64", seed: int = 0) -> np.ndarray:
    return (np.random.default_rng(seed).normal(size=shape) * 50).astype(dtype)


def same(ours, expected) -> None:
    np.testing.assert_array_equal(ours, expected)
    assert ours.shape == expected.shape
    assert ours.dtype == expected.dtype


# ---- transpose -------------------------------------------------------------------------------------------------------
@settings(max_examples=150, deadline=None)
@given(data=st.data(), dtype=st.sampled_from(DTYPES))
def test_transpose(data, dtype):
    x = numbers(data.draw(hnp.array_shapes(min_dims=0, max_dims=6, min_side=0, max_side=5)), dtype)
    axes = data.draw(st.permutations(range(x.ndim)))
    same(_core.transpose(x, axes), np.transpose(x, axes))
    same(_core.transpose(x), np.transpose(x))


@pytest.mark.parametrize(
    ("shape", "axes"),
    [
        ((33, 65), (1, 0)),
        ((200, 300), (1, 0)),
        ((3, 40, 50), (0, 2, 1)),
        ((3, 40, 50), (2, 1, 0)),
        ((40, 3, 50), (1, 0, 2)),
        ((5, 33, 2, 40), (0, 3, 2, 1)),
        ((5, 33, 2, 40), (3, 0, 1, 2)),
        ((2, 300, 3), (0, 2, 1)),
        ((64, 1, 64), (2, 1, 0)),
    ],
    ids=str,
)
def test_transpose_by_tiles(isa, shape, axes):
    for dtype in ("float32", "float64", "int8"):
        x = numbers(shape, dtype)
        same(_core.transpose(x, axes), np.ascontiguousarray(np.transpose(x, axes)))


def test_transpose_refuses():
    with pytest.raises(ValueError, match="transpose: expected 2 axes"):
        _core.transpose(np.zeros((2, 3)), [0])
    with pytest.raises(ValueError, match="transpose: axis 1 is listed twice"):
        _core.transpose(np.zeros((2, 3)), [1, -1])


# ---- broadcast, repeat, tile -----------------------------------------------------------------------------------------
@settings(max_examples=100, deadline=None)
@given(data=st.data(), dtype=st.sampled_from(DTYPES))
def test_broadcast_to(data, dtype):
    shapes = data.draw(hnp.mutually_broadcastable_shapes(num_shapes=1, base_shape=(3, 1, 4, 2), max_dims=6, max_side=4))
    x = numbers(shapes.input_shapes[0], dtype)
    target = np.broadcast_shapes(x.shape, (3, 1, 4, 2))
    same(_core.broadcast_to(x, target), np.broadcast_to(x, target))


def test_broadcast_to_refuses():
    with pytest.raises(
        ValueError, match=r"broadcast_to: cannot broadcast a tensor of shape \(2, 3\) to shape \(3, 3\)"
    ):
        _core.broadcast_to(np.zeros((2, 3)), (3, 3))


def test_repeat_and_tile(isa):
    x = numbers((2, 3, 4), "float32")
    for axis, count in itertools.product((0, 1, 2, -1), (0, 1, 2, 5)):
        same(_core.repeat(x, count, axis), np.repeat(x, count, axis))
    for counts in [(2,), (2, 1), (1, 2, 3), (2, 1, 1, 3), (1, 1, 1), (0, 2)]:
        same(_core.tile(x, counts), np.tile(x, counts))


# ---- concatenate, stack, split, pad ----------------------------------------------------------------------------------
@settings(max_examples=100, deadline=None)
@given(data=st.data(), dtype=st.sampled_from(DTYPES))
def test_concatenate_stack_split(data, dtype):
    shape = data.draw(hnp.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=4))
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    extents = data.draw(st.lists(st.integers(0, 5), min_size=1, max_size=5))
    xs = []
    for i, n in enumerate(extents):
        s = list(shape)
        s[axis] = n
        xs.append(numbers(s, dtype, i))
    whole = np.concatenate(xs, axis)
    same(_core.concatenate(xs, axis), whole)
    ends = np.cumsum(extents)[:-1].tolist()
    parts = _core.split(whole, ends, axis)
    assert len(parts) == len(xs)
    for part, x in zip(parts, xs, strict=True):
        same(part, x)
    same(_core.stack(xs[:1] * 3, axis), np.stack(xs[:1] * 3, axis))


def test_concatenate_brings_types_together():
    ours = _core.concatenate([np.ones(2, "int32"), np.full(1, 0.5, "float32")], 0)
    same(ours, np.array([1, 1, 0.5], "float32"))
    assert _core.concatenate([np.ones(2), _core.tensor(np.ones(1, "float32"))], 0).dtype == "float32"
    with pytest.raises(ValueError, match="concatenate: expected shapes that differ only in axis 0"):
        _core.concatenate([np.zeros((2, 3)), np.zeros((2, 4))], 0)
    with pytest.raises(ValueError, match="stack: expected tensors of one shape"):
        _core.stack([np.zeros(2), np.zeros(3)], 0)
    with pytest.raises(ValueError, match="at least one"):
        _core.concatenate([], 0)


def test_pad_and_flip(isa):
    x = numbers((2, 3, 4), "float32")
    same(_core.pad(x, [1, 0, 2], [0, 3, 1], 7.0), np.pad(x, [(1, 0), (0, 3), (2, 1)], constant_values=7))
    same(_core.pad(x.astype("int32"), [1, 0, 2], [0, 3, 1]), np.pad(x.astype("int32"), [(1, 0), (0, 3), (2, 1)]))
    for axes in ([0], [1, 2], [0, -1], []):
        same(_core.flip(x, axes), np.flip(x, axes))
    with pytest.raises(ValueError, match="pad: expected widths"):
        _core.pad(x, [-1, 0, 0], [0, 0, 0])


def test_squeeze_and_expand():
    x = numbers((1, 3, 1), "float32")
    assert _core.squeeze(x).shape == (3,)
    assert _core.squeeze(x, [-1]).shape == (1, 3)
    assert _core.expand_dims(x, -1).shape == (1, 3, 1, 1)
    with pytest.raises(ValueError, match="more than one entry"):
        _core.squeeze(x, [1])


# ---- indexing --------------------------------------------------------------------------------------------------------
@settings(max_examples=400, deadline=None)
@given(data=st.data(), dtype=st.sampled_from(DTYPES))
def test_getitem(data, dtype):
    x = numbers(data.draw(hnp.array_shapes(min_dims=1, max_dims=4, max_side=6)), dtype)
    index = data.draw(hnp.basic_indices(x.shape, allow_newaxis=True, allow_ellipsis=True, max_dims=6))
    same(_core.getitem(x, index), np.asarray(x[index]))


def test_getitem_with_an_array_of_positions(isa):
    x = numbers((4, 5, 6), "float32")
    for index in [
        np.array([2, 0, -1]),
        (slice(None), [1, 1]),
        (Ellipsis, np.array([[0, 5], [3, 3]])),
        (None, slice(1, 3), [0, 4]),
    ]:
        same(_core.getitem(x, index), x[index])


def test_getitem_refuses():
    x = np.zeros((2, 3))
    for index in (2, -3, (0, 3), (0, 0, 0), (Ellipsis, Ellipsis)):
        with pytest.raises(IndexError):
            _core.getitem(x, index)
    with pytest.raises(TypeError, match="boolean mask"):
        _core.getitem(x, x > 0)
    with pytest.raises(ValueError, match="zero"):
        _core.getitem(x, slice(None, None, 0))


def test_a_slice_is_a_copy():
    x = _core.tensor(np.arange(4.0))
    part = _core.getitem(x, slice(None))
    x.copy_from(np.zeros(4))
    np.testing.assert_array_equal(part.numpy(), [0, 1, 2, 3])


@pytest.mark.parametrize("index_dtype", ["int32", "int64", "int8"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_take(isa, dtype, index_dtype):
    x = numbers((3, 7, 5), dtype)
    for axis in (0, 1, 2, -1):
        n = x.shape[axis]
        for index in ([0, n - 1, -1, -n, 1, 1], [[0, 1], [2, 0]], 1, []):
            at = np.array(index, index_dtype)
            same(_core.take(x, at, axis), np.take(x, at, axis))


def test_take_checks_what_it_can_see(isa):
    x = np.arange(5.0, dtype="float32")
    for bad in (5, -6):
        with pytest.raises(ValueError, match=f"take: index {bad} is out of bounds for axis 0 with 5 entries"):
            _core.take(x, np.array([0, bad]), 0)
    with pytest.raises(TypeError, match="integer indices"):
        _core.take(x, np.array([0.0]), 0)
    # In a recorded step indices are checked at run time: those outside give NaN, as in JAX, or 0, and read no memory.
    with _core.Tape(record=True) as tape:
        index = tape.input((4,), "int32", "index")
        plan = tape.compile([_core.take(x, index, 0), _core.take(x.astype("int32"), index, 0)])
    floats, integers = plan.run([np.array([4, 5, -6, -1], "int32")])[0]
    np.testing.assert_array_equal(np.asarray(floats), [4, np.nan, np.nan, 4])
    np.testing.assert_array_equal(np.asarray(integers), [4, 0, 0, 4])


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "bool"])
def test_one_hot(isa, dtype):
    index = np.array([[0, 2, -1], [3, 1, 7]], "int64")
    expected = (index[..., None] == np.arange(4)) & (index[..., None] >= 0)
    for axis in (-1, 0, 1, 2):
        ours = _core.one_hot(index, 4, dtype, axis)
        same(np.asarray(ours), np.moveaxis(expected, -1, axis).astype(dtype))
    same(_core.one_hot(np.array([2, 255, 0], "uint8"), 3), np.array([[0, 0, 1], [0, 0, 0], [1, 0, 0]], "float32"))


def test_nothing_to_move(isa):
    empty = np.zeros((0, 3), "float32")
    assert _core.transpose(empty).shape == (3, 0)
    assert _core.concatenate([empty, np.ones((2, 3), "float32")], 0).shape == (2, 3)
    assert _core.take(np.ones((2, 0)), np.array([1, 1, 1]), 0).shape == (3, 0)
    assert _core.one_hot(np.zeros((0,), "int32"), 3).shape == (0, 3)
    assert _core.one_hot(np.zeros((2,), "int32"), 0).shape == (2, 0)
    assert _core.getitem(empty, slice(0, 0)).shape == (0, 3)


# ---- gradients -------------------------------------------------------------------------------------------------------
X = numbers((3, 4, 5), seed=2) / 50
OPS = {
    "transpose": lambda x: _core.transpose(x, [2, 0, 1]),
    "transpose_swapped": lambda x: _core.transpose(x, [0, 2, 1]),
    "broadcast_to": lambda x: _core.broadcast_to(_core.getitem(x, (slice(None), slice(0, 1))), (2, 3, 4, 5)),
    "concatenate": lambda x: _core.concatenate([x, np.ones((3, 2, 5)), x], 1),
    "stack": lambda x: _core.stack([x, _core.square(x)], 2),
    "slice": lambda x: _core.getitem(x, (slice(2, None, -2), Ellipsis, slice(1, 4, 2))),
    "slice_of_nothing": lambda x: _core.getitem(x, slice(1, 1)),
    "int_and_new_axis": lambda x: _core.getitem(x, (None, 1, Ellipsis, -1)),
    "overlapping": lambda x: _core.add(_core.getitem(x, slice(0, 2)), _core.getitem(x, slice(1, 3))),
    "split": lambda x: _core.multiply(*_core.split(x, [2], 1)),
    "pad": lambda x: _core.pad(x, [1, 0, 2], [0, 1, 1]),
    "flip": lambda x: _core.flip(x, [0, 2]),
    "repeat": lambda x: _core.repeat(x, 3, 1),
    "tile": lambda x: _core.tile(x, [2, 1, 3]),
    "squeeze": lambda x: _core.squeeze(_core.expand_dims(x, 1)),
    "take_0": lambda x: _core.take(x, np.array([2, 0, 2, -1]), 0),
    "take_1": lambda x: _core.take(x, np.array([[3, 0], [3, 3]]), 1),
    "take_2": lambda x: _core.take(x, np.array(4), 2),
}


@pytest.mark.parametrize("name", OPS)
def test_gradients(isa, name):
    check_gradients(OPS[name], [X])


def test_gradient_of_take_does_not_depend_on_threads(threads):
    x, index = numbers((1000, 60)), np.random.default_rng(1).integers(0, 1000, 5000)
    seed = numbers((5000, 60), seed=4)
    expected = np.zeros_like(x)
    np.add.at(expected, index, seed)
    np.testing.assert_array_equal(gradients(lambda v: _core.take(v, index, 0), [x], seed)[0], expected)


def test_large_moves_do_not_depend_on_threads(threads):
    x = numbers((130, 7, 90), "float32")
    same(_core.transpose(x, [2, 1, 0]), np.ascontiguousarray(x.transpose(2, 1, 0)))
    same(_core.concatenate([x, x[:, :, :5].copy()], 2), np.concatenate([x, x[:, :, :5]], 2))
    same(_core.broadcast_to(x[:, :, :1].copy(), (130, 7, 90)), np.broadcast_to(x[:, :, :1], (130, 7, 90)).copy())


def test_recorded_slices_of_one_tensor(isa):
    """An unrolled loop over time: each step's gradient is written to its slice of one buffer."""
    w = leaf(X.astype("float32"))
    with _core.Tape(record=True, grad=True) as tape:
        scale = tape.input((4, 5), "float32", "scale")
        total = scale
        for t in range(3):
            total = _core.add(_core.multiply(total, scale), _core.getitem(w, t))
        (dw,) = tape.gradients(total, [w])
        plan = tape.compile([dw])
    s = numbers((4, 5), "float32", 9) / 50
    np.testing.assert_allclose(np.asarray(plan.run([s])[0][0]), np.stack([s * s, s, np.ones_like(s)]), rtol=1e-6)
