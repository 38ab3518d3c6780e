"""SinePositionEncoding against its formula, and PositionEmbedding."""

from __future__ import annotations

import numpy as np
import pytest

import netlet
from support.saved import trip

GRID = np.random.default_rng(0).standard_normal((2, 3, 4, 6))


def test_sine_positions_are_the_published_formula():
    length, size = 50, 12
    t, i = np.arange(length)[:, None], np.arange(size // 2)
    angle = t / 10000 ** (2 * i / size)  # Vaswani et al., 2017, section 3.5
    want = np.stack([np.sin(angle), np.cos(angle)], -1).reshape(length, size)
    y = netlet.layers.SinePositionEncoding(dtype="float64")(np.zeros((3, length, size)))
    np.testing.assert_allclose(y.numpy(), np.broadcast_to(want, (3, length, size)), rtol=1e-12, atol=1e-15)
    odd = netlet.layers.SinePositionEncoding(max_wavelength=100, dtype="float64")
    y = odd(np.zeros((2, 4, 3)), start_index=5).numpy()
    np.testing.assert_allclose(y[0, 1], [np.sin(6), np.cos(6), np.sin(6 / 100 ** (2 / 3))], rtol=1e-12)
    assert odd.get_config()["max_wavelength"] == 100


def test_learned_positions():
    layer = netlet.layers.PositionEmbedding(6, initializer="random_normal")
    x = np.zeros((2, 4, 3), "float32")
    y = layer(x).numpy()
    np.testing.assert_array_equal(y, np.broadcast_to(layer.embeddings.numpy()[:4], (2, 4, 3)))
    np.testing.assert_array_equal(layer(x, start_index=2).numpy()[0], layer.embeddings.numpy()[2:])
    with netlet.GradientTape() as tape:
        loss = netlet.ops.sum(layer(x))
    np.testing.assert_array_equal(tape.gradient(loss, layer.embeddings).numpy(), [[2.0] * 3] * 4 + [[0.0] * 3] * 2)
    with pytest.raises(ValueError, match="expected positions 0 to 5"):
        layer(x, start_index=3)
    with pytest.raises(ValueError, match="sequence_length"):
        netlet.layers.PositionEmbedding(0)
    with pytest.raises(ValueError, match="sequences"):
        netlet.layers.PositionEmbedding(3)(np.zeros(3))


def test_positions_in_a_model(tmp_path):
    x = netlet.Input((4, 6))
    model = netlet.Model(x, x + netlet.layers.PositionEmbedding(4)(x) + netlet.layers.SinePositionEncoding()(x))
    again = trip(model, tmp_path)
    again.set_weights(model.get_weights())
    np.testing.assert_array_equal(
        again(GRID[:, 0].astype("float32")).numpy(), model(GRID[:, 0].astype("float32")).numpy()
    )
