"""`.keras` and `.weights.h5` files that Keras writes and netlet reads, and the reverse."""

from __future__ import annotations

import json
import zipfile

import keras
import ml_dtypes
import numpy as np
import pytest
from keras.src.saving.saving_lib import H5IOStore

import netlet
from netlet.saving.keras_file.hdf5 import Hdf5Reader, write_hdf5
from support.keras_models import ARCHITECTURES, inputs_for, outputs_of


def differences(ours, theirs, path=""):
    """Where two configs differ, except for the numbers of shared objects, which are addresses in Keras."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key in sorted({*ours, *theirs} - {"shared_object_id"}):
            if key in ours and key in theirs:
                yield from differences(ours[key], theirs[key], f"{path}/{key}")
            else:
                yield f"{path}/{key}: only in {'ours' if key in ours else 'theirs'}"
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for i, (a, b) in enumerate(zip(ours, theirs, strict=True)):
            yield from differences(a, b, f"{path}/{i}")
    elif ours != theirs or type(ours) is not type(theirs):
        yield f"{path}: {ours!r}, expected {theirs!r}"


# Arguments that Keras's configs forget, and the shape of the data of `adapt`, which netlet does not keep.
ALLOWED = ("/config/seed: only in ours", "/build_config/input_shape/0: None, expected 50")


def config_of(path):
    return json.loads(zipfile.ZipFile(path).read("config.json"))


def assert_same_outputs(a, b, x):
    for ours, theirs in zip(outputs_of(a, x), outputs_of(b, x), strict=True):
        assert ours.dtype == theirs.dtype
        np.testing.assert_allclose(ours, theirs, rtol=2e-5, atol=2e-6)


def assert_same_variables(ours, theirs):
    assert len(ours) == len(theirs)
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(np.asarray(a), np.asarray(b), err_msg=b.path)


def fill(model):
    """Sets random weights, and a random state of the optimizer as it is after a training."""
    rng = np.random.default_rng(1)
    model.set_weights([np.abs(rng.normal(1, 0.1, w.shape)).astype(w.dtype) for w in model.get_weights()])
    for layer in model.layers:
        if isinstance(layer, keras.layers.Normalization):
            layer.finalize_state()  # Keras computes with copies of these weights
    if getattr(model, "optimizer", None) is not None:
        model.optimizer.build(model.trainable_variables)
        for v in model.optimizer.variables:
            v.assign(np.asarray(rng.uniform(1, 2, v.shape)).astype(v.dtype))


@pytest.mark.parametrize("name", ARCHITECTURES)
@pytest.mark.usefixtures("quick_initializers")
def test_both_directions(name, tmp_path):
    theirs = ARCHITECTURES[name](keras)
    theirs.compile(keras.optimizers.Adam(0.01), "mse", metrics=["mae"])
    fill(theirs)
    x = inputs_for(theirs)
    theirs.save(tmp_path / "theirs.keras")

    ours = netlet.models.load_model(tmp_path / "theirs.keras")
    assert_same_outputs(ours, theirs, x)
    assert_same_variables(ours.weights, theirs.weights)
    assert_same_variables(ours.optimizer.variables, theirs.optimizer.variables)

    ours.save(tmp_path / "ours.keras")
    found = differences(config_of(tmp_path / "ours.keras"), config_of(tmp_path / "theirs.keras"))
    assert [d for d in found if not d.endswith(ALLOWED)] == []

    again = keras.models.load_model(tmp_path / "ours.keras")
    assert_same_variables(again.weights, theirs.weights)
    assert_same_variables(again.optimizer.variables, theirs.optimizer.variables)

    ours.save_weights(tmp_path / "ours.weights.h5")
    for v in theirs.weights:
        v.assign(np.zeros(v.shape, v.dtype))
    theirs.load_weights(tmp_path / "ours.weights.h5")
    assert_same_variables(ours.weights, theirs.weights)
    theirs.save_weights(tmp_path / "theirs.weights.h5")
    ours.load_weights(tmp_path / "theirs.weights.h5")
    assert_same_variables(ours.weights, theirs.weights)


def test_mixed_precision(tmp_path):
    def make(lib):
        policies = ("mixed_bfloat16", "mixed_float16", "float32")
        stack = [lib.layers.Dense(3, dtype=policy, name=policy) for policy in policies]
        return lib.Sequential([lib.Input((4,)), *stack])

    theirs = make(keras)
    fill(theirs)
    theirs.save(tmp_path / "theirs.keras")
    ours = netlet.models.load_model(tmp_path / "theirs.keras")
    assert_same_variables(ours.weights, theirs.weights)
    x = inputs_for(theirs)
    np.testing.assert_allclose(outputs_of(ours, x)[0], outputs_of(theirs, x)[0], rtol=2e-2)
    ours.save(tmp_path / "ours.keras")
    assert list(differences(config_of(tmp_path / "ours.keras"), config_of(tmp_path / "theirs.keras"))) == []
    assert_same_variables(keras.models.load_model(tmp_path / "ours.keras").weights, theirs.weights)


@pytest.mark.parametrize(
    "dtype", ["bool", "int8", "uint8", "int32", "int64", "float16", "bfloat16", "float32", "float64"]
)
def test_arrays_of_every_type(dtype, tmp_path):
    values = np.arange(6).reshape(2, 3).astype(getattr(ml_dtypes, dtype, dtype))
    path = tmp_path / "m.weights.h5"
    path.write_bytes(write_hdf5({"layers/a/vars/0": values, "vars/0": values[:0], "vars/1": values[1, 1]}, {}))
    store = H5IOStore(path, mode="r")
    with Hdf5Reader(str(path), "m") as reader:
        for name, want in (("layers/a/vars/0", values), ("vars/0", values[:0]), ("vars/1", values[1, 1])):
            theirs = store.get(name.rpartition("vars/")[0].rstrip("/"))[name[-1]]
            for got in (reader.read(name), theirs):
                assert got.dtype == want.dtype
                np.testing.assert_array_equal(got, want)
            assert reader.spec(name) == (dtype, want.shape)
    store.close()
