"""Normalization, Discretization and CategoryEncoding against Keras's: values, `adapt`, configs, wrong arguments."""

from __future__ import annotations

import keras
import numpy as np
import pytest

import netlet
from netlet import layers

RNG = np.random.default_rng(0)
DATA = RNG.uniform(-2, 5, (60, 4, 3)).astype("float32")


def pair(name, **arguments):
    return getattr(layers, name)(**arguments), getattr(keras.layers, name)(**arguments)


def same(ours, theirs, *inputs, rtol=1e-6, **more):
    y, expected = ours(*inputs, **more), np.asarray(theirs(*inputs, **more))
    assert y.dtype == str(expected.dtype)
    np.testing.assert_allclose(y.numpy(), expected, rtol=rtol, atol=1e-6)


# ---- Normalization ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("axis", [-1, 1, (1, 2), (2, 1), None, (1, -1)])
@pytest.mark.parametrize("invert", [False, True])
def test_normalization_adapts_as_keras_does(axis, invert):
    ours, theirs = pair("Normalization", axis=axis, invert=invert)
    ours.adapt(DATA), theirs.adapt(DATA)
    same(ours, theirs, DATA[:5], rtol=1e-5)
    assert [(w.name, w.shape, w.trainable) for w in ours.weights] == [
        (w.name, tuple(w.shape), w.trainable) for w in theirs.weights
    ]


@pytest.mark.parametrize(
    "arguments",
    [
        {"mean": 3.0, "variance": 2.0},
        {"mean": [1.0, 2.0, 3.0], "variance": [1.0, 0.0, 4.0]},
        {"mean": 1.0, "variance": 4.0, "axis": None},
        {"mean": np.arange(12.0).reshape(4, 3), "variance": np.ones((4, 3)), "axis": (1, 2)},
        {"mean": [1.0, 2.0, 3.0], "variance": [1.0, 2.0, 4.0], "axis": (1, 2), "invert": True},
    ],
)
def test_normalization_by_given_numbers(arguments):
    ours, theirs = pair("Normalization", **arguments)
    same(ours, theirs, DATA)
    assert set(ours.get_config()) == set(theirs.get_config())
    again = layers.Normalization.from_config(ours.get_config())
    np.testing.assert_array_equal(again(DATA).numpy(), ours(DATA).numpy())


@pytest.mark.parametrize("arguments", [{}, {"axis": None}, {"mean": 3.0, "variance": 2.0, "axis": (1, 2)}])
def test_normalization_gives_its_mean_and_variance(arguments):
    """As scripts use them to undo a normalization: `x * layer.variance**0.5 + layer.mean`."""
    ours, theirs = pair("Normalization", **arguments)
    with pytest.raises(AttributeError, match="no mean and variance yet: call `adapt`"):
        _ = ours.mean
    for layer in (ours, theirs):
        layer.build(DATA.shape) if "mean" in arguments else layer.adapt(DATA)
    for name in ("mean", "variance"):
        expected = np.asarray(getattr(theirs, name))
        assert getattr(ours, name).shape == expected.shape
        np.testing.assert_allclose(getattr(ours, name).numpy(), expected, rtol=1e-5)


def test_batches_join_to_the_statistics_of_the_whole():
    """For any batch size, in float64: a large mean, a small deviation, a last batch that is not full."""
    x = 1e4 + RNG.standard_normal((1000, 3))
    ways = [x, list(np.array_split(x, 7)), ((b, None) for b in np.array_split(x, 3)), netlet.ops.convert_to_tensor(x)]
    for data in [*ways, Rows(x)]:
        layer = layers.Normalization(dtype="float64")
        layer.adapt(data)
        np.testing.assert_allclose(layer.adapt_mean.numpy(), x.mean(0), rtol=1e-14)
        np.testing.assert_allclose(layer.adapt_variance.numpy(), x.var(0), rtol=1e-11)


class Rows(netlet.utils.PyDataset):
    def __init__(self, x):
        super().__init__()
        self.x = x

    def __len__(self):
        return 10

    def __getitem__(self, i):
        return self.x[i * 100 : (i + 1) * 100], np.zeros(100)


def test_normalization_in_a_model_reads_what_adapt_wrote_last(tmp_path):
    layer = layers.Normalization()
    model = netlet.Sequential([netlet.Input((3,)), layer])
    x = DATA[:, 0]
    np.testing.assert_array_equal(model.predict(x, verbose=0), x)
    layer.adapt(x)
    expected = (x - x.mean(0)) / x.std(0)
    np.testing.assert_allclose(model.predict(x, verbose=0), expected, rtol=1e-5, atol=1e-5)
    model.save(tmp_path / "m.netlet")
    again = netlet.models.load_model(tmp_path / "m.netlet")
    np.testing.assert_array_equal(again.predict(x, verbose=0), model.predict(x, verbose=0))
    assert layers.Normalization()(np.array([[1, 2]], "uint8")).dtype == "float32"


# ---- Discretization --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("mode", ["int", "one_hot", "multi_hot", "count"])
@pytest.mark.parametrize("shape", [(5,), (5, 1), (5, 4)])
def test_discretization(mode, shape):
    x = RNG.uniform(-2, 2, shape).astype("float32")
    x.flat[0] = 0.5
    same(*pair("Discretization", bin_boundaries=[-1.0, 0.0, 0.5], output_mode=mode), x)
    ints = RNG.integers(-3, 3, shape).astype("int32")
    same(*pair("Discretization", bin_boundaries=[-1.0, 0.0, 0.5], output_mode=mode), ints)


@pytest.mark.parametrize("bins", [1, 2, 5, 40])
@pytest.mark.parametrize("size", [3, 50, 1000])
def test_discretization_adapts_as_keras_does(bins, size):
    x = RNG.standard_normal((size, 2)).astype("float32")
    for data in (x, [x, 2 * x, x[: size // 2]]):
        ours, theirs = pair("Discretization", num_bins=bins)
        ours.adapt(data)
        for batch in data if isinstance(data, list) else [data]:  # as Keras's adapt does, without TensorFlow
            theirs.update_state(batch)
        theirs.finalize_state()
        np.testing.assert_allclose(ours.bin_boundaries, theirs.bin_boundaries, rtol=1e-6, atol=1e-7)
        same(ours, theirs, x)
    again = layers.Discretization.from_config(ours.get_config())
    assert again.bin_boundaries == ours.bin_boundaries and again.num_bins == bins


# ---- CategoryEncoding ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("mode", ["one_hot", "multi_hot", "count"])
@pytest.mark.parametrize("shape", [(6,), (6, 1), (6, 3), (2, 6, 3)])
def test_category_encoding(mode, shape):
    x = RNG.integers(0, 5, shape).astype("int32")
    ours, theirs = pair("CategoryEncoding", num_tokens=5, output_mode=mode)
    same(ours, theirs, x)
    if mode == "count":
        same(ours, theirs, x, count_weights=RNG.uniform(0, 1, shape).astype("float32"))
    assert set(ours.get_config()) == set(theirs.get_config())
    if len(shape) == 2:
        symbol = ours(netlet.Input(shape[1:], dtype="int32"))
        assert symbol.shape == tuple(theirs(keras.Input(shape[1:], dtype="int32")).shape)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: layers.Normalization(mean=1.0), ValueError, "expected `mean` and `variance` of one shape"),
        (lambda: layers.Normalization(mean=[1.0], variance=[1.0, 2.0]), ValueError, "of one shape"),
        (
            lambda: layers.Normalization(mean=np.ones((2, 3)), variance=np.ones((2, 3))),
            ValueError,
            "expected `mean` with at most 1 axes",
        ),
        (lambda: layers.Normalization(axis=3)(DATA), ValueError, "expected `axis` within the input shape"),
        (lambda: layers.Normalization(axis=1).build((None, None, 3)), ValueError, "expected known sizes"),
        (lambda: layers.Normalization().adapt([]), ValueError, "expected at least one batch"),
        (lambda: layers.Normalization().adapt(3), TypeError, "iterable of batches"),
        (
            lambda: layers.Normalization().adapt([DATA, DATA[..., :2]]),
            ValueError,
            r"expected data of size .*received shape \(60, 4, 2\)",
        ),
        (lambda: layers.Normalization(mean=1.0, variance=1.0).adapt(DATA), ValueError, "fixed mean and variance"),
        (lambda: layers.Discretization(), ValueError, "either"),
        (lambda: layers.Discretization([0.0], num_bins=3), ValueError, "either"),
        (lambda: layers.Discretization([0.0], output_mode="ints"), ValueError, "output_mode"),
        (lambda: layers.Discretization(num_bins=3)(DATA), ValueError, "adapt"),
        (lambda: layers.Discretization([0.0]).adapt(DATA), ValueError, "fixed `bin_boundaries`"),
        (lambda: layers.CategoryEncoding(), ValueError, "num_tokens"),
        (lambda: layers.CategoryEncoding(0), ValueError, "num_tokens"),
        (lambda: layers.CategoryEncoding(3, "sum"), ValueError, "output_mode"),
        (lambda: layers.CategoryEncoding(3, sparse=True), NotImplementedError, "sparse"),
        (lambda: layers.CategoryEncoding(3)(np.array([1]), count_weights=np.ones(1)), ValueError, "count_weights"),
    ],
)
def test_wrong_arguments(call, error, message):
    with pytest.raises(error, match=message):
        call()
