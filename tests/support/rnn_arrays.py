"""Arguments for the recurrent ops."""

from __future__ import annotations

import numpy as np

GATES = {"simple_rnn": 1, "lstm": 4, "gru": 3, "gru_reset_before": 3}


def case(kind, n, steps, features, units, seed=0, dtype="float64"):
    """x, kernel, recurrent kernel, bias, initial h, initial c (None except for lstm)."""
    rng = np.random.default_rng(seed)
    g = GATES[kind] * units
    shapes = [(n, steps, features), (features, g), (units, g), (2, g) if kind == "gru" else (g,), (n, units)]
    arrays = [rng.normal(0, 0.5, shape).astype(dtype) for shape in shapes]
    return [*arrays, rng.normal(0, 0.5, (n, units)).astype(dtype) if kind == "lstm" else None]


def masks(n, steps, units, seed=1, dtype="float64"):
    rng = np.random.default_rng(seed)
    return rng.random((n, steps)) > 0.3, ((rng.random((n, units)) > 0.3) * 1.5).astype(dtype)
