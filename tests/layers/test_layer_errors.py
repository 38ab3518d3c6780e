"""Error messages of layers: wrong arguments, inputs and subclasses."""

from __future__ import annotations

import numpy as np
import pytest

import netlet
from netlet import layers, ops

X = np.random.default_rng(0).standard_normal((5, 3)).astype("float32")


@pytest.fixture(autouse=True)
def fresh_names():
    netlet.utils.clear_session()


def test_errors_name_the_layer_and_both_shapes():
    dense = layers.Dense(16, name="dense_1")
    dense(np.zeros((1, 784), "float32"))
    with pytest.raises(ValueError) as error:
        dense(np.zeros((32, 783), "float32"))
    assert str(error.value) == (
        "Layer 'dense_1': expected inputs with last axis 784 (its kernel is (784, 16)), received shape (32, 783)."
    )
    with pytest.raises(ValueError, match=r"'dense_1': expected inputs of rank 2 or more, received shape \(784,\)"):
        dense(np.zeros(784, "float32"))
    with pytest.raises(ValueError, match=r"'permute': expected inputs of rank 3, received shape \(2, 3\)"):
        layers.Permute((2, 1))(np.zeros((2, 3), "float32"))
    with pytest.raises(ValueError, match=r"'reshape'.*6 elements.*\(4, 2\)"):
        layers.Reshape((4, 2))(np.zeros((1, 6), "float32"))
    with pytest.raises(ValueError, match=r"'add': expected inputs whose shapes broadcast"):
        layers.Add()([np.zeros((1, 3), "float32"), np.zeros((1, 4), "float32")])
    with pytest.raises(ValueError, match=r"'subtract': expected 2 inputs, received 3"):
        layers.Subtract()([X, X, X])
    with pytest.raises(ValueError, match="expected a list of inputs"):
        layers.Add()(X)


def test_errors_of_ops_inside_a_layer_name_it():
    class Own(layers.Layer):
        def build(self, input_shape):
            self.w = self.add_weight(shape=(4, 2), name="w")

        def call(self, x):
            return ops.matmul(x, self.w)

    with pytest.raises(ValueError, match=r"Layer 'own': matmul: .*\(5, 3\) and \(4, 2\)"):
        Own()(X)
    with pytest.raises(ValueError, match=r"Layer 'own_1': matmul"):
        Own()(netlet.Input((3,)))
    with pytest.raises(ValueError, match=r"^Layer 'own_2': matmul"):
        netlet.Sequential([netlet.Input((3,)), netlet.Sequential([Own()])])(X)


@pytest.mark.parametrize("units", [0, -1, 2.5, "3", None, True])
def test_bad_units(units):
    with pytest.raises(ValueError, match="positive integer for `units`"):
        layers.Dense(units)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"activation": "rellu"}, "Unknown activation: 'rellu'. Did you mean 'relu'"),
        ({"kernel_initializer": "he_normall"}, "Unknown initializer: 'he_normall'. Did you mean 'he_normal'"),
        ({"kernel_regularizer": "l3"}, "Unknown regularizer: 'l3'. Did you mean"),
        ({"kernel_constraint": "nonneg"}, "Unknown constraint: 'nonneg'. Did you mean"),
        ({"activation": 3}, "Could not interpret activation: 3"),
        ({"colour": "red"}, r"Unrecognized keyword arguments passed to Dense: \['colour'\]"),
        ({"trainable": "yes"}, "expected `trainable` to be True or False"),
        ({"dtype": "mixed_bf16"}, "Unknown dtype policy: 'mixed_bf16'. Did you mean 'mixed_bfloat16'"),
        ({"dtype": "float23"}, "Unknown dtype: 'float23'. Did you mean"),
        ({"name": "a/b"}, "without '/'"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        layers.Dense(3, **arguments)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([[1.0, 2.0]], "received a Python list"),
        (np.array([["a", "b"]]), "expected numbers"),
        (np.array([[object()]]), "expected numbers"),
        (np.zeros((2, 2), "complex64"), "expected numbers"),
        ("text", "expected tensors or arrays"),
        (3.0, "expected tensors or arrays"),
        (None, "the input is not optional: expected a tensor, received None"),
    ],
)
def test_bad_inputs(value, message):
    with pytest.raises(ValueError, match=message):
        layers.Dense(3, name="d")(value)


def test_missing_super_init_is_told():
    class Forgetful(layers.Layer):
        def __init__(self):
            self.dense = layers.Dense(1)

        def call(self, x):
            return self.dense(x)

    with pytest.raises(RuntimeError, match=r"super\(\).__init__\(\)"):
        Forgetful()(X)


def test_a_layer_without_call():
    class Empty(layers.Layer):
        pass

    with pytest.raises(NotImplementedError, match="Empty does not have a `call"):
        Empty()(X)


def test_unbuilt_layers_cannot_be_counted():
    with pytest.raises(ValueError, match="no weights yet"):
        layers.Dense(3).count_params()


def test_symbolic_tensors_have_no_values():
    x = netlet.Input((3,))
    for use in (np.asarray, np.exp, bool, iter, len, float):
        with pytest.raises((TypeError, RuntimeError, netlet._core.SymbolicArgument)):
            use(x)


def test_lambda_computes_and_is_copied_by_its_config():
    layer = layers.Lambda(lambda x, k: x * k, arguments={"k": 3.0}, output_shape=(4,), name="scaled")
    np.testing.assert_allclose(layer(X).numpy(), 3 * X, rtol=1e-6)
    again = layers.Lambda.from_config(layer.get_config())
    np.testing.assert_array_equal(again(X).numpy(), layer(X).numpy())
    assert again.get_config() == layer.get_config()
    with pytest.raises(ValueError, match="never loads code"):
        layers.Lambda.from_config(
            {"function": {"class_name": "__lambda__", "config": {"code": "4wAA"}}}, safe_mode=False
        )


@pytest.mark.parametrize("rate", [-0.1, 1.1, "x", None, True])
def test_bad_dropout_rates(rate):
    with pytest.raises(ValueError, match="expected `rate` to be a number in"):
        layers.Dropout(rate)


@pytest.mark.parametrize(
    "arguments",
    [{}, {"shape": (3,), "batch_shape": (1, 3)}, {"shape": (3, -1)}, {"shape": ("a",)}, {"shape": (2.5,)}],
)
def test_bad_input_shapes(arguments):
    with pytest.raises(ValueError):
        netlet.Input(**arguments)
