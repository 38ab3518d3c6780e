"""Wrong arguments that users type: the message says what was expected, what came, and where."""

import numpy as np
import pytest

from netlet import layers, metrics, ops, random, utils
from netlet.data import Dataset

IMAGES = np.zeros((2, 8, 8, 3), "float32")


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: ops.image.resize(IMAGES, 4), ValueError, r"ops.image.resize: expected `size` to be \(height, width"),
        (lambda: ops.image.psnr(IMAGES, IMAGES, 1.0), AttributeError, "has no 'psnr'. Nearest: netlet.ops.psnr"),
        (lambda: layers.Pipeline(layers.RandomFlip()), ValueError, "Pipeline: expected a list of layers, received Ran"),
        (lambda: layers.RandomRotation("a"), ValueError, r"RandomRotation: expected `factor` .* received 'a'"),
        (lambda: layers.RandomZoom(2.0), ValueError, r"RandomZoom: expected `height_factor` .* \(-1, 1\], received 2"),
        (lambda: layers.RandomBrightness(0.1, value_range=3), ValueError, "RandomBrightness: expected `value_range`"),
        (lambda: layers.MultiHeadAttention(2, 4)(IMAGES[0]), TypeError, r"expected the argument 'value' of call\(\)"),
        (lambda: Dataset.range(3).map(3), TypeError, "Dataset: expected a function, received int"),
        (lambda: Dataset.range(3).filter(None), TypeError, "Dataset: expected a function, received NoneType"),
        (lambda: utils.FeatureSpace(["a"]), TypeError, "FeatureSpace: expected `features` to be a dict"),
        (lambda: random.normal(3), TypeError, "random.normal: expected a tuple of sizes as `shape`, received 3"),
        (lambda: random.normal((2,), seed="x"), ValueError, "random: expected an integer or a SeedGenerator as `seed`"),
        (lambda: random.gamma((2,), 1.0, seed="x"), ValueError, "random: expected an integer or a SeedGenerator as"),
        (
            lambda: layers.PReLU(shared_axes=[4])(IMAGES),
            ValueError,
            "expected `shared_axes` from 1 to 3 for .* received 4",
        ),
        (lambda: layers.Lambda(3), TypeError, "expected a function for `function`, received 3"),
        (lambda: layers.MixUp(alpha=-1), ValueError, "expected a positive number for `alpha`, received -1"),
        (
            lambda: metrics.TopKCategoricalAccuracy().update_state(np.eye(2, 3), np.zeros((2, 4))),
            ValueError,
            r"expected y_true and y_pred of one shape, received \(2, 3\) and \(2, 4\)",
        ),
        (lambda: random.dropout(IMAGES, 0.5, seed="x"), ValueError, "random: expected an integer or a SeedGenerator"),
    ],
)
def test_message(call, error, message):
    with pytest.raises(error, match=message):
        call()


@pytest.mark.parametrize("name", ["zeros", "ones", "empty", "full"])
def test_a_shape_that_is_none_names_the_op(name):
    make = (lambda shape: ops.full(shape, 1)) if name == "full" else getattr(ops, name)
    with pytest.raises(ValueError, match=rf"^ops\.{name}: expected sizes of at least 0 as `shape`, received \(2, -1\)"):
        make((2, -1))
    with pytest.raises(ValueError, match=rf"^ops\.{name}: expected a shape \(a tuple of integers\), received 'a'"):
        make("a")


@pytest.mark.parametrize(
    ("call", "op", "argument"),
    [
        (lambda: ops.add([1.0], None), "add", "x2"),
        (lambda: ops.add(None, 1.0), "add", "x1"),
        (lambda: ops.add(x1=1.0, x2=None), "add", "x2"),
        (lambda: ops.exp(None), "exp", "x"),
        (lambda: ops.relu(None), "relu", "x"),
        (lambda: ops.sum(None), "sum", "x"),
        (lambda: ops.matmul([[1.0]], None), "matmul", "x2"),
        (lambda: ops.reshape(None, (1,)), "reshape", "x"),
    ],
)
def test_none_instead_of_an_array_names_the_op_and_the_argument(call, op, argument):
    with pytest.raises(
        TypeError, match=rf"^ops\.{op}: expected an array or a number as `{argument}`, received None\.$"
    ):
        call()


def test_none_that_an_op_accepts_is_not_blamed():
    with pytest.raises(TypeError) as raised:
        ops.clip([1.0], None, "high")
    assert "x_min" not in str(raised.value).partition("Invoked")[0].partition("expected")[0]
