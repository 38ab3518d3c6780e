"""Sequences: windows over time series and padding against Keras; sampling from logits against the probabilities."""

from __future__ import annotations

import types

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras.src.utils import timeseries_dataset_utils

import netlet
from netlet.utils import pad_sequences, sample_from_logits, timeseries_dataset_from_array


# ---- windows ---------------------------------------------------------------------------------------------------------
class FakeDataset:
    """Replaces the parts of Grain (not installed) that Keras's function needs to return its windows."""

    def __init__(self, items):
        self.items = list(items)

    source = classmethod(lambda cls, items: cls(items))

    def to_iter_dataset(self):
        return self

    def batch(self, size, batch_fn):
        parts = (self.items[i : i + size] for i in range(0, len(self.items), size))
        pairs = bool(self.items) and isinstance(self.items[0], tuple)
        return [tuple(map(np.stack, zip(*p))) if pairs else np.stack(p) for p in parts]

    def __iter__(self):
        return iter(self.items)


@pytest.fixture
def keras_windows(monkeypatch):
    zipped = lambda parts: FakeDataset(zip(*parts))  # noqa: E731
    grain = types.SimpleNamespace(
        MapDataset=FakeDataset, experimental=types.SimpleNamespace(ZipMapDataset=zipped), make_batch=None
    )
    monkeypatch.setattr(timeseries_dataset_utils, "grain", grain)
    return lambda *args, **kwargs: keras.utils.timeseries_dataset_from_array(*args, format="grain", **kwargs)


@pytest.mark.parametrize("targets", [None, "same", "shorter"])
@pytest.mark.parametrize(
    "arguments",
    [
        {"sequence_length": 10, "sampling_rate": 2, "sequence_stride": 3},
        {"sequence_length": 1},
        {"sequence_length": 5, "batch_size": 4},
        {"sequence_length": 5, "batch_size": None},
        {"sequence_length": 3, "start_index": 10, "end_index": 40, "batch_size": 7},
        {"sequence_length": 3, "start_index": 10, "sequence_stride": 4, "batch_size": 7},
        {"sequence_length": 7, "sampling_rate": 5, "end_index": 60},
        {"sequence_length": 99, "batch_size": 2},
        {"sequence_length": 200},
    ],
)
def test_windows_are_those_of_keras(arguments, targets, keras_windows):
    data = np.random.default_rng(0).normal(size=(99, 2))
    y = None if targets is None else np.arange(99)[: 99 if targets == "same" else 70]
    if targets == "shorter" and arguments.get("start_index") and "end_index" not in arguments:
        y = np.arange(99)  # Keras reads past the end of such targets; see the next test
    ours, theirs = (list(f(data, y, **arguments)) for f in (timeseries_dataset_from_array, keras_windows))
    assert len(ours) == len(theirs)
    for a, b in zip(ours, theirs, strict=True):
        for part, expected in zip((a,) if y is None else a, (b,) if y is None else b, strict=True):
            np.testing.assert_array_equal(part, expected)


def test_targets_end_before_the_series():
    ((x, y),) = timeseries_dataset_from_array(np.arange(99), np.arange(70), 3, start_index=10)
    assert x[:, 0].tolist() == y.tolist() == list(range(10, 70))
    assert len(timeseries_dataset_from_array(np.arange(99), np.arange(5), 3, start_index=10)) == 0


def test_the_examples_of_kerass_docstring():
    """Windows 0, 2, ... 18, then 3, 5, ...; the last starts at 78. Then: the next value from the ten before it."""
    batches = list(timeseries_dataset_from_array(np.arange(99), None, 10, 3, 2))
    assert len(batches) == 1
    assert batches[0][:3, 0].tolist() == [0, 3, 6]
    assert batches[0][0].tolist() == list(range(0, 19, 2))
    assert batches[0][-1].tolist() == list(range(78, 97, 2))
    data = np.arange(100.0)
    x, y = next(iter(timeseries_dataset_from_array(data[:-10], data[10:], sequence_length=10)))
    assert (x[0].tolist(), y[0]) == (data[:10].tolist(), data[10])


def test_shuffled_windows_are_the_same_ones():
    def windows(seed):
        found = timeseries_dataset_from_array(np.arange(50), np.arange(50), 4, batch_size=8, shuffle=True, seed=seed)
        x, y = (np.concatenate(part) for part in zip(*found))
        assert (x[:, 0] == y).all() and (np.diff(x) == 1).all()
        return y.tolist()

    assert windows(1) == windows(1) != windows(2)
    assert sorted(windows(1)) == list(range(47))
    netlet.utils.set_random_seed(4)
    first = windows(None)
    netlet.utils.set_random_seed(4)
    assert windows(None) == first


def test_windows_train_a_model_and_leave_the_series_where_it_is(tmp_path):
    series = np.memmap(tmp_path / "series", "float32", "w+", shape=(5000,))
    series[:] = np.sin(np.arange(5000) / 10)
    windows = timeseries_dataset_from_array(series[:-20], series[20:], sequence_length=20, batch_size=64)
    assert len(windows) == len(list(windows)) == 78
    assert type(next(windows.as_numpy_iterator())[0]) is np.ndarray
    netlet.utils.set_random_seed(1)
    model = netlet.Sequential([netlet.Input((20,)), netlet.layers.Dense(1)])
    model.compile(netlet.optimizers.Adam(0.01), "mse")
    losses = model.fit(windows, epochs=5, verbose=0).history["loss"]
    assert losses[-1] < 0.01 * np.var(series)
    assert model.predict(windows, verbose=0).shape == (4961, 1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"start_index": -1}, "`start_index`"),
        ({"start_index": 10}, "`start_index`"),
        ({"end_index": 10}, "`end_index`"),
        ({"start_index": 5, "end_index": 5}, "`end_index`"),
        ({"end_index": -1}, "`end_index`"),
        ({"sampling_rate": 0}, "`sampling_rate`"),
        ({"sampling_rate": 10}, "`sampling_rate`"),
        ({"sequence_stride": 0}, "`sequence_stride`"),
        ({"sequence_stride": 10}, "`sequence_stride`"),
        ({"sequence_length": 0}, "`sequence_length`"),
        ({"batch_size": 0}, "`batch_size`"),
        ({"format": "torch"}, "`format`"),
    ],
)
def test_windows_outside_of_the_series(arguments, message):
    with pytest.raises(ValueError, match=message):
        timeseries_dataset_from_array(np.arange(10), None, **{"sequence_length": 2, **arguments})
    with pytest.raises(ValueError, match="received a scalar"):
        timeseries_dataset_from_array(3, None, 1)


# ---- padding ---------------------------------------------------------------------------------------------------------
@settings(deadline=None)
@given(
    st.lists(st.lists(st.integers(-9, 9), max_size=6), min_size=1, max_size=5),
    st.sampled_from([None, 1, 3, 8]),
    st.sampled_from(["pre", "post"]),
    st.sampled_from(["pre", "post"]),
    st.sampled_from(["int32", "int64", "float32", object]),
    st.integers(0, 7),
)
def test_padding_is_that_of_keras(sequences, maxlen, padding, truncating, dtype, value):
    arguments = (maxlen, dtype, padding, truncating, value)
    ours, theirs = (f(sequences, *arguments) for f in (pad_sequences, keras.utils.pad_sequences))
    assert ours.dtype == theirs.dtype
    np.testing.assert_array_equal(ours, theirs)


def test_padding_of_vectors_and_of_texts():
    vectors = [np.ones((2, 3)), np.zeros((0, 3)), np.full((4, 3), 2)]
    np.testing.assert_array_equal(pad_sequences(vectors, 3), keras.utils.pad_sequences(vectors, 3))
    words = [["a"], ["b", "c"]]
    ours = pad_sequences(words, dtype=object, value="-")
    np.testing.assert_array_equal(ours, keras.utils.pad_sequences(words, dtype=object, value="-"))


@pytest.mark.parametrize(
    ("sequences", "arguments", "message"),
    [
        (3, {}, "expected a list of sequences"),
        ([1, 2], {}, "expected a list of sequences"),
        ([[1]], {"padding": "left"}, "expected 'pre' or 'post' as `padding`"),
        ([[1]], {"truncating": "left"}, "expected 'pre' or 'post' as `truncating`"),
        ([np.ones((2, 3)), np.ones((2, 4))], {}, r"item 1: expected shape \(2, 3\), received \(2, 4\)"),
        ([[1]], {"maxlen": -1}, "`maxlen` of at least 0"),
    ],
)
def test_what_cannot_be_padded(sequences, arguments, message):
    with pytest.raises(ValueError, match=message):
        pad_sequences(sequences, **arguments)


# ---- sampling --------------------------------------------------------------------------------------------------------
DRAWS = 40_000
LOGITS = np.array([2.0, -1.0, 0.5, 1.9, -np.inf, 0.0])


def frequencies(logits, **arguments):
    found = sample_from_logits(np.tile(logits, (DRAWS, 1)), seed=11, **arguments)
    assert found.shape == (DRAWS,) and found.dtype == np.int64
    return np.bincount(found, minlength=len(logits)) / DRAWS


def softmax(logits):
    e = np.exp(logits - logits.max())
    return e / e.sum()


def assert_close(found, probabilities):
    """Frequencies lie within five standard deviations of the probabilities, and are 0 where the probability is 0."""
    deviation = np.sqrt(probabilities * (1 - probabilities) / DRAWS)
    assert (np.abs(found - probabilities) <= 5 * deviation).all(), (found, probabilities)


@pytest.mark.parametrize("temperature", [0.3, 1.0, 2.5])
def test_frequencies_are_the_probabilities(temperature):
    assert_close(frequencies(LOGITS, temperature=temperature), softmax(LOGITS / temperature))


@pytest.mark.parametrize("k", [1, 2, 3, 5, 6, 100])
def test_the_k_likeliest(k):
    kept = np.argsort(-LOGITS, kind="stable")[:k]
    cut = np.full(6, -np.inf)
    cut[kept] = LOGITS[kept]
    assert_close(frequencies(LOGITS, top_k=k), softmax(cut))


@pytest.mark.parametrize(("p", "kept"), [(0.01, [0]), (0.42, [0]), (0.44, [0, 3]), (0.9, [0, 3, 2]), (1.0, range(6))])
def test_the_nucleus(p, kept):
    """Of the probabilities 0.434, 0.022, 0.097, 0.392, 0, 0.059, the largest whose sum reaches p are kept."""
    cut = np.full(6, -np.inf)
    cut[list(kept)] = LOGITS[list(kept)]
    assert_close(frequencies(LOGITS, top_p=p), softmax(cut))


def test_the_nucleus_lies_among_the_k_likeliest_and_behind_the_temperature():
    """The order is that of Hugging Face Transformers: temperature, then top-k, then top-p of the remaining ones."""
    assert_close(
        frequencies(LOGITS, top_k=3, top_p=0.5), softmax(np.array([2.0, -np.inf, -np.inf, 1.9] + [-np.inf] * 2))
    )
    assert_close(frequencies(LOGITS, temperature=0.1, top_p=0.7), np.eye(6)[0])


def test_temperature_goes_to_the_largest():
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(500, 30))
    best = logits.argmax(1)
    np.testing.assert_array_equal(sample_from_logits(logits, temperature=0), best)
    np.testing.assert_array_equal(sample_from_logits(logits, temperature=1e-9), best)
    np.testing.assert_array_equal(sample_from_logits(logits, temperature=1e-320), best)
    np.testing.assert_array_equal(sample_from_logits(logits, top_k=1), best)
    np.testing.assert_array_equal(sample_from_logits(logits, top_p=1e-9), best)
    assert sample_from_logits([1.0, 3.0, 3.0], temperature=0) == 1
    assert sample_from_logits([1e308, -1e308], temperature=1e-3) == 0


def test_seeds():
    logits = np.zeros((50, 100))
    same = [sample_from_logits(logits, seed=3).tolist() for _ in range(2)]
    assert same[0] == same[1] != sample_from_logits(logits, seed=4).tolist()
    source = netlet.random.SeedGenerator(1)
    assert sample_from_logits(logits, seed=source).tolist() != sample_from_logits(logits, seed=source).tolist()
    netlet.utils.set_random_seed(5)
    first = sample_from_logits(logits).tolist()
    netlet.utils.set_random_seed(5)
    assert sample_from_logits(logits).tolist() == first


def test_forms_of_logits():
    assert sample_from_logits(netlet.ops.convert_to_tensor(np.eye(3, dtype="float32") * 99)).tolist() == [0, 1, 2]
    assert sample_from_logits([0.0]).shape == ()
    assert sample_from_logits(np.zeros((2, 3, 4)), seed=1).shape == (2, 3)
    assert sample_from_logits(np.zeros((0, 4))).shape == (0,)


@pytest.mark.parametrize(
    ("logits", "arguments", "message"),
    [
        ([np.nan, 1.0], {}, "NaN"),
        ([np.inf, 1.0], {}, r"\+inf"),
        ([[0.0], [-np.inf]], {}, "a row of -inf only"),
        (3.0, {}, "classes"),
        (np.zeros((3, 0)), {}, "classes"),
        ([1.0], {"temperature": -1}, "`temperature`"),
        ([1.0], {"temperature": np.nan}, "`temperature`"),
        ([1.0], {"top_k": 0}, "`top_k`"),
        ([1.0], {"top_k": 1.5}, "`top_k`"),
        ([1.0], {"top_p": 0.0}, "`top_p`"),
        ([1.0], {"top_p": 1.1}, "`top_p`"),
    ],
)
def test_what_cannot_be_sampled(logits, arguments, message):
    with pytest.raises(ValueError, match=message):
        sample_from_logits(logits, **arguments)


def test_categorical_draws_with_the_probabilities():
    found = netlet.random.categorical(LOGITS[None].astype("float32"), DRAWS, seed=2)
    assert found.shape == (1, DRAWS)
    assert_close(np.bincount(found[0], minlength=6) / DRAWS, softmax(LOGITS))
