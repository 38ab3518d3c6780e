"""A generated call of a layer as a function of its inputs and weights, with its gradients."""

from __future__ import annotations

from typing import Any

import numpy as np

import netlet
from netlet import _core, ops
from netlet.random import SeedGenerator as Seeds
from support import directional
from support.generated.layers import Case, called, outputs

# Relative to the sum of the sizes of the terms of <gradient, direction>.
TOLERANCE = 1e-8


class Objective:
    """f(inputs, weights) = sum(factors * outputs) + the layer's own losses, with random factors and weights.

    Args:
        name: the layer's class.
        case: how it is made and called.
        dtype: of the layer and of f.
        seed: of the weights and the factors.
    """

    def __init__(self, name: str, case: Case, dtype: str = "float64", seed: int = 0) -> None:
        self.case, self.dtype, self.seed = case, dtype, seed
        self.layer = case.make(name, netlet, dtype)
        self.inputs = [x.astype(dtype) if x.dtype.kind == "f" else x for x in case.inputs]
        called(self.layer, case, list(self.inputs))
        self.factors: list[np.ndarray] = []
        rng = np.random.default_rng(seed)
        for v in self.layer.variables:
            if np.dtype(v.dtype).kind == "f":
                v.assign(rng.uniform(0.5 if "variance" in v.name else -1.0, 1.0, v.shape))
        self.generators = [
            g for one in self.layer._flatten_layers() for g in vars(one).values() if isinstance(g, Seeds)
        ]
        self.start = [v.numpy().copy() for v in self.layer.variables]
        self.floats = [i for i, x in enumerate(self.inputs) if x.dtype.kind == "f"]
        trained = {id(v) for v in self.layer.trainable_variables}
        self.trained = [i for i, v in enumerate(self.layer.variables) if id(v) in trained]
        self.names = [*(f"input {i}" for i in self.floats), *(self.layer.variables[i].path for i in self.trained)]

    @property
    def xs(self) -> list[np.ndarray]:
        """What f depends on: the inputs that are floats, and the trainable weights."""
        return [*(self.inputs[i] for i in self.floats), *(self.start[i] for i in self.trained)]

    def total(self, inputs: list[Any]) -> Any:
        """f as a Tensor, at the current weights. Random numbers are the same in each call."""
        netlet.random.set_seed(0)
        for generator in self.generators:
            generator.drawn = 0
        ys = [y for y in outputs(called(self.layer, self.case, inputs)) if y is not None and str(y.dtype) == self.dtype]
        if not self.factors:
            rng = np.random.default_rng(self.seed + 1)
            self.factors = [rng.uniform(0.5, 1.5, y.shape).astype(self.dtype) for y in ys]
        parts = [ops.sum(ops.multiply(y, c)) for y, c in zip(ys, self.factors, strict=True)]
        return sum([*parts[1:], *self.layer.losses], start=parts[0])

    def reset(self, weights: list[np.ndarray] | None = None) -> None:
        """Sets all variables to their first values, the trainable ones to `weights` if given."""
        for v, x in zip(self.layer.variables, self.start, strict=True):
            v.assign(x)
        for i, x in zip(self.trained, weights or [], strict=False):
            self.layer.variables[i].assign(x)

    def value(self, xs: list[np.ndarray]) -> float:
        """f at other inputs and weights."""
        self.reset(xs[len(self.floats) :])
        inputs = list(self.inputs)
        for i, x in zip(self.floats, xs, strict=False):
            inputs[i] = x
        return float(self.total(inputs))

    def gradients(self) -> list[np.ndarray]:
        """The gradients of f by netlet's tape; zeros where it reports that f does not depend on an array."""
        self.reset()
        leaves = [_core.tensor(x) for x in self.inputs]
        sources = [leaves[i] for i in self.floats]
        with netlet.GradientTape() as tape:
            tape.watch(sources)
            y = self.total(leaves)
        found = tape.gradient(y, [*sources, *(self.layer.variables[i] for i in self.trained)])
        return [np.zeros(x.shape) if g is None else g.numpy().copy() for g, x in zip(found, self.xs, strict=True)]


def check(name: str, case: Case, tolerance: float = TOLERANCE) -> None:
    """Checks the gradients of one generated case against the derivative in a random direction, in float64."""
    f = Objective(name, case)
    directional.check(f.value, f.xs, f.gradients(), f.names, 2, tolerance)
