"""RNN with custom and stacked cells and nested states, against Keras."""

from __future__ import annotations

import keras
import numpy as np
import pytest

import netlet
from netlet import layers, ops
from support.recurrent import check, numbers, some_mask, step_by_step
from support.saved import assert_same, random_weights, trip


def minimal_cell(m, units, **kwargs):
    """The custom cell of Keras's documentation, for the library m (netlet or Keras)."""

    class MinimalCell(m.layers.Layer):
        def __init__(self, units, **kwargs):
            super().__init__(**kwargs)
            self.units = units
            self.state_size = units

        def build(self, input_shape):
            self.kernel = self.add_weight(shape=(input_shape[-1], self.units), name="kernel")
            self.recurrent_kernel = self.add_weight(shape=(self.units, self.units), name="recurrent_kernel")

        def call(self, inputs, states):
            h = m.ops.matmul(inputs, self.kernel)
            output = h + m.ops.matmul(states[0], self.recurrent_kernel)
            return output, [output]

    return MinimalCell(units, dtype="float64", **kwargs)


def two_state_cell(m, units):
    """A cell whose output has another size than the states, with its own initial state and a `training` argument."""

    class TwoStates(m.layers.Layer):
        state_size = (units, units)
        output_size = 2 * units

        def build(self, input_shape):
            self.kernel = self.add_weight(shape=(input_shape[-1], units), name="kernel")

        def get_initial_state(self, batch_size=None):
            return [m.ops.ones((batch_size, units), dtype="float64"), m.ops.zeros((batch_size, units), dtype="float64")]

        def call(self, inputs, states, training=False):
            a, b = states
            new = m.ops.tanh(m.ops.matmul(inputs, self.kernel) + 0.5 * a)
            return m.ops.concatenate([new, a + b], axis=-1), [new, a * b]

    return TwoStates(dtype="float64")


def nested_cell(m, units):
    """A cell with nested lists of states."""

    class Nested(m.layers.Layer):
        state_size = ((units, units), units)
        output_size = units

        def build(self, input_shape):
            self.kernel = self.add_weight(shape=(input_shape[-1], units), name="kernel")

        def get_initial_state(self, batch_size=None):
            zeros = m.ops.zeros((batch_size, units), dtype="float64")
            return [[zeros, zeros], zeros]

        def call(self, inputs, states):
            (a, b), c = states
            new = m.ops.tanh(m.ops.matmul(inputs, self.kernel) + a - c)
            return new, [[new, a], b]

    return Nested(dtype="float64")


OPTIONS = {
    "last": {},
    "backwards": {"return_sequences": True, "return_state": True, "go_backwards": True},
    "mask": {"return_sequences": True, "mask": True},
}
CELLS = {
    "minimal": lambda m: minimal_cell(m, 3),
    "two states": lambda m: two_state_cell(m, 3),
    "nested": lambda m: nested_cell(m, 3),
    "lstm": lambda m: m.layers.LSTMCell(3, dtype="float64"),
    "stacked": lambda m: [
        m.layers.LSTMCell(4, dtype="float64"),
        m.layers.GRUCell(3, dtype="float64"),
        m.layers.SimpleRNNCell(2, dtype="float64"),
    ],
    "stacked with a custom one": lambda m: [minimal_cell(m, 4, name="first"), m.layers.GRUCell(3, dtype="float64")],
    "rare": lambda m: m.layers.GRUCell(3, activation="softsign", reset_after=False, dtype="float64"),
}


# Keras cannot mask outputs whose shape differs from the first state's.
NO_MASK = ("two states", "nested", "stacked with a custom one")


@pytest.mark.parametrize(
    ("cell", "options"), [(c, o) for c in CELLS for o in OPTIONS if not (o == "mask" and c in NO_MASK)]
)
def test_a_cell_walks_as_in_keras(cell, options):
    options = dict(OPTIONS[options])
    x = numbers((3, 4, 2))
    mask = some_mask(3, 4) if options.pop("mask", False) else None
    check(lambda m: m.layers.RNN(CELLS[cell](m), dtype="float64", **options), x, mask=mask)


def test_initial_state_of_stacked_cells():
    x = numbers((3, 4, 2))
    states = [[numbers((3, 4)), numbers((3, 4), 1)], [numbers((3, 2), 2)]]

    def make(m):
        cells = [m.layers.LSTMCell(4, dtype="float64"), m.layers.SimpleRNNCell(2, dtype="float64")]
        return m.layers.RNN(cells, return_state=True, dtype="float64")

    layer = check(make, x, states)
    flat = layer(x, initial_state=[s for part in states for s in part])  # without the nesting
    for a, b in zip(*(netlet.base.tree.flatten(v) for v in (flat, layer(x, initial_state=states))), strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())


def test_one_stacked_cell_is_that_cell():
    """Compared with the unstacked cell, because Keras's JAX backend fails here."""
    x, cell = numbers((2, 3, 4)).astype("float32"), layers.LSTMCell(3)
    alone, stacked = layers.RNN(cell, return_state=True), layers.RNN([cell], return_state=True)
    for a, b in zip(*(netlet.base.tree.flatten(layer(x)) for layer in (alone, stacked)), strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())
    with step_by_step():
        for a, b in zip(*(netlet.base.tree.flatten(layer(x)) for layer in (alone, stacked)), strict=True):
            np.testing.assert_array_equal(a.numpy(), b.numpy())


def test_masked_outputs_of_another_size_than_the_state():
    """Outputs of masked steps: zeros before the first unmasked step, after it the output of the last unmasked step."""
    x, mask = numbers((1, 4, 2)), np.array([[False, True, False, True]])
    layer = layers.RNN(two_state_cell(netlet, 3), return_sequences=True, dtype="float64")
    y, short = layer(x, mask=mask).numpy()[0], layer(x[:, mask[0]]).numpy()[0]
    np.testing.assert_array_equal(y, [np.zeros(6), short[0], short[0], short[1]])


def test_a_cell_that_is_no_layer():
    class Cell:
        state_size = 2

        def call(self, inputs, states):
            return states[0] + inputs, [states[0] + inputs]

    y = layers.RNN(Cell())(np.ones((1, 5, 2), "float32"))
    np.testing.assert_array_equal(y.numpy(), [[5.0, 5.0]])


def test_a_cell_of_another_type_than_its_layer():
    x = numbers((2, 3, 4))
    layer = layers.RNN(layers.GRUCell(3, dtype="float64"), return_state=True, return_sequences=True)
    y, state = layer(x)
    assert y.dtype == state.dtype == "float32"
    whole = layers.RNN(layer.cell, dtype="float64")
    np.testing.assert_allclose(state.numpy(), whole(x.astype("float32")).numpy(), rtol=1e-6)


def test_a_subclass_with_its_own_call_is_not_taken_for_its_base():
    class Doubled(layers.LSTMCell):
        def call(self, inputs, states, training=False):
            h, states = super().call(inputs, states, training)
            return h * 2.0, states

    x = numbers((2, 3, 4))
    plain, doubled = (layers.RNN(cell(3, dtype="float64"), dtype="float64") for cell in (layers.LSTMCell, Doubled))
    doubled(x), plain(x)
    plain.set_weights(doubled.get_weights())
    np.testing.assert_allclose(doubled(x).numpy(), 2 * plain(x).numpy(), rtol=1e-12)


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        (3, "cell with a `call"),
        (layers.Dense(3), "state_size"),
        ([], "at least one cell"),
        ([layers.LSTMCell(2), 3], "cell with a `call"),
    ],
)
def test_no_cell(cell, message):
    with pytest.raises(ValueError, match=message):
        layers.RNN(cell)


def test_bad_input_of_cells():
    layer = layers.RNN(minimal_cell(netlet, 3))
    with pytest.raises(ValueError, match=r"rank 3 or more, \(batch, time, \.\.\.\), received shape \(2, 3\)"):
        layer(np.ones((2, 3)))

    class Forgetful(layers.Layer):
        state_size = (2, 2)

        def call(self, inputs, states):
            return states[0], [states[0]]

    with pytest.raises(ValueError, match="expected 2 state\\(s\\) from the cell, received 1"):
        layers.RNN(Forgetful())(np.ones((1, 3, 2), "float32"))


def test_cells_called_alone():
    x, h = numbers((2, 3)).astype("float32"), numbers((2, 4)).astype("float32")
    for name, states in (("SimpleRNNCell", h), ("SimpleRNNCell", [h]), ("GRUCell", h), ("LSTMCell", [h, h])):
        ours, theirs = (getattr(m.layers, name)(4) for m in (netlet, keras))
        ours(x, states), theirs(x, states)
        theirs.set_weights(ours.get_weights())
        found, expected = ours(x, states), theirs(x, states)
        assert isinstance(found[1], list) is isinstance(expected[1], list)
        for a, b in zip(netlet.base.tree.flatten(found), keras.tree.flatten(expected), strict=True):
            np.testing.assert_allclose(a.numpy(), np.asarray(b), rtol=1e-5, atol=1e-6)
    symbols = layers.LSTMCell(4)(netlet.Input((3,)), [netlet.Input((4,)), netlet.Input((4,))])
    assert [s.shape for s in netlet.base.tree.flatten(symbols)] == [(None, 4)] * 3


# ---- files -----------------------------------------------------------------------------------------------------------
@netlet.saving.register_keras_serializable("test_rnn_cells")
class SavedCell(layers.Layer):
    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = self.state_size = units

    def build(self, input_shape):
        self.kernel = self.add_weight(shape=(input_shape[-1], self.units), name="kernel")

    def call(self, inputs, states):
        output = ops.tanh(ops.matmul(inputs, self.kernel) + states[0])
        return output, [output]

    def get_config(self):
        return {**super().get_config(), "units": self.units}


@pytest.mark.parametrize(
    "layer",
    [
        lambda: layers.RNN(SavedCell(3), return_sequences=True),
        lambda: layers.RNN([SavedCell(3), layers.LSTMCell(4), layers.GRUCell(2, reset_after=False)], go_backwards=True),
        lambda: layers.LSTM(3, activation="softsign", kernel_regularizer="l2", zero_output_for_mask=True),
        lambda: layers.GRU(3, dropout=0.5, recurrent_dropout=0.25, seed=1, implementation=1),
        lambda: layers.Bidirectional(layers.RNN(SavedCell(3)), merge_mode="sum"),
        lambda: layers.Bidirectional(layers.LSTM(3), backward_layer=layers.GRU(3, go_backwards=True)),
        lambda: layers.TimeDistributed(layers.Dense(4, "relu")),
        lambda: layers.TimeDistributed(netlet.Sequential([netlet.Input((5,)), layers.Dense(3), layers.Dense(2)])),
        lambda: layers.SimpleRNN(3, stateful=True),
    ],
)
def test_a_way_through_a_file(tmp_path, layer):
    x = numbers((2, 4, 5)).astype("float32")
    model = random_weights(netlet.Sequential([netlet.Input((4, 5), batch_size=2), layer()]))
    again = trip(model, tmp_path)
    assert_same(model, again, x)
    copy = netlet.models.clone_model(model)
    copy.set_weights(model.get_weights())
    again.layers[0].reset_state() if getattr(again.layers[0], "stateful", False) else None
    np.testing.assert_array_equal(copy(x).numpy(), again(x).numpy())
