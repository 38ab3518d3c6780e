"""Small models whose files and configs are seeds."""

from __future__ import annotations

import functools
import importlib
import pathlib
import tempfile
from typing import Any


def small() -> Any:
    """One layer: what is read in the least time."""
    import netlet

    return netlet.Sequential([netlet.Input((2,)), netlet.layers.Dense(1, name="d")], name="m")


def small_graph() -> Any:
    """A graph of one layer and one op, compiled."""
    import netlet

    x = netlet.Input((2,), name="x")
    model = netlet.Model(x, netlet.layers.Dense(2, "relu", name="d")(x) + x, name="g")
    model.compile("sgd", "mse")
    return model


def dense() -> Any:
    """Two layers, compiled with an optimizer that has a state once it is trained."""
    import numpy as np

    import netlet
    from netlet import layers

    model = netlet.Sequential([netlet.Input((3,)), layers.Dense(2, "relu", name="d"), layers.Dropout(0.5)], name="m")
    model.compile(netlet.optimizers.Adam(1e-2), "mse", metrics=["mae"])
    model.fit(np.ones((2, 3), "float32"), np.ones((2, 2), "float32"), verbose=0)
    return model


def graph() -> Any:
    """A graph with a shared layer, a model in the model, and ops."""
    import netlet
    from netlet import layers

    a, b = netlet.Input((4,), name="a"), netlet.Input((4,), name="b")
    shared = layers.Dense(4, "tanh", kernel_regularizer="l2", name="shared")
    inner = netlet.Sequential([netlet.Input((4,)), layers.Dense(4, "relu")], name="inner")
    h = layers.Add()([inner(shared(a)), shared(b) * 0.5])
    return netlet.Model([a, b], layers.Dense(2, name="out")(netlet.ops.concatenate([h, h[:, 1:3]], axis=-1)), name="g")


def images() -> Any:
    """Convolution, normalization and pooling of images, and a recurrent layer of the rows."""
    import netlet
    from netlet import layers

    parts = [layers.Conv2D(2, 2), layers.BatchNormalization(), layers.MaxPooling2D((1, 2)), layers.Reshape((3, 2))]
    return netlet.Sequential([netlet.Input((4, 3, 1)), *parts, layers.LSTM(2)], name="i")


@functools.cache
def _import_what_files_name() -> None:
    """What netlet imports of itself once a file names a class of some package, or a module of Keras."""
    from netlet.saving.registry import find_builtin

    find_builtin("netlet.layers", "Dense", function=False)
    importlib.import_module("netlet.saving.keras_file.legacy")


def models() -> list[Any]:
    """One of each kind, the small ones first."""
    _import_what_files_name()
    return [make() for make in (small, small_graph, dense, graph, images)]


def mostly_small(seeds: list[bytes]) -> list[bytes]:
    """Seeds of `models` so that the large ones, which take ten times as long to read, take a quarter of the time."""
    return [*seeds[:2] * 40, *seeds[2:]]


def saved_models(name: str) -> list[bytes]:
    """The contents of their files."""
    return mostly_small([saved(model, name) for model in models()])


def saved(model: Any, name: str) -> bytes:
    """The content of the model's file: `save`, or `save_weights` for a name of weights."""
    _import_what_files_name()
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, name)
        (model.save_weights if ".weights." in name else model.save)(path)
        return path.read_bytes()
