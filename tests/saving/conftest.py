"""Fixtures: valid model files, which the tests of hostile files change."""

from __future__ import annotations

import pathlib

import numpy as np
import pytest

import netlet
from netlet import layers


def trained_model() -> netlet.Model:
    a, b = netlet.Input((4,), name="a"), netlet.Input((4,), name="b")
    shared = layers.Dense(5, "relu", kernel_regularizer="l2", name="shared")
    inner = netlet.Sequential([netlet.Input((5,)), layers.Dense(5, "tanh"), layers.Dropout(0.25, seed=3)], name="inner")
    h = layers.Add()([inner(shared(a)), shared(b) * 0.5])
    model = netlet.Model([a, b], layers.Dense(3, "softmax", name="out")(layers.Concatenate()([h, h[:, 1:3]])))
    model.compile(netlet.optimizers.Adam(1e-2), "sparse_categorical_crossentropy", metrics=["accuracy"])
    x = np.random.default_rng(0).standard_normal((2, 16, 4)).astype("float32")
    model.fit(list(x), np.arange(16) % 3, epochs=1, verbose=0)
    return model


@pytest.fixture(scope="module")
def good(tmp_path_factory) -> pathlib.Path:
    path = tmp_path_factory.mktemp("good") / "good.netlet"
    trained_model().save(path)
    return path


@pytest.fixture(scope="module")
def small(tmp_path_factory) -> pathlib.Path:
    path = tmp_path_factory.mktemp("small") / "small.netlet"
    netlet.Sequential([netlet.Input((4,)), layers.Dense(3, name="d"), layers.Flatten()], name="m").save(path)
    return path
