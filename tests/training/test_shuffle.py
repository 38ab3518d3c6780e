"""The orders in which fit reads rows: uniform permutations that depend on the seed and the epoch alone."""

import math
from collections import Counter

import numpy as np
import pytest
import scipy.stats

import netlet
from netlet import _core
from netlet.training.state import ShuffleOrder


def test_all_orders_of_a_few_rows_are_equally_likely():
    seen = Counter(tuple(_core.permutation(4, 7, draw)) for draw in range(24_000))
    assert len(seen) == math.factorial(4)
    assert scipy.stats.chisquare(list(seen.values())).pvalue > 1e-4


@pytest.mark.parametrize("rows", [0, 1, 2, 1000, (1 << 15) + 1, 300_007])
def test_each_row_is_there_once(rows):
    order = _core.permutation(rows, 1, 2)
    assert order.dtype == np.int64
    np.testing.assert_array_equal(np.sort(order), np.arange(rows))


@pytest.mark.parametrize("rows", [20_000, 200_000])  # with one bucket and with 256
def test_places_of_many_rows_are_uniform_and_independent(rows):
    a, b = _core.permutation(rows, 1, 2), _core.permutation(rows, 1, 3)
    cells = 20
    table = np.histogram2d(np.arange(rows), a, bins=cells, range=[[0, rows], [0, rows]])[0]
    assert scipy.stats.chi2.sf(((table - table.mean()) ** 2 / table.mean()).sum(), (cells - 1) ** 2) > 1e-4
    for x, y in ((np.arange(rows), a), (a, b), (a[:-1], a[1:]), (a, _core.permutation(rows, 2, 2))):
        assert abs(np.corrcoef(x, y)[0, 1]) < 5 / math.sqrt(rows)
    assert (a == np.arange(rows)).sum() < 10  # one fixed point is expected


def test_blocks_are_shuffled_by_themselves():
    order = _core.permutation(103, 5, 0, 10)
    for first in range(0, 103, 10):
        np.testing.assert_array_equal(np.sort(order[first : first + 10]), np.arange(first, min(first + 10, 103)))
    assert len({tuple(order[i : i + 10] - i) for i in range(0, 100, 10)}) > 5
    with pytest.raises(ValueError, match="at least 0"):
        _core.permutation(-1, 0, 0)


def test_an_order_is_the_same_on_every_machine():
    assert _core.permutation(10, 1, 0).tolist() == [2, 4, 1, 8, 6, 0, 5, 3, 7, 9]
    assert int(_core.permutation(100_000, 1, 0)[::1000] @ np.arange(100)) == 239306425


def test_orders_continue_after_saving():
    netlet.utils.set_random_seed(1)
    order = ShuffleOrder()
    first = order.next(50)
    state = order.get()
    expected = order.next(50)
    assert not np.array_equal(first, expected)
    other = ShuffleOrder()
    other.set(state)
    np.testing.assert_array_equal(other.next(50), expected)
