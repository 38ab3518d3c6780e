"""split_dataset: sizes as Keras computes them, and the kinds of data that it takes."""

from __future__ import annotations

import numpy as np
import pandas
import pytest
from keras.src.utils import dataset_utils

from netlet.data import Dataset
from netlet.utils import split_dataset

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
    sample, label = next(iter(right))
    assert sample["x"].tolist() == [3, 3] and label == 3
    left, right = split_dataset(((np.full(2, i), i) for i in range(5)), right_size=1)
    assert len(left) == 4 and next(iter(right))[0].tolist() == [4, 4]
    ragged, last = split_dataset(((np.ones(i), i) for i in range(1, 4)), 2)
    assert [len(x) for x, _ in ragged] == [1, 2] and [len(x) for x, _ in last] == [3]
    batches, _ = split_dataset(Dataset.range(10).batch(3), 2)
    assert [b.tolist() for b in batches] == [[0, 1, 2], [3, 4, 5]]
    frame = pandas.DataFrame({"a": [1, 2, 3], "b": [4, 5, 6]})
    assert [row.tolist() for row in split_dataset(frame, 1)[0]] == [[1, 4]]
    with pytest.raises(ValueError, match="one length"):
        split_dataset((np.ones(3), np.ones(4)), 0.5)
    with pytest.raises(ValueError, match="at least one sample"):
        split_dataset(iter(()), 0.5)
    for wrong in (3, "text"):
        with pytest.raises(TypeError, match=r"received (int|str)"):
            split_dataset(wrong, 0.5)
