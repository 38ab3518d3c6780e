"""Weights that are packed once for all records of a step that read them packed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import netlet
from netlet import _core, layers
from netlet.distribution import DataParallel, set_distribution

N = 640  # a transposed square matrix of this size is packed for products of 64 rows


def test_products_with_the_same_weights_share_their_panels_until_the_weights_change() -> None:
    rng = np.random.default_rng(1)
    x, w, later = (rng.standard_normal((n, N)).astype("float32") for n in (64, N, N))
    weights, new = _core.tensor(w), _core.tensor(later)
    tape = _core.Tape(record=True, trains=True)
    with tape:
        a = tape.input((64, N), "float32", "a")
        products = [_core.matmul(left, weights, transpose_b=True) for left in (a, _core.negative(a))]
        _core.assign(new, weights)
        plan = tape.compile([*products, _core.matmul(a, weights, transpose_b=True)])
    assert packs(plan.records()) == 2
    for now in (w, later):
        (one, two, three), stopped = plan.run([x])
        assert stopped == -1 and np.array_equal(two, -one)
        np.testing.assert_allclose(one, x @ now.T, rtol=2e-3, atol=2e-3)
        np.testing.assert_allclose(three, x @ later.T, rtol=2e-3, atol=2e-3)


def packs(records: list[dict[str, Any]], of: set[tuple[int, ...]] | None = None) -> int:
    """How many records pack; with `of`, those that pack an array of one of these shapes."""
    kernels = [r for r in records if "_pack" in r["kernel"] and "_packed" not in r["kernel"]]
    return sum(of is None or any(tuple(shape) in of for shape in r["reads"]) for r in kernels)


def dense() -> list[Any]:
    return [netlet.Input((N,)), layers.Dense(N, "relu"), layers.Dense(N)]


def convolution() -> list[Any]:
    return [netlet.Input((12, 12, 32)), layers.Conv2D(32, 3, padding="same"), layers.Conv2D(64, 5)]


def recurrent() -> list[Any]:
    return [netlet.Input((6, 24)), layers.LSTM(40, return_sequences=True), layers.GRU(32)]


@pytest.mark.parametrize("parts", [dense, convolution, recurrent])
def test_the_shards_of_a_batch_pack_weights_as_often_as_one_shard(parts: Callable[[], list[Any]]) -> None:
    counts = []
    try:
        for shards in (1, 4):
            set_distribution(DataParallel(shards=shards))
            model = netlet.Sequential(parts())
            model.compile("sgd", "mse")
            x = np.ones((64 * shards, *model.input_shape[1:]), "float32")
            y = np.ones((64 * shards, *model.output_shape[1:]), "float32")
            records = model.plan(x, y, batch_size=len(x), mode="train").records()
            # Each shard packs its own output gradients, where an instruction set packs them at all.
            counts.append(packs(records, {tuple(w.shape) for w in model.trainable_weights}))
    finally:
        set_distribution(None)
    assert counts[0] > 0 and counts[1] == counts[0]
