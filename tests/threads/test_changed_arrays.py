"""Arrays that a thread changes while others read them: numbers are old or new, and nothing worse happens."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest

import netlet
from netlet import layers
from support.threads import while_running

ROWS = 256


def test_predictions_of_an_array_that_changes():
    x = np.zeros((ROWS, 4), "float32")
    model = netlet.Sequential([netlet.Input((4,)), layers.Dense(1, kernel_initializer="ones", use_bias=False)])

    def change():
        for i in range(200):
            x[...] = i % 2

    [found] = while_running(change, lambda: model.predict(x, batch_size=64, verbose=0))
    for outputs in found:
        assert set(np.unique(outputs)) <= {0.0, 1.0, 2.0, 3.0, 4.0}
    assert set(np.unique(found[-1])) == {4.0}


def test_weights_and_results_do_not_share_memory_with_arrays():
    value = np.ones((4, 1), "float32")
    model = netlet.Sequential([netlet.Input((4,)), layers.Dense(1, use_bias=False)])
    model.set_weights([value])
    first = model.predict(np.ones((1, 4), "float32"), verbose=0)
    weights = model.get_weights()
    value[...] = 7
    weights[0][...] = 7
    model.predict(np.zeros((1, 4), "float32"), verbose=0)
    assert first == 4
    assert model.predict(np.ones((1, 4), "float32"), verbose=0) == 4


@pytest.mark.parametrize("kind", ["labels", "indices"])
def test_numbers_that_become_invalid_while_fit_runs(kind):
    """Labels and indices were checked before; what they become later must not be followed to foreign memory."""
    indices, labels = np.zeros((ROWS, 3), "int32"), np.zeros(ROWS, "int32")
    model = netlet.Sequential(
        [netlet.Input((3,), dtype="int32"), layers.Embedding(5, 4), layers.Flatten(), layers.Dense(3)]
    )
    loss = netlet.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("sgd", loss, check_finite=False, metrics=["accuracy"])

    class Change(netlet.callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            if batch == 2:
                array = labels if kind == "labels" else indices
                array[...] = (2**31 - 1, -(2**31))[batch % 2]

    with contextlib.suppress(ValueError):  # which names the label or the index
        model.fit(indices, labels, batch_size=32, epochs=2, shuffle=False, verbose=0, callbacks=[Change()])
    assert all(np.isfinite(w).all() or kind == "labels" for w in model.get_weights())
