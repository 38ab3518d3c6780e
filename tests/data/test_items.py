"""What each method of a Dataset yields: against itertools, NumPy and the examples of tf.data's documentation."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

import netlet
from netlet.data import INFINITE_CARDINALITY, UNKNOWN_CARDINALITY, Dataset, TensorSpec


def values(data):
    return [item.tolist() for item in data]


def test_rows_of_structures():
    x = np.arange(12.0).reshape(4, 3)
    data = Dataset.from_tensor_slices(({"a": x, "b": [1, 2, 3, 4]}, ["p", "q", "r", "s"]))
    (first, label), *rest = data
    assert first["a"].tolist() == [0, 1, 2] and first["b"] == 1 and first["b"].dtype == "int32" and label == "p"
    assert len(data) == len(rest) + 1 == 4
    batch, labels = next(iter(data.batch(3)))
    np.testing.assert_array_equal(batch["a"], x[:3])
    assert labels.dtype == object and labels.tolist() == ["p", "q", "r"]
    assert [y for _, y in data.skip(1).take(2)] == ["q", "r"]
    assert Dataset.from_tensor_slices([0.5]).element_spec == TensorSpec((), "float32")
    with pytest.raises(ValueError, match=r"one length, received lengths \[2, 3\]"):
        Dataset.from_tensor_slices((np.ones(2), np.ones(3)))
    with pytest.raises(ValueError, match="at least one axis"):
        Dataset.from_tensor_slices(3)


def test_rows_cannot_change_the_arrays_and_batches_can():
    x = np.zeros((4, 2))
    with pytest.raises(ValueError, match="read-only"):
        next(iter(Dataset.from_tensor_slices(x)))[0] = 1
    next(iter(Dataset.from_tensor_slices(x).batch(2)))[:] = 1
    assert not x.any()


def test_generators_and_their_dtypes():
    def make(n):
        for i in range(n):
            yield i, [i, i + 1]

    data = Dataset.from_generator(make, args=(2,), output_signature=(TensorSpec((), "int64"), TensorSpec((2,))))
    for _ in range(2):  # each pass calls the function again
        assert [(int(i), pair.tolist()) for i, pair in data] == [(0, [0, 1]), (1, [1, 2])]
    assert data.element_spec == (TensorSpec((), "int64"), TensorSpec((2,), "float32"))
    assert data.cardinality() == UNKNOWN_CARDINALITY
    with pytest.raises(TypeError, match="length of the dataset is unknown"):
        len(data)
    with pytest.raises(TypeError, match="expected a function"):
        Dataset.from_generator(make(2))
    with pytest.raises(TypeError, match="tuples of 3 parts"):
        list(Dataset.from_generator(lambda: make(1), ("int32", "int32", "int32")))


@pytest.mark.parametrize("args", [(5,), (2, 5), (1, 9, 3), (5, 0, -2), (0,)])
def test_range(args):
    assert list(Dataset.range(*args)) == list(range(*args)) and len(Dataset.range(*args)) == len(range(*args))


def test_batches_and_their_number():
    for n in (0, 1, 6, 7):
        for drop in (False, True):
            expected = [list(range(n))[i : i + 3] for i in range(0, n, 3)]
            expected = [b for b in expected if len(b) == 3 or not drop]
            for data in (Dataset.range(n), Dataset.from_tensor_slices(np.arange(n)), Dataset.range(n).map(lambda i: i)):
                batches = data.batch(3, drop_remainder=drop)
                assert values(batches) == expected and len(batches) == len(expected)
    spec = Dataset.range(9).map(lambda i: np.zeros((2, 3), "float32")).batch(3)
    assert spec.element_spec == TensorSpec((None, 2, 3), "float32")
    assert Dataset.range(9).batch(3, drop_remainder=True).element_spec == TensorSpec((3,), "int64")
    with pytest.raises(ValueError, match=r"one shape, \(1,\), received \(2,\). `padded_batch` pads"):
        list(Dataset.range(1, 3).map(lambda n: np.ones(n)).batch(2))
    with pytest.raises(ValueError, match="one structure"):
        list(Dataset.from_generator(lambda: [(1, 2), 3]).batch(2))
    with pytest.raises(ValueError, match="`batch_size` of at least 1"):
        Dataset.range(3).batch(0)


def test_padded_batches():
    data = Dataset.range(1, 5).map(lambda n: np.full(n, n))
    assert values(data.padded_batch(2)) == [[[1, 0], [2, 2]], [[3, 3, 3, 0], [4, 4, 4, 4]]]
    assert values(data.padded_batch(2, padded_shapes=[5], padding_values=-1))[0] == [
        [1, -1, -1, -1, -1],
        [2, 2] + [-1] * 3,
    ]
    pairs = data.map(lambda x: {"a": x, "b": (x.sum(), "t" * len(x))})
    batch = next(iter(pairs.padded_batch(3, {"a": [None], "b": ([], [])}, {"a": 9, "b": (0, "")})))
    assert batch["a"].tolist() == [[1, 9, 9], [2, 2, 9], [3, 3, 3]]
    assert batch["b"][0].tolist() == [1, 4, 9] and batch["b"][1].tolist() == ["t", "tt", "ttt"]
    with pytest.raises(ValueError, match=r"at most shape \(1,\), received \(2,\)"):
        list(data.padded_batch(2, [1]))
    with pytest.raises(ValueError, match="rank 2"):
        list(data.padded_batch(2, [None, None]))


def test_unbatch_concatenate_shard_enumerate_zip():
    data = Dataset.range(7)
    assert list(data.batch(3).unbatch()) == list(range(7)) and len(data.batch(3).unbatch()) == 7
    assert list(data.map(lambda i: (np.full(2, i), np.full(2, -i))).unbatch())[2:4] == [(1, -1), (1, -1)]
    assert list(data.concatenate(Dataset.range(2))) == list(data + Dataset.range(2)) == [*range(7), 0, 1]
    assert [list(data.shard(3, k)) for k in range(3)] == [[0, 3, 6], [1, 4], [2, 5]]
    assert list(data.enumerate(5))[:2] == [(5, 0), (6, 1)]
    assert list(Dataset.zip((data, Dataset.range(2)))) == list(Dataset.zip(data, Dataset.range(2))) == [(0, 0), (1, 1)]
    assert list(Dataset.zip({"a": data, "b": (data.skip(5), data)})) == [
        {"a": 0, "b": (5, 0)},
        {"a": 1, "b": (6, 1)},
    ]
    assert len(Dataset.zip(data.repeat(), data)) == 7
    with pytest.raises(TypeError, match="received int"):
        Dataset.zip(data, [1])
    with pytest.raises(ValueError, match=r"`index` in \[0, 2\), received 2"):
        data.shard(2, 2)


def test_repeat_filter_and_cardinality():
    data = Dataset.range(3)
    assert list(data.repeat(2)) == [0, 1, 2, 0, 1, 2] and len(data.repeat(2)) == 6
    assert data.repeat().cardinality() == INFINITE_CARDINALITY and list(data.repeat().take(4)) == [0, 1, 2, 0]
    assert data.repeat(-1).batch(2).cardinality().numpy() == -1 and list(data.skip(9).repeat()) == []
    with pytest.raises(TypeError, match="infinite"):
        len(data.repeat())
    assert bool(data.repeat()) and bool(data.take(0))
    odd = data.filter(lambda i: i % 2 == 1)
    assert list(odd) == [1] and odd.cardinality() == odd.batch(2).cardinality() == UNKNOWN_CARDINALITY
    assert list(data.take_while(lambda i: i < 2)) == [0, 1]
    assert list(Dataset.zip(data, data).filter(lambda a, b: a + b > 2)) == [(2, 2)]
    assert data.reduce(10, lambda state, item: state + item) == 13
    assert data.apply(lambda d: list(d.skip(1))) == [1, 2]
    assert Dataset.range(4, 5).get_single_element() == 4
    assert list(Dataset.counter(3, 2).take(2)) == [3, 5]


def test_the_examples_of_interleave_and_window_in_tensorflows_documentation():
    data = Dataset.range(1, 6).interleave(lambda x: Dataset.from_tensors(x).repeat(6), cycle_length=2, block_length=4)
    assert list(data) == [*[1] * 4, *[2] * 4, 1, 1, 2, 2, *[3] * 4, *[4] * 4, 3, 3, 4, 4, 5, 5, 5, 5, 5, 5]
    windows = [list(w) for w in Dataset.range(7).window(3)]
    assert windows == [[0, 1, 2], [3, 4, 5], [6]]
    assert [list(w) for w in Dataset.range(7).window(3, None, 1, True)] == [[0, 1, 2], [3, 4, 5]]
    assert [list(w) for w in Dataset.range(7).window(3, 2, 1, True)] == [[0, 1, 2], [2, 3, 4], [4, 5, 6]]
    assert [list(w) for w in Dataset.range(7).window(3, 1, 2, True)] == [[0, 2, 4], [1, 3, 5], [2, 4, 6]]
    pair = next(iter(Dataset.from_tensor_slices(([1, 2, 3], [4, 5, 6])).window(2)))
    assert [list(part) for part in pair] == [[1, 2], [4, 5]]
    assert len(Dataset.range(7).window(3)) == 3 and len(Dataset.range(7).window(3, 1, 2, True)) == 3
    assert [list(w) for w in Dataset.range(5).window(1, shift=3)] == [[0], [3]]
    with pytest.raises(TypeError, match="flat_map: expected a function that returns a Dataset, received int"):
        list(Dataset.range(2).flat_map(lambda i: int(i)))


def test_shuffle_is_a_permutation_that_depends_on_seed_and_pass():
    def orders(size, seed=3, again=None, n=50):
        data = Dataset.range(n).map(lambda i: i).shuffle(size, seed, again)
        return [int(i) for i in data], [int(i) for i in data]

    for size in (1, 2, 7, 50, 99):
        first, second = orders(size)
        assert sorted(first) == sorted(second) == list(range(50)) and (first != second or size == 1)
        assert (first, second) == orders(size) != orders(size, 4) or size == 1
        assert all(place <= i + size - 1 for i, place in enumerate(first)), "an item cannot come before it is read"
        assert len(set(map(tuple, orders(size, again=False)))) == 1
    rows = Dataset.from_tensor_slices(np.arange(50)).shuffle(7, 3)
    assert [int(i) for i in rows] == orders(7)[0], "rows of arrays are shuffled by their numbers"
    firsts = [int(next(iter(Dataset.range(4).shuffle(4, seed)))) for seed in range(400)]
    assert np.bincount(firsts).min() > 60
    assert [int(i) for i in Dataset.range(3).shuffle(3, 1).repeat(2)] != [int(i) for i in Dataset.range(3)] * 2


def test_seeds_of_shuffles_come_from_the_global_sequence():
    netlet.utils.set_random_seed(1)
    a = list(Dataset.range(20).shuffle(20))
    netlet.utils.set_random_seed(1)
    assert list(Dataset.range(20).shuffle(20)) == a != list(Dataset.range(20).shuffle(20))


def test_list_files(tmp_path):
    for name in ("b.txt", "a.txt", "c.png"):
        (tmp_path / name).write_text("")
    data = Dataset.list_files(str(tmp_path / "*.txt"), shuffle=False)
    assert list(data) == [str(tmp_path / "a.txt"), str(tmp_path / "b.txt")] and len(data) == 2
    assert sorted(Dataset.list_files([str(tmp_path / "*.txt"), str(tmp_path / "*.png")], seed=1))[-1].endswith("c.png")
    with pytest.raises(FileNotFoundError, match="no files match"):
        Dataset.list_files(str(tmp_path / "*.jpg"))


def test_map_takes_parts_and_returns_arrays():
    pairs = Dataset.from_tensor_slices((np.arange(3.0), np.arange(3)))
    assert [(a, b) for a, b in pairs.map(lambda x, y: (x * 2, y))] == [(0, 0), (2, 1), (4, 2)]
    assert values(pairs.map(lambda x, y: [x, y]))[2] == [2, 2]
    found = next(iter(pairs.batch(2).map(lambda x, y: {"t": netlet.ops.exp(x), "n": 1.5, "m": None})))
    assert isinstance(found["t"], np.ndarray) and found["n"].dtype == "float32" and found["m"] is None
    layer = netlet.layers.Rescaling(2.0)
    assert values(pairs.batch(3).map(lambda x, y: layer(x))) == [[0, 2, 4]]
    names = Dataset.from_tensor_slices(["a", "b"]).map(lambda t: t + "!")
    assert next(iter(names.batch(2))).tolist() == ["a!", "b!"] and names.element_spec.dtype == "string"


def test_element_spec_does_not_count_as_a_pass():
    data = Dataset.range(30).shuffle(30, seed=5)
    assert data.element_spec == TensorSpec((), "int64")
    assert list(data) == list(Dataset.range(30).shuffle(30, seed=5))
    with pytest.raises(ValueError, match="empty"):
        Dataset.range(0).element_spec  # noqa: B018


def test_windows_as_numpy_and_options_without_effect():
    data = Dataset.range(4)
    assert [list(w) for w in data.window(2).as_numpy_iterator()] == [[0, 1], [2, 3]]
    options = data.options()
    options.experimental_distribute.auto_shard_policy = 1
    assert data.with_options(options) is data
    with pytest.raises(AttributeError, match=r"has no 'snapshot'\. `fit` also takes a tf.data"):
        data.snapshot("x")
    with pytest.raises(TypeError, match=r"Use Dataset\.from_tensor_slices"):
        Dataset([1, 2])


def test_items_have_the_method_numpy_and_are_arrays():
    data = Dataset.from_tensor_slices((np.arange(6.0).reshape(3, 2), ["a", "b", "c"])).batch(2)
    x, words = next(iter(data))
    assert type(x.numpy()) is type(words.numpy()) is np.ndarray and x[0].numpy().tolist() == [0, 1]
    assert repr(x) == repr(x.numpy()) and (x / 2).numpy().tolist() == [[0, 0.5], [1, 1.5]]
    assert isinstance(x, np.ndarray) and netlet.ops.sum(x) == 6
    assert all(type(part) is np.ndarray for part in next(data.as_numpy_iterator()))
    seen = []
    list(data.map(lambda x, y: seen.append(type(x)) or x))
    assert set(seen) == {np.ndarray}


def test_numbers_and_texts_have_the_method_numpy():
    rows = Dataset.from_tensor_slices((np.arange(2, dtype="int32"), [0.5, 1.5], ["a", "\u00e9"], [[1], [2]]))
    number, real, text, row = list(rows)[1]
    assert (number.numpy(), real.numpy(), text.numpy().decode(), row.numpy().tolist()) == (1, 1.5, "\u00e9", [2])
    assert (number, real, text) == (1, 1.5, "\u00e9") and {number: 1}[1] == 1 and np.arange(3)[number] == 1
    assert type(number.numpy()) is np.int32 and isinstance(real, np.float32) and (number + 1).dtype == np.int32
    again = pickle.loads(pickle.dumps((number, text)))
    assert again == (1, "\u00e9")
    assert str(number) == "1" and np.asarray([real]).dtype == np.float32
