"""Tensor: what scripts can do with the result of an op."""

from __future__ import annotations

import copy
import multiprocessing
import pickle

import numpy as np
import pytest

import netlet
from netlet import _core, initializers, layers, losses, metrics, ops, random

ARRAY = np.array([[1.5, -2.0, 3.0], [0.25, 5.0, -7.0]], "float32")


@pytest.mark.parametrize(
    "make",
    [
        lambda: ops.matmul(ARRAY, ARRAY.T),
        lambda: ops.softmax(ARRAY),
        lambda: ops.sum(ARRAY),
        lambda: ops.split(ARRAY, 3, axis=1)[0],
        lambda: ops.top_k(ARRAY, 2)[1],
        lambda: ops.reshape(ARRAY, (6,)),
        lambda: ops.zeros((2, 3)),
        lambda: ops.arange(3),
        lambda: random.normal((2, 3)),
        lambda: random.uniform((2,), 0, 9, dtype="int32"),
        lambda: random.randint((2,), 0, 9),
        lambda: random.shuffle(ARRAY),
        lambda: random.categorical(ARRAY, 2),
        lambda: random.dropout(ARRAY, 0.5, noise_shape=(2, 1), seed=1),
        lambda: initializers.Zeros()((2, 3)),
        lambda: initializers.GlorotUniform()((2, 3)),
        lambda: initializers.Orthogonal()((2, 3)),
        lambda: initializers.Constant([1.0, 2.0])((3, 2)),
        lambda: losses.mean_squared_error(ARRAY, ARRAY),
        lambda: losses.MeanSquaredError()(ARRAY, ARRAY),
        lambda: metrics.MeanSquaredError()(ARRAY, ARRAY),
        lambda: layers.Dense(2)(ARRAY),
        lambda: netlet.optimizers.SGD(netlet.optimizers.schedules.CosineDecay(0.1, 9)).learning_rate,
    ],
)
def test_results_are_tensors_whatever_came_in(make):
    result = make()
    assert isinstance(result, netlet.Tensor)
    np.testing.assert_array_equal(result.numpy(), np.asarray(result))


def test_a_tape_watches_random_numbers():
    x = random.uniform((3,), seed=1)
    with netlet.GradientTape() as tape:
        tape.watch(x)
        y = ops.sum(x * x)
    np.testing.assert_allclose(tape.gradient(y, x), 2 * x.numpy(), rtol=1e-6)


def test_predict_gives_arrays():
    model = netlet.Sequential([layers.Input((3,)), layers.Dense(2)])
    assert type(model.predict(ARRAY, verbose=0)) is type(model.predict_on_batch(ARRAY)) is np.ndarray


@pytest.mark.parametrize("make", [ops.convert_to_tensor, netlet.Variable], ids=["Tensor", "Variable"])
def test_single_numbers(make):
    x = make(np.float32(2.71828))
    assert (f"{x:.3f}", f"{x:>8.2f}", f"{x:g}") == ("2.718", "    2.72", "2.71828")
    assert float(x) == np.float32(2.71828) and int(x) == 2 and bool(x) and f"{float(round(x, 2)):.2f}" == "2.72"
    n = make(np.int64(3))
    assert [10, 20, 30, 40][n] == 40 and list(range(n)) == [0, 1, 2] and f"{n:03d}" == "003" and hex(n) == "0x3"
    for wrong in (x, make(np.array([1], "int64"))):
        with pytest.raises(TypeError, match="expected a 0-d tensor of integers"):
            _ = [1, 2][wrong]
    with pytest.raises(TypeError, match=r"expected a 0-d tensor, received shape \(2, 3\)"):
        f"{make(ARRAY):.2f}"
    with pytest.raises(TypeError, match="0-d"):
        iter(x)


@pytest.mark.parametrize("make", [ops.convert_to_tensor, netlet.Variable], ids=["Tensor", "Variable"])
@pytest.mark.parametrize("other", [2.0, ARRAY * 2 - 1, np.float32(-3)], ids=["number", "array", "scalar"])
def test_operators(make, other):
    x = make(ARRAY)
    with np.errstate(all="ignore"):
        for op in ("add", "sub", "mul", "truediv", "floordiv", "mod", "lt", "le", "gt", "ge", "eq", "ne"):
            for name in (f"__{op}__", f"__r{op}__"):
                if not hasattr(type(x), name):
                    continue
                ours, theirs = getattr(x, name)(other), getattr(ARRAY, name)(np.float32(other))
                assert isinstance(ours, netlet.Tensor)
                np.testing.assert_allclose(ours, theirs, rtol=1e-6, err_msg=name)
    assert isinstance(other * x, netlet.Tensor)  # NumPy leaves the operation to the Tensor


def test_more_operators():
    x, n = ops.convert_to_tensor(ARRAY), ops.convert_to_tensor(np.array([7, -7, 8], "int32"))
    assert (n // 2).tolist() == [3, -4, 4] and (n % 3).tolist() == [1, 2, 2] and (n // 2).dtype == "int32"
    assert [v.tolist() for v in divmod(n, 4)] == [[1, -2, 2], [3, 1, 0]]
    assert (1 // ops.convert_to_tensor(np.float32(0.1))).item() == 9.0
    assert ((x > 0) & (x < 2)).tolist() == [[True, False, False], [True, False, False]]
    assert (~(x > 0) | (x == 3.0) ^ (x != 3.0)).all() and (+x is x) and (-x + abs(x)).min() == 0
    np.testing.assert_array_equal(x @ x.T, ARRAY @ ARRAY.T)
    np.testing.assert_array_equal(x**2, ARRAY**2)
    assert (x == None) is False and (x != "a") is True  # noqa: E711
    with netlet.GradientTape() as tape:
        tape.watch(x)
        y = ops.sum(x % 2.0)
    np.testing.assert_array_equal(tape.gradient(y, x), np.ones((2, 3)))


def test_methods_of_arrays():
    x = ops.convert_to_tensor(ARRAY)
    for name, arguments in {
        "reshape": [(3, 2), -1],
        "transpose": [(1, 0)],
        "sum": [None, 0, (0, 1)],
        "mean": [None, 1],
        "std": [None, 1],
        "var": [0],
        "min": [None, 1],
        "max": [None, 0],
        "prod": [1],
        "argmax": [None, 1],
        "argmin": [0],
        "all": [1],
        "any": [None],
        "cumsum": [1],
        "round": [1],
        "astype": ["int32", np.float64, bool],
    }.items():
        for argument in arguments:
            ours, theirs = getattr(x, name)(argument), getattr(ARRAY, name)(argument)
            assert isinstance(ours, netlet.Tensor)
            np.testing.assert_allclose(ours, theirs, rtol=1e-6, err_msg=name)
    assert x.reshape(3, 2).shape == (3, 2) and x.transpose(1, 0).shape == x.T.shape == (3, 2)
    assert x.flatten().tolist() == x.ravel().tolist() == ARRAY.ravel().tolist() and x[0, 1].item() == -2.0
    assert x.clip(0, 1).max() == 1 and x.tobytes() == ARRAY.tobytes() and len(x) == 2 and 5.0 in x and 9.0 not in x
    first, _ = x
    assert first.tolist() == ARRAY[0].tolist() and [row.shape for row in x] == [(3,), (3,)]
    assert str(ops.sum(x)) == "0.75" and "shape=(2, 3)" in repr(x)
    with pytest.raises(TypeError, match=r"cannot be assigned.*slice_update"):
        x[0] = 1.0


def test_one_integer_is_a_shape_or_an_order_of_axes():
    x = ops.array([1.0, 2.0])
    assert x.reshape(2).shape == x.transpose(0).shape == (2,)
    with pytest.raises(ValueError, match=r"shape of 2 elements .* received \(3,\)"):
        x.reshape(3)
    with pytest.raises(ValueError, match="permutation of the 2 axes"):
        ops.array([[1.0, 2.0]]).transpose(1)


METHODS = {
    "cumprod": [(), (1,)],
    "argsort": [(), (0,)],
    "searchsorted": [],
    "take": [([1, 0, 5],), ([1, 0], 1)],
    "repeat": [(2,), ([1, 2], 0)],
    "swapaxes": [(0, 1)],
    "diagonal": [(), (1,)],
    "trace": [(), (-1,)],
    "conj": [()],
    "conjugate": [()],
    "sum": [(), (1,)],
    "reshape": [(3, 2), ((3, -1),)],
    "clip": [(-1.0, 2.0)],
    "astype": [("float64",)],
    "squeeze": [()],
}


@pytest.mark.parametrize("make", [ops.convert_to_tensor, netlet.Variable], ids=["Tensor", "Variable"])
def test_more_methods_of_arrays(make):
    x = make(ARRAY)
    symbol = netlet.Input(batch_shape=ARRAY.shape)
    for name, calls in METHODS.items():
        for arguments in calls:
            ours, theirs = getattr(x, name)(*arguments), getattr(ARRAY, name)(*arguments)
            assert isinstance(ours, netlet.Tensor)
            np.testing.assert_allclose(ours, theirs, rtol=1e-6, err_msg=name)
            symbolic = getattr(symbol, name)(*arguments)
            assert symbolic.shape == theirs.shape
            np.testing.assert_allclose(netlet.Model(symbol, symbolic)(ARRAY), theirs, rtol=1e-6, err_msg=name)
    assert x.ptp(1).tolist() == np.ptp(ARRAY, 1).tolist() and x.sort(0).tolist() == np.sort(ARRAY, 0).tolist()
    assert x.real.tolist() == ARRAY.tolist() and x.imag.tolist() == np.zeros_like(ARRAY).tolist()
    assert x.mT.shape == x.T.shape == symbol.mT.shape == (3, 2)
    assert [p.tolist() for p in x.nonzero()] == [p.tolist() for p in ARRAY.nonzero()]
    assert x.view("int32").tolist() == ARRAY.view("int32").tolist()
    assert x.view(3, 2).shape == x.view((3, 2)).shape == x.view(-1, 2).shape == (3, 2) and x.view(6).shape == (6,)
    assert make(np.array([1.0, 3.0])).searchsorted([2.0, 9.0], "right").tolist() == [1, 2]
    kth = x.argpartition(1, axis=1).numpy()
    assert (np.take_along_axis(ARRAY, kth, 1)[:, 1] == np.sort(ARRAY, 1)[:, 1]).all()


def test_functions_of_numpy_on_variables_and_symbols():
    v = netlet.Variable(ARRAY)
    assert np.sum(v) == ARRAY.sum() and type(np.sort(v)) is np.ndarray
    assert np.mean(v, axis=0).tolist() == ARRAY.mean(0).tolist()
    assert np.shape(netlet.Input((3,))) == (None, 3) and np.ndim(netlet.Input((3,))) == 2
    for use in (np.sum, np.sort, np.exp, lambda s: np.concatenate([s, s])):
        with pytest.raises(_core.SymbolicArgument, match="symbolic"):
            use(netlet.Input((3,)))


@pytest.mark.parametrize(
    "index",
    [ARRAY > 0, (0, ARRAY[0] > 0), ([0, 1], [2, 0]), (slice(None), [True, False, True]), (1, [0, 2]), ARRAY[:, 0] > 9],
    ids=str,
)
def test_indices_that_only_numpy_knows(index):
    x = ops.convert_to_tensor(ARRAY)
    np.testing.assert_array_equal(x[index], ARRAY[index])
    with netlet.GradientTape() as tape:
        tape.watch(x)
        y = ops.sum(x[index] * 2.0)
    expected = np.zeros_like(ARRAY)
    expected[index] = 2.0
    np.testing.assert_array_equal(tape.gradient(y, x), expected)


def test_numpy_reads_a_tensor_as_an_array():
    x = ops.convert_to_tensor(ARRAY)
    for ours, theirs in (
        (np.exp(x), np.exp(ARRAY)),
        (np.mean(x, axis=0), np.mean(ARRAY, axis=0)),
        (np.concatenate([x, ARRAY]), np.concatenate([ARRAY, ARRAY])),
        (np.argmax(x, 1), np.argmax(ARRAY, 1)),
        (np.stack(list(x)), ARRAY),
        (np.array(x, dtype="float64"), ARRAY.astype("float64")),
    ):
        assert isinstance(ours, np.ndarray)
        np.testing.assert_array_equal(ours, theirs)
    for read in (x, netlet.Variable(ARRAY)):
        copied = changed = np.array(x)
        changed += read
        assert changed is copied and isinstance(np.float64(2) * read, netlet.Tensor)
        np.testing.assert_array_equal(copied, 2 * ARRAY)
        assert np.add.reduce(read, axis=1).tolist() == ARRAY.sum(1).tolist()
    with pytest.raises(TypeError, match="expected a NumPy array as `out`"):
        np.exp(ARRAY, out=x)
    assert np.shape(x) == (2, 3) and np.ndim(x) == 2


def test_dtype_equals_numpys():
    x = ops.convert_to_tensor(ARRAY)
    assert x.dtype == "float32" == x.dtype and x.dtype == np.float32 and x.dtype == np.dtype("float32")
    assert x.dtype != np.float64 and x.dtype != "float64" and x.dtype not in ("int32", np.int32, None, 3, list)
    assert {x.dtype: 1}["float32"] == 1 and np.dtype(x.dtype) == np.float32 and type(x.dtype.name) is str
    assert pickle.loads(pickle.dumps(x.dtype)) == "float32"


def test_dlpack():
    x = ops.convert_to_tensor(ARRAY)
    shared = np.from_dlpack(x)
    np.testing.assert_array_equal(shared, ARRAY)
    assert shared.__array_interface__["data"][0] == x.address and x.__dlpack_device__() == (1, 0)
    value = netlet.Variable(ARRAY).value  # a Variable's value is read-only for NumPy
    assert np.from_dlpack(value).__array_interface__["data"][0] != value.address
    with pytest.raises(BufferError, match=r"DLPack 0\.x cannot share memory read-only"):
        value.__dlpack__(copy=False)


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
@pytest.mark.parametrize("dtype", ["float32", "int64", "bool", "bfloat16", "float16"])
def test_copies(again, dtype):
    x = ops.cast(ARRAY, dtype)
    x.requires_grad = dtype == "float32"
    x._keras_mask = ops.convert_to_tensor([True, False])
    y = again(x)
    assert (y.dtype, y.shape, y.requires_grad) == (x.dtype, x.shape, x.requires_grad) and y.address != x.address
    assert ops.cast(y, "float32").tolist() == ops.cast(x, "float32").tolist() and y._keras_mask.tolist() == [
        True,
        False,
    ]


def test_a_tensor_is_a_key_by_identity():
    x, y = ops.zeros(3), ops.zeros(3)
    assert {x: 1, y: 2}[x] == 1 and len({x, y, x}) == 2
    v = netlet.Variable([1.0, 2.0])
    assert {v: 3}[v] == 3 and v in {v} and (v == [1.0, 3.0]).tolist() == [True, False]


def test_recorded_tensors_say_that_they_have_no_value():
    with _core.Tape(record=True) as tape:
        x = tape.input((2,), "float32", "x")
        for use in (float, np.exp, np.mean, lambda t: t.tolist(), copy.deepcopy, lambda t: f"{t[0]:.2f}"):
            with pytest.raises(RuntimeError, match="part of a recorded step"):
                use(x)
        assert "recorded" in f"{x}" and np.shape(x) == (2,) and all(row.recorded for row in x)
        assert isinstance(x == x, netlet.Tensor) and (x.sum() + x.T).recorded


def test_plots_of_tensors():
    plt = pytest.importorskip("matplotlib.pyplot")
    figure, axes = plt.subplots()
    line = axes.plot(ops.arange(3), ops.convert_to_tensor([1.0, 4.0, 9.0]))[0]
    assert line.get_ydata().tolist() == [1.0, 4.0, 9.0]
    image = axes.imshow(random.uniform((4, 5, 3), seed=1))
    assert image.get_array().shape == (4, 5, 3)
    axes.hist(ops.convert_to_tensor([1.0, 2.0]))
    axes.scatter(ops.arange(2), ops.arange(2), c=ops.arange(2))
    plt.close(figure)


def _updated(metric):
    metric.update_state([5.0])
    return float(metric.result())


def test_a_metric_travels_to_another_process():
    metric = metrics.Mean()
    metric.update_state([1.0, 3.0])
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(_updated, (metric,)) == 3.0
    assert float(metric.result()) == 2.0


def test_a_counter_is_one_int64():
    for cell in (np.zeros(1, "float32"), np.zeros(2, "int64"), np.zeros(0, "int64")):
        with pytest.raises(TypeError, match="increment: expected one int64 cell"):
            _core.increment(_core.tensor(cell))


@pytest.mark.parametrize(
    "call",
    [
        lambda t: _core.Tensor.numpy(None),
        lambda t: _core.assign(t, None),
        lambda t: _core.clip_gradient_norm([None], [t], 1.0, True),
        lambda t: _core.Tape().gradients(None, [t]),
        lambda t: _core.Tape(record=True).compile([None]),
        lambda t: _core.Tape.__enter__(None),
        lambda t: _core.RowMap(3, 0, [None]),
    ],
)
def test_none_is_no_tensor(call):
    """None is no null pointer: pybind11 would pass it to where a Tensor is expected."""
    with pytest.raises(TypeError, match=r"incompatible (function|constructor) arguments"):
        call(_core.tensor(np.ones(3)))
