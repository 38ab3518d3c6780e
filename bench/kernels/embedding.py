"""Embedding lookup, forward and backward: uniform words, and words as frequent as in texts (Zipf's law)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from bench.harness.peers import torch_peer
from bench.harness.row import Case, Row, gradient_of, uniform
from netlet import _core


def lookup(table: tuple[int, int], count: int, zipf: bool) -> Case:
    w, dy = uniform(table), uniform((count, table[1]), 0.5, 1)
    rng = np.random.default_rng(0)
    words = np.minimum(rng.zipf(1.2, count) - 1, table[0] - 1) if zipf else rng.integers(0, table[0], count)
    gradient = np.zeros(table)
    np.add.at(gradient, words, dy)

    def forward_and_backward(torch: Any, w: Any, dy: Any, words: Any) -> tuple[Any, Any]:
        y = torch.nn.functional.embedding(words, w)
        return y, torch.ops.aten.embedding_dense_backward(dy, words, table[0], -1, False)

    return Case(
        ours=gradient_of(lambda w: _core.take(w, words, 0)),
        on=[w, dy],
        truth=(w[words], gradient),
        peers=torch_peer(forward_and_backward, w, dy, words),
        bytes=4 * dy.nbytes + w.nbytes,
        eager=False,
        grad=True,
        rtol=1e-4,
        atol=1e-4,
    )


def rows() -> Iterator[Row]:
    for name, zipf in (("uniform", False), ("Zipf", True)):
        for columns in (16, 128):
            yield Row(f"embedding 6400 {name} of 20000 x {columns}", partial(lookup, (20000, columns), 6400, zipf))
