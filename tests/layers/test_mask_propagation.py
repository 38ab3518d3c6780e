"""How masks pass through tensors, user-defined layers and models."""

from __future__ import annotations

import warnings

import keras
import numpy as np
import pytest

import netlet
from netlet import layers, ops
from support.masked import MASK, masked, values, warned


# ---- tensors ---------------------------------------------------------------------------------------------------------
def test_ops_and_views_carry_none():
    x, _ = masked(values(2, 6, 4))
    assert ops.reshape(x, (2, 24))._keras_mask is None
    assert ops.add(x, 1.0)._keras_mask is None
    assert netlet._core.view(x, (12, 4))._keras_mask is None
    assert netlet.Input((3,))._keras_mask is None
    x._keras_mask = None
    assert x._keras_mask is None


def test_a_tensor_may_be_its_own_mask():
    m = ops.convert_to_tensor(MASK)
    m._keras_mask = m
    assert m._keras_mask._keras_mask is None
    with pytest.raises(TypeError):
        m._keras_mask = object()


def test_a_cast_keeps_the_mask():
    x = ops.convert_to_tensor(values(2, 6, 4).astype("float64"))
    x._keras_mask = MASK
    y = layers.Dense(2)(x)
    assert y.dtype == "float32"
    np.testing.assert_array_equal(y._keras_mask.numpy(), MASK)


# ---- user-defined layers ---------------------------------------------------------------------------------------------
class Halves(layers.Layer):
    """Takes every second step, of the inputs and of the mask."""

    def call(self, inputs, mask=None):
        self.seen = mask
        return inputs[:, ::2]

    def compute_mask(self, inputs, previous_mask):
        return None if previous_mask is None else previous_mask[:, ::2]


class Two(layers.Layer):
    def call(self, query, value, query_mask=None, value_mask=None):
        self.seen = query_mask, value_mask
        return query


def test_compute_mask_makes_a_layer_support_masks():
    layer = Halves()
    assert layer.supports_masking
    assert not Two().supports_masking
    x, _ = masked(values(2, 6, 4))
    y = layer(x)
    np.testing.assert_array_equal(layer.seen.numpy(), MASK)
    np.testing.assert_array_equal(y._keras_mask.numpy(), MASK[:, ::2])
    np.testing.assert_array_equal(layer(x, mask=~MASK)._keras_mask.numpy(), ~MASK[:, ::2])
    np.testing.assert_array_equal(layer(values(2, 6, 4), mask=MASK)._keras_mask.numpy(), MASK[:, ::2])
    assert layer(values(2, 6, 4))._keras_mask is None
    assert layer.seen is None


def test_several_arguments_have_masks_of_their_own():
    layer = Two()
    q, _ = masked(values(2, 6, 4))
    v, _ = masked(values(2, 6, 4), ~MASK)
    layer(q, v)
    np.testing.assert_array_equal(layer.seen[0].numpy(), MASK)
    np.testing.assert_array_equal(layer.seen[1].numpy(), ~MASK)
    layer(q, value=v, query_mask=~MASK)
    np.testing.assert_array_equal(layer.seen[0].numpy(), ~MASK)
    _, lost = warned(lambda: layer(ops.add(q, 0.0), v))
    assert lost == 0  # the warning depends on the first argument only, which has no mask


def test_the_mask_argument_is_not_filled_beside_other_tensors():
    class Started(layers.Layer):
        def call(self, inputs, initial=None, mask=None):
            self.seen = mask
            return inputs + initial

    x, _ = masked(values(2, 6, 4))
    layer = Started()
    with pytest.warns(UserWarning, match="Pass mask="):
        layer(x, np.zeros((2, 6, 4), "float32"))
    assert layer.seen is None


def test_a_list_of_inputs_has_a_list_of_masks():
    class Listed(layers.Layer):
        def call(self, inputs, mask=None):
            self.seen = mask
            return inputs[0]

    layer = Listed()
    x, _ = masked(values(2, 6, 4))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        layer([x, values(2, 6, 4)])
    assert isinstance(layer.seen, list)
    assert layer.seen[1] is None
    np.testing.assert_array_equal(layer.seen[0].numpy(), MASK)


def test_an_error_in_compute_mask_names_the_layer():
    class Wrong(layers.Layer):
        def call(self, inputs):
            return inputs * 2.0

        def compute_mask(self, inputs, previous_mask):
            return ops.logical_or(previous_mask, np.zeros((3, 3), bool))

    with pytest.raises(ValueError, match="Layer 'wrong"):
        Wrong()(masked(values(2, 6, 4))[0])


# ---- models ----------------------------------------------------------------------------------------------------------
IDS = np.array([[1, 2, 0, 3], [4, 0, 0, 0], [2, 2, 2, 0]])


def sentence_models(library):
    """Models that average over the unmasked words, after layers that are fused in a recorded step."""
    L = library.layers
    body = lambda: [L.Dense(5), L.BatchNormalization(), L.Activation("relu"), L.Dropout(0.5)]  # noqa: E731
    start = lambda: L.Embedding(5, 3, mask_zero=True)  # noqa: E731
    yield library.Sequential([library.Input((4,)), start(), *body(), L.GlobalAveragePooling1D(), L.Dense(2)])
    x = library.Input((4,), dtype="int32")
    y = start()(x)
    for layer in body():
        y = layer(y)
    y = L.Add()([y, y])
    yield library.Model(x, L.Dense(2)(L.GlobalAveragePooling1D()(y)))
    inner = library.Sequential([library.Input((4, 3)), *body()])
    z = inner(start()(x))
    yield library.Model(x, L.Dense(2)(L.GlobalAveragePooling1D()(z)))


@pytest.mark.parametrize("which", range(3))
def test_models_pass_masks_on_eager_and_recorded(which):
    ours, theirs = (list(sentence_models(library))[which] for library in (netlet, keras))
    rng = np.random.default_rng(0)
    weights = [rng.uniform(0.5, 1.5, w.shape).astype("float32") for w in ours.get_weights()]
    ours.set_weights(weights)
    theirs.set_weights(weights)
    expected = np.asarray(theirs(IDS))
    np.testing.assert_allclose(ours(IDS).numpy(), expected, rtol=1e-5)
    np.testing.assert_allclose(ours.predict(IDS, verbose=0), expected, rtol=1e-5)
    np.testing.assert_allclose(ours.predict_on_batch(IDS), expected, rtol=1e-5)
    np.testing.assert_allclose(ours.predict_on_batch(IDS), expected, rtol=1e-5)


def test_the_model_says_nothing_where_its_layers_hand_masks_on():
    inner = netlet.Sequential([netlet.Input((6, 4)), layers.Dense(2)])
    y, lost = warned(lambda: inner(masked(values(2, 6, 4))[0]))
    assert lost == 0
    np.testing.assert_array_equal(y._keras_mask.numpy(), MASK)
    flat = netlet.Sequential([netlet.Input((6, 4)), layers.Flatten()])
    with pytest.warns(UserWarning, match=r"Layer 'flatten.*destroy"):
        flat(masked(values(2, 6, 4))[0])


@pytest.mark.parametrize("kind", ["Sequential", "Model", "unbuilt"])
def test_a_model_takes_mask(kind):
    pool = layers.GlobalAveragePooling1D()
    if kind == "Model":
        x = netlet.Input((6, 4))
        model = netlet.Model(x, pool(x))
    else:
        model = netlet.Sequential([pool] if kind == "unbuilt" else [netlet.Input((6, 4)), pool])
    x = values(2, 6, 4)
    np.testing.assert_allclose(model(x, mask=MASK).numpy(), pool(x, mask=MASK).numpy())
    assert abs(model(x).numpy() - model(x, mask=MASK).numpy()).max() > 1e-3


def test_masks_of_several_inputs():
    a, b = netlet.Input((6, 4)), netlet.Input((6, 4))
    model = netlet.Model([a, b], layers.Add()([a, b]))
    x = values(2, 6, 4)
    y = model([x, x], mask=[MASK, ~MASK])
    assert y._keras_mask.numpy().all()
    assert model([x, x], mask=[MASK, None])._keras_mask is None


def test_symbolic_tensors_carry_symbolic_masks():
    x = netlet.Input((4,), dtype="int32")
    y = layers.Embedding(5, 3, mask_zero=True)(x)
    assert (y._keras_mask.shape, y._keras_mask.dtype) == ((None, 4), "bool")
    dense = layers.Dense(2)(y)
    assert dense._keras_mask is y._keras_mask
    with pytest.warns(UserWarning, match="destroy the mask"):
        layers.Flatten()(dense)
    model = netlet.Model(x, [dense, ops.cast(dense._keras_mask, "float32")])
    np.testing.assert_array_equal(model.predict(IDS, verbose=0)[1], IDS != 0)


def test_conv_then_batch_normalization_still_folds_without_a_mask():
    model = netlet.Sequential(
        [netlet.Input((8, 3)), layers.Masking(), layers.Dense(4), layers.BatchNormalization(), layers.ReLU()]
    )
    x = values(2, 8, 3)
    x[:, 4:] = 0
    np.testing.assert_allclose(model.predict(x, verbose=0), model(x).numpy(), rtol=1e-5, atol=1e-6)
