"""Quantized convolutions against their definition in NumPy, to the bit."""

from __future__ import annotations

import numpy as np
import pytest

from netlet import layers
from netlet.quantizers import Int8Config
from support import quantized
from support.convolution import Definition

RNG = np.random.default_rng(0)
CASES = {
    "causal": (lambda: layers.Conv1D(4, 3, padding="causal", activation="relu"), (2, 10, 5)),
    "strides": (lambda: layers.Conv2D(6, 3, padding="same", strides=2, activation="relu"), (2, 10, 9, 4)),
    "groups": (lambda: layers.Conv2D(6, (3, 2), groups=2, use_bias=False), (2, 7, 9, 4)),
    "pointwise": (lambda: layers.Conv2D(8, 1), (2, 5, 5, 16)),
    "channels_first": (lambda: layers.Conv2D(6, 3, padding="same", data_format="channels_first"), (2, 4, 8, 9)),
    "dilation": (lambda: layers.Conv3D(3, 2, dilation_rate=2, activation="relu"), (2, 5, 6, 4, 3)),
    "depthwise": (lambda: layers.DepthwiseConv2D(3, padding="same", depth_multiplier=2), (2, 6, 7, 3)),
    "depthwise_1d": (lambda: layers.DepthwiseConv1D(3, strides=2, activation="relu"), (2, 11, 3)),
    "transpose": (lambda: layers.Conv2DTranspose(5, 3, strides=2, padding="same"), (2, 4, 5, 3)),
    "transpose_1d": (lambda: layers.Conv1DTranspose(5, 4, strides=2), (2, 6, 3)),
    "transpose_3d": (lambda: layers.Conv3DTranspose(2, 2, strides=2, activation="relu"), (1, 3, 2, 4, 3)),
}
CONFIGS = {
    "dynamic": {},
    "dynamic, zero points": {"weights": "zeropoint"},
    "static": {"activations": "static"},
    "static, one scale": {"activations": "static", "per_channel": False},
}


def sums(layer, x):
    """Sums of products, in float64, of integers x and the kernel's codes without their zero points; channels last."""
    kernel = layer.kernel.numpy().astype("float64")
    if layer.kernel_zero_point is not None:
        zero, shape = layer.kernel_zero_point.numpy().astype("float64"), (-1,)
        if isinstance(layer, layers.DepthwiseConv2D | layers.DepthwiseConv1D):
            shape = kernel.shape[-2:]
        elif "Transpose" in type(layer).__name__:
            shape = (-1, 1)
        kernel = kernel - zero.reshape(shape)
    window, extents = layer._window, x.shape[1:-1]
    if "Transpose" in type(layer).__name__:
        sizes, pads = window.transposed(extents)
        definition = Definition(layer.strides, pads, layer.dilation_rate)
        return definition.gradients(np.zeros((len(x), *sizes, layer.filters)), kernel, x)[0]
    groups = getattr(layer, "groups", 1)
    if "Depthwise" in type(layer).__name__:
        groups = x.shape[-1]
        kernel = kernel.reshape(*kernel.shape[:-2], 1, -1)
    return Definition(layer.strides, window.pads(extents), layer.dilation_rate).forward(x, kernel, groups)


@pytest.mark.parametrize("config", CONFIGS)
@pytest.mark.parametrize("case", CASES)
def test_definition(case, config):
    make, shape = CASES[case]
    layer, x = make(), RNG.normal(size=shape).astype("float32")
    y = layer(x)
    if layer.bias is not None:
        layer.bias.assign(RNG.normal(size=layer.bias.shape).astype("float32"))
    arguments = dict(CONFIGS[config])
    if arguments.get("activations") == "static":
        arguments["calibration"] = x
    layer.quantize(config=Int8Config(**arguments))
    assert type(layer).__name__ == f"Int8{type(make()).__name__}"
    x = RNG.normal(size=shape).astype("float32")
    if layer.input_scale is None:
        scale, zero = quantized.row_ranges(x, tuple(range(1, x.ndim)))
    else:
        scale, zero = layer.input_scale.numpy(), layer.input_zero_point.numpy()
    q = quantized.codes(x, scale, zero).astype("float64") - zero
    first = layer.data_format == "channels_first"
    s = sums(layer, np.moveaxis(q, 1, -1) if first else q)
    wanted = quantized.last_step(s, scale, layer, layer.activation.__name__)
    wanted = np.moveaxis(wanted, -1, 1) if first else wanted
    assert wanted.shape == y.shape
    np.testing.assert_array_equal(layer(x).numpy(), wanted)


@pytest.mark.parametrize("activations", ["dynamic", "static"])
@pytest.mark.parametrize("rank", [1, 2])
def test_separable_is_depthwise_then_pointwise(rank, activations):
    x = RNG.normal(size=(2, *(8,) * rank, 3)).astype("float32")
    make = layers.SeparableConv1D if rank == 1 else layers.SeparableConv2D
    layer = make(5, 3, padding="same", depth_multiplier=2, activation="relu")
    wanted = layer(x).numpy()
    layer.quantize(config=Int8Config(activations, calibration=x if activations == "static" else None))
    y = layer(x).numpy()
    assert 0 < np.square(y - wanted).mean() < 2e-4 * np.square(wanted).mean()
    depthwise = (layers.DepthwiseConv1D if rank == 1 else layers.DepthwiseConv2D)(3, padding="same", depth_multiplier=2)
    pointwise = (layers.Conv1D if rank == 1 else layers.Conv2D)(5, 1, activation="relu")
    pointwise(depthwise(x))
    config = layer.quantization_config
    depthwise.quantize(config=Int8Config(activations, calibration=x if activations == "static" else None))
    pointwise.quantize(config=Int8Config())
    depthwise.kernel.assign(layer.depthwise_kernel.numpy())
    depthwise.kernel_scale.assign(layer.depthwise_kernel_scale.numpy())
    pointwise.kernel.assign(layer.pointwise_kernel.numpy())
    pointwise.kernel_scale.assign(layer.pointwise_kernel_scale.numpy())
    np.testing.assert_array_equal(y, pointwise(depthwise(x)).numpy())
    assert config.activations == activations


def test_a_dynamic_prediction_does_not_depend_on_its_batch():
    layer, x = layers.Conv2D(4, 3), RNG.normal(size=(5, 6, 6, 2)).astype("float32")
    layer(x)
    layer.quantize("int8")
    np.testing.assert_array_equal(layer(x).numpy()[2:3], layer(x[2:3]).numpy())


def test_an_image_that_is_too_small():
    layer = layers.Conv2D(4, 3, name="c")
    layer(np.zeros((1, 5, 5, 2), "float32"))
    layer.quantize("int8")
    with pytest.raises(ValueError, match="Layer 'c': a kernel of 3 x 3 does not fit an input of 2 x 5"):
        layer(np.zeros((1, 2, 5, 2), "float32"))
