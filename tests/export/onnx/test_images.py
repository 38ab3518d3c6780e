"""Images: layouts, windows, sizes, resizing."""

from __future__ import annotations

import collections

import numpy as np
import pytest

import netlet
from netlet import layers
from support.exported import assert_same_outputs, exported, random_weights

SIZES = (7, 6, 5)


def data(*shape):
    return np.random.default_rng(0).standard_normal(shape).astype("float32")


def kinds(proto):
    return collections.Counter(node.op_type for node in proto.graph.node)


def test_one_transpose_for_a_whole_network(tmp_path):
    x = netlet.Input((16, 16, 3))
    y = layers.Conv2D(4, 3, padding="same", activation="gelu")(x)
    down = layers.MaxPooling2D(2)(layers.BatchNormalization()(y))
    up = layers.UpSampling2D(2)(layers.ReLU(6.0)(layers.DepthwiseConv2D(3, padding="same")(down)))
    y = layers.Concatenate()([layers.ZeroPadding2D(1)(y), layers.ZeroPadding2D(1)(up)])
    y = layers.Cropping2D(((1, 0), (2, 1)))(layers.PReLU(shared_axes=[1, 2])(y))
    scale = layers.Dense(8, "sigmoid")(layers.GlobalAveragePooling2D(keepdims=True)(y))
    y = layers.SpatialDropout2D(0.2)(layers.GroupNormalization(2)(y * scale))
    y = layers.Dense(3, "softmax")(layers.Flatten()(layers.AveragePooling2D(3, padding="same")(y)))
    model = random_weights(netlet.Model(x, y))
    model.layers[2].set_weights([np.abs(w) for w in model.layers[2].get_weights()])
    proto = exported(model, tmp_path)
    assert kinds(proto)["Transpose"] == 1
    assert_same_outputs(model, proto, [data(2, 16, 16, 3)])


def test_images_of_any_size(tmp_path):
    strided = layers.Conv2D(4, 3, padding="same", strides=2)
    rest = [layers.Conv2D(4, 3, padding="same"), layers.MaxPooling2D(2), layers.GlobalAveragePooling2D()]
    model = random_weights(netlet.Sequential([netlet.Input((None, None, 3)), strided, *rest, layers.Dense(3)]))
    proto = exported(model, tmp_path)
    for size in [(17, 14), (8, 8)]:
        assert_same_outputs(model, proto, [data(2, *size, 3)])


@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize("kind", ["Max", "Average"])
def test_poolings(kind, padding, rank, tmp_path):
    pooling = getattr(layers, f"{kind}Pooling{rank}D")(3, strides=2, padding=padding)
    model = netlet.Sequential([netlet.Input((*SIZES[:rank], 2)), pooling])
    assert_same_outputs(model, exported(model, tmp_path), [data(2, *SIZES[:rank], 2)])


@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize(("strides", "extra"), [(1, None), (2, None), (2, 1), (4, None), (4, 2)])
def test_transposed_convolutions(strides, extra, padding, rank, tmp_path):
    layer = getattr(layers, f"Conv{rank}DTranspose")(3, 3, strides=strides, padding=padding, output_padding=extra)
    model = random_weights(netlet.Sequential([netlet.Input((*(4, 3, 3)[:rank], 2)), layer]))
    assert_same_outputs(model, exported(model, tmp_path), [data(2, *(4, 3, 3)[:rank], 2)])


@pytest.mark.parametrize("antialias", [False, True])
@pytest.mark.parametrize("size", [(3, 9), (12, 4), (12, 14)])
@pytest.mark.parametrize("interpolation", ["nearest", "bilinear", "bicubic", "lanczos3"])
def test_resizing(interpolation, size, antialias, tmp_path):
    layer = layers.Resizing(*size, interpolation=interpolation, antialias=antialias)
    model = netlet.Sequential([netlet.Input((6, 7, 2)), layer])
    assert_same_outputs(model, exported(model, tmp_path), [data(2, 6, 7, 2)])


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear", "bicubic", "lanczos3"])
def test_upsampling(interpolation, tmp_path):
    model = netlet.Sequential([netlet.Input((6, 7, 2)), layers.UpSampling2D((2, 3), interpolation=interpolation)])
    assert_same_outputs(model, exported(model, tmp_path), [data(2, 6, 7, 2)])


ACTIVATIONS = (
    "celu elu exponential gelu hard_shrink hard_sigmoid hard_silu hard_tanh leaky_relu linear log_sigmoid log_softmax "
    "mish relu relu6 selu sigmoid silu soft_shrink softmax softplus softsign sparse_plus sparse_sigmoid sparsemax "
    "squareplus tanh tanh_shrink"
)


@pytest.mark.parametrize("activation", ACTIVATIONS.split())
def test_activations_after_a_convolution(activation, tmp_path):
    model = netlet.Sequential([netlet.Input((4, 4, 2)), layers.Conv2D(3, 1, activation=activation)])
    x = 3 * data(2, 4, 4, 2)
    assert_same_outputs(model, exported(random_weights(model), tmp_path), [x])


def test_numbers_before_the_network(tmp_path):
    normalization = layers.Normalization()
    normalization.adapt(data(10, 6))
    model = netlet.Sequential([netlet.Input((6,)), normalization, layers.Rescaling(1 / 255, offset=0.1)])
    assert_same_outputs(model, exported(model, tmp_path), [data(3, 6)])


@pytest.mark.parametrize(
    "make",
    [
        lambda: layers.CategoryEncoding(6, output_mode="multi_hot"),
        lambda: layers.CategoryEncoding(6, output_mode="count"),
        lambda: layers.IntegerLookup(vocabulary=[3, 5, 1]),
        lambda: layers.IntegerLookup(vocabulary=[3, 5, 1], mask_token=0, output_mode="count"),
    ],
)
def test_integers_before_the_network(make, tmp_path):
    model = netlet.Sequential([netlet.Input((4,), dtype="int64"), make()])
    ids = np.array([[3, 4, 0, 0], [5, 0, 2, 1], [1, 1, 1, 1]])
    assert_same_outputs(model, exported(model, tmp_path), [ids])
