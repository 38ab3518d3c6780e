"""Convolutions of images with few channels: vectors of pixels (conv_planar) give the bits of vectors of channels."""

from __future__ import annotations

import numpy as np
import pytest

import netlet
from netlet import _core, layers
from support.convolution import Definition
from support.differences import gradients
from support.generated.arrays import whole

# height and width, channels, filters, taps, strides, dilation, pads
CASES = [
    ((28, 28), 1, 6, (5, 5), (1, 1), (1, 1), ((2, 2), (2, 2))),
    ((9, 70), 3, 5, (3, 3), (1, 1), (1, 1), ((0, 1), (1, 0))),
    ((40, 33), 3, 6, (7, 7), (2, 2), (1, 1), ((3, 3), (3, 3))),
    ((12, 31), 2, 3, (3, 2), (1, 3), (2, 1), ((2, 0), (0, 5))),
    ((7, 50), 1, 64, (3, 3), (3, 2), (1, 3), ((1, 1), (9, 9))),  # rows and whole vectors outside the image
    ((64, 300), 8, 1, (2, 3), (1, 1), (1, 1), ((0, 0), (1, 1))),  # a band is less than an image
    ((5, 9), 1, 128, (3, 3), (1, 1), (1, 1), ((1, 1), (1, 1))),
]


@pytest.mark.parametrize(("size", "channels", "filters", "taps", "strides", "dilation", "pads"), CASES, ids=str)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_bits(isa, size, channels, filters, taps, strides, dilation, pads, dtype):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((2, *size, channels)).astype(dtype)
    w = rng.standard_normal((*taps, channels, 144)).astype(dtype)  # of more filters than conv_planar computes
    b = rng.standard_normal(144).astype(dtype)
    steps = list(strides), list(pads), list(dilation)
    want = _core.conv(x, w, b, *steps, "relu").numpy()[..., :filters]
    got = _core.conv(x, w[..., :filters], b[:filters], *steps, "relu").numpy()
    assert np.array_equal(want, got)
    exact = np.maximum(Definition(*steps).forward(x, w[..., :filters]) + b[:filters], 0)
    np.testing.assert_allclose(got, exact, rtol=0, atol=1e-4 if dtype == "float32" else 1e-12)


@pytest.mark.parametrize(
    ("channels", "filters", "expected"), [(1, 6, True), (1, 32, True), (3, 16, True), (3, 32, False)]
)
def test_when_vectors_of_pixels_are_used(channels, filters, expected):
    model = netlet.Sequential([netlet.Input((28, 28, channels)), layers.Conv2D(filters, 3, padding="same")])
    records = model.plan(np.zeros((2, 28, 28, channels), "float32")).records()
    names = [record["kernel"] for record in records]
    assert ("conv_planar_f32" in names) == expected
    assert ("conv_gather_f32" in names) != expected


def test_a_prediction_does_not_pad_the_image_first():
    model = netlet.Sequential([netlet.Input((28, 28, 1)), layers.Conv2D(6, 5, padding="same")])
    records = model.plan(np.zeros((2, 28, 28, 1), "float32")).records()
    assert [record["kernel"] for record in records] == ["conv_planar_f32"]


# height and width of the image, channels, filters, taps, dilation, pads
GRADIENTS = [
    ((14, 14), 6, 16, (5, 5), (1, 1), ((0, 0), (0, 0))),
    ((28, 28), 1, 6, (5, 5), (1, 1), ((2, 2), (2, 2))),
    ((9, 70), 3, 16, (2, 3), (1, 1), ((0, 1), (1, 0))),
    ((12, 31), 8, 3, (3, 2), (2, 3), ((2, 0), (0, 5))),
    ((64, 300), 1, 8, (2, 3), (1, 1), ((0, 0), (1, 1))),  # a band is less than an image
]


def small(seed, shape):
    """Small whole numbers: every product and sum is exact."""
    return whole(seed, shape, -4, 5, "float32")


@pytest.mark.parametrize(("size", "channels", "filters", "taps", "dilation", "pads"), GRADIENTS, ids=str)
def test_the_gradient_of_the_image(isa, size, channels, filters, taps, dilation, pads):
    x, w, b = small(1, (2, *size, channels)), small(2, (*taps, channels, filters)), small(3, channels)
    definition = Definition([1, 1], list(pads), list(dilation))
    dy = small(4, definition.forward(x, w).shape)
    want = definition.gradients(x, w, dy)[0]
    conv = lambda x: _core.conv(x, w, None, [1, 1], list(pads), list(dilation))  # noqa: E731
    np.testing.assert_array_equal(gradients(conv, [x], dy)[0], want)
    twice = gradients(lambda x: _core.add(conv(x), conv(x)), [x], dy)[0]
    np.testing.assert_array_equal(twice, 2 * want)
    transposed = _core.conv_transpose(dy, w, b, [1, 1], list(pads), list(size), list(dilation), "relu")
    np.testing.assert_array_equal(transposed.numpy(), np.maximum(want + b, 0))


@pytest.mark.parametrize(("filters", "expected"), [(16, True), (32, False)])
def test_when_gradients_use_vectors_of_pixels(filters, expected):
    net = [netlet.Input((14, 14, 6)), layers.Conv2D(6, 1), layers.Conv2D(filters, 5), layers.Flatten()]
    model = netlet.Sequential([*net, layers.Dense(2)])
    model.compile("sgd", "mse")
    records = model.plan(np.zeros((4, 14, 14, 6), "float32"), np.zeros((4, 2), "float32"), mode="train").records()
    names = [record["kernel"] for record in records]
    assert ("conv_planar_f32" in names) == expected
    assert ("conv_unpacked_rows_f32" in names) != expected


def test_a_prediction_turns_the_kernel_around_once():
    model = netlet.Sequential([netlet.Input((14, 14, 8)), layers.Conv2DTranspose(3, 3, padding="same")])
    plan = model.plan(np.zeros((2, 14, 14, 8), "float32"))
    assert [(r["kernel"], r["kept"]) for r in plan.records()] == [("move", True), ("conv_planar_f32", False)]
