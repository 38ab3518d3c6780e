"""Masks against Keras: which layers accept them and what they compute."""

from __future__ import annotations

import inspect

import keras
import numpy as np
import pytest
from keras.src.backend import get_keras_mask

import netlet
from netlet import layers, ops
from support.masked import MASK, masked, same_mask, values, warned

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
    "RandomPosterization": {"factor": 4},
    "MaxNumBoundingBoxes": {"max_number": 3},
    "Pipeline": {"layers": []},
}

# Keras's versions need TensorFlow. netlet's do not support masks, as Keras's do not according to their source.
TEXT = ("Hashing", "HashedCrossing", "IntegerLookup", "StringLookup", "TextVectorization")
# They wrap what other frameworks have made: tests/layers/foreign.
FOREIGN = ("FlaxLayer", "JaxLayer", "TorchModuleWrapper")


def known():
    """Every layer class that Keras has too and can construct here."""
    for name in layers.__all__:
        ours, theirs = getattr(layers, name), getattr(keras.layers, name, None)
        if (
            inspect.isclass(ours)
            and issubclass(ours, layers.Layer)
            and inspect.isclass(theirs)
            and name not in TEXT + FOREIGN
        ):
            yield name


def make(library, name):
    cls = getattr(library.layers, name)
    arguments = dict(MORE.get(name, {}))
    for p in inspect.signature(getattr(layers, name).__init__).parameters.values():
        if p.name in arguments:
            continue
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


# ---- each layer ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", list(known()))
def test_supports_masking_is_keras(name):
    assert bool(make(netlet, name).supports_masking) == bool(make(keras, name).supports_masking)


OTHER_INPUTS = "2D 3D Embedding Attention Resizing CenterCrop Random Encoding Cell Vector Group Lookup Hashing".split()
OTHER_INPUTS += "Input Lambda Discretization Wrapper ConvLSTM Boxes Augment AugMix Spectrogram Pipeline".split()
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
    warned(lambda: ours(x)), warned(lambda: theirs(y))
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
