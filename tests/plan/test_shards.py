"""Rows of a batch that are computed by themselves: they read and draw what they do in the whole batch."""

from __future__ import annotations

import numpy as np
import pytest

from netlet import _core
from support.shards import OPS, PARTS, ROWS, X, drawn


@pytest.mark.parametrize("name", OPS)
def test_random_ops_draw_what_the_rows_have_in_the_whole_batch(name):
    whole = drawn(OPS[name], 0, ROWS)
    parts = [drawn(OPS[name], *part) for part in PARTS]
    np.testing.assert_array_equal(np.concatenate(parts), whole)
    assert len({row.tobytes() for row in whole}) == ROWS


def test_of_another_number_of_rows_they_draw_the_same_in_all_shards():
    """The first axis is not the batch: noise that is added to weights, say."""
    draws = [drawn(lambda *_: _core.random("normal", [13], "float32", 0.0, 1.0, 5, True), *part) for part in PARTS[2:]]
    np.testing.assert_array_equal(draws[0], draws[1])


def test_a_thread_computes_one_shard_at_a_time():
    with pytest.raises(ValueError, match="at least one row"):
        _core.begin_shard(0, 0)
    with pytest.raises(RuntimeError, match="no shard"):
        _core.end_shard()
    _core.begin_shard(2, 0)
    try:
        with pytest.raises(RuntimeError, match="another shard"):
            _core.begin_shard(2, 2)
    finally:
        _core.end_shard()


@pytest.mark.parametrize("order", [None, np.random.default_rng(1).permutation(ROWS)], ids=["in order", "shuffled"])
@pytest.mark.parametrize("part", PARTS, ids=str)
def test_a_feed_takes_rows_of_each_batch(part, order):
    first, rows = part[0] // 2, (part[1] + 1) // 2  # of batches of half the rows
    fed = _core.tensor(np.zeros((rows, 3, 7)))
    with _core.Tape(record=True) as tape:
        _core.assign(tape.feed((ROWS // 2, 3, 7), "float32", "float64", "x", first, rows), fed)
        plan = tape.compile([])
    batches = (X if order is None else X[order]).reshape(2, ROWS // 2, 3, 7)
    for i, batch in enumerate(batches):
        plan.run_batches([X], order, i * ROWS // 2, 1, 1e9, [], [])
        np.testing.assert_array_equal(fed.numpy(), batch[first : first + rows])


@pytest.mark.parametrize(("first", "rows"), [(-1, 2), (0, 13), (12, 1)])
def test_rows_beyond_the_batch_are_an_error(first, rows):
    with _core.Tape(record=True) as tape, pytest.raises(ValueError, match="feed"):
        tape.feed((12, 3), "float32", "float32", "x", first, rows)
