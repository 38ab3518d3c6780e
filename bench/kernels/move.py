"""Data movement: transpose, gather, concatenate, one-hot."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np

from bench.harness.peers import onnx_peer, torch_peer
from bench.harness.row import Case, Row, uniform
from netlet import ops


def transpose(shape: Sequence[int], axes: Sequence[int]) -> Case:
    x = uniform(shape)
    y = np.empty([shape[i] for i in axes], x.dtype)
    return Case(
        ours=partial(ops.transpose, axes=tuple(axes)),
        on=[x],
        truth=x.transpose(axes),
        peers={
            "numpy": lambda: np.copyto(y, x.transpose(axes)) or y,
            **torch_peer(lambda torch, x, y: y.copy_(x.permute(*axes)), x, y),
            **onnx_peer("Transpose", x, perm=list(axes)),
        },
        bytes=2 * x.nbytes,
    )


def gather(table: tuple[int, int], count: int) -> Case:
    """Gathers rows of a table, as for a batch of a data set or the words of an embedding."""
    x = uniform(table)
    indices = np.random.default_rng(0).integers(0, table[0], count)
    y = np.empty((count, table[1]), x.dtype)
    return Case(
        ours=partial(ops.take, axis=0),
        on=[x, indices],
        truth=x[indices],
        peers={
            "numpy": partial(np.take, x, indices, 0, y, "clip"),  # the only mode that writes directly to `out`
            **torch_peer(lambda torch, x, i, y: torch.index_select(x, 0, i, out=y), x, indices, y.copy()),
            **onnx_peer("Gather", x, indices, axis=0),
        },
        bytes=2 * y.nbytes,
    )


def concatenate(shapes: Sequence[Sequence[int]], axis: int) -> Case:
    xs = [uniform(shape) for shape in shapes]
    truth = np.concatenate(xs, axis)
    return Case(
        ours=lambda *xs: ops.concatenate(list(xs), axis),
        on=xs,
        truth=truth,
        peers={
            "numpy": partial(np.concatenate, xs, axis, np.empty_like(truth)),
            **torch_peer(lambda torch, y, *xs: torch.cat(xs, axis, out=y), np.empty_like(truth), *xs),
            **onnx_peer("Concat", *xs, axis=axis),
        },
        bytes=2 * truth.nbytes,
    )


def one_hot(count: int, classes: int) -> Case:
    labels = np.random.default_rng(0).integers(0, classes, count)
    eye = np.eye(classes, dtype="f4")
    truth = eye[labels]
    return Case(
        ours=partial(ops.one_hot, num_classes=classes),
        on=[labels],
        truth=truth,
        peers={
            "numpy": partial(np.take, eye, labels, 0, np.empty_like(truth), "clip"),
            **torch_peer(lambda torch, i, y: y.zero_().scatter_(1, i[:, None], 1.0), labels, np.empty_like(truth)),
            **onnx_peer("OneHot", labels, np.array(classes), np.array([0, 1], "f4"), axis=-1),
        },
        bytes=truth.nbytes + labels.nbytes,
    )


def rows() -> Iterator[Row]:
    for shape in [(128, 784), (1000, 1000), (4096, 4096)]:
        yield Row(f"transpose {shape[0]} x {shape[1]}", partial(transpose, shape, (1, 0)))
    yield Row("transpose 32 x 3 x 64 x 64 to NHWC", partial(transpose, (32, 3, 64, 64), (0, 2, 3, 1)))
    yield Row("transpose 32 x 28 x 28 x 64 to NCHW", partial(transpose, (32, 28, 28, 64), (0, 3, 1, 2)))
    yield Row("transpose 32 x 64 x 8 x 16 to heads", partial(transpose, (32, 64, 8, 16), (0, 2, 1, 3)))
    yield Row("gather 128 of 60000 x 784", partial(gather, (60000, 784), 128))
    yield Row("gather 6400 of 20000 x 64", partial(gather, (20000, 64), 6400))
    yield Row("concatenate 2 of 128 x 64, axis 1", partial(concatenate, [(128, 64)] * 2, 1))
    yield Row("concatenate 8 of 1000 x 128, axis 0", partial(concatenate, [(1000, 128)] * 8, 0))
    yield Row("one-hot 128 x 10", partial(one_hot, 128, 10))
    yield Row("one-hot 128 x 32000", partial(one_hot, 128, 32000))
