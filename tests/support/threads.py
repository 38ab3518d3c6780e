"""Calls functions in several threads at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np

import netlet
from netlet import layers

LIMIT = 120  # seconds; the threads take a fraction of a second, the limit turns a deadlock into a failure


def at_once(*functions: Callable[[], Any]) -> list[Any]:
    """The results of the functions, in their order. They are called in threads of their own, which start together.

    An error of one is raised here, after all have ended.
    """
    start = threading.Barrier(len(functions))
    results: list[Any] = [None] * len(functions)
    errors: list[BaseException] = []

    def call(i: int) -> None:
        try:
            start.wait(LIMIT)
            results[i] = functions[i]()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=call, args=(i,), daemon=True) for i in range(len(functions))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LIMIT)
    assert not any(thread.is_alive() for thread in threads), "a thread did not end: a deadlock?"
    if errors:
        raise errors[0]
    return results


def while_running(main: Callable[[], Any], *others: Callable[[], Any]) -> list[list[Any]]:
    """Calls `main` once, and each of the others again and again until it has ended; returns the results of the others.

    Each of the others is called at least twice, one of these times after `main`.
    """
    done = threading.Event()

    def first() -> None:
        try:
            main()
        finally:
            done.set()

    def repeat(function: Callable[[], Any]) -> list[Any]:
        found = [function()]
        while not done.is_set():
            found.append(function())
        return [*found, function()]

    return at_once(first, *[lambda f=f: repeat(f) for f in others])[1:]


WIDTH, DEPTH = 8, 3
X = np.ones((4, WIDTH), "float32")


def constant(value: float) -> list[np.ndarray]:
    """Weights of `stack()` that all have this value."""
    return [np.full((WIDTH, WIDTH), value, "float32") for _ in range(DEPTH)]


def stack() -> Any:
    """A model of several layers whose output shows which weights it used: `answer(v)` if all have the value v."""
    model = netlet.Sequential([netlet.Input((WIDTH,)), *[layers.Dense(WIDTH, use_bias=False) for _ in range(DEPTH)]])
    model.set_weights(constant(1))
    return model


def answer(value: float) -> float:
    """The outputs of `stack()` for X, exactly."""
    return float((WIDTH * value) ** DEPTH)


def whole(outputs: Any) -> float:
    """The value that all numbers in the arrays have; fails if they differ."""
    values = {float(v) for a in outputs for v in np.ravel(a)}
    assert len(values) == 1, f"a mixture of {sorted(values)}"
    return values.pop()
