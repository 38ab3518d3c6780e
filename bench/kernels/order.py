"""Sorting and indexing: sort, argsort, top_k, cumsum, take_along_axis, scatter."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from bench.harness.peers import torch_peer
from bench.harness.row import Case, Row, normal
from netlet import _core

LINES = ((1000, 10), (1000, 100), (100, 1000), (1, 1 << 20))


def sort(shape: tuple[int, int]) -> Case:
    x = normal(shape)
    return Case(
        ours=_core.sort,
        on=[x],
        truth=np.sort(x),
        peers={"numpy": partial(np.sort, x), **torch_peer(lambda torch, x: torch.sort(x)[0], x)},
        bytes=2 * x.nbytes,
        rtol=0,
    )


def argsort(shape: tuple[int, int]) -> Case:
    x = normal(shape)
    return Case(
        ours=_core.argsort,
        on=[x],
        truth=np.argsort(x, kind="stable"),
        peers={
            "numpy": partial(np.argsort, x, kind="stable"),
            **torch_peer(lambda torch, x: torch.sort(x, stable=True)[1], x),
        },
        bytes=2 * x.nbytes,
        rtol=0,
    )


def top_k(shape: tuple[int, int], k: int) -> Case:
    x = normal(shape)
    return Case(
        ours=lambda x: _core.top_k(x, k)[0],
        on=[x],
        truth=np.sort(x)[:, : -k - 1 : -1],
        peers=torch_peer(lambda torch, x: torch.topk(x, k)[0], x),
        bytes=x.nbytes,
        rtol=0,
    )


def cumsum(shape: tuple[int, int], axis: int) -> Case:
    x = normal(shape)
    return Case(
        ours=lambda x: _core.cumsum(x, axis),
        on=[x],
        truth=x.astype("f8").cumsum(axis),
        peers={"numpy": partial(np.cumsum, x, axis), **torch_peer("cumsum", x, dim=axis)},
        bytes=2 * x.nbytes,
        rtol=1e-3,
        atol=1e-2,
    )


def along_axis(axis: int) -> Case:
    x = normal((1000, 1000))
    at = np.random.default_rng(1).integers(0, 1000, x.shape)
    return Case(
        ours=lambda x, at: _core.take_along_axis(x, at, axis),
        on=[x, at],
        truth=np.take_along_axis(x, at, axis),
        peers={
            "numpy": partial(np.take_along_axis, x, at, axis),
            **torch_peer(lambda torch, x, at: torch.gather(x, axis, at), x, at),
        },
        bytes=2 * x.nbytes + at.nbytes,
        rtol=0,
    )


def scatter(rows: int, columns: int, count: int) -> Case:
    updates = normal((count, columns))
    at = np.random.default_rng(1).integers(0, rows, count)
    into = np.zeros((rows, columns), "float32")
    truth = into.astype("f8")
    np.add.at(truth, at, updates)

    def theirs(torch: Any, into: Any, at: Any, updates: Any) -> Any:
        return into.index_add(0, at, updates)

    return Case(
        ours=lambda into, at, updates: _core.scatter(into, at, updates, "add"),
        on=[into, at[:, None].copy(), updates],
        truth=truth,
        peers=torch_peer(theirs, into, at, updates),
        bytes=2 * into.nbytes + 3 * updates.nbytes,
        rtol=1e-5,
        atol=1e-5,
    )


def rows() -> Iterator[Row]:
    for shape in LINES:
        name = f"{shape[0]} x {shape[1]}"
        yield Row(f"sort {name}", partial(sort, shape))
        yield Row(f"argsort {name}", partial(argsort, shape))
        yield Row(f"top_k 5 {name}", partial(top_k, shape, 5))
        yield Row(f"cumsum {name}", partial(cumsum, shape, 1))
    yield Row("cumsum 1000 x 1000, axis 0", partial(cumsum, (1000, 1000), 0))
    for axis in (0, 1):
        yield Row(f"take_along_axis 1000 x 1000, axis {axis}", partial(along_axis, axis))
    yield Row("scatter add 4096 rows of 128 in 50000", partial(scatter, 50_000, 128, 4096))
