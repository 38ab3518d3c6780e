"""`.h5` files: those that Keras 3 writes and reads in the format of Keras 2, and those of Keras 2 itself."""

from __future__ import annotations

import json
import struct

import h5py
import keras
import numpy as np
import pytest

import netlet
from netlet import layers
from support.child import run_child
from support.keras_models import ARCHITECTURES, inputs_for, outputs_of

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("name", ["dense", "shared", "normalization"])
@pytest.mark.usefixtures("quick_initializers")
def test_both_directions(name, tmp_path):
    theirs = ARCHITECTURES[name](keras)
    # Keras cannot read names of losses and metrics in these files, which it writes.
    theirs.compile(
        keras.optimizers.Adam(0.01, clipnorm=1.0), keras.losses.Huber(), metrics=[keras.metrics.MeanAbsoluteError()]
    )
    theirs.optimizer.build(theirs.trainable_variables)
    for v in theirs.optimizer.variables:
        v.assign(np.asarray(RNG.uniform(1, 2, v.shape)).astype(v.dtype))
    theirs.save(tmp_path / "theirs.h5")
    ours = netlet.models.load_model(tmp_path / "theirs.h5")
    x = inputs_for(theirs)
    for a, b in zip(outputs_of(ours, x), outputs_of(theirs, x), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)
    assert ours.optimizer.get_config() == theirs.optimizer.get_config()
    assert type(ours.loss).__name__ == "Huber"

    ours.save(tmp_path / "ours.h5")
    again = keras.models.load_model(tmp_path / "ours.h5")
    state = [*theirs.weights, *theirs.optimizer.variables]
    # Keras builds the optimizer for no variables when it reads these files, so that its state is lost.
    for model, variables in ((again, theirs.weights), (ours, state)):
        for a, b in zip([*model.weights, *model.optimizer.variables], variables, strict=model is ours):
            np.testing.assert_array_equal(np.asarray(a), np.asarray(b))
    assert type(netlet.models.load_model(tmp_path / "ours.h5").loss).__name__ == "Huber"


def dense(name, units, inputs=None, **more):
    """The config of a Dense as Keras 2 writes it."""
    config = {
        "name": name,
        "trainable": True,
        "dtype": "float32",
        "units": units,
        "activation": "relu",
        "use_bias": True,
        "kernel_initializer": {"class_name": "GlorotUniform", "config": {"seed": None}},
        "bias_initializer": {"class_name": "Zeros", "config": {}},
        "kernel_regularizer": {"class_name": "L2", "config": {"l2": 0.01}},
        "bias_regularizer": None,
        "activity_regularizer": None,
        "kernel_constraint": {"class_name": "MaxNorm", "config": {"max_value": 2, "axis": 0}},
        "bias_constraint": None,
        **more,
    }
    if inputs is not None:
        config["batch_input_shape"] = [None, inputs]
    return {"class_name": "Dense", "config": config}


TRAINING = {
    "loss": "sparse_categorical_crossentropy",
    "metrics": [
        [{"class_name": "MeanMetricWrapper", "config": {"name": "accuracy", "fn": "sparse_categorical_accuracy"}}]
    ],
    "weighted_metrics": None,
    "loss_weights": None,
    "optimizer_config": {
        "class_name": "Adam",
        "config": {
            "name": "Adam",
            "learning_rate": {
                "class_name": "ExponentialDecay",
                "config": {"initial_learning_rate": 0.1, "decay_steps": 5, "decay_rate": 0.5, "staircase": False},
            },
            "decay": 0.0,
            "beta_1": 0.9,
            "beta_2": 0.999,
            "epsilon": 1e-07,
            "amsgrad": False,
        },
    },
}


def write_keras2(path, config, weights, training=None, groups="model_weights"):
    """A file as Keras 2.4 wrote it. `weights`: {layer: [(name, array)]}."""
    with h5py.File(path, "w") as file:
        if config is not None:
            file.attrs["model_config"] = json.dumps(config)
            file.attrs["keras_version"] = b"2.4.0"
        if training is not None:
            file.attrs["training_config"] = json.dumps(training).encode()
        root = file.create_group(groups) if groups else file
        root.attrs["layer_names"] = np.asarray([name.encode() for name in weights])
        for layer, arrays in weights.items():
            group = root.create_group(layer)
            group.attrs["weight_names"] = np.asarray([name.encode() for name, _ in arrays])
            for name, array in arrays:
                group[name] = array


def two_layers():
    arrays = [RNG.standard_normal(shape).astype("float32") for shape in ((4, 5), (5,), (5, 3), (3,))]
    first, second = (
        zip(("first/kernel:0", "first/bias:0"), arrays[:2]),
        zip(("second/kernel:0", "second/bias:0"), arrays[2:]),
    )
    return arrays, {"first": list(first), "act": [], "second": list(second)}


ACTIVATION = {"class_name": "Activation", "config": {"name": "act", "dtype": "float32", "activation": "tanh"}}
STACK = [dense("first", 5, inputs=4), ACTIVATION, dense("second", 3, activation="softmax")]
INPUT = {
    "class_name": "InputLayer",
    "config": {"batch_input_shape": [None, 4], "dtype": "float32", "sparse": False, "ragged": False, "name": "in"},
}


def graph():
    names = ["in", "first", "act", "second"]
    entries = [{**e, "name": n, "inbound_nodes": []} for n, e in zip(names, [INPUT, *STACK], strict=True)]
    for before, entry in zip(names, entries[1:], strict=False):
        entry["inbound_nodes"] = [[[before, 0, 0, {}]]]
    ends = {"input_layers": [["in", 0, 0]], "output_layers": [["second", 0, 0]]}
    return {"name": "model", "layers": entries, **ends}


@pytest.mark.parametrize(
    "config",
    [
        {"class_name": "Sequential", "config": {"name": "s", "layers": STACK}},
        {"class_name": "Sequential", "config": STACK},
        {"class_name": "Sequential", "config": {"name": "s", "layers": [INPUT, *STACK]}, "keras_version": "2.4.0"},
        {"class_name": "Model", "config": graph()},
        {"class_name": "Functional", "config": graph()},
    ],
    ids=["shape in the first layer", "a list", "input layer", "model", "functional"],
)
def test_models_of_keras_2(config, tmp_path):
    arrays, weights = two_layers()
    write_keras2(tmp_path / "m.h5", config, weights, TRAINING)
    model = netlet.models.load_model(tmp_path / "m.h5")
    for a, b in zip(model.get_weights(), arrays, strict=True):
        np.testing.assert_array_equal(a, b)
    x = RNG.standard_normal((3, 4)).astype("float32")
    k1, b1, k2, b2 = arrays
    h = np.tanh(np.maximum(x @ k1 + b1, 0)) @ k2 + b2
    expected = np.exp(h - h.max(1, keepdims=True))
    expected /= expected.sum(1, keepdims=True)
    np.testing.assert_allclose(np.asarray(model(x)), expected, rtol=1e-5)
    assert set(model.evaluate(x, np.zeros(3), verbose=0, return_dict=True)) == {"loss", "sparse_categorical_accuracy"}
    assert float(model.optimizer.learning_rate) == pytest.approx(0.1)
    assert [type(r).__name__ for r in (model.layers[-1].kernel_regularizer, model.layers[-1].kernel_constraint)] == [
        "L2",
        "MaxNorm",
    ]
    assert not netlet.models.load_model(tmp_path / "m.h5", compile=False).compiled


def test_arguments_that_keras_3_no_longer_has(tmp_path):
    common = {"dtype": {"class_name": "Policy", "config": {"name": "float32"}}, "trainable": True}
    recurrent = {"time_major": False, "implementation": 2, "units": 2, "return_sequences": True, **common}
    depthwise = {"kernel_size": [2], "groups": 1, "kernel_initializer": {"class_name": "Zeros", "config": {}}, **common}
    stack = [
        {"class_name": "Embedding", "config": {"input_dim": 5, "output_dim": 4, "input_length": 6, **common}},
        {"class_name": "BatchNormalization", "config": {"axis": [2], "momentum": 0.5, "renorm": False, **common}},
        {"class_name": "Bidirectional", "config": {"layer": {"class_name": "LSTM", "config": recurrent}, **common}},
        {"class_name": "SeparableConv1D", "config": {"filters": 3, **depthwise}},
    ]
    stack[0]["config"]["batch_input_shape"] = [None, 6]
    model = netlet.Sequential([netlet.Input((6,)), layers.Embedding(5, 4), layers.BatchNormalization()])
    model.add(layers.Bidirectional(layers.LSTM(2, return_sequences=True)))
    model.add(layers.SeparableConv1D(3, 2))
    weights = {
        f"layer{i}": [
            (f"w{j}:0", np.asarray(v.numpy() + 1))
            for j, v in enumerate(layer.trainable_weights + layer.non_trainable_weights)
        ]
        for i, layer in enumerate(model.layers)
    }
    write_keras2(tmp_path / "m.h5", {"class_name": "Sequential", "config": {"name": "s", "layers": stack}}, weights)
    with pytest.warns(UserWarning, match="no training configuration"):
        loaded = netlet.models.load_model(tmp_path / "m.h5")
    for a, b in zip(loaded.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b + 1)


# ---- weights alone ---------------------------------------------------------------------------------------------------
def own_model(*units, names=("first", "second")):
    stack = [layers.Dense(n, name=name) for n, name in zip(units, names, strict=True)]
    return netlet.Sequential([netlet.Input((4,)), *stack])


@pytest.mark.parametrize("groups", ["model_weights", ""])
def test_weights(groups, tmp_path):
    arrays, weights = two_layers()
    write_keras2(tmp_path / "w.h5", None, weights, groups=groups)
    model = own_model(5, 3)
    model.load_weights(tmp_path / "w.h5")
    for a, b in zip(model.get_weights(), arrays, strict=True):
        np.testing.assert_array_equal(a, b)
    with pytest.raises(ValueError, match="no model's config"):
        netlet.models.load_model(tmp_path / "w.h5")


def test_weights_by_name(tmp_path):
    arrays, weights = two_layers()
    write_keras2(tmp_path / "w.h5", None, weights, groups="")
    model = netlet.Sequential([netlet.Input((5,)), layers.Dense(3, name="second"), layers.Dense(2, name="new")])
    new = model.get_weights()[2]
    with pytest.raises(
        ValueError, match=r"expected 2 layers .* the file has 2|Layer 'second' \(#0\): '.*kernel': expected"
    ):
        model.load_weights(tmp_path / "w.h5")
    model.load_weights(tmp_path / "w.h5", by_name=True)
    np.testing.assert_array_equal(model.get_weights()[0], arrays[2])
    np.testing.assert_array_equal(model.get_weights()[2], new)
    other = own_model(7, 3)
    with pytest.raises(
        ValueError, match=r"Layer 'first' \(#0\): '.*kernel': expected shape \(4, 7\), the file has \(4, 5\)"
    ):
        other.load_weights(tmp_path / "w.h5", by_name=True)
    with pytest.warns(UserWarning, match="Layer 'first'"):
        other.load_weights(tmp_path / "w.h5", by_name=True, skip_mismatch=True)


def test_weights_of_another_model(tmp_path):
    _, weights = two_layers()
    write_keras2(tmp_path / "w.h5", None, weights, groups="")
    model = netlet.Sequential([netlet.Input((4,)), layers.Dense(5)])
    with pytest.raises(ValueError, match=r"expected 1 layers with weights, the file has 2"):
        model.load_weights(tmp_path / "w.h5")


def broken(path, edit):
    _, weights = two_layers()
    write_keras2(path, {"class_name": "Sequential", "config": STACK}, weights, TRAINING)
    with h5py.File(path, "a") as file:
        edit(file)


REF = np.array([1], h5py.ref_dtype)
EDITS = {
    "no config": lambda f: f.attrs.__delitem__("model_config"),
    "a config that is no text": lambda f: f.attrs.__setitem__("model_config", 3.0),
    "a config that is no JSON": lambda f: f.attrs.__setitem__("model_config", "{"),
    "a config that is a number": lambda f: f.attrs.__setitem__("model_config", "3"),
    "a config that is deep": lambda f: f.attrs.__setitem__("model_config", '{"config":' * 10**5),
    "an unknown class": lambda f: f.attrs.__setitem__("model_config", json.dumps({"class_name": "Evil", "config": {}})),
    "a Lambda": lambda f: f.attrs.__setitem__(
        "model_config",
        json.dumps(
            {
                "class_name": "Sequential",
                "config": [{"class_name": "Lambda", "config": {"function": ["4wEAAA==", None, None], "name": "l"}}],
            }
        ),
    ),
    "no weights": lambda f: f.__delitem__("model_weights"),
    "names that are numbers": lambda f: f["model_weights"].attrs.__setitem__("layer_names", np.arange(3)),
    "names that are a text": lambda f: f["model_weights"].attrs.__setitem__("layer_names", "first"),
    "a name twice": lambda f: f["model_weights"].attrs.__setitem__("layer_names", np.asarray([b"first"] * 2)),
    "a name upward": lambda f: f["model_weights"].attrs.__setitem__("layer_names", np.asarray([b"../x", b"first"])),
    "a group missing": lambda f: f.__delitem__("model_weights/first"),
    "an array missing": lambda f: f.__delitem__("model_weights/first/first/kernel:0"),
    "an array twice": lambda f: f["model_weights/first"].attrs.__setitem__(
        "weight_names", np.asarray([b"first/bias:0"] * 2)
    ),
    "training that is none": lambda f: f.attrs.__setitem__("training_config", "[]"),
    "an unknown optimizer": lambda f: f.attrs.__setitem__(
        "training_config", json.dumps({"optimizer_config": {"class_name": "Evil", "config": {}}})
    ),
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_damaged_files(edit, tmp_path):
    broken(tmp_path / "bad.h5", edit)
    with pytest.raises(ValueError, match=r"bad\.h5"):
        netlet.models.load_model(tmp_path / "bad.h5")


@pytest.mark.parametrize("repeats", [1, 3])
def test_names_that_could_all_point_to_one_long_text(tmp_path, repeats):
    """Lists of texts of any length: each element could be as long as the file. Then none may be very long."""

    def edit(file):
        names = [*(str(i) for i in range(4000)), *["x" * (1 << 20)] * repeats]
        file["model_weights"].attrs["layer_names"] = names

    broken(tmp_path / "bad.h5", edit)
    with pytest.raises(ValueError, match="a text of 1048576 bytes is too long for a list"):
        netlet.models.load_model(tmp_path / "bad.h5")


def test_many_names_in_a_small_file(tmp_path):
    """Far fewer bytes than elements times the size of the file."""
    layers = netlet.layers
    model = netlet.Sequential([netlet.Input((2,)), *(layers.Dense(2, name=f"layer_{i}") for i in range(80))])
    model.save(tmp_path / "deep.h5")
    loaded = netlet.models.load_model(tmp_path / "deep.h5", compile=False)
    for a, b in zip(loaded.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_heap_of_texts_that_has_no_end(tmp_path):
    """The HDF5 library would follow free space of size 0 forever."""
    path = tmp_path / "bad.h5"
    broken(path, lambda file: None)
    content = bytearray(path.read_bytes())
    heap = content.index(b"GCOL")
    (size,) = struct.unpack_from("<Q", content, heap + 8)
    at, free = 16, None
    while free is None:
        number, _, _, length = struct.unpack_from("<HHIQ", content, heap + at)
        free = heap + at if number == 0 else None
        at += 16 + (length + 7) // 8 * 8
    assert free - heap < size
    struct.pack_into("<Q", content, free + 8, 0)
    path.write_bytes(content)
    run_child(
        f"""
import netlet
try:
    netlet.models.load_model({str(path)!r})
except ValueError as error:
    assert "object 0 of a heap claims 0 bytes" in str(error), error
else:
    raise SystemExit("it was loaded")
"""
    )


def test_attributes_that_are_split(tmp_path):
    """HDF5 limits an attribute to 64 KB; Keras splits longer lists."""
    names = [f"{'long' * 100}_{i}" for i in range(400)]
    stack = [layers.Identity(name=name) for name in names]
    model = netlet.Sequential([netlet.Input((4,)), *stack, layers.Dense(2)])
    model.save(tmp_path / "m.h5")
    with h5py.File(tmp_path / "m.h5") as file:
        assert "layer_names0" in file["model_weights"].attrs
    again = own_model(2, names=("other",))
    again.load_weights(tmp_path / "m.h5")
    np.testing.assert_array_equal(again.get_weights()[0], model.get_weights()[0])
