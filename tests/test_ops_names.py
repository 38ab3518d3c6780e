"""netlet.ops against keras.ops: names, arguments, defaults, and values for arrays, Tensors and symbolic inputs.

The kernels are tested in tests/ops.
"""

from __future__ import annotations

import keras
import numpy as np
import pytest

import netlet
from netlet import ops
from support.op_cases import CASES, RNG, A, C


def leaves(value):
    return list(value) if isinstance(value, (list, tuple)) else [value]


def tensors(value):
    if isinstance(value, list) and value and isinstance(value[0], np.ndarray):
        return [netlet.ops.convert_to_tensor(v) for v in value]
    return netlet.ops.convert_to_tensor(value) if isinstance(value, np.ndarray) else value


@pytest.mark.parametrize(("name", "args", "kwargs"), CASES, ids=[c[0] for c in CASES])
def test_values(name, args, kwargs):
    expected = [np.asarray(v) for v in leaves(getattr(keras.ops, name)(*args, **kwargs))]
    from_arrays = leaves(getattr(ops, name)(*args, **kwargs))
    native = {k: tensors(v) for k, v in kwargs.items()}
    from_tensors = leaves(getattr(ops, name)(*[tensors(a) for a in args], **native))
    assert len(expected) == len(from_arrays) == len(from_tensors)
    for want, array, tensor in zip(expected, from_arrays, from_tensors, strict=True):
        assert isinstance(tensor, netlet.Tensor)
        assert want.shape == np.shape(array) == tensor.shape
        assert want.dtype.kind == np.asarray(array).dtype.kind == tensor.numpy().dtype.kind
        # Keras computes these in float32 and casts the result back.
        in_float32 = ("mean", "normalize", "layer_normalization", "rms_normalization", "dot_product_attention")
        exact = want.dtype == np.float64 and name not in in_float32
        np.testing.assert_allclose(tensor.numpy(), want, rtol=1e-12 if exact else 3e-6, atol=1e-13 if exact else 1e-6)
        np.testing.assert_array_equal(np.asarray(array), tensor.numpy())


@pytest.mark.parametrize(("name", "args", "kwargs"), CASES, ids=[c[0] for c in CASES])
def test_symbols(name, args, kwargs):
    """The same values from a functional model whose input is the first array, with a fixed batch size."""
    several = isinstance(args[0], list)
    first = args[0] if several else [args[0]]
    inputs = [netlet.Input(batch_shape=a.shape, dtype=a.dtype) for a in first]
    outputs = getattr(ops, name)(inputs if several else inputs[0], *args[1:], **kwargs)
    model = netlet.Model(inputs, list(outputs) if isinstance(outputs, (list, tuple)) else outputs)
    expected = leaves(getattr(ops, name)(*args, **kwargs))
    for symbol, value, want in zip(leaves(outputs), leaves(model(first)), expected, strict=True):
        assert symbol.shape == np.shape(want)
        assert symbol.dtype == value.dtype
        np.testing.assert_array_equal(value.numpy(), np.asarray(want))
    again = netlet.Model.from_config(model.get_config())
    for value, want in zip(leaves(again(first)), expected, strict=True):
        np.testing.assert_array_equal(value.numpy(), np.asarray(want))


@pytest.mark.parametrize(
    "call",
    [
        lambda m: m.zeros((2, 3)),
        lambda m: m.ones((2,), dtype="int32"),
        lambda m: m.full((2, 2), 3.0),
        lambda m: m.eye(3),
        lambda m: m.eye(2, 3, 1),
        lambda m: m.identity(2),
        lambda m: m.arange(5),
        lambda m: m.arange(1.0, 2.0, 0.25),
        lambda m: m.linspace(0.0, 1.0, 5),
        lambda m: m.tri(3, 4, 1),
        lambda m: m.convert_to_tensor([1.0, 2.0]),
        lambda m: m.array([[1, 2]]),
    ],
)
def test_new_arrays(call):
    ours, theirs = call(ops), np.asarray(call(keras.ops))
    assert isinstance(ours, netlet.Tensor)
    # Keras on JAX, here with 64-bit types enabled, converts Python's numbers to float64; netlet always uses floatx.
    assert ours.dtype == theirs.dtype.name.replace("float64", "float32")
    np.testing.assert_allclose(ours.numpy(), theirs)


def test_facts():
    x = netlet.Input((3, 4))
    assert ops.shape(x) == (None, 3, 4) and ops.shape(A) == (3, 4)
    assert ops.ndim(x) == 3 and ops.size(A) == 12 and ops.dtype(A) == "float64" and ops.dtype(x) == "float32"
    assert ops.is_tensor(x) and ops.is_tensor(ops.zeros(2)) and not ops.is_tensor(A)
    array = ops.convert_to_numpy(ops.ones(2))
    assert isinstance(array, np.ndarray)


def test_none_stands_for_any_extent():
    x = netlet.Input((None, 4))
    y = ops.sum(ops.concatenate([x * 2.0, x], axis=-1), axis=1)
    assert y.shape == (None, 8)
    model = netlet.Model(x, y)
    for shape in ((2, 3, 4), (5, 1, 4)):
        value = RNG.standard_normal(shape).astype("float32")
        expected = np.concatenate([2 * value, value], -1).sum(1)
        np.testing.assert_allclose(model(value).numpy(), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "call",
    [
        lambda: ops.reshape(A, (5, 5)),
        lambda: ops.reshape(A, (-1, -1)),
        lambda: ops.transpose(A, (0, 0)),
        lambda: ops.concatenate([]),
        lambda: ops.concatenate([A, C]),
        lambda: ops.stack([A, A[:2]]),
        lambda: ops.squeeze(A, 0),
        lambda: ops.expand_dims(A, (0, 0)),
        lambda: ops.expand_dims(A, (1, -3)),
        lambda: ops.arange(0, 5, 0),
        lambda: ops.hstack([]),
        lambda: ops.vstack([]),
        lambda: ops.sum(A, axis=2),
        lambda: ops.sum(A, axis=(0, 0)),
        lambda: ops.softmax(A, axis=5),
        lambda: ops.split(A, 3, axis=1),
        lambda: ops.dot(A, A),
        lambda: ops.matmul(A, A),
        lambda: ops.add(A, C[:, :2]),
        lambda: ops.glu(A[:, :3]),
        lambda: ops.cast(A, "float8"),
    ],
)
def test_bad_arguments(call):
    with pytest.raises(ValueError):
        call()


@pytest.mark.parametrize("name", ["exp", "sqrt", "log", "sigmoid", "relu", "softmax", "var", "logsumexp", "sin"])
def test_integers_count_as_floats_where_only_floats_make_sense(name):
    x = np.array([[1, 2], [3, 4]], "int32")
    np.testing.assert_allclose(getattr(ops, name)(x), getattr(ops, name)(x.astype("float32")))
    assert isinstance(getattr(ops, name)(ops.convert_to_tensor(x)), netlet.Tensor)


def test_the_norm_of_integers_is_that_of_floats():
    """The squares of integers would overflow their type."""
    for dtype in ("int8", "uint8", "int32", "int64", "bool"):
        x = np.array([[100, 120], [0, 7]]).astype(dtype)
        for kwargs in ({}, {"axis": 1}, {"axis": 0, "ord": 1}, {"axis": -1, "ord": np.inf, "keepdims": True}):
            want = np.asarray(keras.ops.norm(x, **kwargs))
            got = ops.norm(x, **kwargs)
            assert got.dtype == want.dtype == np.float32
            np.testing.assert_allclose(got, want, rtol=1e-6)
    assert ops.norm(np.array([50000, 50000], "int32")).item() == pytest.approx(70710.678)


def test_quotients_and_rests_of_infinities():
    a, b = np.array([np.inf, -np.inf, 3, -3, 3, 0, np.inf, 3]), np.array([2, 2, np.inf, np.inf, -np.inf, np.inf, 1, 0])
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(ops.floor_divide(a, b), np.floor_divide(a, b))
        np.testing.assert_array_equal(ops.mod(a, b), np.mod(a, b))


def test_bounds_of_a_clip_decide_its_dtype():
    x = np.array([0, 1, 5])
    np.testing.assert_allclose(ops.clip(x, 0.2, 3.6), keras.ops.clip(x, 0.2, 3.6), rtol=1e-6)
    assert ops.clip(x, 0.2, 3.6).dtype == np.float32
    assert ops.clip(x, 1, 3).tolist() == [1, 1, 3]
    assert ops.clip(x, 1, 3).dtype == x.dtype


def test_splits_as_numpy():
    x = np.arange(6.0)
    for cuts in ([-2], [2, -1], [0, 6], [2, 9], [-9, 3], [], np.array([1, 4]), 3):
        got, want = ops.split(x, cuts), np.split(x, cuts)
        assert [g.tolist() for g in got] == [w.tolist() for w in want]
    assert [p.tolist() for p in ops.split(np.zeros(0), 2)] == [[], []]
    for cuts in ([4, 2], [-1, -3], 0, -2, 4):
        with pytest.raises(ValueError, match=r"ops\.split"):
            ops.split(x, cuts)


def test_floats_of_two_widths_have_a_product():
    rng = np.random.default_rng(0)  # of its own: a relative bound needs sums that do not cancel in any order of tests
    a, b = rng.standard_normal((3, 4)).astype("float32"), rng.standard_normal((4, 2))
    for x, y in ((a, b), (b.T, a.T), (a.astype("float16"), b), (ops.convert_to_tensor(a), ops.convert_to_tensor(b))):
        got = np.asarray(ops.matmul(x, y))
        assert got.dtype == np.float64
        np.testing.assert_allclose(got, np.asarray(x).astype("float64") @ np.asarray(y), rtol=1e-12)
    assert ops.matmul(ops.convert_to_tensor(a), b).dtype == "float32"  # the ndarray is cast to the Tensor's dtype
    y = ops.dense(ops.convert_to_tensor(a), b, bias=np.ones(2))
    np.testing.assert_allclose(y.numpy(), a @ b + 1, rtol=1e-5)


def test_arrays_of_types_that_netlet_has_not():
    x = np.array([[3, -4]], "int16")
    for like, value in ((ops.zeros_like, 0), (ops.ones_like, 1), (lambda v: ops.full_like(v, 7), 7)):
        assert like(x).dtype == "int32"
        assert (np.asarray(like(x)) == value).all()
    assert ops.segment_max(x, np.array([1]), 2).tolist() == [[-(2**31)] * 2, [3, -4]]
    assert ops.image.resize(np.full((1, 2, 2, 1), 5, "int16"), (3, 3)).dtype == np.int32


def test_products_of_integers_are_exact():
    a = RNG.integers(-1000, 1000, (5, 7)).astype("int32")
    product = ops.matmul(a, a.T)
    assert product.dtype == np.int32 and (product == a @ a.T).all()
    assert ops.matmul(a.astype("int64"), a.T).dtype == np.int64


def test_python_objects_are_refused():
    with pytest.raises(TypeError, match="Python objects"):
        ops.shape(np.array([object()]))
    with pytest.raises((TypeError, ValueError)):
        ops.add(np.array(["a"]), 1.0)
    with pytest.raises(TypeError, match="subscripts"):
        ops.einsum(7)
    with pytest.raises(TypeError, match="numbers"):
        ops.nonzero(np.array(["a"]))


def test_every_op_has_a_docstring():
    for name in ops.__all__:
        assert (getattr(ops, name).__doc__ or "").strip(), name
