"""netlet's own data sets: the methods of tf.data that scripts call, and split_dataset."""

from __future__ import annotations

import numpy as np
import pytest
from keras.src.utils import dataset_utils

import netlet
from netlet.utils import split_dataset, timeseries_dataset_from_array


@pytest.fixture
def windows():
    return timeseries_dataset_from_array(np.arange(20.0), np.arange(20), sequence_length=3, batch_size=4)


def equal(a, b):
    assert len(a) == len(b)
    for p, q in zip(a, b):
        np.testing.assert_array_equal(p[0], q[0])
        np.testing.assert_array_equal(p[1], q[1])


def test_take_skip_and_prefetch(windows):
    items = list(windows)
    assert windows.cardinality() == len(items) == 5
    equal(list(windows.take(2)), items[:2])
    equal(list(windows.skip(2)), items[2:])
    equal(list(windows.take(9).skip(1).take(-1)), items[1:])
    assert list(windows.skip(-1)) == [] and windows.prefetch(8) is windows
    equal([windows.skip(1)[-1]], items[-1:])
    with pytest.raises(IndexError, match=r"one of 2 batches \(or samples\), received 2"):
        windows.take(2)[2]


def test_map_and_cache(windows):
    calls = []

    def double(x, y):
        calls.append(len(x))
        return 2 * x, y

    doubled = windows.map(double, num_parallel_calls=-1)
    assert not calls, "it runs when an item is read"
    equal(list(doubled), [(2 * x, y) for x, y in windows])
    kept = doubled.cache()
    list(kept), list(kept)
    assert len(calls) == 10
    only_x = timeseries_dataset_from_array(np.arange(8.0), None, sequence_length=3).map(lambda x: x + 1)
    assert only_x[0][0].tolist() == [1, 2, 3]


def test_shuffled_data_sets_are_shuffled_again_after_each_epoch():
    def firsts(data):
        return [int(x) for batch in data for x in batch[0][:, 0]]

    def make():
        return timeseries_dataset_from_array(np.arange(30), np.arange(30), 2, batch_size=4, shuffle=True, seed=3)

    data, other = make(), make().map(lambda x, y: (x, y)).take(-1)
    first = firsts(data)
    assert firsts(data) == first == firsts(other) != sorted(first), "in one epoch the order stays"
    data.on_epoch_end(), other.on_epoch_end()
    assert firsts(data) == firsts(other) != first and sorted(firsts(data)) == sorted(first)
    kept = make().cache()
    list(kept), kept.on_epoch_end()
    assert firsts(kept) == first
    still = timeseries_dataset_from_array(np.arange(9), None, 2)
    still.on_epoch_end()
    assert still[0][:, 0].tolist() == list(range(8))


def test_batch_of_structures():
    samples, _ = split_dataset({"a": np.arange(7), "b": (np.ones((7, 2)), np.zeros(7))}, left_size=5)
    batches = list(samples.batch(2))
    assert [len(b["a"]) for b in batches] == [2, 2, 1] and batches[1]["a"].tolist() == [2, 3]
    assert batches[0]["b"][0].shape == (2, 2) and isinstance(batches[0]["b"], tuple)
    assert len(samples.batch(2, drop_remainder=True)) == 2
    with pytest.raises(ValueError, match="`batch_size` of at least 1"):
        samples.batch(0)


def test_fit_reads_them_in_order():
    x = np.random.default_rng(0).normal(size=(40, 3)).astype("float32")
    training, validation = split_dataset((x, x[:, :1]), left_size=0.75)
    model = netlet.Sequential([netlet.Input((3,)), netlet.layers.Dense(1, kernel_initializer="zeros")])
    model.compile("sgd", "mse")
    history = model.fit(training.batch(10), validation_data=validation.batch(10), epochs=2, verbose=0).history
    again = netlet.models.clone_model(model)
    again.set_weights([np.zeros_like(w) for w in again.get_weights()])
    again.compile("sgd", "mse")
    plain = again.fit(x[:30], x[:30, :1], batch_size=10, shuffle=False, epochs=2, verbose=0).history
    assert history["loss"] == plain["loss"] and "val_loss" in history


SIZES = [(0.8, None), (None, 0.25), (0.3, 0.4), (3, None), (None, 4), (3, 4), (0.33, 0.67), (1, 9)]


@pytest.mark.parametrize(("left", "right"), SIZES)
def test_sizes_are_those_of_keras(left, right):
    total = 10
    parts = split_dataset(np.arange(total), left, right)
    expected = dataset_utils._rescale_dataset_split_sizes(left, right, total)
    assert tuple(map(len, parts)) == expected
    assert list(parts[0]) == list(range(expected[0])) and list(parts[1]) == list(range(total))[-expected[1] :]


@pytest.mark.parametrize(
    ("left", "right", "error"),
    [
        (None, None, ValueError),
        (0.0, None, ValueError),
        (1.0, None, ValueError),
        (-1, None, ValueError),
        (None, 10, ValueError),
        (0.7, 0.7, ValueError),
        (6, 6, ValueError),
        (0.01, None, ValueError),
        ("1", None, TypeError),
        (True, None, TypeError),
    ],
)
def test_bad_sizes(left, right, error):
    with pytest.raises(error, match=r"^split_dataset: expected"):
        split_dataset(np.arange(10), left, right)


def test_shuffling_and_kinds_of_data_sets():
    x, y = np.arange(12), np.arange(12) * 10
    left, right = split_dataset([x, y], 0.5, shuffle=True, seed=3)
    again, _ = split_dataset([x, y], 0.5, shuffle=True, seed=3)
    assert list(left) == list(again) and sorted(a for a, b in [*left, *right]) == list(x)
    assert all(b == 10 * a for a, b in left) and [a for a, b in left] != list(range(6))

    class Torch:  # as a torch.utils.data.Dataset
        def __len__(self):
            return 4

        def __getitem__(self, i):
            return {"x": np.full(2, i)}, i

    left, right = split_dataset(Torch(), 3)
    assert right[0][0]["x"].tolist() == [3, 3] and right[0][1] == 3
    left, right = split_dataset(((np.full(2, i), i) for i in range(5)), right_size=1)
    assert len(left) == 4 and right[0][0].tolist() == [4, 4]
    with pytest.raises(ValueError, match="one length"):
        split_dataset((np.ones(3), np.ones(4)), 0.5)
    with pytest.raises(ValueError, match="at least one sample"):
        split_dataset(iter(()), 0.5)
    for wrong in (3, "text"):
        with pytest.raises(TypeError, match=r"received (int|str)"):
            split_dataset(wrong, 0.5)
