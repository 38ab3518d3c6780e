"""Errors of the convolution layers and ops for wrong arguments and inputs."""

from __future__ import annotations

import numpy as np
import pytest

import netlet
from netlet import layers, ops


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("Conv2D", {"filters": 0, "kernel_size": 3}, r"Conv2D expected a positive integer for `filters`, received 0"),
        ("Conv2D", {"filters": 2.5, "kernel_size": 3}, r"positive integer for `filters`, received 2\.5"),
        (
            "Conv2D",
            {"filters": 2, "kernel_size": 0},
            r"Conv2D: `kernel_size`: expected a positive integer, or a tuple of 2",
        ),
        ("Conv2D", {"filters": 2, "kernel_size": (3, 3, 3)}, r"tuple of 2 of them, received \(3, 3, 3\)"),
        (
            "Conv3D",
            {"filters": 2, "kernel_size": 3, "strides": (1, 0, 1)},
            r"Conv3D: `strides`: expected a positive integer",
        ),
        (
            "Conv2D",
            {"filters": 2, "kernel_size": 3, "padding": "causal"},
            r"expected `padding` 'valid' or 'same', received",
        ),
        (
            "Conv1D",
            {"filters": 2, "kernel_size": 3, "padding": "full"},
            r"'valid' or 'same' or 'causal', received 'full'",
        ),
        ("Conv2D", {"filters": 2, "kernel_size": 3, "data_format": "NCHW"}, r"data_format.*received 'NCHW'"),
        (
            "Conv2D",
            {"filters": 2, "kernel_size": 3, "strides": 2, "dilation_rate": 2},
            r"expected strides or dilation of 1, as in Keras",
        ),
        (
            "Conv2DTranspose",
            {"filters": 2, "kernel_size": 3, "strides": 2, "dilation_rate": 2},
            r"expected strides or dilation of 1",
        ),
        (
            "Conv2D",
            {"filters": 3, "kernel_size": 3, "groups": 2},
            r"expected `filters` divisible by `groups`, received 3 and 2",
        ),
        ("Conv2D", {"filters": 3, "kernel_size": 3, "groups": -1}, r"positive integer for `groups`, received -1"),
        ("Conv2D", {"filters": 3, "kernel_size": 3, "activation": "rellu"}, r"Did you mean 'relu'"),
        (
            "Conv2DTranspose",
            {"filters": 2, "kernel_size": 3, "strides": 2, "output_padding": 2},
            r"less than `strides`",
        ),
        (
            "DepthwiseConv2D",
            {"kernel_size": 3, "depth_multiplier": 0},
            r"positive integer for `depth_multiplier`, received 0",
        ),
        ("SeparableConv2D", {"filters": None, "kernel_size": 3}, r"positive integer for `filters`, received None"),
    ],
)
def test_arguments_that_cannot_be(name, arguments, message):
    with pytest.raises(ValueError, match=message):
        getattr(layers, name)(**arguments)


@pytest.mark.parametrize("name", ["Conv2D", "Conv2DTranspose", "SeparableConv2D", "DepthwiseConv2D"])
def test_an_input_of_another_rank(name):
    layer = getattr(layers, name)(**({} if name == "DepthwiseConv2D" else {"filters": 2}), kernel_size=3, name="first")
    with pytest.raises(
        ValueError,
        match=r"Layer 'first': expected inputs of rank 4, \(batch, height, width, channels\), "
        r"received shape \(60, 28, 28\)\. Add a channel axis to grey images with x\[\.\.\., None\]",
    ):
        layer(np.zeros((60, 28, 28), "float32"))
    with pytest.raises(ValueError, match=r"rank 4.*received shape \(5, 784\)"):
        layer(np.zeros((5, 784), "float32"))
    with pytest.raises(ValueError, match="rank 4"):
        layer.build((None, 28, 28))


def test_channels_that_are_somewhere_else():
    layer = layers.Conv2D(4, 3, name="c")
    layer(np.zeros((2, 8, 9, 3), "float32"))
    with pytest.raises(
        ValueError,
        match=r"Layer 'c': expected inputs with last axis 3, the channels \(its kernel is \(3, 3, 3, 4\)\), received "
        r"shape \(2, 3, 8, 9\)\. Axis 1 has 3: are the channels first\? Move them with np\.moveaxis\(x, 1, -1\)",
    ):
        layer(np.zeros((2, 3, 8, 9), "float32"))
    layer = layers.Conv2D(4, 3, data_format="channels_first")
    layer(np.zeros((2, 3, 8, 9), "float32"))
    with pytest.raises(ValueError, match=r"axis 1 of size 3.*Axis -1 has 3: are the channels last"):
        layer(np.zeros((2, 8, 9, 3), "float32"))


def test_a_window_that_does_not_fit():
    message = r"Layer 'c': a kernel of 3 x 3 with dilation 2 x 2 does not fit an input of 4 x 9 without padding\. Use "
    with pytest.raises(ValueError, match=message):
        layers.Conv2D(4, 3, dilation_rate=2, name="c")(np.zeros((2, 4, 9, 3), "float32"))
    model = [netlet.Input((5, 5, 1)), layers.Conv2D(2, 3), layers.Conv2D(2, 3), layers.Conv2D(2, 3, name="last")]
    with pytest.raises(ValueError, match="Layer 'last': a kernel of 3 x 3 does not fit an input of 1 x 1 without"):
        netlet.Sequential(model)
    layer = layers.DepthwiseConv2D(3, name="d")
    layer(np.zeros((1, 5, 5, 2), "float32"))
    with pytest.raises(
        ValueError, match=r"Layer 'd': ops\.depthwise_conv: a kernel of 3 x 3 does not fit an input of 2 x 5"
    ):
        layer(np.zeros((1, 2, 5, 2), "float32"))


def test_channels_that_groups_do_not_divide_or_nobody_knows():
    with pytest.raises(
        ValueError, match=r"Layer 'g': expected a number of channels divisible by 2 groups, received 3, shape"
    ):
        layers.Conv2D(4, 3, groups=2, name="g")(np.zeros((2, 8, 9, 3), "float32"))
    with pytest.raises(ValueError, match="expected an input with a known number of channels"):
        layers.Conv2D(4, 3)(netlet.Input((8, 8, None)))
    with pytest.raises(ValueError, match="a known number of channels, at least one"):
        layers.Conv2D(4, 3)(np.zeros((1, 8, 8, 0), "float32"))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x, k: ops.conv(x[0], k), r"ops\.conv: expected inputs of 4 axes .* kernel of \(3, 3, 4, 6\)"),
        (lambda x, k: ops.conv(x, k[0, 0]), r"a kernel with 1 to 3 spatial axes and two of channels"),
        (lambda x, k: ops.conv(x, k[..., :0]), r"none empty"),
        (lambda x, k: ops.conv(x[..., :3], k), r"takes multiples of 4 channels; received x of \(2, 4, 5, 3\)"),
        (lambda x, k: ops.conv(np.moveaxis(x, -1, 1), k), r"Axis 1 has 4: are the channels first\?"),
        (lambda x, k: ops.conv(x, k[:, :, :1, :]), r"4 channels and a kernel of .* 4 groups, which do not divide 6"),
        (
            lambda x, k: ops.conv(x, k, strides=(1, 2, 3)),
            r"ops\.conv: `strides`: expected a positive integer, or a tuple of 2",
        ),
        (
            lambda x, k: ops.conv(x, k, dilation_rate=3),
            r"a kernel of 3 x 3 with dilation 3 x 3 does not fit an input of 4",
        ),
        (lambda x, k: ops.conv(x, k, padding="causal"), r"ops\.conv: expected `padding` 'valid' or 'same'"),
        (lambda x, k: ops.conv_transpose(x, k), r"\(spatial\.\.\., filters, channels\) takes 6 channels"),
        (lambda x, k: ops.conv_transpose(x, k, output_padding=1), r"takes 6 channels"),
        (lambda x, k: ops.depthwise_conv(x, k[:, :, :3]), r"takes 3 channels; received x of"),
        (lambda x, k: ops.separable_conv(x, k, k), r"pointwise kernel of shape \(1, 1, 24, 'filters'\), received"),
    ],
)
def test_operands_that_do_not_fit(call, message):
    x, kernel = np.zeros((2, 4, 5, 4), "float32"), np.zeros((3, 3, 4, 6), "float32")
    with pytest.raises(ValueError, match=message):
        call(x, kernel)
