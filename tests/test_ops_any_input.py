"""Every op × every kind of array: the right result, or a named exception; never a crash, never a quiet mistake.

The right result is the one for the same values in a fresh contiguous array. Values that NumPy knows and netlet does
not (objects, text, complex numbers, dates) end in TypeError or ValueError."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import netlet
from netlet import ops
from support.op_cases import CASES

NAMED = (ValueError, TypeError, IndexError, NotImplementedError, OverflowError)
UNIQUE = list({name: (name, args, kwargs) for name, args, kwargs in CASES}.values())


def misaligned(x):
    raw = np.zeros(x.nbytes + 1, "uint8")
    view = raw[1:].view()[: x.nbytes].view(x.dtype) if x.nbytes else x.copy()
    out = np.ndarray(x.shape, x.dtype, buffer=raw.data, offset=1) if x.nbytes else view
    out[...] = x
    return out


def read_only(x):
    y = x.copy()
    y.flags.writeable = False
    return y


def padded(x):
    big = np.full([d + 3 for d in x.shape], 7, x.dtype)
    inner = big[tuple(slice(1, d + 1) for d in x.shape)]
    inner[...] = x
    return inner


class Subclass(np.ndarray):
    """An array class of somebody else's."""


class HasArray:
    """Something that only knows how to become an array."""

    def __init__(self, x):
        self.x = x
        self.shape, self.dtype = x.shape, x.dtype

    def __array__(self, dtype=None, copy=None):
        return np.array(self.x, dtype)


SAME_VALUES = {
    "F-order": np.asfortranarray,
    "reversed twice": lambda x: np.ascontiguousarray(x[..., ::-1])[..., ::-1] if x.ndim else x.copy(),
    "every second": lambda x: np.repeat(x, 2, axis=-1)[..., ::2] if x.ndim else x.copy(),
    "misaligned": misaligned,
    "read-only": read_only,
    "big-endian": lambda x: x.astype(x.dtype.newbyteorder(">")),
    "inside of a larger one": padded,
    "subclass": lambda x: x.copy().view(Subclass),
    "has __array__": HasArray,
    "memory map": None,  # made in the test: needs a file
}
OTHER_VALUES = {
    "0-d": lambda x: x.reshape(-1)[0],
    "no rows": lambda x: x[:0],
    "no columns": lambda x: x[..., :0],
    "rank 0 of objects": lambda x: np.array(object()),
    "objects": lambda x: x.astype(object),
    "ragged": lambda x: [[1.0], [1.0, 2.0]],
    "text": lambda x: np.full(x.shape, "a"),
    "complex": lambda x: x.astype("complex128"),
    "dates": lambda x: np.full(x.shape, "2020-01-01", "datetime64[D]"),
    "None": lambda x: None,
    "a dict": lambda x: {"x": 1.0},
    "NaN": lambda x: np.full(x.shape, np.nan) if x.dtype.kind == "f" else x,
    "infinite": lambda x: np.full(x.shape, np.inf) if x.dtype.kind == "f" else x,
    "wrong rank": lambda x: x[None, None],
    "float16": lambda x: x.astype("float16"),
    "int8": lambda x: x.astype("int8"),
    "bool": lambda x: x.astype("bool"),
    "zero strides": lambda x: np.broadcast_to(x.reshape(-1)[:1].reshape([1] * x.ndim), x.shape),
}


def changed(args, change):
    """The arguments with the first array replaced."""
    first, rest = args[0], args[1:]
    if isinstance(first, list):
        return ([change(first[0]), *first[1:]], *rest)
    return (change(first), *rest)


def results(value):
    return [np.asarray(v) for v in (value if isinstance(value, (list, tuple)) else [value])]


@pytest.mark.parametrize("kind", SAME_VALUES)
@pytest.mark.parametrize(("name", "args", "kwargs"), UNIQUE, ids=[c[0] for c in UNIQUE])
def test_layouts_do_not_matter(name, args, kwargs, kind, tmp_path):
    def memory_map(x):
        m = np.memmap(tmp_path / "x", x.dtype, "w+", shape=x.shape)
        m[...] = x
        return m

    change = SAME_VALUES[kind] or memory_map
    op = getattr(ops, name)
    given = changed(args, change)
    before = np.array(given[0][0] if isinstance(given[0], list) else given[0])
    for got, want in zip(results(op(*given, **kwargs)), results(op(*args, **kwargs)), strict=True):
        np.testing.assert_array_equal(got, want)
        assert got.dtype == want.dtype
    np.testing.assert_array_equal(np.array(given[0][0] if isinstance(given[0], list) else given[0]), before)


@pytest.mark.parametrize("kind", OTHER_VALUES)
@pytest.mark.parametrize(("name", "args", "kwargs"), UNIQUE, ids=[c[0] for c in UNIQUE])
def test_other_values_give_a_result_or_a_named_exception(name, args, kwargs, kind):
    given = changed(args, OTHER_VALUES[kind])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        try:
            from_arrays = results(getattr(ops, name)(*given, **kwargs))
        except NAMED:
            return
    refused = kind in {"rank 0 of objects", "objects", "ragged", "text", "complex", "dates", "None", "a dict"}
    assert not refused, f"{name} made {from_arrays} of {kind}"
    tensors = changed(args, lambda x: ops.convert_to_tensor(OTHER_VALUES[kind](x)))
    for got, want in zip(results(getattr(ops, name)(*tensors, **kwargs)), from_arrays, strict=True):
        if kind == "float16":  # beside a Tensor of float32 the others are float32, too
            np.testing.assert_allclose(got, want, rtol=1e-6)
        else:
            np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("shape", [(2**62, 4), (2**40, 2**40), (-2, 3), (2.5, 2), ("a",), (np.nan,)], ids=str)
def test_impossible_shapes(shape):
    for make in (ops.zeros, ops.ones, lambda s: ops.broadcast_to(np.ones(1), s), lambda s: ops.reshape(np.ones(6), s)):
        with pytest.raises((*NAMED, MemoryError)):
            make(shape)


def test_widths_whose_sum_leaves_64_bits():
    with pytest.raises(ValueError, match="too many elements"):
        ops.pad(np.ones(4), [(2**62, 2**62)])


def test_one_array_given_twice_and_overlapping_ones():
    x = np.arange(12.0)
    np.testing.assert_array_equal(ops.add(x[:-1], x[1:]), x[:-1] + x[1:])
    np.testing.assert_array_equal(ops.multiply(x, x), x * x)
    np.testing.assert_array_equal(ops.concatenate([x[2:], x[:2], x]), np.concatenate([x[2:], x[:2], x]))
    t = netlet.ops.convert_to_tensor(x)
    np.testing.assert_array_equal(ops.subtract(t, t).numpy(), x - x)


def test_arguments_are_never_written_to():
    for name, args, kwargs in UNIQUE:
        first = args[0][0] if isinstance(args[0], list) else args[0]
        before = first.copy()
        getattr(ops, name)(*args, **kwargs)
        np.testing.assert_array_equal(first, before, err_msg=name)
