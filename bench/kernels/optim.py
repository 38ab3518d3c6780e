"""Parameter updates: one call on a flat segment, against PyTorch's fused and foreach optimizers on one tensor."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from bench.harness.peers import have
from bench.harness.row import Case, Row, uniform
from netlet import _core
from netlet.commands.bench.timing import Work

SIZES = {"10k": 10_000, "100k": 100_000, "10M": 10_000_000}
LR = 1e-3
FUSED = ("SGD", "Adam", "Adagrad")  # those that PyTorch has as one kernel


def torch_variants(name: str, p: np.ndarray, g: np.ndarray, **options: Any) -> dict[str, Work]:
    if not have("torch"):
        return {}
    import torch

    variants: dict[str, Work] = {}
    for kind in ("fused", "foreach"):
        if kind == "fused" and name not in FUSED:
            continue
        parameter = torch.nn.Parameter(torch.from_numpy(p.copy()))
        parameter.grad = torch.from_numpy(g)
        optimizer = getattr(torch.optim, name)([parameter], lr=LR, **options, **{kind: True})

        def step(parameter: Any = parameter, optimizer: Any = optimizer) -> Any:
            optimizer.step()
            return parameter.detach()

        variants["torch" if kind == "fused" or name not in FUSED else f"torch {kind}"] = step
    return variants


def update(name: str, n: int) -> Case:
    """The first step, from zero slots. `bytes` counts the arrays that a step reads and writes."""
    p, g = uniform(n, 1, 2), uniform(n, 0.1, 1)  # not near 0, where the first step would depend on epsilon
    params, gradient = _core.tensor(p), _core.tensor(g)
    m, v = (_core.tensor(np.zeros_like(p)) for _ in range(2))
    cells = _core.tensor(np.array(LR)), _core.tensor(np.array(0))
    wide = g.astype("f8")
    if name == "SGD":  # momentum 0.9
        core = partial(_core.sgd_update, params, gradient, m, *cells, momentum=0.9)
        truth, passes, options = p - LR * wide, 5, {"momentum": 0.9}
    elif name == "Adam":
        core = partial(_core.adam_update, params, gradient, m, v, None, *cells, epsilon=1e-8)
        truth, passes, options = p - LR * np.sign(wide), 7, {}
    elif name == "Adam, 8-bit state":
        slots = [_core.tensor(np.zeros(size, t)) for size, t in [(n, "u1"), (-(-n // 256), "f4")] * 2]
        core = partial(_core.adam_8bit_update, params, gradient, *slots, *cells, epsilon=1e-8)
        truth, passes, options = p - LR * np.sign(wide), 4, {}
    else:
        core = partial(_core.rmsprop_update, params, gradient, v, None, None, *cells, rho=0.99, epsilon=0)
        truth, passes, options = p - LR * np.sign(wide) / 0.1, 5, {"eps": 0.0}

    def ours() -> Any:
        core()
        return params

    return Case(
        ours=ours,
        on=[],
        truth=truth,
        peers=torch_variants(name.split(",")[0], p, g, **options),
        bytes=passes * p.nbytes,
        in_place=True,
    )


def rows() -> Iterator[Row]:
    for label, n in SIZES.items():
        for name in ("SGD", "Adam", "RMSprop", "Adam, 8-bit state"):
            yield Row(f"{name} {label}", partial(update, name, n))
