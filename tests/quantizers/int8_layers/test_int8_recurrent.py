"""Int8SimpleRNN, Int8LSTM, Int8GRU and their cells: against the native op, whose integers tests/ops checks."""

from __future__ import annotations

import numpy as np
import pytest

import netlet
from netlet import _core, layers
from netlet.layers.quantized import Int8GRUCell, Int8LSTM, Int8LSTMCell
from netlet.quantizers import Int8Config

X = np.random.default_rng(0).normal(size=(6, 7, 5)).astype("float32")
MASK = np.random.default_rng(1).random((6, 7)) > 0.3
KINDS = {
    "simple_rnn": lambda **more: layers.SimpleRNN(9, **more),
    "lstm": lambda **more: layers.LSTM(9, **more),
    "gru": lambda **more: layers.GRU(9, **more),
    "gru_reset_before": lambda **more: layers.GRU(9, reset_after=False, **more),
}


def built(kind, **more):
    layer = KINDS[kind](**more)
    layer(X)
    if layer.use_bias:
        layer.cell.bias.assign(np.random.default_rng(2).normal(0, 0.3, layer.cell.bias.shape))
    return layer


def by_op(kind, x, weights, config, h=None, c=None, mask=None, **more):
    """`_core.quantized_rnn` on codes of x and of the float weights."""
    kernel, recurrent, *bias = weights
    axis = 0 if config.per_channel else None
    if config.weights == "absmax":
        w = [*netlet.ops.quantize_absmax(kernel, axis=axis), None]
    else:
        w = list(netlet.ops.quantize_zeropoint(kernel, axis=axis))
    r = netlet.ops.quantize_absmax(recurrent, axis=axis)
    if config.activations == "dynamic":
        q = netlet.ops.quantize_zeropoint(x, axis=-1, dtype="uint8")
    else:
        ends = np.array([config.calibration.min(), config.calibration.max()], "float32")
        _, scale, zero = netlet.ops.quantize_zeropoint(ends, dtype="uint8")
        q = np.clip(np.rint(x / scale.numpy()) + zero.numpy(), 0, 255).astype("uint8"), scale, zero
    return [
        None if v is None else v.numpy()
        for v in _core.quantized_rnn(kind, *q, *w, *r, *(bias or [None]), h, c, mask, **more)
    ]


CONFIGS = {
    "dynamic": Int8Config(),
    "static": Int8Config("static", calibration=X),
    "one scale": Int8Config(per_channel=False),
    "zeropoint": Int8Config(weights="zeropoint"),
}


@pytest.mark.parametrize("config", CONFIGS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_layer_is_the_native_op(kind, config):
    layer = built(kind, return_sequences=True, return_state=True)
    weights = layer.get_weights()
    layer.quantize(config=CONFIGS[config])
    assert type(layer).__name__ == "Int8" + KINDS[kind]().__class__.__name__
    assert layer.quantization_config == CONFIGS[config]
    y, *states = by_op(kind, X, weights, CONFIGS[config])
    for found, expected in zip(layer(X), [y, *(s for s in states if s is not None)], strict=True):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("kind", KINDS)
def test_masks_states_and_direction(kind):
    layer = built(kind, return_sequences=True, return_state=True, go_backwards=True, use_bias=False)
    weights = layer.get_weights()
    layer.quantize("int8")
    first = [
        np.random.default_rng(i).uniform(-1, 1, (6, 9)).astype("float32") for i in range(2 if kind == "lstm" else 1)
    ]
    found = layer(X, initial_state=first, mask=MASK)
    y, *states = by_op(
        kind, X, weights, Int8Config(), *(first if kind == "lstm" else [*first, None]), MASK, reverse=True
    )
    for f, e in zip(found, [y[:, ::-1], *(s for s in states if s is not None)], strict=True):
        np.testing.assert_array_equal(f, e)


def test_masked_outputs_may_be_zeros():
    layer = built("lstm", return_sequences=True, zero_output_for_mask=True)
    layer.quantize("int8")
    y = layer(X, mask=MASK).numpy()
    assert not y[~MASK].any()
    assert y[MASK].all()


def test_a_stateful_layer_continues():
    layer = layers.GRU(9, stateful=True, return_sequences=True)
    layer.build((6, 7, 5))
    layer.quantize("int8")
    halves = np.concatenate([layer(X[:, :3]), layer(X[:, 3:])], 1)
    layer.reset_state()
    np.testing.assert_array_equal(halves, layer(X))


@pytest.mark.parametrize("kind", KINDS)
def test_a_cell_is_one_step_of_its_layer(kind):
    layer = built(kind)
    layer.quantize("int8")
    y = layer(X[:, :1]).numpy()
    zeros = np.zeros((6, 9), "float32")
    output, states = layer.cell(X[:, 0], [zeros] * (2 if kind == "lstm" else 1))
    np.testing.assert_array_equal(output, y)
    np.testing.assert_array_equal(states[0], y)
    if kind != "lstm":
        np.testing.assert_array_equal(layer.cell(X[:, 0], zeros)[1], y)


def test_dropout_is_not_applied():
    layer = built("lstm", dropout=0.5, recurrent_dropout=0.5)
    layer.quantize("int8")
    np.testing.assert_array_equal(layer(X, training=True), layer(X, training=False))


def network():
    model = netlet.Sequential(
        [
            netlet.Input((7, 5)),
            layers.Masking(),
            layers.Bidirectional(layers.LSTM(6, return_sequences=True)),
            layers.RNN([layers.GRUCell(5), layers.LSTMCell(4)], return_sequences=True),
            layers.SimpleRNN(8, name="encoder"),
            layers.Dense(3),
        ]
    )
    model.compile("adam", "mse")
    return model


@pytest.mark.parametrize("config", ["dynamic", "static"])
@pytest.mark.parametrize("ending", ["netlet", "keras"])
def test_inside_a_model(tmp_path, config, ending):
    """Wrapped layers and bare cells too; files, clones and calls give the same numbers."""
    if ending == "keras":
        pytest.importorskip("h5py")
    model = network()
    y = model.predict(X, verbose=0)
    paths = [v.path for v in model.weights]
    model.quantize("int8", CONFIGS[config])
    both, stacked, encoder = model.layers[1:4]
    assert type(both.forward_layer) is type(both.backward_layer) is Int8LSTM
    assert [type(cell) for cell in stacked.cell.cells] == [Int8GRUCell, Int8LSTMCell]
    assert [type(layer).__name__ for layer in model.layers[3:]] == ["Int8SimpleRNN", "Int8Dense"]
    assert set(paths) <= {v.path for v in model.weights}
    assert model.trainable_variables == []
    found = model.predict(X, verbose=0)
    np.testing.assert_allclose(found, y, atol=0.1 * np.abs(y).max())
    np.testing.assert_array_equal(found, model(X))
    model.save(tmp_path / f"model.{ending}")
    other = netlet.models.load_model(tmp_path / f"model.{ending}")
    assert type(other.layers[3]) is type(encoder)
    np.testing.assert_array_equal(other.predict(X, verbose=0), found)
    clone = netlet.models.clone_model(model)
    clone.set_weights(model.get_weights())
    np.testing.assert_array_equal(clone.predict(X, verbose=0), found)


class Tagger(netlet.Model):
    """A model whose config does not have its layers."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.encoder = layers.LSTM(6, return_sequences=True)
        self.head = layers.Dense(3)

    def call(self, x):
        return self.head(self.encoder(x))


def test_attributes_of_a_subclassed_model(tmp_path):
    model = Tagger()
    model(X)
    model.quantize("int8")
    assert type(model.encoder) is Int8LSTM
    y = model.predict(X, verbose=0)
    model.save(tmp_path / "model.netlet")
    other = netlet.models.load_model(tmp_path / "model.netlet", custom_objects={"Tagger": Tagger})
    assert type(other.encoder) is Int8LSTM
    assert type(other.encoder.cell) is Int8LSTMCell
    np.testing.assert_array_equal(other.predict(X, verbose=0), y)


def test_instruction_sets_agree_within_a_code(dot_isa):
    """Gates may differ in the last bits, so a code may differ by one; the difference spreads over later steps."""
    netlet.utils.set_random_seed(3)
    model = network()
    model.quantize("int8")
    y = model.predict(X, verbose=0)
    forced = _core.active_isa()
    _core.force_isa(_core.supported_isas()[0])
    try:
        np.testing.assert_allclose(y, network_like(model).predict(X, verbose=0), rtol=0, atol=0.02 * np.abs(y).max())
    finally:
        _core.force_isa(forced)


def network_like(model):
    """A copy that has recorded no plan yet."""
    copy = netlet.models.clone_model(model)
    copy.set_weights(model.get_weights())
    return copy


def test_records_and_filters_name_layers():
    model = network()
    model.quantize("int8", filters="encoder|dense")
    records = {r.layer.name: r for r in model._quantization_records}
    assert [name for name, r in records.items() if r.quantized] == ["encoder", model.layers[-1].name]
    assert model.layers[1].forward_layer.name in records  # the layer, not its cell
    assert records["encoder"].bytes_before == 4 * (5 * 8 + 8 * 8 + 8) - 4 * 8  # cells of 4 units before it
    assert records["encoder"].bytes_after < 0.5 * records["encoder"].bytes_before


def test_other_cells_stay_float():
    model = netlet.Sequential(
        [
            netlet.Input((7, 5)),
            layers.LSTM(4, activation="softsign", return_sequences=True),
            layers.GRU(3, dtype="float64"),
        ]
    )
    y = model.predict(X, verbose=0)
    model.quantize("int8")
    assert [r.done for r in model._quantization_records] == [
        "float: its activation 'softsign' has no native recurrent step",
        "float: it computes in float64, and codes stand for float32",
    ]
    np.testing.assert_array_equal(model.predict(X, verbose=0), y)
    layer = layers.ConvLSTM1D(3, 2)
    layer(np.ones((2, 3, 8, 2), "float32"))
    with pytest.raises(NotImplementedError, match="ConvLSTM1D has no quantized form"):
        layer.quantize("int8")


def test_errors_change_nothing():
    layer = built("lstm")
    kernel = layer.cell.recurrent_kernel.numpy()
    kernel[0, 0] = np.nan
    layer.cell.recurrent_kernel.assign(kernel)
    with pytest.raises(ValueError, match="'lstm_cell': expected finite weights, received 1 NaN"):
        layer.quantize("int8")
    assert type(layer) is layers.LSTM
    assert type(layer.cell) is layers.LSTMCell
    layer = built("gru")
    with pytest.raises(ValueError, match=r"expected Int8Config\(calibration=\)"):
        layer.quantize(config=Int8Config("static"))
    layer.quantize("int8")
    with pytest.raises(ValueError, match="already quantized"):
        layer.quantize("int8")


@pytest.mark.parametrize("kind", ["lstm", "gru"])
def test_accuracy_on_rows_of_digits(kind):
    """The 8 rows of an image as a sequence: int8 classifies as the float layer does."""
    netlet.utils.set_random_seed(0)
    (x, y), (x_test, y_test) = netlet.datasets.digits.load_data()
    recurrent = {"lstm": layers.LSTM, "gru": layers.GRU}[kind]
    model = netlet.Sequential([netlet.Input((8, 8)), recurrent(64), layers.Dense(10)])
    loss = netlet.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(netlet.optimizers.Adam(5e-3), loss, metrics=["accuracy"])
    model.fit(x, y, epochs=15, batch_size=64, verbose=0)
    accuracy = model.evaluate(x_test, y_test, verbose=0)[1]
    assert accuracy > 0.93
    before = model.predict(x_test, verbose=0)
    for config in (Int8Config(), Int8Config("static", calibration=x[:256])):
        other = netlet.models.clone_model(model)
        other.set_weights(model.get_weights())
        other.quantize("int8", config)
        after = other.predict(x_test, verbose=0)
        assert np.mean(after.argmax(1) == y_test) > accuracy - 0.01
        assert np.square(after - before).mean() < 1e-3 * np.square(before).mean()  # 30 dB
