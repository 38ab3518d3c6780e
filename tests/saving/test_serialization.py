"""Configs: how objects are serialized, which names may be loaded, and that loading has no other effect."""

from __future__ import annotations

import json
import sys
import threading

import keras
import numpy as np
import pytest

import netlet
from netlet import layers, saving
from netlet.saving import registry
from netlet.saving.serialization import deserialize_object, serialize_object, sharing_scope


def trip(obj):
    """Serializes to JSON, as in a file, and back."""
    return deserialize_object(json.loads(json.dumps(serialize_object(obj))))


@pytest.fixture(autouse=True)
def clean_registry():
    before = dict(registry._registered), dict(registry._names)
    yield
    for table, saved in zip((registry._registered, registry._names), before, strict=True):
        table.clear()
        table.update(saved)


class Box:
    """A user-defined class."""

    def __init__(self, size=1, content=None):
        self.size, self.content = size, content

    def get_config(self):
        return {"size": self.size, "content": self.content}

    @classmethod
    def from_config(cls, config):
        return cls(config["size"], deserialize_object(config["content"]))


def doubled(x):
    return 2 * x


# ---- values ----------------------------------------------------------------------------------------------------------
VALUES = [None, True, 3, 2.5, "text", [1, [2.5, "a"]], {"a": {"b": None}}, slice(1, None, 2), ..., b"\x00\xff bytes"]


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_plain_values_come_back(value):
    again = trip(value)
    assert again == value
    assert type(again) is type(value)


@pytest.mark.parametrize("value", [float("inf"), float("-inf"), 1e-300, 0.1, 2**53 + 1.0])
def test_floats_come_back_to_the_bit(value):
    assert trip(value) == value


@pytest.mark.parametrize(
    "array",
    [np.arange(6, dtype="int8").reshape(2, 3), np.array(1.5), np.zeros((0, 2)), np.array([True]), np.float32([0.1])],
)
def test_arrays_come_back(array):
    again = trip(array)
    assert again.dtype == array.dtype
    assert np.array_equal(again, array)


def test_numpy_scalars_and_dtypes_become_plain():
    assert serialize_object({"a": np.float32(0.5), "b": np.int64(3), "c": np.dtype("f4"), "d": np.bool_(True)}) == {
        "a": 0.5,
        "b": 3,
        "c": "float32",
        "d": True,
    }


@pytest.mark.parametrize(
    "value", [None, True, 3, 2.5, "x", [1, (2, 3)], {"a": [1]}, slice(1, 2, 3), ..., np.float64(2.0)]
)
def test_same_config_as_keras(value):
    assert serialize_object(value) == keras.saving.serialize_keras_object(value)


def test_an_object_of_netlet_has_keras_config_but_for_the_package():
    ours = json.loads(json.dumps(serialize_object(layers.Dense(3, activation="relu", name="d"))))
    theirs = json.loads(
        json.dumps(keras.saving.serialize_keras_object(keras.layers.Dense(3, activation="relu", name="d")))
    )
    assert ours["module"] == theirs["module"].replace("keras", "netlet") == "netlet.layers"
    assert ours["class_name"] == theirs["class_name"]
    assert ours["registered_name"] is theirs["registered_name"] is None
    assert ours["config"].keys() >= theirs["config"].keys() - {"quantization_config"}


def test_a_config_written_by_keras_is_read():
    theirs = keras.layers.Dense(
        5, activation="tanh", kernel_initializer="ones", use_bias=False, bias_initializer="ones", name="there"
    )
    config = json.loads(json.dumps(keras.saving.serialize_keras_object(theirs)))
    config["config"].pop("quantization_config", None)
    again = deserialize_object(config)
    assert isinstance(again, layers.Dense)
    assert (again.units, again.use_bias, again.name) == (5, False, "there")
    assert again.get_config()["activation"] == "tanh"
    assert type(again.kernel_initializer).__name__ == "Ones"


# ---- names -----------------------------------------------------------------------------------------------------------
def test_registered_class_and_function():
    assert saving.register_keras_serializable("pack")(Box) is Box
    saving.register_keras_serializable("pack", name="twice")(doubled)
    assert saving.get_registered_name(Box) == "pack>Box"
    assert saving.get_registered_object("pack>twice") is doubled
    config = serialize_object(Box(3, {"fn": doubled, "inner": Box(4)}))
    assert config["registered_name"] == "pack>Box"
    again = trip(Box(3, {"fn": doubled, "inner": Box(4)}))
    assert again.size == 3
    assert again.content["fn"] is doubled
    assert again.content["inner"].size == 4


@pytest.mark.parametrize("how", ["argument", "scope", "get_custom_objects"])
def test_custom_objects(how):
    config = json.loads(json.dumps(serialize_object([Box(2), doubled])))
    given = {"Box": Box, "doubled": doubled}
    if how == "argument":
        box, fn = deserialize_object(config, custom_objects=given)
    elif how == "scope":
        with saving.custom_object_scope(given):
            box, fn = deserialize_object(config)
    else:
        saving.get_custom_objects().update(given)
        box, fn = deserialize_object(config)
    assert isinstance(box, Box)
    assert fn is doubled
    if how != "get_custom_objects":
        with pytest.raises(ValueError, match="Unknown class 'Box'"):
            deserialize_object(config)


def test_scopes_nest_and_end():
    one, two = object(), object()
    with saving.custom_object_scope({"a": one}):
        with saving.CustomObjectScope({"a": two, "b": two}):
            assert saving.get_registered_object("a") is two
            assert saving.get_registered_object("b") is two
        assert saving.get_registered_object("a") is one
        assert saving.get_registered_object("b") is None
    assert saving.get_registered_object("a") is None
    assert saving.get_registered_object("a", {"a": one}, {"a": two}) is one


def test_a_scope_ends_with_an_error():
    with pytest.raises(ZeroDivisionError), saving.custom_object_scope({"a": 1}):
        raise ZeroDivisionError
    assert saving.get_registered_object("a") is None


def test_a_scope_stays_in_its_thread():
    seen = []
    with saving.custom_object_scope({"a": 1}):
        thread = threading.Thread(target=lambda: seen.append(saving.get_registered_object("a")))
        thread.start()
        thread.join()
    assert seen == [None]


def test_registering_needs_a_config():
    with pytest.raises(ValueError, match="has no `get_config"):
        saving.register_keras_serializable()(type("Bare", (), {}))


def test_keras_second_names():
    for name in ("register_keras_serializable", "custom_object_scope", "get_custom_objects", "serialize_keras_object"):
        assert getattr(netlet.utils, name) is getattr(saving, name)
    with pytest.raises(AttributeError, match="no_such"):
        netlet.utils.no_such  # noqa: B018


# ---- refusals --------------------------------------------------------------------------------------------------------
def test_an_unknown_class_is_named_with_the_way_out():
    with pytest.raises(ValueError) as caught:
        trip(Box())
    for part in ("'Box'", "@netlet.saving.register_keras_serializable()", "custom_objects={'Box': Box}"):
        assert part in str(caught.value)
    saving.register_keras_serializable("pack")(Box)
    config = serialize_object(Box())
    registry._registered.clear()
    with pytest.raises(ValueError, match=r"custom_objects=\{'pack>Box': Box\}"):
        deserialize_object(config)
    assert isinstance(deserialize_object(config, {"pack>Box": Box}), Box)
    assert isinstance(deserialize_object(config, {"Box": Box}), Box)


def test_a_misspelt_class_of_netlet_gets_a_suggestion():
    config = serialize_object(layers.Dense(1))
    with pytest.raises(ValueError, match="Did you mean 'Dense'"):
        deserialize_object({**config, "class_name": "Dence"})


def test_lambdas_are_refused_both_ways():
    with pytest.raises(ValueError, match="lambda cannot be saved"):
        serialize_object(lambda x: x)
    with pytest.raises(ValueError, match="never loads code"):
        deserialize_object({"class_name": "__lambda__", "config": {"value": ["4wAA", None, None]}})
    with pytest.raises(ValueError, match="lambda cannot be saved"):
        serialize_object(layers.Lambda(lambda x: x))
    for module in ("netlet.layers", "keras.layers"):
        config = {"module": module, "class_name": "Lambda", "config": {"function": "relu"}, "registered_name": None}
        with pytest.raises(ValueError, match="never loads code"):
            deserialize_object(config)


def test_safe_mode_cannot_be_switched_off():
    with pytest.raises(ValueError, match="never loads code"):
        deserialize_object({"class_name": "__lambda__", "config": {"value": ""}}, safe_mode=False)


def entry(module, name, config=None, registered=None):
    return {"module": module, "class_name": name, "config": config or {}, "registered_name": registered}


@pytest.mark.parametrize(
    "config",
    [
        entry("os", "system", {"command": "true"}),
        entry("builtins", "eval", {"source": "1"}),
        entry("subprocess", "Popen", {"args": "true"}),
        entry("netlet.saving", "load_model", {"filepath": "x"}),
        entry("netlet.models", "load_model", {"filepath": "x"}),
        entry("netlet.layers.dense", "Dense", {"units": 1}),
        entry("netlet.callbacks", "CSVLogger", {"filename": "x"}),
        entry("netlet", "__builtins__"),
        entry("netlet.layers", "__class__"),
        entry("netlet.layers", "_FixedScaling"),
        entry("netlet.layers", "np"),
        entry("netlet.layers", "Layer", registered="os>system"),
        entry("keras.utils", "get_file", {"origin": "http://example.invalid"}),
        entry("antigravity", "geohash"),
        entry("os", "function", "system", "system"),
        entry("builtins", "function", "eval", "eval"),
        entry("builtins", "function", "get", "get"),
        entry("netlet.losses", "function", "deserialize", "deserialize"),
        entry("netlet.activations", "function", "get", "get"),
        entry("netlet.activations", "function", "fused", "fused"),
        entry("netlet.activations", "function", "Any", "Any"),
        entry("netlet.random", "function", "set_seed", "set_seed"),
        entry("netlet.activations", "function", {"a": 1}),
        entry("netlet.layers", "Dense", [1, 2]),
        entry(["netlet.layers"], "Dense"),
        entry("netlet.layers", {"Dense": 1}),
        {"class_name": "__numpy__", "config": {"value": [1], "dtype": "object"}},
        {"class_name": "__numpy__", "config": {"value": ["__import__('os')"], "dtype": "O"}},
        {"class_name": "__numpy__", "config": {"value": [[1], [2, 3]], "dtype": "float32"}},
        {"class_name": "__numpy__", "config": {"value": [1]}},
        {"class_name": "__numpy__", "config": 3},
        {"class_name": "__slice__", "config": {}},
        {"class_name": "__bytes__", "config": {"value": 3}},
        {"class_name": "__typespec__", "config": []},
        {"class_name": "__keras_tensor__", "config": {"shape": "xy", "dtype": "float32", "keras_history": None}},
    ],
    ids=lambda config: f"{config.get('module')}.{config['class_name']}.{config['config']}"[:60],
)
def test_what_a_config_may_not_name(config):
    before = set(sys.modules)
    with pytest.raises(ValueError):
        deserialize_object(config)
    assert not {name for name in set(sys.modules) - before if not name.startswith("netlet")}  # nothing was imported


def test_a_file_cannot_shadow_a_class_of_netlet_and_neither_can_a_name():
    """`custom_objects={"Dense": ...}` applies to user classes saved under that name, not to netlet's own Dense."""
    config = serialize_object(layers.Dense(2))
    assert type(deserialize_object(config, {"Dense": Box})) is layers.Dense


def test_an_object_without_a_config():
    with pytest.raises(ValueError, match=r"needs a `get_config\(\)` method"):
        serialize_object({"x": threading.Lock()})


def test_a_config_that_does_not_fit_the_constructor():
    config = serialize_object(layers.Dense(1))
    config["config"]["no_such"] = 1
    with pytest.raises(ValueError, match="no_such"):
        deserialize_object(config)


# ---- sharing ---------------------------------------------------------------------------------------------------------
def test_an_object_met_twice_is_one_object_again():
    saving.register_keras_serializable("pack")(Box)
    shared = Box(7)
    with sharing_scope():
        text = json.dumps(serialize_object([Box(1, shared), Box(2, [shared, Box(7)])]))
    with sharing_scope():
        one, two = deserialize_object(json.loads(text))
    assert one.content is two.content[0]
    assert one.content is not two.content[1]
    assert [box.content is None for box in deserialize_object(json.loads(text))] == [False, False]


@pytest.mark.parametrize("number", [99, -1, "1", None, 1.0, [1]])
def test_a_sharing_number_that_means_nothing(number):
    config = serialize_object(layers.Dense(2))
    with sharing_scope():
        assert isinstance(deserialize_object({**config, "shared_object_id": number}), layers.Dense)


def test_a_sharing_number_that_means_another_object():
    config = serialize_object([layers.Dense(2), layers.Flatten()])
    config[0]["shared_object_id"] = config[1]["shared_object_id"] = 1
    with sharing_scope(), pytest.raises(ValueError, match="the same number"):
        deserialize_object(config)
