"""RNN with custom and stacked cells, nested states, stateful layers and dropout, against Keras."""

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


# ---- stateful layers -------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("way", ["native", "step by step"])
@pytest.mark.parametrize("kind", ["LSTM", "GRU", "SimpleRNN"])
def test_a_stateful_layer_goes_on_where_it_was(kind, way, monkeypatch):
    """Eagerly and in predict: two halves of a sequence, one after the other, give the results of the whole."""
    if way == "step by step":
        monkeypatch.setattr(layers.rnn.native, "fits", lambda cell, training: False)
    x = numbers((2, 6, 3)).astype("float32")
    whole = getattr(layers, kind)(4, return_sequences=True)
    expected = whole(x).numpy()
    model = netlet.Sequential([getattr(layers, kind)(4, return_sequences=True, stateful=True)])
    halves = np.concatenate([x[:, :3], x[:, 3:]])
    model(x[:, :3])
    model.set_weights(whole.get_weights())
    layer = model.layers[0]
    assert len(model.weights) == len(whole.weights)  # states are not weights
    layer.reset_state()
    eager = [model(x[:, :3]).numpy(), model(x[:, 3:]).numpy()]
    np.testing.assert_allclose(np.concatenate(eager, axis=1), expected, rtol=1e-5, atol=1e-6)
    for _ in range(2):
        layer.reset_states()
        y = model.predict(halves, batch_size=2, verbose=0)
        np.testing.assert_allclose(np.concatenate([y[:2], y[2:]], axis=1), expected, rtol=1e-5, atol=1e-6)
    y = model.predict(halves, batch_size=2, verbose=0)  # continues from the last state
    assert abs(y[:2] - expected[:, :3]).max() > 1e-3
    assert [s.shape for s in layer.states] == [(2, 4)] * len(layer.states)


def test_fit_carries_states_from_batch_to_batch():
    """Truncated backpropagation: `fit` gives the same as a loop that passes the states from batch to batch."""
    x, y = numbers((8, 3, 2)).astype("float32"), numbers((8, 4), 1).astype("float32")
    stateful = netlet.Sequential([netlet.Input((3, 2), batch_size=2), layers.LSTM(4, stateful=True)])
    inputs, h, c = netlet.Input((3, 2)), netlet.Input((4,)), netlet.Input((4,))
    lstm = layers.LSTM(4, return_state=True)
    loop = netlet.Model([inputs, h, c], lstm(inputs, initial_state=[h, c]))
    first = netlet.Model([inputs, h, c], loop.outputs[0])
    first.set_weights(stateful.get_weights())
    for eager in (False, True):
        start = stateful.get_weights()
        stateful.layers[0].reset_state()
        stateful.compile(netlet.optimizers.SGD(0.1), "mse", run_eagerly=eager)
        first.compile(netlet.optimizers.SGD(0.1), "mse")
        stateful.fit(x, y, batch_size=2, epochs=1, shuffle=False, verbose=0)
        states = [np.zeros((2, 4), "float32")] * 2
        for i in range(0, 8, 2):
            given = [x[i : i + 2], *states]
            after = [v.numpy() for v in loop(given)[1:]]
            first.train_on_batch(given, y[i : i + 2])
            states = after
        for a, b in zip(stateful.get_weights(), first.get_weights(), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)
        for a, b in zip(stateful.layers[0].states, states, strict=True):
            np.testing.assert_allclose(a.numpy(), b, rtol=1e-5, atol=1e-6)
        stateful.set_weights(start), first.set_weights(start)


def test_a_changed_batch_size():
    model = netlet.Sequential([netlet.Input((3, 2), batch_size=4), layers.GRU(4, stateful=True, name="g")])
    model.compile("sgd", "mse")
    message = r"'g' is stateful.*batch size to stay 4, received 2.*`batch_size`"
    with pytest.raises(ValueError, match=message):
        model(np.ones((2, 3, 2), "float32"))
    with pytest.raises(ValueError, match=message):
        model.fit(np.ones((6, 3, 2)), np.ones((6, 4)), batch_size=4, verbose=0)
    layer = layers.GRU(4, stateful=True)  # the first batch sets the batch size
    layer(np.ones((3, 2, 2), "float32"))
    with pytest.raises(ValueError, match="batch size to stay 3"):
        layer(np.ones((4, 2, 2), "float32"))


def test_states_given_to_a_stateful_layer_and_kept():
    x, h = numbers((2, 3, 2)).astype("float32"), numbers((2, 4)).astype("float32")
    plain, stateful = layers.GRU(4), layers.GRU(4, stateful=True)
    plain(x), stateful(x)
    stateful.set_weights(plain.get_weights())
    np.testing.assert_array_equal(stateful(x, initial_state=h).numpy(), plain(x, initial_state=h).numpy())
    np.testing.assert_array_equal(stateful.states[0].numpy(), plain(x, initial_state=h).numpy())


def test_a_stateful_layer_in_a_model_of_ones_own():
    class Net(netlet.Model):
        def __init__(self):
            super().__init__()
            self.rnn, self.out = layers.LSTM(4, stateful=True), layers.Dense(1)

        def call(self, x):
            return self.out(self.rnn(x))

    model = Net()
    model.compile("sgd", "mse")
    x, y = numbers((8, 3, 2)).astype("float32"), numbers((8, 1), 1).astype("float32")
    model.fit(x, y, batch_size=4, shuffle=False, verbose=0)
    assert model.rnn.states[0].shape == (4, 4)
    assert np.abs(model.rnn.states[0].numpy()).max() > 0


def test_gradients_stop_at_the_batch_before():
    layer = layers.SimpleRNN(3, stateful=True)
    x = numbers((2, 4, 2)).astype("float32")
    layer(x)
    before = layer.states[0].numpy()
    fixed = layers.SimpleRNN(3)
    fixed(x)
    fixed.set_weights(layer.get_weights())

    def gradients(call, weights):
        with netlet.GradientTape() as tape:
            total = ops.sum(call())
        return [g.numpy() for g in tape.gradient(total, weights)]

    ours = gradients(lambda: layer(x), layer.trainable_variables)
    expected = gradients(lambda: fixed(x, initial_state=before), fixed.trainable_variables)
    for a, b in zip(ours, expected, strict=True):
        np.testing.assert_array_equal(a, b)


# ---- dropout ---------------------------------------------------------------------------------------------------------
def linear_rnn(**options):
    """h = x_t + h_(t-1), so that the outputs show the masks."""
    return layers.SimpleRNN(
        50,
        activation=None,
        use_bias=False,
        kernel_initializer="identity",
        recurrent_initializer="identity",
        return_sequences=True,
        **options,
    )


@pytest.mark.parametrize("way", ["native", "step by step"])
def test_input_masks_are_the_same_in_each_step_and_new_in_each_call(way, monkeypatch):
    if way == "step by step":
        monkeypatch.setattr(layers.rnn.native, "fits", lambda cell, training: False)
    x = np.ones((40, 6, 50), "float32")
    layer = linear_rnn(dropout=0.25, seed=1)
    y = layer(x, training=True).numpy()
    steps = np.diff(y, axis=1, prepend=0.0)
    np.testing.assert_allclose(steps, np.repeat(steps[:, :1], 6, axis=1), rtol=1e-5, atol=1e-5)
    kept = steps[:, 0] != 0
    np.testing.assert_allclose(steps[:, 0][kept], 1 / 0.75, rtol=1e-6)
    assert abs(kept.mean() - 0.75) < 5 * np.sqrt(0.25 * 0.75 / kept.size)  # five standard deviations
    assert (layer(x, training=True).numpy() != y).any()
    np.testing.assert_allclose(layer(x).numpy()[:, -1], 6.0)


@pytest.mark.parametrize("way", ["native", "step by step"])
def test_state_masks_are_the_same_in_each_step(way, monkeypatch):
    if way == "step by step":
        monkeypatch.setattr(layers.rnn.native, "fits", lambda cell, training: False)
    x = np.zeros((40, 5, 50), "float32")
    x[:, 0] = 1.0
    y = linear_rnn(recurrent_dropout=0.5, seed=1)(x, training=True).numpy()
    kept = y[:, -1] != 0
    np.testing.assert_allclose(y[kept.nonzero()[0], :, kept.nonzero()[1]], [[1, 2, 4, 8, 16]] * kept.sum())
    assert (y[:, 1:][np.repeat(~kept[:, None], 4, axis=1)] == 0).all()
    assert abs(kept.mean() - 0.5) < 5 * 0.5 / np.sqrt(kept.size)


@pytest.mark.parametrize("kind", ["LSTM", "GRU"])
@pytest.mark.parametrize("recurrent", [0.0, 0.5])
def test_each_gate_has_masks_of_its_own_where_keras_has_them(kind, recurrent):
    """As in Keras, each gate has its own input mask if recurrent_dropout is used; otherwise all gates share one."""
    cell = getattr(layers, f"{kind}Cell")(3, dropout=0.5, recurrent_dropout=recurrent)
    layer = layers.RNN(cell)
    drawn = []
    original = type(cell)._masks

    def masks(self, role, shape, rate, gates):
        found = original(self, role, shape, rate, gates)
        drawn.append((role, None if found is None else [m.numpy() for m in found]))
        return found

    type(cell)._masks = masks
    try:
        layer(np.ones((4, 3, 30), "float32"), training=True)
    finally:
        type(cell)._masks = original
    inputs = [m for role, m in drawn if role == "input"]
    gates = {"LSTM": 4, "GRU": 3}[kind] if recurrent else 1
    assert len(inputs[0]) == gates
    for later in inputs[1:]:
        np.testing.assert_array_equal(later, inputs[0])
    assert len({m.tobytes() for m in inputs[0]}) == gates
    states = [m for role, m in drawn if role == "state"]
    assert (states[0] is None) is (recurrent == 0)


def test_dropout_is_the_same_after_a_seed_and_trains():
    x, y = numbers((16, 5, 3)).astype("float32"), numbers((16, 4), 1).astype("float32")

    def trained():
        netlet.utils.set_random_seed(7)
        model = netlet.Sequential(
            [
                netlet.Input((5, 3)),
                layers.LSTM(6, dropout=0.3, return_sequences=True),
                layers.GRU(5, dropout=0.2, recurrent_dropout=0.2, return_sequences=True),
                layers.RNN([layers.LSTMCell(4, recurrent_dropout=0.4), layers.SimpleRNNCell(4, dropout=0.4)]),
            ]
        )
        model.compile("sgd", "mse")
        losses = model.fit(x, y, batch_size=4, epochs=3, verbose=0).history["loss"]
        return losses, model

    (losses, model), (again, _) = trained(), trained()
    assert losses == again
    assert len(model.seed_generators) == 4
    np.testing.assert_array_equal(model.predict(x, verbose=0), model.predict(x, verbose=0))


def test_everything_falls_at_rate_one():
    y = linear_rnn(dropout=1.0)(np.ones((2, 3, 50), "float32"), training=True).numpy()
    assert (y == 0).all()
    assert layers.LSTM(3, dropout=-1.0, recurrent_dropout=7).get_config()["recurrent_dropout"] == 1.0
