"""What is compared with NumPy, each as a pair of calls that have just been seen to give the same answer."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from .numpy_mlp import NumpyMLP
from .timing import Work


class Case(NamedTuple):
    name: str
    ours: Work
    numpy: Work
    gflop: float = 0.0  # floating-point operations of one call, in billions
    calls: int = 1  # how many of the named thing one call does


def _same(ours: Any, expected: Any, rtol: float = 1e-5, atol: float = 1e-6) -> None:
    np.testing.assert_allclose(np.asarray(ours), expected, rtol=rtol, atol=atol)


def matrix_products() -> Iterator[Case]:
    """float32; squares, and the skinny shapes of small networks (rows x inner x columns)."""
    from .. import ops

    rng = np.random.default_rng(0)
    shapes = [(n, n, n) for n in (8, 16, 32, 64, 128, 256, 512, 1024)]
    for m, k, n in [
        *shapes,
        (10, 11, 11),
        (32, 784, 16),
        (1, 784, 128),
        (128, 784, 128),
        (128, 512, 10),
        (784, 128, 10),
    ]:
        a = rng.normal(size=(m, k)).astype(np.float32)
        b = rng.normal(size=(k, n)).astype(np.float32)
        _same(ops.matmul(a, b), a.astype(np.float64) @ b, rtol=1e-4, atol=1e-4)
        yield Case(
            f"matmul {m} x {k} x {n}", lambda a=a, b=b: ops.matmul(a, b), lambda a=a, b=b: a @ b, 2e-9 * m * k * n
        )


def elementwise() -> Iterator[Case]:
    """float32, 64 thousand elements in cache and a million that are not; softmax over rows."""
    from .. import ops

    rng = np.random.default_rng(0)
    pairs: list[tuple[str, Any, Any]] = [
        ("add", lambda x: ops.add(x, x), lambda x: x + x),
        ("exp", ops.exp, np.exp),
        ("log", ops.log, np.log),
        ("tanh", ops.tanh, np.tanh),
        ("relu", ops.relu, lambda x: np.maximum(x, 0)),
        ("sigmoid", ops.sigmoid, lambda x: 1 / (1 + np.exp(-x))),
        ("sum", ops.sum, np.sum),
    ]
    for name, ours, theirs in pairs:
        for label, size in [("4k", 1 << 12), ("64k", 1 << 16), ("1M", 1 << 20)]:
            x = rng.uniform(0.1, 4, size).astype(np.float32)
            _same(ours(x), theirs(x.astype(np.float64)), rtol=1e-5)
            yield Case(f"{name}, {label} elements", lambda x=x, f=ours: f(x), lambda x=x, f=theirs: f(x))

    def numpy_softmax(x: np.ndarray) -> np.ndarray:
        p = np.exp(x - x.max(axis=-1, keepdims=True))
        p /= p.sum(axis=-1, keepdims=True)
        return p

    for rows, classes in [(128, 10), (128, 1000)]:
        x = rng.normal(size=(rows, classes)).astype(np.float32)
        _same(ops.softmax(x), numpy_softmax(x.astype(np.float64)))
        yield Case(f"softmax {rows} x {classes}", lambda x=x: ops.softmax(x), lambda x=x: numpy_softmax(x))


def build_mlp(sizes: tuple[int, ...]) -> Any:
    from .. import Input, Sequential, layers

    model = Sequential([Input((sizes[0],))])
    for units in sizes[1:-1]:
        model.add(layers.Dense(units, activation="relu"))
    model.add(layers.Dense(sizes[-1]))
    return model


def networks() -> Iterator[Case]:
    """A training step (forward, loss, backward, Adam), ours inside `fit`, NumPy's in a loop over the same batches;
    and one row's prediction. Both sides start from the same weights and must end at the same weights before anything
    is timed."""
    from .. import losses

    rng = np.random.default_rng(0)
    steps = 40
    for sizes, batch in [((11, 11, 7, 10), 10), ((784, 128, 10), 128), ((784, 512, 512, 10), 128)]:
        x = rng.random((steps * batch, sizes[0]), dtype=np.float32)
        y = rng.integers(0, sizes[-1], steps * batch).astype(np.int32)
        model = build_mlp(sizes)
        model.compile("adam", losses.SparseCategoricalCrossentropy(from_logits=True))
        twin = NumpyMLP(model.get_weights())

        def numpy_epoch(twin: NumpyMLP = twin, x: np.ndarray = x, y: np.ndarray = y, batch: int = batch) -> None:
            for i in range(0, len(x), batch):
                twin.train_on_batch(x[i : i + batch], y[i : i + batch])

        def our_epochs(
            epochs: int = 1, model: Any = model, x: np.ndarray = x, y: np.ndarray = y, batch: int = batch
        ) -> None:
            model.fit(x, y, batch_size=batch, epochs=epochs, shuffle=False, verbose=0)

        our_epochs()
        numpy_epoch()
        for ours, theirs in zip(model.get_weights(), twin.weights, strict=True):
            _same(
                ours, theirs, rtol=2e-2, atol=2e-4
            )  # 40 steps of Adam in float32: rounding grows, formulas do not differ
        name = "-".join(map(str, sizes))
        # Several epochs a call on our side: fit's own start is not what a step costs.
        epochs = 10 if sizes[0] < 100 else 2
        works = (lambda f=our_epochs, n=epochs: f(n)), (lambda f=numpy_epoch, n=epochs: [f() for _ in range(n)])
        flops = 6e-9 * batch * sum(a * b for a, b in itertools.pairwise(sizes))
        yield Case(f"training step {name}, batch {batch}", *works, flops * steps * epochs, calls=steps * epochs)

        row = x[:1]
        _same(model.predict_on_batch(row), twin.predict(row), rtol=1e-2, atol=1e-3)
        yield Case(
            f"predict one row {name}",
            lambda model=model, row=row: model.predict_on_batch(row),
            lambda twin=twin, row=row: twin.predict(row),
        )
