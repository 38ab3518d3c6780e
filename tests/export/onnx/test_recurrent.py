"""Recurrent layers: ONNX's own operators, and a Scan for masks, other activations and other cells."""

from __future__ import annotations

import numpy as np
import pytest

import netlet
from netlet import layers
from support.exported import assert_same_outputs, exported, random_weights

IDS = np.array([[3, 4, 0, 0, 0], [5, 0, 2, 1, 0], [1, 1, 1, 1, 1]], "int32")
X = np.random.default_rng(0).standard_normal((2, 5, 4)).astype("float32")
PADDED = X * (np.arange(5) < 3)[None, :, None].astype("float32")


def kinds(proto):
    return {node.op_type for node in proto.graph.node}


@pytest.mark.parametrize("cell", [layers.LSTM, layers.GRU, layers.SimpleRNN])
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"return_sequences": True},
        {"go_backwards": True},
        {"return_sequences": True, "go_backwards": True},
        {"activation": "softsign"},
        {"use_bias": False},
    ],
    ids=str,
)
def test_time_is_free_and_masks_count(cell, masked, arguments, tmp_path):
    embedding = layers.Embedding(10, 4, mask_zero=masked)
    model = netlet.Sequential([netlet.Input((None,), dtype="int32"), embedding, cell(3, **arguments), layers.Dense(2)])
    proto = exported(random_weights(model), tmp_path)
    assert ("Scan" in kinds(proto)) is (masked or "activation" in arguments)
    assert_same_outputs(model, proto, [IDS])
    assert_same_outputs(model, proto, [IDS[:1, :2]])


CASES = {
    "reset_before": lambda: layers.GRU(3, reset_after=False),
    "zero_output_for_mask": lambda: layers.LSTM(3, return_sequences=True, zero_output_for_mask=True),
    "stacked": lambda: layers.RNN([layers.LSTMCell(3), layers.GRUCell(2)], return_sequences=True),
    "bidirectional": lambda: layers.Bidirectional(layers.LSTM(3, return_sequences=True), merge_mode="ave"),
    "bidirectional_last": lambda: layers.Bidirectional(layers.GRU(3)),
}


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("name", CASES)
def test_other_layers(name, masked, tmp_path):
    masks = [layers.Masking()] if masked else []
    model = random_weights(netlet.Sequential([netlet.Input((None, 4)), *masks, CASES[name]()]))
    assert_same_outputs(model, exported(model, tmp_path), [PADDED])


@pytest.mark.parametrize("merge_mode", ["concat", "sum", "mul", None])
@pytest.mark.parametrize("cell", [layers.LSTM, layers.GRU, layers.SimpleRNN])
@pytest.mark.parametrize("sequences", [False, True])
def test_both_directions_are_one_node(sequences, cell, merge_mode, tmp_path):
    x = netlet.Input((None, 4))
    both = layers.Bidirectional(cell(3, return_sequences=sequences, return_state=True), merge_mode=merge_mode)
    outputs = both(x)
    again = layers.Bidirectional(cell(3, use_bias=False, return_sequences=sequences), merge_mode=merge_mode)
    states = outputs[1:] if merge_mode is not None else outputs[2:]
    model = random_weights(netlet.Model(x, [*outputs, *netlet.tree.flatten(again(x, initial_state=list(states)))]))
    proto = exported(model, tmp_path)
    assert sum(node.op_type in ("LSTM", "GRU", "RNN") for node in proto.graph.node) == 2
    assert_same_outputs(model, proto, [X])


def test_states_go_in_and_out(tmp_path):
    x = netlet.Input((5, 4))
    y, h, c = layers.LSTM(3, return_sequences=True, return_state=True)(x)
    model = random_weights(netlet.Model(x, [layers.LSTM(3)(y, initial_state=[h, c]), y, h, c]))
    assert_same_outputs(model, exported(model, tmp_path), [X])


def test_an_own_cell(tmp_path):
    class Own(layers.Layer):
        state_size, output_size = 4, 2

        def build(self, shape):
            self.w = self.add_weight(name="w", shape=(4, 2))
            self.built = True

        def call(self, x, states):
            h = netlet.ops.tanh(x + states[0])
            return h @ self.w, [h]

    model = random_weights(
        netlet.Sequential([netlet.Input((None, 4)), layers.Masking(), layers.RNN(Own(), return_sequences=True)])
    )
    assert_same_outputs(model, exported(model, tmp_path), [PADDED])


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_a_convolutional_lstm_of_any_length(data_format, tmp_path):
    shape = (None, 5, 6, 2) if data_format == "channels_last" else (None, 2, 5, 6)
    layer = layers.ConvLSTM2D(3, 3, padding="same", data_format=data_format, return_sequences=True)
    model = random_weights(netlet.Sequential([netlet.Input(shape), layer]))
    x = np.random.default_rng(0).standard_normal((2, 3, *shape[1:])).astype("float32")
    assert_same_outputs(model, exported(model, tmp_path), [x])


def test_time_distributed(tmp_path):
    """Images of size 1 would give pre-activations of 63, where float32 has steps of 4e-6, and outputs of 1e-5.

    netlet is then 3.7e-6 of the largest output away from float64 and the evaluator 2.3e-6. ONNX Runtime is 2.3e-4
    away: its Sigmoid has an absolute error of 1.7e-7, so at -18 it is wrong by a factor of 5 (netlet's relative error
    is 9e-8 everywhere).
    """
    inner = [layers.Conv2D(2, 3, activation="relu"), layers.Flatten()]
    model = netlet.Sequential([netlet.Input((None, 8, 8, 1)), *map(layers.TimeDistributed, inner), layers.LSTM(3)])
    x = 0.05 * np.random.default_rng(0).standard_normal((2, 4, 8, 8, 1)).astype("float32")
    assert_same_outputs(model, exported(random_weights(model), tmp_path), [x])


def test_a_stateful_layer_is_refused(tmp_path):
    model = netlet.Sequential([netlet.Input(batch_shape=(2, 5, 4)), layers.LSTM(3, stateful=True, name="memory")])
    with pytest.raises(NotImplementedError, match=r"'memory' \(LSTM\): stateful=True"):
        model.export(tmp_path / "model.onnx")
