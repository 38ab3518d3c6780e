"""Runs a script with Keras and with netlet, from the same weights."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

import netlet


def start_from_the_same_weights(model: Any, seed: int = 0, scale: float = 0.3) -> None:
    """Sets the weights of a model of either library. They depend on their shapes and the seed alone. One-dimensional
    constant weights (biases, statistics of normalization) keep their values."""
    rng = np.random.default_rng(seed)
    weights = [rng.normal(0, scale, w.shape) if w.ndim > 1 or np.ptp(w) else w for w in model.get_weights()]
    model.set_weights(weights)


def run_both(script: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """(what `script(netlet)` returns, what `script(keras)` returns)."""
    results = []
    for library in (netlet, keras):
        library.utils.clear_session(free_memory=False)  # Keras would run the garbage collector, which takes a second
        library.utils.set_random_seed(0)
        results.append(script(library))
    return results[0], results[1]


def assert_same_numbers(ours: dict[str, Any], theirs: dict[str, Any], rtol: float = 1e-3, atol: float = 1e-5) -> None:
    """Checks that both have the same keys, and for each key the same text or the same numbers."""
    assert set(ours) == set(theirs)
    for key, want in theirs.items():
        if isinstance(want, (str, list)) and (isinstance(want, str) or isinstance(want[0], str)):
            assert ours[key] == want, key
        else:
            np.testing.assert_allclose(np.asarray(ours[key]), np.asarray(want), rtol=rtol, atol=atol, err_msg=key)


__all__ = ["assert_same_numbers", "run_both", "start_from_the_same_weights"]
