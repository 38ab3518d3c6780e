"""SimpleRNN, LSTM and GRU against Keras's with every option: outputs, states, gradients and three training steps.

Each is computed by the native op and step by step.
"""

from __future__ import annotations

import inspect

import keras
import numpy as np
import pytest

import netlet
from netlet import layers
from support.recurrent import check, numbers, some_mask

KINDS = {
    "SimpleRNN": {},
    "LSTM": {},
    "GRU": {},
    "GRU before": {"reset_after": False},
}
OPTIONS = {
    "last": {},
    "sequences": {"return_sequences": True, "use_bias": False},
    "state": {"return_state": True, "states": True, "implementation": 1},
    "backwards": {"return_sequences": True, "return_state": True, "go_backwards": True, "unroll": True},
    "mask": {"return_sequences": True, "return_state": True, "mask": True, "states": True},
    "mask backwards": {"mask": True, "go_backwards": True, "return_state": True},
    "zeros": {"mask": True, "return_sequences": True, "zero_output_for_mask": True, "go_backwards": True},
    "zero at the end": {"mask": True, "zero_output_for_mask": True},
    "activations": {"activation": "relu", "recurrent_activation": "hard_sigmoid", "return_sequences": True},
    "linear": {"activation": None, "recurrent_activation": "tanh"},
    "rare": {"activation": "softsign", "recurrent_activation": "softplus", "return_sequences": True, "mask": True},
    "one step": {"length": 1, "return_sequences": True, "return_state": True, "mask": True},
    "penalties": {"kernel_regularizer": "l2", "recurrent_regularizer": "l1", "bias_constraint": "non_neg"},
}


def name_of(kind):
    return kind.split()[0]


def arguments(kind, options):
    found = {**KINDS[kind], **options}
    for extra in ("mask", "states", "length"):
        found.pop(extra, None)
    if kind == "SimpleRNN":
        for other in ("recurrent_activation", "implementation"):
            found.pop(other, None)
    return found


@pytest.mark.parametrize("options", [o for o in OPTIONS if o != "penalties"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_layer_is_that_of_keras(kind, options):
    options = OPTIONS[options]
    x = numbers((3, options.get("length", 5), 2))
    states = [numbers((3, 4), seed=i) for i in range(2 if kind == "LSTM" else 1)] if options.get("states") else []
    mask = some_mask(3, x.shape[1]) if options.get("mask") else None
    given = arguments(kind, options)
    check(lambda m: getattr(m.layers, name_of(kind))(4, dtype="float64", **given), x, states, mask)


@pytest.mark.parametrize("kind", KINDS)
def test_float32_is_close_to_float64(kind):
    x, mask = numbers((3, 7, 5)), some_mask(3, 7)
    single, double = (
        getattr(layers, name_of(kind))(6, return_sequences=True, dtype=dtype, **KINDS[kind])
        for dtype in ("float32", "float64")
    )
    single(x), double(x)
    double.set_weights(single.get_weights())
    assert single(x).dtype == "float32"
    np.testing.assert_allclose(single(x, mask=mask).numpy(), double(x, mask=mask).numpy(), rtol=3e-6, atol=3e-6)


# ---- configs ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("kind", KINDS)
def test_config_has_keras_keys_and_restores_the_layer(kind, options):
    given = arguments(kind, OPTIONS[options])
    ours, theirs = (getattr(m.layers, name_of(kind))(4, seed=3, **given) for m in (netlet, keras))
    known = set(theirs.get_config()) | {"seed"}  # missing in the config of Keras's SimpleRNN
    assert set(ours.get_config()) == known
    again = type(ours).from_config(ours.get_config())
    assert again.get_config() == ours.get_config()
    from_keras = type(ours).from_config(theirs.get_config())
    x = numbers((2, 3, 5)).astype("float32")
    for other in (again, from_keras):
        ours(x), other(x)
        other.set_weights(ours.get_weights())
        for a, b in zip(netlet.base.tree.flatten(other(x)), netlet.base.tree.flatten(ours(x)), strict=True):
            np.testing.assert_array_equal(a.numpy(), b.numpy())


@pytest.mark.parametrize("name", ["SimpleRNNCell", "LSTMCell", "GRUCell"])
def test_config_of_a_cell(name):
    ours, theirs = (getattr(m.layers, name)(4, dropout=0.5, seed=1) for m in (netlet, keras))
    assert set(ours.get_config()) == set(theirs.get_config())
    assert type(ours).from_config(theirs.get_config()).get_config() == {**ours.get_config(), "name": theirs.name}


@pytest.mark.parametrize("name", sorted(set(layers.rnn.__all__)))
def test_arguments_have_keras_names_order_and_defaults(name):
    def parameters(cls):
        found = inspect.signature(cls.__init__).parameters.values()
        return [(p.name, p.default) for p in found if p.name != "self" and p.kind is not p.VAR_KEYWORD]

    assert parameters(getattr(layers, name)) == parameters(getattr(keras.layers, name))


def test_initial_weights_are_keras_ones():
    layer = layers.LSTM(64)
    layer.build((None, 3, 32))
    kernel, recurrent, bias = layer.get_weights()
    assert abs(kernel).max() <= np.sqrt(6 / (32 + 256))
    np.testing.assert_allclose(recurrent @ recurrent.T, np.eye(64), atol=1e-5)
    assert bias.tolist() == [0.0] * 64 + [1.0] * 64 + [0.0] * 128
    plain = layers.LSTM(2, unit_forget_bias=False, bias_initializer="ones")
    plain.build((None, 3, 4))
    assert plain.get_weights()[2].tolist() == [1.0] * 8
    gated = layers.GRU(2)
    gated.build((None, None, 4))
    assert [w.shape for w in gated.weights] == [(4, 6), (2, 6), (2, 6)]


def test_penalties_and_activity():
    x = numbers((4, 3, 5)).astype("float32")
    options = {"kernel_regularizer": "l2", "recurrent_regularizer": "l1", "activity_regularizer": "l2"}
    ours, theirs = (m.layers.LSTM(3, return_state=True, **options) for m in (netlet, keras))
    ours(x), theirs(x)
    theirs.set_weights(ours.get_weights())
    ours(x), theirs(x)
    values = [float(np.asarray(v)) for v in ours.losses], [float(v) for v in theirs.losses]
    np.testing.assert_allclose(sorted(values[0]), sorted(values[1]), rtol=1e-5)


# ---- layers against their definitions --------------------------------------------------------------------------------
def test_simple_rnn_is_a_dense_network_unrolled():
    """h_t = tanh(Dense(x_t) + Dense'(h_(t-1))), with the same two Dense layers in each step."""
    x, target = numbers((4, 6, 3)).astype("float32"), numbers((4, 5)).astype("float32")

    def recurrent():
        return netlet.Sequential([netlet.Input((6, 3)), layers.SimpleRNN(5)])

    def unrolled():
        inputs = netlet.Input((6, 3))
        from_x, from_h = layers.Dense(5), layers.Dense(5, use_bias=False)
        h = layers.Activation("tanh")(from_x(inputs[:, 0]))
        for t in range(1, 6):
            h = layers.Activation("tanh")(layers.Add()([from_x(inputs[:, t]), from_h(h)]))
        return netlet.Model(inputs, h)

    a, b = recurrent(), unrolled()
    kernel, recurrent_kernel, bias = a.get_weights()
    by_shape = {(3, 5): kernel, (5, 5): recurrent_kernel, (5,): bias}
    b.set_weights([by_shape[w.shape] for w in b.get_weights()])
    for model in (a, b):
        model.compile(netlet.optimizers.SGD(0.1), "mse")
        model.fit(x, target, batch_size=2, epochs=3, shuffle=False, verbose=0)
    trained = {w.shape: w for w in b.get_weights()}
    for w in a.get_weights():
        np.testing.assert_allclose(w, trained[w.shape], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(a.predict(x, verbose=0), b.predict(x, verbose=0), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_masked_steps_change_nothing(kind):
    """A padded sequence gives bitwise the results of the sequence without padding."""
    layer = getattr(layers, name_of(kind))(4, return_sequences=True, return_state=True, **KINDS[kind])
    x = numbers((1, 8, 3)).astype("float32")
    mask = np.array([[True] * 5 + [False] * 3])
    whole, short = layer(x, mask=mask), layer(x[:, :5])
    np.testing.assert_array_equal(whole[0].numpy()[:, :5], short[0].numpy())
    np.testing.assert_array_equal(whole[0].numpy()[:, 5:], np.repeat(short[0].numpy()[:, -1:], 3, axis=1))
    for a, b in zip(whole[1:], short[1:], strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("backwards", [False, True])
def test_sequences_of_no_steps(kind, backwards):
    options = {"return_state": True, "go_backwards": backwards, **KINDS[kind]}
    last = getattr(layers, name_of(kind))(4, **options)
    every = getattr(layers, name_of(kind))(4, return_sequences=True, **options)
    x, mask = np.zeros((2, 0, 3), "float32"), np.zeros((2, 0), bool)
    state = [numbers((2, 4), seed=i).astype("float32") for i in range(2 if kind == "LSTM" else 1)]
    for given in (None, mask):
        y, *after = last(x, initial_state=state, mask=given)
        np.testing.assert_array_equal(y.numpy(), state[0])
        for a, b in zip(after, state, strict=True):
            np.testing.assert_array_equal(a.numpy(), b)
        assert every(x, mask=given)[0].shape == (2, 0, 4)
        assert (last(x)[0].numpy() == 0).all()


@pytest.mark.parametrize("kind", KINDS)
def test_no_sequences_at_all(kind):
    y, *states = getattr(layers, name_of(kind))(4, return_state=True, **KINDS[kind])(np.zeros((0, 3, 2), "float32"))
    assert [v.shape for v in (y, *states)] == [(0, 4)] * (1 + len(states))


# ---- bad input -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda layer, x: layer(x[:, 0]),
            r"'lstm.*rank 3, \(batch, time, features\), received .*\(2, 3\).*time axis",
        ),
        (lambda layer, x: layer(x[..., None]), r"rank 3, \(batch, time, features\), received shape \(2, 4, 3, 1\)"),
        (lambda layer, x: layer(x[..., :2]), r"last axis 3 \(its kernel is \(3, 20\)\), received shape \(2, 4, 2\)"),
        (
            lambda layer, x: layer(x, mask=np.ones((2, 3), bool)),
            r"mask of shape \(2, 4\) for sequences \(2, 4, 3\).*\(2, 3\)",
        ),
        (lambda layer, x: layer(x, mask=np.ones((2,), bool)), r"mask of shape \(2, 4\) for sequences.*received \(2,\)"),
        (
            lambda layer, x: layer(x, initial_state=[x[:, 0]]),
            r"2 state\(s\) .*of shapes \[\(2, 5\), \(2, 5\)\].*received 1",
        ),
        (lambda layer, x: layer(x, initial_state=[x[:, 0], x[:, 0]]), r"shape \(2, 5\) for state 0.*\(2, 3\)"),
        (lambda layer, x: layer(x, initial_state=[np.zeros((3, 5))] * 2), r"shape \(2, 5\) for state 0.*\(3, 5\)"),
        (lambda layer, x: layer(x, initial_state=[1.0, 2.0]), r"shape \(2, 5\) for state 0.*1.0"),
    ],
)
def test_bad_input(call, message):
    layer, x = layers.LSTM(5, name="lstm_x"), np.zeros((2, 4, 3), "float32")
    layer(x)
    with pytest.raises(ValueError, match=message):
        call(layer, x)


@pytest.mark.parametrize("name", ["SimpleRNN", "LSTM", "GRU", "SimpleRNNCell", "LSTMCell", "GRUCell"])
def test_bad_arguments(name):
    make = getattr(layers, name)
    for units in (0, -1, 2.5, "4", None, True):
        with pytest.raises(ValueError, match="positive integer for `units`"):
            make(units)
    with pytest.raises(ValueError, match="activation"):
        make(3, activation="tanhh")
    with pytest.raises(ValueError, match="number in \\[0, 1\\]"):
        make(3, dropout="half")
    with pytest.raises(ValueError, match="Unrecognized keyword"):
        make(3, unknown=1)


def test_unknown_features():
    with pytest.raises(ValueError, match="features"):
        layers.GRU(3)(netlet.Input((5, None)))
    with pytest.raises(ValueError, match="rank 3"):
        layers.GRU(3).build((None, 5))
    with pytest.raises(ValueError, match="use_cudnn"):
        layers.LSTM(3, use_cudnn="yes")
    with pytest.raises(ValueError, match="implementation"):
        layers.LSTM(3, implementation=3)
