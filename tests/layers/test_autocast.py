"""What a policy means in the call of a layer: inputs, Variables, nested layers, results. Keras is the reference."""

from __future__ import annotations

import threading

import keras
import numpy as np
import pytest

import netlet
from netlet import _core, layers, ops

X = np.linspace(-1, 1, 6, dtype="float32").reshape(2, 3)
SEEN = {}


def recording(lib):
    """A layer that notes dtypes in its call."""

    class Noting(lib.layers.Layer):
        def build(self, input_shape):
            self.w = self.add_weight(shape=(3,), initializer="ones", name="w")
            self.exact = self.add_weight(shape=(3,), initializer="ones", autocast=False, name="exact")
            self.count = self.add_weight(shape=(), dtype="int32", initializer="zeros", trainable=False, name="count")

        def call(self, x):
            name = lib.backend.standardize_dtype if lib is keras else str
            both = lib.ops.multiply(lib.ops.convert_to_tensor(self.w), 2.0)
            SEEN[lib.__name__] = {
                "x": name(x.dtype),
                "w": self.w.dtype,
                "exact": self.exact.dtype,
                "count": self.count.dtype,
                "x * w": name((x * self.w).dtype),
                "x * exact": name((x * self.exact).dtype),
                "x + 1": name((x + 1).dtype),
                "x * count": name((x * self.count).dtype),
                "exp(w)": name(lib.ops.exp(self.w).dtype),
                "value": name(self.w.value.dtype),
                "converted": name(both.dtype),
                "reshaped": name(lib.ops.reshape(self.w, (3, 1)).dtype),
                "x > 0": name((x > 0).dtype),
            }
            return x

    return Noting


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16", "float32", "bfloat16"])
@pytest.mark.parametrize("autocast", [True, False])
def test_dtypes_inside_a_call(policy, autocast):
    for lib in (netlet, keras):
        recording(lib)(dtype=policy, autocast=autocast)(X)
    assert SEEN["netlet"] == SEEN["keras"]


@pytest.mark.parametrize("inner", ["float32", "mixed_float16", "bfloat16"])
@pytest.mark.parametrize("autocast", [True, False])
def test_a_layer_inside_another_follows_its_own_policy(inner, autocast):
    for lib in (netlet, keras):
        made = recording(lib)(dtype=inner, autocast=autocast)

        class Outer(lib.layers.Layer):
            def __init__(self, layer, **kwargs):
                super().__init__(**kwargs)
                self.layer = layer

            def call(self, x):
                return self.layer(x)

        Outer(made, dtype="mixed_bfloat16")(X)
    if inner == "bfloat16" and not autocast:
        assert SEEN["netlet"].pop("w") == "bfloat16"
        SEEN["keras"].pop("w")  # "float32": Keras 3.15 announces another dtype than the Variable has
    assert SEEN["netlet"] == SEEN["keras"]


def test_integers_and_masks_are_untouched():
    seen = {}

    class Noting(layers.Layer):
        def call(self, x, mask=None):
            seen.update({name: str(value.dtype) for name, value in x.items()})
            return x["float"]

    given = {"float": X, "int": np.arange(2), "bool": np.array([True]), "uint8": np.ones(2, "uint8")}
    Noting(dtype="mixed_bfloat16")(given)
    assert seen == {"float": "bfloat16", "int": "int64", "bool": "bool", "uint8": "uint8"}


def test_the_scope_ends_with_the_call_also_after_an_error_and_is_of_one_thread():
    inside = []

    class Failing(layers.Layer):
        def call(self, x):
            other = threading.Thread(target=lambda: inside.append(_core.autocast_dtype()))
            other.start()
            other.join()
            inside.append(_core.autocast_dtype())
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        Failing(dtype="mixed_float16")(X)
    assert inside == [None, "float16"] and _core.autocast_dtype() is None
    w = netlet.Variable([1.0])
    assert (w.dtype, (w * 2).dtype, w.value.dtype) == ("float32", "float32", "float32")


DTYPES = ["bfloat16", "float16", "float32", "int32", "bool", "uint8"]
PAIRS = [(a, b) for a in DTYPES for b in DTYPES if "16" in a + b]


@pytest.mark.parametrize(("a", "b"), PAIRS)
@pytest.mark.parametrize("name", ["add", "multiply", "maximum", "where", "concatenate", "matmul"])
def test_promotion(a, b, name):
    def call(lib):
        x, y = (lib.ops.cast(np.ones((2, 2), "float32"), dtype) for dtype in (a, b))
        if name == "where":
            return lib.ops.where(np.eye(2) > 0, x, y)
        return lib.ops.concatenate([x, y]) if name == "concatenate" else getattr(lib.ops, name)(x, y)

    assert call(netlet).dtype == keras.backend.standardize_dtype(call(keras).dtype)


@pytest.mark.parametrize("half", ["bfloat16", "float16"])
def test_numbers_and_arrays_take_the_half(half):
    x = ops.cast([0.1, 2.0], half)
    assert ops.equal(x, 0.1).tolist() == [True, False]  # 0.1 is rounded to the half first, as in Keras
    for other in (0.1, 3, True, np.float32(2), np.ones(2), [1.0, 2.0]):
        for y in (x + other, other * x, ops.maximum(x, other)):
            assert y.dtype == half
    exact = np.asarray(ops.cast(x, "float64"))
    want = ops.cast(exact * exact + 0, half)
    assert (x * x).tolist() == want.tolist()  # rounded once


def test_policy_map():
    policies = netlet.dtype_policies.DTypePolicyMap(
        "float32", {".*/first": "mixed_bfloat16", "model/second": "float64"}
    )
    stack = [layers.Dense(2, dtype=policies, name=name) for name in ("first", "second", "third")]
    model = netlet.Sequential([netlet.Input((3,)), *stack], name="model")
    assert [layer.compute_dtype for layer in stack] == ["bfloat16", "float64", "float32"]
    assert [w.dtype for w in model.weights] == ["float32"] * 2 + ["float64"] * 2 + ["float32"] * 2
    saved = netlet.dtype_policies.deserialize(netlet.dtype_policies.serialize(policies))
    assert saved == policies and list(saved) == list(policies) and "model/second" in saved and len(saved) == 2
    theirs = keras.dtype_policies.DTypePolicyMap("float32", {"a": keras.DTypePolicy("mixed_float16")})
    assert netlet.dtype_policies.get(keras.dtype_policies.serialize(theirs))["a"].name == "mixed_float16"
    policies["model/.*"] = "float16"
    with pytest.raises(ValueError, match="expected one key that matches the path 'model/first'"):
        policies["model/first"]
    with pytest.raises(ValueError, match="exists already"):
        policies["model/.*"] = "float32"
    with pytest.raises(TypeError, match="expected a dict"):
        netlet.dtype_policies.DTypePolicyMap(policy_map=[])
    with pytest.raises(ValueError, match="received a DTypePolicyMap"):
        netlet.dtype_policies.DTypePolicyMap(policies)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "float32", {"name": "mixed_float16"}])
@pytest.mark.parametrize("built", [False, True])
def test_the_policy_of_a_layer_can_be_set(policy, built):
    """As in Keras: e.g. a model of the mixed policy whose last layer is made float32 afterwards."""
    x, found = np.ones((2, 3), "float32"), []
    for library in (keras, netlet):
        layer = library.layers.Dense(2, dtype="mixed_bfloat16")
        if built:
            layer.build((None, 3))
        layer.dtype_policy = policy if isinstance(policy, str) else library.DTypePolicy(**policy)
        y = layer(x)
        found.append((layer.dtype_policy.name, layer.compute_dtype, layer.variable_dtype, str(y.dtype)))
    assert found[0] == found[1]
    assert netlet.layers.deserialize(netlet.layers.serialize(layer)).dtype_policy.name == found[0][0]


def test_predict_after_the_policy_was_set():
    x = np.ones((2, 3), "float32")
    model = netlet.Sequential([netlet.Input((3,)), layers.Dense(2)])
    model.compile("sgd", "mse")
    model.fit(x, x[:, :2], verbose=0)
    for policy, dtype in [("float32", "float32"), ("mixed_bfloat16", "bfloat16"), ("mixed_float16", "float16")]:
        model.layers[0].dtype_policy = policy
        assert model.predict(x, verbose=0).dtype == model(x).numpy().dtype == dtype
        assert np.isfinite(model.fit(x, x[:, :2], verbose=0).history["loss"])


def test_a_policy_that_does_not_fit_the_weights():
    layer = layers.Dense(2, name="out")
    layer.build((None, 3))
    with pytest.raises(ValueError, match="Layer 'out': expected a policy with float32 variables"):
        layer.dtype_policy = "bfloat16"
    assert layer.dtype_policy.name == "float32" and layer(np.ones((2, 3), "float32")).dtype == "float32"
    with pytest.raises(ValueError, match="Unknown dtype"):
        layer.dtype_policy = "float23"
