"""Generated calls of netlet.ops and of keras.ops: values, shapes, dtypes, and that both raise or neither does.

Not collected by the suite: test_in_own_process.py runs it with Keras on NumPy, tools/nightly.sh also on PyTorch.
"""

from __future__ import annotations

import keras
import numpy as np
import pytest

import netlet
from support import keras64
from support.generated.compare import assert_alike, outcome
from support.generated.op_differences import difference
from support.generated.ops import NOT_GENERATED, OPS, Call
from support.generated.running import for_examples


@pytest.fixture(autouse=True, scope="module")
def arrays_of_64_bits():
    """Only while these tests run: pytest imports this file for its doctests, too."""
    with keras64.keeping_64_bits():
        yield


# Keras on NumPy computes these by JAX, which compiles them for each shape.
COMPILED = (
    "fft fft2 ifft2 rfft irfft stft istft conv conv_transpose depthwise_conv separable_conv max_pool average_pool "
    "image.extract_patches"
).split()


def function(library, name):
    ops = library.ops
    for part in name.split("."):
        ops = getattr(ops, part)
    return ops


def tensors(value):
    """The same arguments with Tensors in place of arrays."""
    if isinstance(value, np.ndarray):
        return netlet.ops.convert_to_tensor(value)
    return type(value)(map(tensors, value)) if isinstance(value, (list, tuple)) else value


def check(name: str, call: Call) -> None:
    ours = outcome(lambda: function(netlet, name)(*call.args, **call.kwargs))
    theirs = outcome(lambda: function(keras, name)(*call.args, **call.kwargs))
    assert_alike(ours, theirs, difference(name, call))


def names_of_both():
    image = [f"image.{n}" for n in netlet.ops.image.__all__ if hasattr(keras.ops.image, n)]
    return {
        n for n in netlet.ops.__all__ if hasattr(keras.ops, n) and not isinstance(getattr(keras.ops, n), type(keras))
    } | set(image)


def test_every_op_that_keras_has_too_has_generated_calls_or_a_reason():
    assert set(OPS) | set(NOT_GENERATED) == names_of_both()
    assert not set(OPS) & set(NOT_GENERATED)


@pytest.mark.parametrize("name", OPS)
def test_op(name):
    for_examples(name, 1 if name in COMPILED else 3, OPS[name], lambda call: check(name, call))
