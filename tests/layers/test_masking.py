"""Masks against Keras: which layers accept them, what they compute, how masks pass through models."""

from __future__ import annotations

import inspect
import warnings

import keras
import numpy as np
import pytest
from keras.src.backend import get_keras_mask, set_keras_mask

import netlet
from netlet import layers, ops

# Values for constructor arguments without a default, by name.
HINTS = dict.fromkeys("units filters kernel_size pool_size output_size n height width num_heads key_dim".split(), 2)
HINTS |= dict.fromkeys("head_dim num_query_heads num_key_value_heads".split(), 2)
HINTS |= dict.fromkeys("stddev factor height_factor width_factor".split(), 0.1)
HINTS |= {"rate": 0.5, "scale": 2.0, "dims": (2, 1), "target_shape": (24,), "axes": 1, "activation": "relu"}
HINTS |= {"input_dim": 5, "output_dim": 3, "num_bins": 3, "sequence_length": 6, "function": abs}
MORE = {
    "EinsumDense": {"equation": "abc,cd->abd", "output_shape": (6, 3)},
    "CategoryEncoding": {"num_tokens": 3},
    "Discretization": {"bin_boundaries": [1.0]},
    "AveragePooling1D": {"pool_size": 2},
}
MASK = np.array([[True, True, False, True, False, False], [True, False, True, True, True, False]])


# Keras's versions need TensorFlow. netlet's do not support masks, as Keras's do not according to their source.
TEXT = ("Hashing", "IntegerLookup", "StringLookup", "TextVectorization")


def known():
    """Every layer class that Keras has too and can construct here."""
    for name in layers.__all__:
        ours, theirs = getattr(layers, name), getattr(keras.layers, name, None)
        if inspect.isclass(ours) and issubclass(ours, layers.Layer) and inspect.isclass(theirs) and name not in TEXT:
            yield name


def make(library, name):
    cls = getattr(library.layers, name)
    arguments = dict(MORE.get(name, {}))
    for p in inspect.signature(getattr(layers, name).__init__).parameters.values():
        if p.name in HINTS and p.default is p.empty:
            arguments[p.name] = HINTS[p.name]
        elif p.name in ("layer", "cell"):
            rnn = {"Bidirectional": "LSTM", "RNN": "LSTMCell"}.get(name, "Dense")
            arguments[p.name] = getattr(library.layers, rnn)(2)
        elif p.name == "cells":
            arguments[p.name] = [library.layers.LSTMCell(2)]
    if name == "InputLayer":
        arguments["shape"] = (2,)
    if name.startswith(("AveragePool", "AvgPool")):
        arguments["pool_size"] = 2
    return cls(**arguments)


def values(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype("float32")


def masked(x, mask=MASK):
    """Tensors of netlet and of Keras with the values x, each with the mask."""
    ours, theirs = ops.convert_to_tensor(x), keras.ops.convert_to_tensor(x)
    if mask is not None:
        ours._keras_mask = mask
        set_keras_mask(theirs, keras.ops.convert_to_tensor(mask))
    return ours, theirs


def same_mask(ours, theirs):
    mine, expected = ours._keras_mask, get_keras_mask(theirs)
    assert (mine is None) == (expected is None)
    if expected is not None:
        assert mine.dtype == "bool"
        np.testing.assert_array_equal(mine.numpy(), np.asarray(expected))


def warned(call):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = call()
    return result, ["destroy the mask" in str(w.message) for w in caught].count(True)


# ---- each layer ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", list(known()))
def test_supports_masking_is_keras(name):
    assert bool(make(netlet, name).supports_masking) == bool(make(keras, name).supports_masking)


OTHER_INPUTS = "2D 3D Embedding Attention Resizing CenterCrop Random Encoding Cell Vector Group Lookup Hashing".split()
OTHER_INPUTS += ["Input", "Lambda", "Discretization", "Wrapper", "ConvLSTM"]
SEQUENCES = [
    name
    for name in known()
    if not any(part in name for part in OTHER_INPUTS)
    and not issubclass(getattr(layers, name), layers.Merge)
    and name not in ("Layer", "Normalization", "RNN", "Softmax")
]


@pytest.mark.parametrize("name", SEQUENCES)
def test_the_mask_that_comes_out_is_keras(name):
    ours, theirs = make(netlet, name), make(keras, name)
    x, y = masked(values(2, 6, 4))
    ours(x), warned(lambda: theirs(y))
    if ours.weights:
        theirs.set_weights(ours.get_weights())
    a, lost = warned(lambda: ours(x))
    b, expected_lost = warned(lambda: theirs(y))
    # Keras also warns about a wrapper whose inner layer passed the mask on.
    assert lost == (0 if get_keras_mask(b) is not None else expected_lost)
    same_mask(a, b)
    if "Dropout" not in name and "Noise" not in name:
        np.testing.assert_allclose(a.numpy(), np.asarray(b), rtol=2e-6, atol=2e-6)


@pytest.mark.parametrize("training", [False, True])
def test_batch_normalization_and_global_average_look_at_the_mask(training):
    x, y = masked(values(2, 6, 4))
    for name in ("BatchNormalization", "GlobalAveragePooling1D"):
        ours, theirs = make(netlet, name), make(keras, name)
        more = {"training": training} if name == "BatchNormalization" else {}
        np.testing.assert_allclose(ours(x, **more).numpy(), np.asarray(theirs(y, **more)), rtol=1e-5, atol=1e-5)
        for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)
        unmasked = ours(values(2, 6, 4), **more).numpy()
        if training or name != "BatchNormalization":
            assert abs(unmasked - ours(x, **more).numpy()).max() > 1e-3


@pytest.mark.parametrize("dtype", ["bool", "float32", "int32"])
def test_softmax_takes_masks_of_any_type(dtype):
    x = values(2, 6)
    mask = MASK.astype(dtype) * (0.7 if dtype == "float32" else 1)
    np.testing.assert_allclose(
        layers.Softmax()(x, mask=mask.astype(dtype)).numpy(),
        np.asarray(keras.layers.Softmax()(x, mask=keras.ops.convert_to_tensor(mask.astype(dtype)))),
        rtol=1e-6,
    )
    with pytest.raises(
        ValueError,
        match=r"Layer 'softmax.*expected a mask that broadcasts to the inputs \(2, 6\), received shape \(2, 5\)",
    ):
        layers.Softmax()(x, mask=MASK[:, :5])
    with pytest.raises(ValueError, match="expected a mask that broadcasts to the inputs"):
        layers.Softmax()(x, mask=MASK[None])


MASKS = {"both": (MASK, ~MASK), "first": (MASK, None), "second": (None, MASK), "none": (None, None)}


@pytest.mark.parametrize("which", MASKS)
@pytest.mark.parametrize("name", ["Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum"])
def test_merging(name, which):
    pairs = [masked(values(2, 6, 4, seed=i), mask) for i, mask in enumerate(MASKS[which])]
    a, lost = warned(lambda: make(netlet, name)([p[0] for p in pairs]))
    b, expected = warned(lambda: make(keras, name)([p[1] for p in pairs]))
    assert lost == expected
    same_mask(a, b)


@pytest.mark.parametrize("which", MASKS)
@pytest.mark.parametrize("axis", [1, 2, -1])
def test_concatenating(axis, which):
    pairs = [masked(values(2, 6, 4, seed=i), mask) for i, mask in enumerate(MASKS[which])]
    a = layers.Concatenate(axis)([p[0] for p in pairs])
    b = keras.layers.Concatenate(axis)([p[1] for p in pairs])
    same_mask(a, b)


def test_dot_has_no_mask():
    pairs = [masked(values(2, 6, 4, seed=i)) for i in range(2)]
    a, lost = warned(lambda: layers.Dot(2)([p[0] for p in pairs]))
    assert a._keras_mask is None
    assert lost == 0


def test_a_mask_for_each_input():
    pair = [ops.convert_to_tensor(values(2, 6, 4)) for _ in range(2)]
    with pytest.raises(ValueError, match=r"Layer 'add.*one mask \(or None\) for each of 2 inputs"):
        layers.Add().compute_mask(pair, MASK)
    with pytest.raises(ValueError, match="one mask"):
        layers.Concatenate().compute_mask(pair, [MASK])


def test_lambda():
    x, y = masked(values(2, 6, 4))
    for mask in (None, MASK[:, :3], lambda inputs, mask: ops.logical_not(mask)):
        theirs = mask if mask is None or isinstance(mask, np.ndarray) else lambda inputs, mask: ~mask
        a, lost = warned(lambda mask=mask: layers.Lambda(lambda v: v * 2.0, mask=mask)(x))
        b, expected = warned(lambda theirs=theirs: keras.layers.Lambda(lambda v: v * 2.0, mask=theirs)(y))
        assert lost == expected
        assert (a._keras_mask is None) == (get_keras_mask(b) is None)
        if mask is not None:
            np.testing.assert_array_equal(a._keras_mask.numpy(), np.asarray(get_keras_mask(b)))
    seen = layers.Lambda(lambda v, mask: v * ops.cast(ops.expand_dims(mask, -1), "float32"))(x)
    np.testing.assert_array_equal(seen.numpy(), x.numpy() * MASK[:, :, None])
    assert (
        layers.Lambda(lambda v, training: v + (1.0 if training else 0.0))(np.zeros((1, 1)), training=True).numpy() == 1
    )
    assert layers.Lambda(np.add, arguments={})  # a function without a readable signature


# ---- Masking ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("mask_value", [0.0, -1.0, 2])
@pytest.mark.parametrize("shape", [(2, 6, 4), (2, 6, 1), (2, 3, 2, 4), (2, 4), (0, 6, 4), (2, 0, 4)])
def test_masking(mask_value, shape):
    x = values(*shape)
    if x.size:
        x[0, 0] = mask_value
        x[-1].flat[0] = mask_value
    a, b = layers.Masking(mask_value)(x), keras.layers.Masking(mask_value)(x)
    np.testing.assert_array_equal(a.numpy(), np.asarray(b))
    same_mask(a, b)
    assert layers.Masking(mask_value).get_config().keys() == keras.layers.Masking(mask_value).get_config().keys()
    again = layers.Masking.from_config(keras.layers.Masking(mask_value).get_config())
    assert again.mask_value == mask_value


def test_masking_of_what_is_no_number():
    x = np.array([[[np.nan, np.nan], [0.0, 0.0], [np.inf, 0.0]]], "float32")
    a, b = layers.Masking()(x), keras.layers.Masking()(x)
    np.testing.assert_array_equal(a.numpy(), np.asarray(b))
    same_mask(a, b)


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
