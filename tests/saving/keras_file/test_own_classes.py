"""Layers, models and functions of one's own, and options of loading."""

from __future__ import annotations

import inspect
import os
import re
import types

import h5py
import keras
import numpy as np
import pytest

import netlet
from netlet import layers
from netlet.ops.core.dispatch import REGISTRY
from netlet.saving.keras_file import op_table
from support.child import run_child
from support.keras_models import outputs_of

X = np.random.default_rng(0).standard_normal((2, 4)).astype("float32")


def classes(lib):
    """One's own layer with containers of layers, and a subclassed model, from the same code for both libraries."""

    class Block(lib.layers.Layer):
        def __init__(self, units, **kwargs):
            super().__init__(**kwargs)
            self.units = units
            self.stack = [lib.layers.Dense(units), lib.layers.LayerNormalization(), lib.layers.Dense(units)]
            self.named = {"b": lib.layers.Dense(units), "a": [lib.layers.Dense(units, use_bias=False)]}
            self._last = lib.layers.Dense(units)

        def build(self, input_shape):
            self.scale = self.add_weight(shape=(), initializer="ones", name="scale", trainable=False)
            self.stack[0].build(input_shape)
            inner = (*input_shape[:-1], self.units)
            for layer in [*self.stack[1:], self.named["b"], *self.named["a"], self._last]:
                layer.build(inner)

        @property
        def head(self):
            """A second way to a layer, which Keras visits first."""
            return self._last

        def call(self, x):
            for layer in [*self.stack, self.named["b"], *self.named["a"], self.head]:
                x = layer(x)
            return x * self.scale

        def get_config(self):
            return {**super().get_config(), "units": self.units}

    class Net(lib.Model):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.zeta = lib.layers.Dense(3)
            self.alpha = Block(4)

        def call(self, x):
            return self.zeta(self.alpha(x))

    for cls in (Block, Net):
        lib.saving.register_keras_serializable("own_classes")(cls)
    return Block, Net


OURS, THEIRS = classes(netlet), classes(keras)


@pytest.mark.parametrize("subclassed", [False, True])
def test_own_layers_and_models_in_both_directions(subclassed, tmp_path):
    def make(lib, block, net):
        return net() if subclassed else lib.Sequential([lib.Input((4,)), block(5), lib.layers.Dense(2)])

    theirs, ours = make(keras, *THEIRS), make(netlet, *OURS)
    theirs(X), ours(X)
    theirs.save(tmp_path / "theirs.keras")
    ours.save(tmp_path / "ours.keras")
    for source, library, name in ((theirs, netlet, "theirs"), (ours, keras, "ours")):
        loaded = library.models.load_model(tmp_path / f"{name}.keras")
        np.testing.assert_allclose(outputs_of(loaded, X)[0], outputs_of(source, X)[0], rtol=1e-5, atol=1e-6)
    ours.load_weights(tmp_path / "theirs.keras")
    theirs.save_weights(tmp_path / "t.weights.h5")
    ours.save_weights(tmp_path / "o.weights.h5")
    with h5py.File(tmp_path / "t.weights.h5") as a, h5py.File(tmp_path / "o.weights.h5") as b:
        names: tuple[list[str], list[str]] = ([], [])
        a.visit(names[0].append)
        b.visit(names[1].append)
        assert names[0] == names[1]


def test_custom_objects(tmp_path):
    class Plain(layers.Layer):
        def call(self, x):
            return x + 1.0

    def triple(x):
        return x * 3.0

    model = netlet.Sequential([netlet.Input((4,)), Plain(), layers.Dense(2, activation=triple)])
    for ending in ("keras", "h5"):
        path = tmp_path / f"m.{ending}"
        model.save(path)
        with pytest.raises(ValueError, match=r"m\.\w+': Unknown class 'Plain'.*custom_objects=\{'Plain': Plain\}"):
            netlet.models.load_model(path, compile=False)
        again = netlet.models.load_model(path, custom_objects={"Plain": Plain, "triple": triple}, compile=False)
        np.testing.assert_array_equal(outputs_of(again, X)[0], outputs_of(model, X)[0])


# ---- weights of another model ----------------------------------------------------------------------------------------
def stack(*units):
    return netlet.Sequential([netlet.Input((4,)), *(layers.Dense(n, name=f"d{i}") for i, n in enumerate(units))])


@pytest.mark.parametrize("ending", ["weights.h5", "keras"])
@pytest.mark.parametrize(
    ("units", "error"),
    [
        (
            (5, 7, 2),
            r"Layer 'd1' \('layers/dense_1' in the file\): '.*kernel': expected shape \(5, 7\), the file has \(5, 6\)",
        ),
        (
            (5, 6, 2, 9),
            r"Layer 'd3' \('layers/dense_3' in the file\): expected 2 weights, received 0 in the file",
        ),
        ((5, 6), "weights of the layer 'layers/dense_2', which the model does not have"),
    ],
)
def test_the_error_names_the_first_layer_that_differs(ending, units, error, tmp_path):
    saved, path = stack(5, 6, 2), tmp_path / f"m.{ending}"
    (saved.save if ending == "keras" else saved.save_weights)(path)
    model = stack(*units)
    before = model.get_weights()
    with pytest.raises(ValueError, match=f"m.{ending}': .*{error}"):
        model.load_weights(path)
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    if len(units) == 2:
        model.load_weights(path, skip_mismatch=True)
    else:
        with pytest.warns(UserWarning, match=r"Layer 'd\d' .* is unchanged"):
            model.load_weights(path, skip_mismatch=True)
    np.testing.assert_array_equal(model.get_weights()[0], saved.get_weights()[0])


def test_an_attribute_that_the_saved_model_did_not_have(tmp_path):
    """The layer is found at its other path, as in Keras."""

    class Saved(netlet.Model):
        def __init__(self):
            super().__init__()
            self.dense = layers.TimeDistributed(layers.Dense(3))

        def call(self, x):
            return self.dense(x)

    class Renamed(netlet.Model):
        def __init__(self):
            super().__init__()
            self.a_dense = layers.TimeDistributed(layers.Dense(3))

        @property
        def dense(self):
            return self.a_dense

        def call(self, x):
            return self.dense(x)

    saved, renamed = Saved(), Renamed()
    saved(X[None]), renamed(X[None])
    saved.save_weights(tmp_path / "m.weights.h5")
    renamed.load_weights(tmp_path / "m.weights.h5")
    np.testing.assert_array_equal(outputs_of(renamed, X[None])[0], outputs_of(saved, X[None])[0])


def test_objects_to_skip(tmp_path):
    saved, model = stack(5, 6), stack(5, 6)
    saved.save_weights(tmp_path / "m.weights.h5")
    kept = model.get_weights()[2]
    model.load_weights(tmp_path / "m.weights.h5", objects_to_skip=[model.layers[1]])
    np.testing.assert_array_equal(model.get_weights()[0], saved.get_weights()[0])
    np.testing.assert_array_equal(model.get_weights()[2], kept)
    netlet.saving.save_weights(saved, tmp_path / "part.weights.h5", objects_to_skip=[saved.layers[1]])
    with pytest.raises(ValueError, match="Layer 'd1'"):
        model.load_weights(tmp_path / "part.weights.h5")
    for ending in ("keras", "h5", "weights.netlet"):
        with pytest.raises(ValueError, match="`objects_to_skip` only supports loading"):
            model.load_weights(tmp_path / f"m.{ending}", objects_to_skip=[])
    with pytest.raises(ValueError, match="`objects_to_skip` only supports saving"):
        netlet.saving.save_weights(saved, tmp_path / "m.weights.netlet", objects_to_skip=[])


def test_arguments_that_do_not_fit(tmp_path):
    model = stack(5)
    model.save_weights(tmp_path / "m.weights.h5")
    for ending in ("weights.h5", "keras", "netlet"):
        with pytest.raises(ValueError, match="`by_name` only supports loading legacy"):
            model.load_weights(tmp_path / f"m.{ending}", by_name=True)
    with pytest.raises(ValueError, match="Invalid keyword arguments"):
        model.load_weights(tmp_path / "m.weights.h5", by_nam=True)
    (tmp_path / "m.weights.h5").rename(tmp_path / "m.h5")
    with pytest.raises(ValueError, match="weights file of Keras 3"):
        model.load_weights(tmp_path / "m.h5", by_name=True)
    model.load_weights(tmp_path / "m.h5")
    with pytest.raises(NotImplementedError, match="max_shard_size"):
        model.save_weights(tmp_path / "m.weights.h5", max_shard_size=1)
    with pytest.raises(ValueError, match="no weights to load into yet"):
        netlet.Sequential([layers.Dense(3)]).load_weights(tmp_path / "m.h5")


def test_own_variables_and_assets(tmp_path):
    """Keras's four hooks."""

    @netlet.saving.register_keras_serializable("own_classes")
    class Hooked(layers.Layer):
        def build(self, input_shape):
            self.scale = self.add_weight(shape=(), initializer="ones", name="scale")

        def call(self, x):
            return x * self.scale

        def save_own_variables(self, store):
            store["twice"] = np.asarray(self.scale.numpy() * 2)

        def load_own_variables(self, store):
            self.scale.assign(store["twice"] / 2)

        def save_assets(self, directory):
            os.mkdir(os.path.join(directory, "deeper"))
            with open(os.path.join(directory, "deeper", "text.txt"), "w", encoding="utf-8") as file:
                file.write("hello")

        def load_assets(self, directory):
            assert os.listdir(directory) == ["deeper"]
            with open(os.path.join(directory, "deeper", "text.txt"), encoding="utf-8") as file:
                self.text = file.read()

    model = netlet.Sequential([netlet.Input((4,)), Hooked()])
    model.set_weights([np.float32(3)])
    model.save(tmp_path / "m.keras")
    again = netlet.models.load_model(tmp_path / "m.keras")
    assert again.get_weights()[0] == 3
    assert again.layers[0].text == "hello"


def test_without_h5py(tmp_path):
    """The errors name the extra, and `.netlet` files need no h5py."""
    stack(2).save(tmp_path / "m.keras")
    run_child(
        f"""
import sys
sys.modules["h5py"] = None
import netlet
path = {str(tmp_path / "m")!r}
model = netlet.Sequential([netlet.Input((4,)), netlet.layers.Dense(2)])
for call in (
    lambda: netlet.models.load_model(path + ".keras"),
    lambda: model.load_weights(path + ".keras"),
    lambda: model.save(path + "2.keras"),
    lambda: model.save(path + "2.h5"),
    lambda: model.save_weights(path + ".weights.h5"),
):
    try:
        call()
    except ImportError as error:
        assert "netlet[h5]" in str(error)
    else:
        raise SystemExit("no error")
model.save(path + ".netlet")
netlet.models.load_model(path + ".netlet")
"""
    )
    assert sorted(p.name for p in tmp_path.iterdir()) == ["m.keras", "m.netlet"]


def test_a_save_that_fails_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "m.keras"
    stack(2).save(path)
    before = path.read_bytes()
    monkeypatch.setattr(os, "replace", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        stack(3).save(path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["m.keras"]


# ---- the table of ops ------------------------------------------------------------------------------------------------
def keras_classes():
    """{op: (module, class, arguments of its call)}, read from the source of Keras's functions."""
    found = {}
    for name, function in {**vars(keras.ops), **vars(keras.ops.image)}.items():
        if not isinstance(function, types.FunctionType) or function.__name__ != name:
            continue
        plain = inspect.unwrap(function)
        match = re.search(r"(\w+)\((?:[^()]|\([^()]*\))*\)\s*\.symbolic_call\(", inspect.getsource(plain))
        cls = getattr(inspect.getmodule(plain), match[1], None) if match else None
        if cls is not None:
            call = [p for p in inspect.signature(cls.call).parameters if p not in ("self", "kwargs")]
            found[name] = (cls.__module__, cls.__name__, tuple(call))
    return found


def test_the_table_of_ops_is_that_of_keras():
    theirs = keras_classes()
    assert len(theirs) > 150
    ours = {op.name: op[:2] + op[3:] for op in op_table.BY_NAME.values()}
    assert {name: ours[name] for name in theirs if name in ours} == {n: theirs[n] for n in theirs if n in ours}
    no_code = {"associative_scan", "scan", "map", "switch", "fori_loop", "while_loop", "jvp", "custom_gradient"}
    no_code.add("extract_patches_3d")  # one class with extract_patches
    missing = {name for name in set(theirs) & set(REGISTRY) if name not in ours} - no_code
    assert not missing
    assert "evil" not in op_table.BY_CLASS


def test_an_op_that_keras_does_not_have_is_not_saved(tmp_path):
    x = netlet.Input((4,))
    model = netlet.Model(x, netlet.ops.squared_difference(x, 1.0))
    with pytest.raises(ValueError, match=r"ops\.squared_difference, which Keras's files cannot describe"):
        model.save(tmp_path / "m.keras")
    assert not list(tmp_path.iterdir())
    model.save(tmp_path / "m.netlet")
