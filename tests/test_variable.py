"""Variable: creation, assignment (eager and in a recorded step), operators, moving to other memory."""

from __future__ import annotations

import keras
import numpy as np
import pytest

import netlet
from netlet import _core, ops
from netlet.base.naming import name_scope
from netlet.engine.storage import storage_epoch


@pytest.mark.parametrize(
    ("value", "dtype"),
    [
        (np.zeros(2, "float64"), "float64"),
        (np.zeros(2, "float32"), "float32"),
        (np.int64(3), "int64"),
        ([1.0, 2.0], "float32"),
        (3, "int32"),
        (2.5, "float32"),
        (True, "bool"),
        (np.zeros(2, "uint8"), "uint8"),
    ],
)
def test_dtype_of_given_values(value, dtype):
    v = netlet.Variable(value)
    assert v.dtype == v.value.dtype == dtype
    assert v.shape == np.shape(value)


def test_from_an_initializer():
    v = netlet.Variable(netlet.initializers.Ones(), shape=(2, 3), name="w")
    assert (v.name, v.path, v.shape, v.ndim, v.size, v.dtype) == ("w", "w", (2, 3), 2, 6, "float32")
    with name_scope("outer"), name_scope("inner"):
        assert netlet.Variable(0.0, name="b").path == "outer/inner/b"
    assert netlet.Variable(lambda shape, dtype: np.full(shape, 7, dtype), shape=(1,), dtype="int32").numpy() == [7]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"initializer": netlet.initializers.Ones()}, "needs `shape`"),
        ({"initializer": netlet.initializers.Ones(), "shape": (None, 2)}, "non-negative integers"),
        ({"initializer": np.zeros(3), "shape": (2,)}, r"expected shape \(2,\), received \(3,\)"),
        ({"initializer": np.array([object()])}, "Python objects"),
        (
            {"initializer": lambda shape, dtype: np.zeros(5), "shape": (2,)},
            r"expected shape \(2,\) from its initializer, received \(5,\)",
        ),
        ({"initializer": 1.0, "name": "a/b"}, "without '/'"),
        ({"initializer": 1.0, "dtype": "float31"}, "Unknown dtype"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        netlet.Variable(**arguments)


def test_numpy_is_a_copy():
    v = netlet.Variable(np.zeros(3))
    before, array = v.numpy(), np.asarray(v)
    v.assign([1, 2, 3])
    assert (before == 0).all() and (array == 0).all()
    before[:] = 9
    assert v.numpy().tolist() == [1, 2, 3]


def test_assigning():
    v = netlet.Variable(np.zeros((2, 2), "float32"), name="w")
    assert v.assign(np.arange(4).reshape(2, 2)) is v
    v.assign_add([[1.0, 1.0], [1.0, 1.0]])
    v.assign_sub(np.ones(2))
    v.assign_add(1)
    assert v.numpy().tolist() == [[1, 2], [3, 4]]
    v.assign(netlet.Variable(np.ones((2, 2))))
    assert v.dtype == "float32" and v.numpy().sum() == 4
    for method in (v.assign, v.assign_add):
        with pytest.raises(ValueError, match=r"'w'\.assign\w*: expected shape \(2, 2\), received \(3, 2\)"):
            method(np.zeros((3, 2)))
    with pytest.raises(ValueError, match="Python objects"):
        v.assign(np.array([["a", "b"], ["c", "d"]], object))


def test_assigning_inside_a_recorded_step_happens_at_each_run():
    total, last = netlet.Variable(np.zeros(2, "float32")), netlet.Variable(np.zeros((1, 2), "float64"))
    tape = _core.Tape(record=True)
    with tape:
        x = tape.input((1, 2), "float32", "x")
        total.assign_add(ops.sum(x, axis=0))
        total.assign_sub(0.5)
        last.assign(x)
    plan = tape.compile([])
    assert total.numpy().tolist() == [0, 0], "nothing happens while recording"
    for row in ([1.0, 2.0], [3.0, 4.0]):
        plan.run([_core.tensor(np.array([row], "float32"))])
    assert total.numpy().tolist() == [3.0, 5.0]
    assert last.numpy().tolist() == [[3.0, 4.0]]


EXPRESSIONS = [
    lambda v, a: v + a,
    lambda v, a: a + v,
    lambda v, a: v - a,
    lambda v, a: a - v,
    lambda v, a: v * a,
    lambda v, a: a * v,
    lambda v, a: v / a,
    lambda v, a: a / v,
    lambda v, a: v**2,
    lambda v, a: 2.0**v,
    lambda v, a: v @ a,
    lambda v, a: a @ v,
    lambda v, a: -v,
    lambda v, a: abs(v),
    lambda v, a: v < a,
    lambda v, a: v <= a,
    lambda v, a: v > a,
    lambda v, a: v >= a,
    lambda v, a: v[0],
    lambda v, a: v[:, 1:],
    lambda v, a: v[..., None],
    lambda v, a: v + 1,
    lambda v, a: 1 - v,
    lambda v, a: 2 * v / 3,
]


@pytest.mark.parametrize("expression", EXPRESSIONS)
@pytest.mark.parametrize("kind", ["variable", "tensor"])
def test_operators_are_numpys(expression, kind):
    rng = np.random.default_rng(0)
    value, other = rng.uniform(0.5, 2, (3, 3)), rng.uniform(0.5, 2, (3, 3))
    v = netlet.Variable(value, dtype="float64") if kind == "variable" else _core.tensor(value)
    expected = expression(value, other)
    for given in (other, _core.tensor(other)):
        result = expression(v, given)
        assert isinstance(result, _core.Tensor)
        np.testing.assert_allclose(result.numpy(), expected, rtol=1e-13)


def test_operators_of_symbols_make_a_model():
    rng = np.random.default_rng(0)
    value, other = rng.uniform(0.5, 2, (3, 3)), rng.uniform(0.5, 2, (3, 3))
    for expression in EXPRESSIONS:
        x = netlet.Input(batch_shape=(3, 3), dtype="float64")
        y = expression(x, other)
        model = netlet.Model(x, y)
        np.testing.assert_allclose(model(value).numpy(), expression(value, other), rtol=1e-13)


def test_trainable_is_for_floats():
    assert netlet.Variable(1.0).value.requires_grad
    assert not netlet.Variable(1).value.requires_grad
    v = netlet.Variable(1.0, trainable=False)
    assert not v.value.requires_grad
    v.trainable = True
    assert v.value.requires_grad


def test_rebinding_moves_the_value_and_is_counted():
    v = netlet.Variable(np.arange(3.0), dtype="float32")
    place = _core.empty((3,), "float32")
    before = storage_epoch()
    v._rebind(place)
    assert storage_epoch() == before + 1
    v.assign_add(1.0)
    assert place.numpy().tolist() == [1, 2, 3]
    assert v.value.requires_grad
    with pytest.raises(ValueError, match="expected float32"):
        v._rebind(_core.empty((4,), "float32"))


def test_numbers_of_scalars():
    v = netlet.Variable(2.0)
    assert (float(v), int(v), bool(v)) == (2.0, 2, True)
    with pytest.raises(TypeError, match="scalar"):
        len(v)
    assert len(netlet.Variable(np.zeros((4, 2)))) == 4


def test_constructor_is_keras_compatible():
    v = keras.Variable(np.ones(2), dtype="float32", trainable=False, name="w")
    ours = netlet.Variable(np.ones(2), dtype="float32", trainable=False, name="w")
    assert (ours.name, ours.dtype, ours.trainable, ours.shape) == (v.name, v.dtype, v.trainable, tuple(v.shape))
