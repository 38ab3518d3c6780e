"""plots.weights, filters and feature_maps: pictures of layers."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest

import netlet
from netlet import layers, plots

RNG = np.random.default_rng(0)


@pytest.fixture(scope="module")
def net():
    return netlet.Sequential(
        [
            netlet.Input((10, 12, 1)),
            layers.Conv2D(5, 3, name="conv"),
            layers.BatchNormalization(name="norm"),
            layers.Flatten(),
            layers.Dense(4, name="out"),
        ],
        name="net",
    )


def pictures(figure):
    return [np.asarray(ax.images[0].get_array()) for ax in figure.axes]


# ---- weights ------------------------------------------------------------------------------------------------------
def test_a_histogram_for_each_weight(net):
    figure = plots.weights(net)
    assert len(figure.axes) == len(net.weights) == 8
    for ax, variable in zip(figure.axes, net.weights):
        values = variable.numpy()
        [histogram] = ax.patches
        assert histogram.get_data().values.sum() == values.size
        edges = histogram.get_data().edges
        assert edges[0] <= values.min() and edges[-1] >= values.max()
        assert f"mean {values.mean():.3g}, std {values.std():.3g}" in ax.get_xlabel()
    assert figure.axes[0].get_title(loc="left") == "conv/kernel"


def test_weights_of_a_layer_and_weights_that_are_not_finite():
    layer = layers.Dense(3)
    layer.build((None, 4))
    layer.kernel.assign(np.full((4, 3), np.nan))
    layer.bias.assign([0, np.inf, 2])
    part = plt.figure().subfigures(1, 2)[1]
    kernel, bias = plots.weights(layer, figure=part).axes
    assert kernel.get_xlabel() == "no finite numbers\n12 not finite"
    assert "mean 1, std 1" in bias.get_xlabel() and "1 not finite" in bias.get_xlabel()


@pytest.mark.parametrize("value", [0.0, 1e30, -2.0])
def test_weights_that_are_all_equal(value):
    layer = layers.Dense(3, kernel_initializer=netlet.initializers.Constant(value))
    layer.build((None, 4))
    [histogram] = plots.weights(layer).axes[0].patches
    counts, edges = histogram.get_data().values, histogram.get_data().edges
    assert sorted(counts)[-1] == counts.sum() == 12  # one bar
    assert edges[0] < value < edges[-1]


def test_weights_of_nothing():
    with pytest.raises(ValueError, match="built model or layer with weights, received Dense 'd' without any"):
        plots.weights(layers.Dense(2, name="d"))
    with pytest.raises(ValueError, match="received int"):
        plots.weights(3)


# ---- filters ------------------------------------------------------------------------------------------------------
def built(layer, shape):
    layer.build(shape)
    return layer


def test_filters_of_one_channel(net):
    layer = net.get_layer("conv")
    kernel = layer.kernel.numpy()
    figure = plots.filters(layer)
    for i, picture in enumerate(pictures(figure)):
        np.testing.assert_array_equal(picture, kernel[:, :, 0, i])
    low, high = figure.axes[0].images[0].get_clim()
    assert high == -low == pytest.approx(np.abs(kernel).max())
    assert [text.get_text() for text in figure.texts] == ["conv: 5 filters"]
    assert len(plots.filters(layer, limit=2).axes) == 2


def test_filters_in_colour():
    layer = built(layers.Conv2D(4, 5), (None, 9, 9, 3))
    drawn = pictures(plots.filters(layer))
    assert [p.shape for p in drawn] == [(5, 5, 3)] * 4
    assert all(p.min() == 0 and p.max() == 1 for p in drawn)


@pytest.mark.parametrize(
    ("layer", "shape", "limit", "expected"),
    [
        (layers.Conv2D(6, 3), (None, 9, 9, 4), 64, (24, (3, 3))),
        (layers.Conv2D(6, 3), (None, 9, 9, 4), 9, (8, (3, 3))),
        (layers.Conv1D(7, 5), (None, 20, 3), 64, (7, (3, 5))),
        (layers.DepthwiseConv2D(3, depth_multiplier=2), (None, 9, 9, 4), 64, (8, (3, 3))),
        (layers.SeparableConv2D(6, 3), (None, 9, 9, 4), 64, (4, (3, 3))),
        (layers.Conv2DTranspose(6, 2), (None, 9, 9, 1), 64, (6, (2, 2))),
    ],
)
def test_filters_of_other_layers(layer, shape, limit, expected):
    drawn = pictures(plots.filters(built(layer, shape), limit=limit))
    assert (len(drawn), drawn[0].shape) == expected


def test_filters_in_rows_and_columns():
    layer = built(layers.Conv2D(2, 3), (None, 9, 9, 5))
    drawn = pictures(plots.filters(layer))
    np.testing.assert_array_equal(drawn[5 + 3], layer.kernel.numpy()[:, :, 3, 1])
    np.testing.assert_array_equal(pictures(plots.filters(layer.kernel.numpy()))[8], drawn[8])


@pytest.mark.parametrize(
    ("layer", "limit", "message"),
    [
        (layers.Conv2D(2, 3, name="c"), 4, "expected a built 1-D or 2-D convolution as `layer`, received Conv2D 'c'"),
        (built(layers.Dense(2, name="d"), (None, 3)), 4, r"received Dense 'd' with a kernel of shape \(3, 2\)"),
        (built(layers.Conv3D(2, 3, name="c"), (None, 5, 5, 5, 1)), 4, "received Conv3D"),
        (np.zeros((3, 3)), 4, r"received \(3, 3\)"),
        (np.zeros((3, 3, 1, 0)), 4, r"received \(3, 3, 1, 0\)"),
        (np.zeros((3, 3, 1, 1)), 0, "at least 1 as `limit`, received 0"),
    ],
)
def test_errors_of_filters(layer, limit, message):
    with pytest.raises(ValueError, match=message):
        plots.filters(layer, limit=limit)


# ---- feature maps -------------------------------------------------------------------------------------------------
def test_feature_maps_are_the_layers_outputs(net):
    x = RNG.normal(size=(10, 12, 1)).astype("float32")
    layer = net.get_layer("conv")
    expected = layer(x[None]).numpy()[0]
    for which in ("conv", 0, layer):
        for given in (x, x[None], x[..., 0], x[None, ..., 0]):
            drawn = pictures(plots.feature_maps(net, given, which))
            np.testing.assert_allclose(np.stack(drawn, -1), expected, rtol=1e-5, atol=1e-6)
    assert len(plots.feature_maps(net, x, "conv", limit=3).axes) == 3


def test_feature_maps_of_vectors_and_sequences(net):
    x = RNG.normal(size=(10, 12, 1)).astype("float32")
    [ax] = plots.feature_maps(net, x, "out").axes
    expected = net.predict(x[None], verbose=0)[0]
    np.testing.assert_allclose([bar.get_height() for bar in ax.patches], expected, rtol=1e-5)
    steps = netlet.Sequential([netlet.Input((7, 2)), layers.LSTM(3, return_sequences=True, name="lstm")])
    ax = plots.feature_maps(steps, RNG.normal(size=(7, 2)), "lstm").axes[0]
    assert ax.images[0].get_array().shape == (3, 7)


def test_feature_maps_of_several_inputs():
    a, b = netlet.Input((4,), name="a"), netlet.Input((3,), name="b")
    joined = layers.Concatenate(name="joined")([a, b])
    for structure in ([a, b], {"a": a, "b": b}):
        model = netlet.Model(structure, joined)
        x = [np.ones(4), np.zeros(3)] if isinstance(structure, list) else {"b": np.zeros(3), "a": np.ones(4)}
        [ax] = plots.feature_maps(model, x, "joined").axes
        assert [bar.get_height() for bar in ax.patches] == [1, 1, 1, 1, 0, 0, 0]
    with pytest.raises(ValueError, match="expected 2 arrays as `x`, received 1"):
        plots.feature_maps(model, [np.ones(4)], "joined")


def test_errors_of_feature_maps(net):
    x = np.zeros((10, 12, 1))
    shared = layers.Dense(4, name="shared")
    i = netlet.Input((4,))
    twice = netlet.Model(i, shared(shared(i)))
    unbuilt = netlet.Sequential([layers.Dense(2, name="d")])
    for call, message in [
        (lambda: plots.feature_maps(net, x, "nothing"), "No such layer: 'nothing'"),
        (
            lambda: plots.feature_maps(net, x, layers.Dense(2, name="other")),
            r"received 'other'; the layers are \['conv'",
        ),
        (lambda: plots.feature_maps(net, np.zeros((2, 10, 12, 1)), "conv"), r"one input of shape \(10, 12, 1\)"),
        (lambda: plots.feature_maps(net, x, "conv", limit=0), "at least 1 as `limit`"),
        (lambda: plots.feature_maps(twice, np.zeros(4), "shared"), "called 2 times"),
        (lambda: plots.feature_maps(unbuilt, np.zeros(4), "d"), "not built"),
        (lambda: plots.feature_maps(3, x, "d"), "netlet model as `model`, received int"),
    ]:
        with pytest.raises(ValueError, match=message):
            call()
