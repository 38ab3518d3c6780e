"""What netlet computes from weights once (packed kernels, int8 codes) follows every way of changing them."""

from __future__ import annotations

import numpy as np
import pytest

import netlet
from netlet import layers
from support.threads import at_once

ROWS, WIDTH = 64, 512  # large enough for plans to prepack the weights
X = np.ones((ROWS, WIDTH), "float32")


def wide():
    model = netlet.Sequential([netlet.Input((WIDTH,)), layers.Dense(WIDTH, use_bias=False)])
    model.compile(netlet.optimizers.SGD(1.0), lambda y, p: netlet.ops.sum(model.weights[0]) + 0 * netlet.ops.sum(p))
    assert any(r["kept"] for r in model.plan(X, batch_size=ROWS).records())
    fill(model, 1)
    return model


def full(value):
    return np.full((WIDTH, WIDTH), value, "float32")


def fill(model, value):
    model.set_weights([full(value)])


def predicted(model):
    values = np.unique(model.predict(X, batch_size=ROWS, verbose=0))
    assert len(values) == 1
    return float(values[0]) / WIDTH


def by_view(model, value, folder):
    view = model.weights[0].value.numpy()
    with pytest.raises(ValueError, match="read-only"):
        view[...] = value
    model.weights[0]._tensor.writable()[...] = value  # as metrics are reset


def by_load(model, value, folder):
    other = wide()
    fill(other, value)
    other.save_weights(folder / "w.weights.netlet")
    model.load_weights(folder / "w.weights.netlet")


def by_steps(model, value, folder):
    """Each step subtracts 1."""
    fill(model, value + 3)
    model.fit(X, X, batch_size=ROWS, epochs=2, verbose=0)
    assert predicted(model) == value + 1
    model.train_on_batch(X, X)


WAYS = {
    "set_weights": lambda model, value, folder: fill(model, value),
    "assign": lambda model, value, folder: model.weights[0].assign(full(value)),
    "assign_add": lambda model, value, folder: model.weights[0].assign_add(full(value) - model.get_weights()[0]),
    "state tree": lambda model, value, folder: model.set_state_tree(
        {"trainable_variables": {model.name: {model.layers[0].name: {"kernel": full(value)}}}}
    ),
    "view": by_view,
    "load_weights": by_load,
    "fit": by_steps,
}


@pytest.mark.parametrize("way", WAYS)
def test_a_prediction_after_a_change_in_another_thread(way, tmp_path):
    model = wide()
    for value in (2, 5, 3):
        assert predicted(model) != value
        at_once(lambda v=value: WAYS[way](model, v, tmp_path))
        assert predicted(model) == value


def test_each_thread_finds_what_it_has_set():
    """All threads predict, so that packing and changes overlap; each sets the weights and predicts in one turn."""
    model = wide()

    def rounds(first):
        for value in range(first, first + 8):
            with model._exclusive.turn():
                fill(model, value)
                assert predicted(model) == value
            predicted(model)

    at_once(*[lambda i=i: rounds(1 + 100 * i) for i in range(4)])


def test_codes_follow_the_scales_of_a_quantized_model():
    model = wide()
    model.quantize("int8", only_if_faster=False)
    codes, scale = model.get_weights()
    first = predicted(model)
    for factor in (2, 3, 1):
        at_once(lambda f=factor: model.set_weights([codes, scale * f]))
        assert predicted(model) == pytest.approx(first * factor, rel=1e-6)
    at_once(lambda: model.set_weights([np.zeros_like(codes), scale]))
    assert predicted(model) == 0
