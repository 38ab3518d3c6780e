"""Batch normalizations that are folded into the product before them."""

from __future__ import annotations

import numpy as np
import pytest

import netlet
from netlet import layers
from netlet.layers.quantized import FoldedNormalization
from netlet.quantizers.norm_folding import folded_weights

RNG = np.random.default_rng(0)
PRODUCTS = {
    "dense": (lambda: layers.Dense(5), (7,)),
    "conv": (lambda: layers.Conv2D(6, 3, groups=2), (6, 6, 4)),
    "channels_first": (lambda: layers.Conv2D(6, 3, data_format="channels_first", use_bias=False), (4, 6, 6)),
    "depthwise": (lambda: layers.DepthwiseConv2D(3, depth_multiplier=2, use_bias=False), (6, 6, 4)),
    "separable": (lambda: layers.SeparableConv2D(5, 3, depth_multiplier=2), (6, 6, 4)),
    "transpose": (lambda: layers.Conv2DTranspose(5, 3, strides=2, use_bias=False), (4, 4, 3)),
    "conv_3d": (lambda: layers.Conv3D(5, 2), (3, 4, 3, 2)),
}


def normalized(name, **kwargs):
    make, shape = PRODUCTS[name]
    norm = layers.BatchNormalization(axis=1 if name == "channels_first" else -1, **kwargs)
    model = netlet.Sequential([netlet.Input(shape), make(), norm])
    for weight in [*norm.weights, model.layers[0].bias]:
        if weight is not None:
            weight.assign(RNG.uniform(0.5, 1.5, weight.shape).astype("float32"))
    return model, RNG.normal(size=(8, *shape)).astype("float32")


@pytest.mark.parametrize("kwargs", [{}, {"scale": False}, {"center": False, "epsilon": 0.1}])
@pytest.mark.parametrize("name", PRODUCTS)
def test_the_folded_product_computes_the_same(name, kwargs):
    model, x = normalized(name, **kwargs)
    wanted = model.predict(x, verbose=0)
    product, norm = model.layers
    weights = folded_weights(product, norm)
    config = {**product.get_config(), "use_bias": True, "name": "folded"}
    folded = type(product).from_config(config)
    folded(x)
    others = {v.name: v.numpy() for v in product.weights}
    for key, value in {**others, **weights}.items():
        getattr(folded, key).assign(value)
    np.testing.assert_allclose(folded(x).numpy(), wanted, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", PRODUCTS)
def test_quantize_folds(name):
    model, x = normalized(name)
    wanted = model.predict(x, verbose=0)
    model.quantize("int8", only_if_faster=False)
    assert type(model.layers[1]) is FoldedNormalization
    assert isinstance(model.layers[1], layers.BatchNormalization)
    y = model.predict(x, verbose=0)
    assert np.square(y - wanted).mean() < 3e-4 * np.square(wanted).mean()


@pytest.mark.parametrize("case", ["activation", "other axis", "filters", "subclass", "regularized"])
def test_what_is_not_folded(case):
    product = layers.Dense(6, "relu" if case == "activation" else None, name="product")

    class Own(layers.BatchNormalization):
        pass

    cls = Own if case == "subclass" else layers.BatchNormalization
    norm = cls(axis=1 if case == "other axis" else -1, activity_regularizer="l2" if case == "regularized" else None)
    model = netlet.Sequential([netlet.Input((4, 5)), product, norm])
    x = RNG.normal(size=(8, 4, 5)).astype("float32")
    wanted = model.predict(x, verbose=0)
    model.quantize("int8", filters="other" if case == "filters" else None, only_if_faster=False)
    assert type(norm) is cls
    assert np.abs(model.predict(x, verbose=0) - wanted).max() < 0.05
