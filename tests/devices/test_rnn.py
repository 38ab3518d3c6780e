"""Recurrent layers on a GPU against the CPU: each cell, forward and backward."""

from __future__ import annotations

import numpy as np
import pytest

import netlet
from netlet import _core, layers
from support.on_device import check_device
from support.rnn_arrays import GATES, case, masks

# (rows, steps, features, units): single; a part of a tile; one more than a block of lanes; rows of two tiles.
SHAPES = [(1, 1, 1, 1), (3, 4, 2, 5), (5, 3, 3, 33), (9, 2, 4, 31), (2, 3, 2, 65)]


def rnn(kind, **options):
    return lambda x, w, r, b, h, c, mask, scale: _core.rnn(kind, x, w, r, b, h, c, mask, scale, **options)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("kind", GATES)
def test_results_and_gradients(device, kind, shape, dtype):
    check_device(rnn(kind), case(kind, *shape, dtype=dtype), (None, None), device, factor=3)


@pytest.mark.parametrize("kind", GATES)
def test_no_steps(device, kind):
    check_device(rnn(kind), case(kind, 2, 0, 3, 4), (None, None), device)


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("kind", GATES)
def test_masks_dropout_and_direction(device, kind, reverse):
    n, steps, units = 5, 4, 6
    mask, scale = masks(n, steps, units, dtype="float32")
    mask[0] = False
    arrays = case(kind, n, steps, 3, units, dtype="float32")
    check_device(rnn(kind, reverse=reverse), arrays, (mask, scale), device, factor=3)
    check_device(rnn(kind, reverse=reverse, sequences=False), arrays, (mask, None), device, factor=3)


@pytest.mark.parametrize("act", ["relu", "linear", "elu", "hard_sigmoid", "exponential"])
@pytest.mark.parametrize("kind", GATES)
def test_other_activations_no_bias_no_first_state(device, kind, act):
    x, w, r, *_ = (v if v is None else 0.4 * v for v in case(kind, 3, 3, 2, 5))
    options = {"activation": act, "recurrent_activation": "hard_sigmoid"}
    check_device(rnn(kind, **options), [x, w, r, None, None, None], (None, None), device, factor=3)


@pytest.mark.parametrize("shape", [(300, 2, 2, 600), (70, 2, 2, 480)], ids=str)
@pytest.mark.parametrize("kind", ["lstm", "gru_reset_before"])
@pytest.mark.slow
def test_larger_tiles(device, kind, shape):
    check_device(rnn(kind), case(kind, *shape, dtype="float32"), (None, None), device, factor=10)


@pytest.mark.parametrize("kind", GATES)
def test_states_without_a_gradient(device, kind):
    """Inference saves nothing: the state goes through scratch."""
    arrays = case(kind, 4, 5, 3, 7, dtype="float32")
    mask, scale = masks(4, 5, 7, dtype="float32")
    found = []
    for where in (device, "cpu"):
        with netlet.device(where):
            found.append([y.numpy() for y in _core.rnn(kind, *arrays, mask, scale) if y is not None])
    for a, b in zip(*found, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def test_a_model_trains_to_the_same_weights(device):
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((24, 6, 4)).astype("float32"), rng.integers(0, 3, 24)
    weights = []
    for where in (device, "cpu"):
        netlet.utils.set_random_seed(5)
        with netlet.device(where):
            model = netlet.Sequential(
                [
                    netlet.Input((6, 4)),
                    layers.LSTM(5, return_sequences=True),
                    layers.Bidirectional(layers.GRU(4)),
                    layers.Dense(3, "softmax"),
                ]
            )
            model.compile("sgd", "sparse_categorical_crossentropy")
            model.fit(x, y, batch_size=8, epochs=2, verbose=0, shuffle=False)
            weights.append(model.get_weights())
    for a, b in zip(*weights, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)
