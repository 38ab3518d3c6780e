"""Bidirectional, TimeDistributed and ConvLSTM against Keras's."""

from __future__ import annotations

import keras
import numpy as np
import pytest

import netlet
from netlet import layers, ops
from netlet.layers.rnn.time_distributed import treats_samples_alone
from support.keras64 import float64
from support.recurrent import check, numbers, some_mask

FLOAT64 = {"dtype": "float64"}


# ---- Bidirectional ---------------------------------------------------------------------------------------------------
def both_ways(kind, merge, inner, **options):
    return lambda m: m.layers.Bidirectional(
        getattr(m.layers, kind)(3, **inner, **FLOAT64), merge_mode=merge, **options, **FLOAT64
    )


@pytest.mark.parametrize("merge", ["concat", "sum", "mul", "ave", None])
@pytest.mark.parametrize("kind", ["LSTM", "GRU"])
def test_every_merge_mode(kind, merge):
    inner = {"return_sequences": kind == "LSTM"}
    check(both_ways(kind, merge, inner), numbers((3, 5, 2)), mask=some_mask(3, 5) if merge != "mul" else None)


@pytest.mark.parametrize("merge", ["concat", None])
@pytest.mark.parametrize("sequences", [False, True])
def test_states_of_both_ways(merge, sequences):
    states = [numbers((3, 3), seed=i) for i in range(4)]
    inner = {"return_sequences": sequences, "return_state": True}
    check(both_ways("LSTM", merge, inner), numbers((3, 4, 2)), states)


def test_a_backward_layer_of_its_own():
    def make(m):
        back = m.layers.LSTM(3, activation="relu", go_backwards=True, return_sequences=True, **FLOAT64)
        ahead = m.layers.GRU(3, return_sequences=True, **FLOAT64)
        return m.layers.Bidirectional(ahead, backward_layer=back, **FLOAT64)

    check(make, numbers((2, 4, 2)))


def test_names_paths_and_weights():
    ours, theirs = (m.layers.Bidirectional(m.layers.LSTM(2, name="a"), name="b") for m in (netlet, keras))
    ours.build((None, 3, 4)), theirs.build((None, 3, 4))
    assert [w.path for w in ours.weights] == [w.path for w in theirs.weights]
    given = layers.Bidirectional(layers.LSTM(2), weights=ours.get_weights())
    x = numbers((2, 3, 4)).astype("float32")
    np.testing.assert_array_equal(given(x).numpy(), ours(x).numpy())


def test_nested_configs():
    inner = layers.Bidirectional(layers.RNN([layers.LSTMCell(3), layers.GRUCell(2)], return_sequences=True))
    for layer in (inner, layers.TimeDistributed(layers.Bidirectional(layers.GRU(2), merge_mode="ave"))):
        again = type(layer).from_config(layer.get_config())
        assert again.get_config() == layer.get_config()
        x = numbers((2, 3, 4, 5) if isinstance(layer, layers.TimeDistributed) else (2, 3, 4)).astype("float32")
        layer(x), again(x)
        again.set_weights(layer.get_weights())
        np.testing.assert_array_equal(again(x).numpy(), layer(x).numpy())


def test_a_config_of_keras():
    theirs = keras.layers.Bidirectional(keras.layers.GRU(3, return_sequences=True), merge_mode="sum")
    ours = layers.Bidirectional.from_config(theirs.get_config())
    assert set(ours.get_config()) == set(theirs.get_config())
    x = numbers((2, 3, 4)).astype("float32")
    ours(x), theirs(x)
    theirs.set_weights(ours.get_weights())
    np.testing.assert_allclose(ours(x).numpy(), np.asarray(theirs(x)), rtol=1e-5, atol=1e-6)


def test_stateful_both_ways():
    x = numbers((2, 3, 4)).astype("float32")
    layer = layers.Bidirectional(layers.GRU(3, stateful=True))
    first, second = layer(x).numpy(), layer(x).numpy()
    assert (first != second).any()
    assert [s.shape for s in layer.states] == [(2, 3)] * 2
    layer.reset_state()
    np.testing.assert_array_equal(layer(x).numpy(), first)
    with pytest.raises(AttributeError, match="stateful"):
        layers.Bidirectional(layers.GRU(3)).reset_state()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: layers.Bidirectional(3), "expected a layer"),
        (lambda: layers.Bidirectional(layers.GRU(2), backward_layer="x"), "expected a layer"),
        (lambda: layers.Bidirectional(layers.GRU(2), merge_mode="max"), "merge_mode"),
        (lambda: layers.Bidirectional(layers.Dense(2)), "recurrent layers, received .* without `go_backwards`"),
        (lambda: layers.Bidirectional(layers.GRU(2), backward_layer=layers.GRU(2)), "opposite `go_backwards`"),
        (
            lambda: layers.Bidirectional(
                layers.GRU(2), backward_layer=layers.GRU(2, go_backwards=True, return_sequences=True)
            ),
            "equal `return_sequences`",
        ),
        (
            lambda: layers.Bidirectional(layers.GRU(2))(numbers((2, 3, 4)), initial_state=[numbers((2, 2))] * 3),
            "even number of initial states .the forward layer's",
        ),
        (lambda: layers.Bidirectional(layers.GRU(2))(numbers((2, 3))), "time axis"),
    ],
)
def test_bad_arguments_of_bidirectional(make, message):
    with pytest.raises(ValueError, match=message):
        make()


# ---- TimeDistributed -------------------------------------------------------------------------------------------------
def nested_model(m):
    x = m.Input((6,), **FLOAT64)
    h = m.layers.Dense(4, activation="tanh", **FLOAT64)(x)
    return m.Model(x, m.layers.Add(**FLOAT64)([h, m.layers.Dense(4, **FLOAT64)(x)]))


DISTRIBUTED = {
    "dense": (lambda m: m.layers.Dense(4, activation="relu", **FLOAT64), (2, 3, 5)),
    "conv": (lambda m: m.layers.Conv2D(2, 3, **FLOAT64), (2, 3, 5, 4, 2)),
    "pool": (lambda m: m.layers.MaxPooling1D(2, **FLOAT64), (2, 3, 5, 4)),
    "flatten": (lambda m: m.layers.Flatten(**FLOAT64), (2, 3, 5, 4)),
    "nested model": (nested_model, (2, 3, 6)),
    "recurrent": (lambda m: m.layers.LSTM(3, **FLOAT64), (2, 3, 4, 2)),
    "another one": (lambda m: m.layers.TimeDistributed(m.layers.Dense(2, **FLOAT64), **FLOAT64), (2, 3, 4, 2)),
    "layer norm": (lambda m: m.layers.LayerNormalization(**FLOAT64), (2, 3, 5)),
}


@pytest.mark.parametrize("name", DISTRIBUTED)
def test_a_layer_for_each_step(name):
    inner, shape = DISTRIBUTED[name]
    x = numbers(shape)
    with float64():
        theirs = keras.layers.TimeDistributed(inner(keras), dtype="float64")
        theirs.build(shape)
        shapes = theirs.compute_output_shape((None, *shape[1:]))
        ours = layers.TimeDistributed(inner(netlet), dtype="float64")
        symbol = ours(netlet.Input(shape[1:], dtype="float64"))
        assert symbol.shape == tuple(shapes)
        theirs.set_weights(ours.get_weights())
        expected = np.asarray(theirs(x))
    assert treats_samples_alone(ours.layer, training=True)
    np.testing.assert_allclose(ours(x).numpy(), expected, rtol=1e-11, atol=1e-12)
    steps = np.stack([ours.layer(x[:, t]).numpy() for t in range(shape[1])], axis=1)
    np.testing.assert_allclose(steps, expected, rtol=1e-11, atol=1e-12)
    assert ours(x[:, :0]).shape == (2, 0, *expected.shape[2:])
    assert ours(netlet.Input((None, *shape[2:]), dtype="float64")).shape == (None, None, *shapes[2:])


def test_training_through_time_distributed():
    x, y = numbers((4, 3, 6, 6, 1)).astype("float32"), numbers((4, 2), 1).astype("float32")

    def fitted(m, weights=None):
        la = m.layers
        model = m.Sequential(
            [
                m.Input((3, 6, 6, 1)),
                la.TimeDistributed(la.Conv2D(3, 3, activation="relu")),
                la.TimeDistributed(la.BatchNormalization()),
                la.TimeDistributed(la.Flatten()),
                la.LSTM(4, return_sequences=True),
                la.TimeDistributed(la.Dense(3)),
                la.GRU(2),
            ]
        )
        start = model.get_weights()
        if weights is not None:
            model.set_weights(weights)
        model.compile(m.optimizers.SGD(0.05), "mse")
        losses = model.fit(x, y, batch_size=4, epochs=3, verbose=0).history["loss"]
        return start, losses, model.get_weights()

    start, losses, after = fitted(netlet)
    _, keras_losses, keras_after = fitted(keras, start)
    np.testing.assert_allclose(losses, keras_losses, rtol=2e-5)
    for a, b in zip(after, keras_after, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


def test_what_looks_at_the_batch_is_called_step_by_step():
    batch_norm = layers.BatchNormalization()
    assert not treats_samples_alone(batch_norm, training=True)
    assert treats_samples_alone(batch_norm, training=False)
    x = numbers((8, 2, 3)).astype("float32") + np.array([[[0.0], [9.0]]], "float32")
    y = layers.TimeDistributed(batch_norm)(x, training=True).numpy()
    np.testing.assert_allclose(y.mean(axis=0), 0, atol=1e-5)  # each step is normalized separately

    class Own(layers.Layer):
        def call(self, inputs):
            return inputs - ops.mean(inputs, axis=0, keepdims=True)

    for layer in (Own(), layers.Lambda(lambda v: v), layers.Softmax(axis=0), layers.SimpleRNN(2, stateful=True)):
        assert not treats_samples_alone(layer, training=False)
    inputs = netlet.Input((3,))
    assert not treats_samples_alone(netlet.Model(inputs, inputs - ops.mean(inputs, axis=0)), training=False)
    y = layers.TimeDistributed(Own())(x).numpy()
    np.testing.assert_allclose(y.mean(axis=0), 0, atol=1e-5)


def test_dropout_falls_anew_in_each_step():
    y = layers.TimeDistributed(layers.Dropout(0.5))(np.ones((4, 2, 50), "float32"), training=True).numpy()
    assert (y[:, 0] != y[:, 1]).any()
    assert set(np.unique(y)) == {0.0, 2.0}


def test_masks_of_inner_layers():
    x, mask = numbers((2, 3, 4, 2)).astype("float32"), np.random.default_rng(0).random((2, 3, 4)) > 0.4
    layer = layers.TimeDistributed(layers.LSTM(3))
    y = layer(x, mask=mask).numpy()
    for t in range(3):
        np.testing.assert_allclose(y[:, t], layer.layer(x[:, t], mask=mask[:, t]).numpy(), rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: layers.TimeDistributed(3), "expected a layer"),
        (lambda: layers.TimeDistributed(layers.Dense(2))(numbers((2, 3))), "rank 3 or more"),
        (
            lambda: layers.TimeDistributed(layers.Dense(2))(numbers((2, 3, 4)), mask=numbers((2,))),
            "expected a mask whose first axes",
        ),
        (
            lambda: layers.TimeDistributed(layers.Dense(2))(numbers((2, 3, 4)), mask=numbers((2, 4))),
            r"first axes are \(2, 3\).*received shape \(2, 4\)",
        ),
    ],
)
def test_bad_arguments_of_time_distributed(make, message):
    with pytest.raises(ValueError, match=message):
        make()


# ---- ConvLSTM --------------------------------------------------------------------------------------------------------
CONV = {
    "1D": ("ConvLSTM1D", {"kernel_size": 3, "padding": "same", "return_sequences": True}, (2, 3, 5, 2)),
    "1D strides": ("ConvLSTM1D", {"kernel_size": 2, "strides": 2, "use_bias": False}, (2, 2, 5, 2)),
    "2D": ("ConvLSTM2D", {"kernel_size": (2, 3), "return_state": True}, (2, 3, 4, 5, 2)),
    "2D same": (
        "ConvLSTM2D",
        {"kernel_size": 3, "padding": "same", "strides": (2, 1), "return_sequences": True, "go_backwards": True},
        (2, 2, 5, 4, 1),
    ),
    "2D dilation": ("ConvLSTM2D", {"kernel_size": 2, "dilation_rate": 2, "unit_forget_bias": False}, (1, 2, 4, 5, 2)),
    "2D first": (
        "ConvLSTM2D",
        {"kernel_size": 2, "data_format": "channels_first", "return_sequences": True, "return_state": True},
        (2, 2, 3, 4, 4),
    ),
    "3D": (
        "ConvLSTM3D",
        {"kernel_size": 2, "activation": "relu", "recurrent_activation": "hard_sigmoid"},
        (1, 2, 3, 3, 3, 1),
    ),
}


@pytest.mark.parametrize("case", CONV)
def test_an_lstm_of_images(case):
    name, options, shape = CONV[case]
    layer = check(lambda m: getattr(m.layers, name)(2, **options, **FLOAT64), numbers(shape))
    theirs = getattr(keras.layers, name)(2, **options)
    assert set(layer.get_config()) == set(theirs.get_config())
    again = type(layer).from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
    assert type(layer).from_config(theirs.get_config()).kernel_size == theirs.kernel_size


def test_initial_state_and_mask_of_images():
    """Masked steps change nothing. (Not compared with Keras: its JAX backend cannot mask images.)"""
    x, mask = numbers((2, 4, 5, 4, 2)), np.array([[True, False, True, False], [True, True, True, True]])
    states = [numbers((2, 4, 3, 3), seed=i) for i in range(2)]
    layer = layers.ConvLSTM2D(3, 2, return_sequences=True, return_state=True, dtype="float64")
    y, h, c = layer(x, initial_state=states, mask=mask)
    short = layer(x[:1, ::2], initial_state=[s[:1] for s in states])
    np.testing.assert_allclose(y.numpy()[0, [0, 1, 2, 3]], short[0].numpy()[0, [0, 0, 1, 1]], rtol=1e-12)
    for a, b in zip((h, c), short[1:], strict=True):
        np.testing.assert_allclose(a.numpy()[:1], b.numpy(), rtol=1e-12)
    whole = layer(x, initial_state=states)
    np.testing.assert_allclose(y.numpy()[1], whole[0].numpy()[1], rtol=1e-12)


def test_dropout_of_images_is_the_same_in_each_step():
    layer = layers.ConvLSTM2D(2, 1, dropout=0.5, recurrent_dropout=0.5, seed=1, return_sequences=True)
    x = np.repeat(numbers((1, 1, 4, 4, 3)), 3, axis=1).astype("float32")
    a, b = layer(x, training=True).numpy(), layer(x, training=True).numpy()
    assert (a != b).any()
    np.testing.assert_array_equal(layer(x).numpy(), layer(x, training=False).numpy())


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: layers.ConvLSTM2D(2, 3)(numbers((2, 5, 5, 1))), r"rank 5, \(batch, time, \.\.\.\).*time axis"),
        (lambda: layers.ConvLSTM2D(2, 9)(numbers((2, 3, 5, 5, 1))), "does not fit an input of 5 x 5"),
        (lambda: layers.ConvLSTM2D(2, 3)(netlet.Input((3, None, 5, 1))), "known spatial axes and channels"),
        (lambda: layers.ConvLSTM2D(2, 3, strides=2, dilation_rate=2), "ConvLSTM2D: expected strides or dilation of 1"),
        (lambda: layers.ConvLSTM2D(0, 3), "`filters`"),
        (lambda: layers.ConvLSTM1D(2, (3, 3)), "`kernel_size`"),
        (lambda: layers.ConvLSTM1D(2, 3, padding="causal"), "`padding`"),
    ],
)
def test_bad_input_of_images(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_images_of_another_size():
    layer = layers.ConvLSTM2D(2, 3)
    layer(numbers((2, 3, 5, 5, 1)))
    with pytest.raises(ValueError, match=r"received shape \(2, 3, 6, 5, 1\)"):
        layer(numbers((2, 3, 6, 5, 1)))
