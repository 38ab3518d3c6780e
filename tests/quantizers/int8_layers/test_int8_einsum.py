"""Int8EinsumDense, attention projections and wrappers."""

from __future__ import annotations

import numpy as np
import pytest

import netlet
from netlet import layers
from netlet.layers.quantized import Int8Dense, Int8EinsumDense
from netlet.quantizers import Int8Config
from support import quantized

RNG = np.random.default_rng(0)
PRODUCTS = [
    ("ab,bc->ac", (7,), "c", (3, 5)),
    ("abc,cde->abde", (None, 2, 3), "de", (2, 4, 5)),
    ("abcd,cde->abe", (None, 6), "e", (2, 3, 4, 5)),
    ("...x,xy->...y", 4, None, (2, 3, 5)),
]


@pytest.mark.parametrize(("equation", "out", "bias_axes", "shape"), PRODUCTS)
@pytest.mark.parametrize("activations", ["dynamic", "static"])
def test_definition(equation, out, bias_axes, shape, activations):
    x = RNG.normal(size=shape).astype("float32")
    layer = layers.EinsumDense(equation, out, bias_axes=bias_axes, activation="relu")
    y = layer(x)
    if layer.bias is not None:
        layer.bias.assign(RNG.normal(size=layer.bias.shape).astype("float32"))
    layer.quantize(config=Int8Config(activations, calibration=x if activations == "static" else None))
    assert type(layer) is Int8EinsumDense
    axes = tuple(range(-layer._bound, 0))
    if activations == "dynamic":
        scale, zero = quantized.row_ranges(x, axes)
    else:
        scale, zero = layer.input_scale.numpy(), layer.input_zero_point.numpy()
    q = quantized.codes(x, scale, zero)
    rows = x.shape[: -layer._bound]
    if scale.ndim:
        scale, zero = scale.reshape(*rows, 1), zero.reshape(*rows, 1)
    kernel = layer.kernel.numpy().reshape(-1, int(np.prod(layer.kernel.shape[layer._bound :])))
    wanted = quantized.product(q.reshape(*rows, -1), scale, zero, layer, "relu", kernel)
    np.testing.assert_array_equal(layer(x).numpy(), wanted.reshape(y.shape))


def test_other_equations_stay_float():
    model = netlet.Sequential([netlet.Input((4, 5)), layers.EinsumDense("abc,bcd->abd", (4, 3), name="e")])
    model.quantize("int8")
    assert type(model.layers[0]) is layers.EinsumDense
    (record,) = model._quantization_records
    assert record.done == "float: 'abc,bcd->abd' is not a matrix product over the last axes"


@pytest.mark.parametrize("activations", ["dynamic", "static"])
@pytest.mark.parametrize(
    "make",
    [
        lambda: layers.MultiHeadAttention(2, 4, use_gate=True),
        lambda: layers.GroupQueryAttention(4, 4, 2),
    ],
)
def test_projections_of_attention(make, activations, tmp_path):
    x = netlet.Input((6, 8))
    attention = make()
    model = netlet.Model(x, layers.Add()([x, attention(x, x)]))
    data = RNG.normal(size=(32, 6, 8)).astype("float32")
    before = model.predict(data, verbose=0)
    model.quantize("int8", Int8Config(activations, calibration=data if activations == "static" else None))
    projections = [layer for layer in attention._flatten_layers() if isinstance(layer, layers.EinsumDense)]
    assert len(projections) >= 4
    assert {type(layer) for layer in projections} == {Int8EinsumDense}
    after = model.predict(data, verbose=0)
    assert 0 < np.abs(after - before).max() < 0.1
    model.save(tmp_path / "m.netlet")
    np.testing.assert_array_equal(netlet.models.load_model(tmp_path / "m.netlet").predict(data, verbose=0), after)


@pytest.mark.parametrize("activations", ["dynamic", "static"])
def test_time_distributed(activations, tmp_path):
    model = netlet.Sequential([netlet.Input((5, 6)), layers.TimeDistributed(layers.Dense(4, "relu"))])
    data = RNG.normal(size=(16, 5, 6)).astype("float32")
    before = model.predict(data, verbose=0)
    model.quantize("int8", Int8Config(activations, calibration=data if activations == "static" else None))
    assert type(model.layers[0].layer) is Int8Dense
    after = model.predict(data, verbose=0)
    assert 0 < np.abs(after - before).max() < 0.05
    model.save(tmp_path / "m.netlet")
    np.testing.assert_array_equal(netlet.models.load_model(tmp_path / "m.netlet").predict(data, verbose=0), after)
