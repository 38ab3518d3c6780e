"""The cases of the comparison with NumPy. Each is a pair of calls whose results were checked to be equal."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from .numpy_mlp import NumpyMLP
from .timing import Work


class Case(NamedTuple):
    """A row of the comparison.

    Args:
        name: name of the row.
        ours: the call of netlet.
        numpy: the call of NumPy.
        gflop: floating-point operations per call, in billions; 0 if not shown.
        calls: number of operations per call, such as training steps, by which the time is divided.
    """

    name: str
    ours: Work
    numpy: Work
    gflop: float = 0.0
    calls: int = 1


# rows, inner, columns: squares, then the skinny shapes of small networks
PRODUCTS = [(n, n, n) for n in (8, 16, 32, 64, 128, 256, 512, 1024)]
PRODUCTS += [(10, 11, 11), (32, 784, 16), (1, 784, 128), (128, 784, 128), (128, 512, 10), (784, 128, 10)]
# numbers of elements: fit into the L1 cache, the L2 cache, neither
SIZES = {"4k": 1 << 12, "64k": 1 << 16, "1M": 1 << 20}
# (layer sizes, batch size); trained with ReLU between layers and Adam
NETWORKS: list[tuple[tuple[int, ...], int]] = [
    ((11, 11, 7, 10), 10),
    ((784, 128, 10), 128),
    ((784, 512, 512, 10), 128),
]
STEPS = 40  # number of batches in a network's data set


def _same(ours: Any, expected: Any, rtol: float = 1e-5, atol: float = 1e-6) -> None:
    np.testing.assert_allclose(np.asarray(ours), expected, rtol=rtol, atol=atol)


def numpy_relu(x: np.ndarray) -> Any:
    """max(x, 0)."""
    return np.maximum(x, 0)


def numpy_sigmoid(x: np.ndarray) -> Any:
    """1 / (1 + exp(-x))."""
    return 1 / (1 + np.exp(-x))


def numpy_softmax(x: np.ndarray) -> Any:
    """Softmax along the last axis."""
    p = np.exp(x - x.max(axis=-1, keepdims=True))
    p /= p.sum(axis=-1, keepdims=True)
    return p


def matrix_products() -> Iterator[Case]:
    """Matrix products of the shapes in `PRODUCTS`."""
    from netlet import ops

    rng = np.random.default_rng(0)
    for m, k, n in PRODUCTS:
        a = rng.normal(size=(m, k)).astype(np.float32)
        b = rng.normal(size=(k, n)).astype(np.float32)
        _same(ops.matmul(a, b), a.astype(np.float64) @ b, rtol=1e-4, atol=1e-4)
        yield Case(f"matmul {m} x {k} x {n}", partial(ops.matmul, a, b), partial(np.matmul, a, b), 2e-9 * m * k * n)


def elementwise() -> Iterator[Case]:
    """Elementwise functions and sums of the sizes in `SIZES`, and softmax."""
    from netlet import ops

    rng = np.random.default_rng(0)
    functions: list[tuple[str, Any, Any]] = [
        ("exp", ops.exp, np.exp),
        ("log", ops.log, np.log),
        ("tanh", ops.tanh, np.tanh),
        ("relu", ops.relu, numpy_relu),
        ("sigmoid", ops.sigmoid, numpy_sigmoid),
        ("sum", ops.sum, np.sum),
    ]
    for label, size in SIZES.items():
        x = rng.uniform(0.1, 4, size).astype(np.float32)
        _same(ops.add(x, x), x + x)
        yield Case(f"add, {label} elements", partial(ops.add, x, x), partial(np.add, x, x))
        for name, ours, theirs in functions:
            _same(ours(x), theirs(x.astype(np.float64)))
            yield Case(f"{name}, {label} elements", partial(ours, x), partial(theirs, x))
    for rows, classes in [(128, 10), (128, 1000)]:
        x = rng.normal(size=(rows, classes)).astype(np.float32)
        _same(ops.softmax(x), numpy_softmax(x.astype(np.float64)))
        yield Case(f"softmax {rows} x {classes}", partial(ops.softmax, x), partial(numpy_softmax, x))


def build_mlp(sizes: tuple[int, ...]) -> Any:
    """Returns a compiled dense network, given the number of inputs and the units of each layer."""
    from netlet import Input, Sequential, layers, losses

    model = Sequential([Input((sizes[0],))])
    for units in sizes[1:-1]:
        model.add(layers.Dense(units, activation="relu"))
    model.add(layers.Dense(sizes[-1]))
    model.compile("adam", losses.SparseCategoricalCrossentropy(from_logits=True))
    return model


def network(sizes: tuple[int, ...], batch: int) -> Iterator[Case]:
    """Two cases: a training step (forward, loss, backward, Adam), and the prediction of one row.

    netlet trains in `fit`, NumPy in a loop over the same batches. Both start from the same weights, and their weights
    after training must be equal.

    Args:
        sizes: number of inputs and units of each layer.
        batch: batch size.
    """
    rng = np.random.default_rng(0)
    x = rng.random((STEPS * batch, sizes[0]), dtype=np.float32)
    y = rng.integers(0, sizes[-1], STEPS * batch).astype(np.int32)
    model = build_mlp(sizes)
    twin = NumpyMLP(model.get_weights())

    def our_epochs(epochs: int) -> None:
        model.fit(x, y, batch_size=batch, epochs=epochs, shuffle=False, verbose=0)

    def numpy_epochs(epochs: int) -> None:
        for _ in range(epochs):
            for i in range(0, len(x), batch):
                twin.train_on_batch(x[i : i + batch], y[i : i + batch])

    our_epochs(1)
    numpy_epochs(1)
    for ours, theirs in zip(model.get_weights(), twin.weights, strict=True):
        _same(
            ours, theirs, rtol=2e-2, atol=2e-4
        )  # wide tolerance: rounding errors grow over 40 steps of Adam in float32
    name = "-".join(map(str, sizes))
    # Several epochs per call, so that the overhead of starting fit is small.
    epochs = 10 if sizes[0] < 100 else 2
    steps = STEPS * epochs
    flops = 6e-9 * batch * sum(a * b for a, b in itertools.pairwise(sizes))
    works = partial(our_epochs, epochs), partial(numpy_epochs, epochs)
    yield Case(f"training step {name}, batch {batch}", *works, gflop=flops * steps, calls=steps)

    row, now = x[:1], NumpyMLP(model.get_weights())
    _same(model.predict_on_batch(row), now.predict(row), rtol=1e-4, atol=1e-5)
    yield Case(f"predict one row {name}", partial(model.predict_on_batch, row), partial(now.predict, row))


def networks() -> Iterator[Case]:
    """Training steps and predictions of `NETWORKS`."""
    for sizes, batch in NETWORKS:
        yield from network(sizes, batch)
