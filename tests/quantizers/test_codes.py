"""Codes between quantized layers: which values are codes, and predictions equal to the bit with and without them."""

from __future__ import annotations

import numpy as np
import pytest

import netlet
from netlet import layers
from netlet.models import codes
from netlet.quantizers import Int8Config, KerasConfig

RNG = np.random.default_rng(0)


def names_of(model, x):
    """{name of a layer: (receives codes, returns codes)} of the operations that a plan for inference runs."""
    found = []
    true = codes.link

    def spy(*arguments):
        operations = true(*arguments)
        found.extend(operations)
        return operations

    codes.link = spy
    try:
        model._forget_recorded_steps()
        model.predict(x, verbose=0)
    finally:
        codes.link = true
    result = {}
    for operation in found:
        if isinstance(operation, codes.QuantizedProduct):
            result[operation.layer.name] = (operation.takes is not None, operation.returns is not None)
        elif isinstance(operation, codes.OnCodes):
            result[operation.layer.name] = (True, True)
    return result


def static(model, x):
    model.quantize("int8", Int8Config("static", calibration=x))
    y = model.predict(x, verbose=0)
    for eager, recorded in zip(netlet.tree.flatten(model(x)), netlet.tree.flatten(y), strict=True):
        np.testing.assert_array_equal(eager.numpy(), recorded)  # eager calls pass floats between layers
    return y


def test_chain():
    model = netlet.Sequential(
        [
            netlet.Input((12,)),
            layers.Dense(16, name="a"),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.Dropout(0.5, name="drop"),
            layers.Dense(16, "tanh", name="b"),
            layers.Reshape((2, 8), name="reshape"),
            layers.Permute((2, 1), name="permute"),
            layers.Flatten(name="flatten"),
            layers.Dense(8, "gelu", name="c"),
            layers.Dense(3, name="d"),
        ]
    )
    x = RNG.normal(size=(64, 12)).astype("float32")
    static(model, x)
    assert names_of(model, x) == {
        "a": (False, True),
        "drop": (True, True),
        "b": (True, True),
        "reshape": (True, True),
        "permute": (True, True),
        "flatten": (True, True),
        "c": (True, False),  # no product fuses gelu
        "d": (False, False),
    }


@pytest.mark.parametrize("pool", ["same", "valid", "channels_first"])
def test_convolutions(pool):
    fmt = "channels_first" if pool == "channels_first" else "channels_last"
    padding = "same" if pool == "same" else "valid"
    model = netlet.Sequential(
        [
            netlet.Input((1, 9, 9) if fmt == "channels_first" else (9, 9, 1)),
            layers.Conv2D(8, 3, use_bias=False, data_format=fmt, name="a"),
            layers.BatchNormalization(axis=1 if fmt == "channels_first" else -1),
            layers.ReLU(),
            layers.MaxPooling2D(2, padding=padding, data_format=fmt, name="pool"),
            layers.Conv2D(8, 3, activation="relu", padding="same", data_format=fmt, name="b"),
            layers.Cropping2D(1, data_format=fmt, name="crop") if pool == "same" else layers.Dropout(0.5, name="crop"),
            layers.Flatten(data_format=fmt, name="flatten"),
            layers.Dense(3, name="c"),
        ]
    )
    x = RNG.normal(size=(32, *model.input_shape[1:])).astype("float32")
    static(model, x)
    between = dict.fromkeys(("pool", "b", "crop", "flatten"), (True, True))
    assert names_of(model, x) == {"a": (False, True), **between, "c": (True, False)}
    kernels = [record["kernel"] for record in model.plan(x, batch_size=8).records()]
    assert [kernel for kernel in kernels if kernel.startswith(("quantize_", "dequantize"))] == ["quantize_codes_f32"]


def test_graph():
    x = netlet.Input((12,))
    h = layers.Dense(16, "relu", name="h")(x)
    u, v = layers.Dense(8, name="u")(h), layers.ReLU(name="act")(layers.Dense(8, name="v")(h))
    joined = layers.Concatenate(name="joined")([u, v])
    w = layers.Dense(8, name="w")(joined)
    visible = layers.Dense(8, "relu", name="visible")(w)
    model = netlet.Model(x, [visible, layers.Dense(2, name="end")(visible)])
    data = RNG.normal(size=(64, 12)).astype("float32")
    static(model, data)
    assert names_of(model, data) == {
        "h": (False, True),  # two readers, which see the same values and so have the same scale
        "u": (True, True),
        "v": (True, True),
        "joined": (True, True),
        "w": (True, True),
        "visible": (True, False),
        "end": (False, False),
    }


def test_a_value_that_another_layer_reads_as_floats():
    x = netlet.Input((12,))
    h = layers.Dense(8, "relu", name="h")(x)
    u = layers.Dense(8, name="u")(h)
    joined = layers.Concatenate(name="joined")([u, layers.Lambda(lambda t: t * 2)(h)])
    model = netlet.Model(x, layers.Dense(3, name="end")(joined))
    data = RNG.normal(size=(64, 12)).astype("float32")
    static(model, data)
    assert names_of(model, data) == {"h": (False, False), "u": (False, False), "end": (False, False)}


def test_readers_with_different_scales():
    x = netlet.Input((12,))
    h = layers.Dense(8, "relu", name="h")(x)
    model = netlet.Model(x, layers.Add()([layers.Dense(3, name="u")(h), layers.Dense(3, name="v")(h)]))
    data = RNG.normal(size=(64, 12)).astype("float32")
    static(model, data)
    assert names_of(model, data)["h"] == (False, True)
    model.get_layer("u").input_scale.assign(model.get_layer("u").input_scale.numpy() * 2)
    assert names_of(model, data)["h"] == (False, False)
    np.testing.assert_array_equal(model(data).numpy(), model.predict(data, verbose=0))


@pytest.mark.parametrize("activations", ["dynamic", "static"])
def test_an_input_of_several_layers_is_quantized_once(activations):
    x = netlet.Input((6, 6, 2))
    h = layers.AveragePooling2D(2)(x)
    branches = [layers.Conv2D(4, 1)(h), layers.Conv2D(4, 3, padding="same")(h), layers.DepthwiseConv2D(1)(h)]
    rows = layers.Dense(3)(h)  # a dynamic dense layer has other scales than a convolution
    model = netlet.Model(x, [*branches, rows])
    data = RNG.normal(size=(16, 6, 6, 2)).astype("float32")
    model.quantize("int8", Int8Config(activations, calibration=data if activations == "static" else None))
    for eager, recorded in zip(model(data), model.predict(data, verbose=0), strict=True):
        np.testing.assert_array_equal(eager.numpy(), recorded)
    kernels = [record["kernel"] for record in model.plan(data, batch_size=8).records()]
    wanted = ["quantize_f32", "quantize_f32"] if activations == "dynamic" else ["quantize_codes_f32"]
    assert [kernel for kernel in kernels if kernel.startswith("quantize_")] == wanted


def test_dynamic_layers_take_floats():
    model = netlet.Sequential([netlet.Input((12,)), layers.Dense(8, "relu", name="a"), layers.Dense(8, name="b")])
    data = RNG.normal(size=(64, 12)).astype("float32")
    model.quantize("int8")
    assert names_of(model, data) == {"a": (False, False), "b": (False, False)}
    np.testing.assert_array_equal(model(data).numpy(), model.predict(data, verbose=0))


def test_a_mask_makes_a_layer_return_floats():
    model = netlet.Sequential(
        [
            netlet.Input((6, 4)),
            layers.Masking(),
            layers.Dense(8, "relu", name="a"),
            layers.Dropout(0.5),
            layers.Dense(8, name="b"),
            layers.LSTM(3),
        ]
    )
    data = RNG.normal(size=(16, 6, 4)).astype("float32")
    data[:, 4:] = 0
    before = model.predict(data, verbose=0)
    model.quantize("int8", Int8Config("static", calibration=data), filters="^[ab]$")
    after = model.predict(data, verbose=0)
    np.testing.assert_array_equal(after, model(data).numpy())
    assert np.abs(after - before).max() < 0.05


@pytest.mark.parametrize("training", [True, False])
def test_a_call_with_other_arguments(training):
    x = netlet.Input((12,))
    h = layers.Dense(8, "relu", name="h")(x)
    h = layers.Dropout(1.0, name="drop", seed=1)(h, training=training)
    model = netlet.Model(x, layers.Dense(3, name="end", use_bias=False)(h))
    data = RNG.normal(size=(64, 12)).astype("float32")
    model.quantize("int8", Int8Config("static", calibration=data))
    assert names_of(model, data) == {"h": (False, False), "end": (False, False)}
    assert np.any(model.predict(data, verbose=0)) != training  # a dropout that is always on leaves nothing


def test_training_plans_have_no_codes():
    model = netlet.Sequential([netlet.Input((12,)), layers.Dense(8, "relu"), layers.Dense(8)])
    data = RNG.normal(size=(64, 12)).astype("float32")
    y = static(model, data)
    model.compile("sgd", "mse")
    assert model.evaluate(data, y, verbose=0) == 0


def test_scales_that_are_set_after_a_plan_was_recorded():
    """Two layers make the same codes of one value, until one of them gets another scale."""
    x = RNG.normal(size=(8, 12)).astype("float32")
    inputs = netlet.Input((12,))
    h = layers.Dense(16, "relu", name="h")(inputs)
    model = netlet.Model(inputs, [layers.Dense(4, name="p")(h), layers.Dense(4, name="q")(h)])
    model.quantize("int8", Int8Config("static", calibration=x), only_if_faster=False)
    model.predict(x, verbose=0)
    scale = model.get_layer("q").input_scale
    scale.assign(3 * scale.numpy())
    for eager, recorded in zip(model(x), model.predict(x, verbose=0), strict=True):
        np.testing.assert_array_equal(eager.numpy(), recorded)


def test_layers_that_make_other_codes_of_one_value_do_not_share_them():
    """netlet's codes are uint8 with zero points, those of Keras's layers int8 without."""
    inputs = netlet.Input((12,))
    kinds = [None, KerasConfig(), KerasConfig(highest=7, lowest=-7)]
    outputs = [layers.Dense(4)(inputs)]
    outputs += [layers.quantized.KerasInt8Dense(4, quantization_config=config)(inputs) for config in kinds[1:]]
    model = netlet.Model(inputs, outputs)
    model.layers[1].quantize("int8")
    for layer in model.layers[2:]:
        layer.kernel.assign(RNG.integers(-127, 128, layer.kernel.shape).astype("int8"))
    x = RNG.normal(size=(8, 12)).astype("float32")
    for eager, recorded in zip(model(x), model.predict(x, verbose=0), strict=True):
        np.testing.assert_array_equal(eager.numpy(), recorded)
