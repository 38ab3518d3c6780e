"""Tensors of netlet and of Keras with masks."""

from __future__ import annotations

import warnings

import keras
import numpy as np
from keras.src.backend import get_keras_mask, set_keras_mask

from netlet import ops

MASK = np.array([[True, True, False, True, False, False], [True, False, True, True, True, False]])


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
