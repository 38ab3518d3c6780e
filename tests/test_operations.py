"""Operation, Function, get_source_inputs and name_scope against Keras."""

from __future__ import annotations

import keras
import numpy as np
import pytest

import netlet
from netlet import layers, ops

X = np.random.default_rng(0).normal(size=(5, 3)).astype("float32")


@netlet.saving.register_keras_serializable("operations")
class Scale(netlet.Operation):
    def __init__(self, factor, shift=0.0, name=None):
        super().__init__(name)
        self.factor, self.shift = factor, shift

    def call(self, x):
        return x * self.factor + self.shift


class Both(netlet.Operation):
    """Two inputs and two outputs, with a spec of its own."""

    def call(self, a, b, scale=1.0):
        return {"sum": (a + b) * scale, "first": a}

    def compute_output_spec(self, a, b, scale=1.0):
        return {"sum": netlet.KerasTensor(a.shape, a.dtype), "first": netlet.KerasTensor(a.shape, a.dtype)}


def test_eager_and_symbolic():
    assert isinstance(layers.Dense(1), netlet.Operation)
    np.testing.assert_array_equal(Scale(3.0)(ops.convert_to_tensor(X)).numpy(), X * 3)
    x = netlet.Input((3,))
    y = Scale(3.0, name="scaled")(x)
    assert (y.shape, y.dtype) == ((None, 3), "float32")
    model = netlet.Model(x, layers.Dense(2)(y))
    np.testing.assert_allclose(model(X).numpy(), model.layers[-1](X * 3).numpy(), rtol=1e-6)
    operation = y._keras_history.operation
    assert operation.input is x and operation.output is y
    operation(x)
    with pytest.raises(AttributeError, match="was called 2 times"):
        _ = operation.output


def test_several_arguments():
    a, b = netlet.Input((3,)), netlet.Input((3,))
    found = Both()(a, b, scale=2.0)
    model = netlet.Model([a, b], found)
    result = model([X, X + 1])
    np.testing.assert_allclose(result["sum"].numpy(), 4 * X + 2, rtol=1e-6, atol=1e-6)
    np.testing.assert_array_equal(result["first"].numpy(), X)


@pytest.mark.parametrize("end", [".netlet", ".keras"])
def test_saved_and_trained(tmp_path, end):
    x = netlet.Input((3,))
    model = netlet.Model(x, layers.Dense(1)(Scale(3.0, shift=1.0)(x)))
    model.compile("sgd", "mse")
    model.fit(X, X[:, :1], epochs=2, verbose=0)
    model.save(tmp_path / f"model{end}")
    again = netlet.models.load_model(tmp_path / f"model{end}")
    np.testing.assert_array_equal(again.predict(X, verbose=0), model.predict(X, verbose=0))
    copy = netlet.models.clone_model(model)
    copy.set_weights(model.get_weights())
    np.testing.assert_array_equal(copy.predict(X, verbose=0), model.predict(X, verbose=0))


def test_config():
    assert Scale(2.0, name="a").get_config() == {"name": "a", "factor": 2.0}
    assert Scale.from_config({"name": "a", "factor": 2.0}).factor == 2.0
    with pytest.raises(NotImplementedError, match="not a plain value"):
        Scale(X).get_config()
    with pytest.raises(ValueError, match="without '/'"):
        Scale(1.0, name="a/b")
    with pytest.raises(NotImplementedError, match=r"does not have a `call\(\)`"):
        netlet.Operation()(X)


def test_without_super_init():
    class Forgets(netlet.Operation):
        def __init__(self):
            self.x = 1

    with pytest.raises(RuntimeError, match="the first statement in"):
        Forgets()(X)


# ---- Function --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("library", [netlet, keras])
def test_function(library):
    a, b = library.Input((3,), name="a"), library.Input((2,), name="b")
    ops = library.ops
    outputs = {"c": ops.concatenate([a * 2.0, b], axis=1), "s": ops.sum(a, axis=1)}
    function = library.Function([a, b], outputs, name="parts")
    found = function([ops.convert_to_tensor(X), ops.convert_to_tensor(X[:, :2])])
    np.testing.assert_array_equal(np.asarray(found["c"]), np.concatenate([X * 2, X[:, :2]], 1))
    np.testing.assert_allclose(np.asarray(found["s"]), X.sum(1), rtol=1e-5, atol=1e-6)
    assert function.name == "parts"
    assert function.compute_output_shape([(None, 3), (None, 2)])["c"] == (None, 5)
    spec = function.compute_output_spec([library.KerasTensor((7, 3)), library.KerasTensor((7, 2))])
    assert spec["c"].shape == (7, 5)


def test_function_on_symbols_and_errors():
    a = netlet.Input((3,))
    function = netlet.Function(a, ops.exp(a))
    b = netlet.Input((3,))
    model = netlet.Model(b, function(b) + 1.0)
    np.testing.assert_allclose(model(X).numpy(), np.exp(X) + 1, rtol=1e-5)
    with pytest.raises(ValueError, match="expected 1 inputs, received 2"):
        function([X, X])
    with pytest.raises(ValueError, match="expected an input of shape"):
        function(X[:, :2])
    with pytest.raises(ValueError, match="Graph disconnected"):
        netlet.Function(a, ops.add(a, netlet.Input((3,))))


# ---- small parts -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("library", [netlet, keras])
def test_get_source_inputs(library):
    a, b, c = (library.Input((3,), name=n) for n in "abc")
    y = library.layers.Add()([library.layers.Dense(3)(b) * a, b])
    found = library.utils.get_source_inputs(y)
    assert [t.name for t in found] == ["b", "a"]
    assert library.utils.get_source_inputs(c)[0] is c


@pytest.mark.parametrize("library", [netlet, keras])
def test_name_scope(library):
    with library.name_scope("outer"):
        with library.name_scope("inner"):
            v = library.Variable(1.0, name="v")
            dense = library.layers.Dense(1, name="dense")
            dense.build((None, 2))
        w = library.Variable(1.0, name="w")
        with library.name_scope("other", override_parent="a/b"):
            u = library.Variable(1.0, name="u")
    assert [v.path, w.path, u.path] == ["outer/inner/v", "outer/w", "a/b/other/u"]
    assert dense.kernel.path == "outer/inner/dense/kernel"
    caller = object()
    with library.name_scope("s", caller=caller), library.name_scope("s", caller=caller):
        assert library.Variable(1.0, name="x").path == "s/x"
    with pytest.raises(ValueError, match="/"):
        library.name_scope("a/b")


def test_names_at_the_top():
    assert netlet.FloatDTypePolicy("float32").compute_dtype == "float32"
    with netlet.SymbolicScope():
        pass
