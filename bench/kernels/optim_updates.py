"""The first step of the other optimizers, from zero slots, against PyTorch's foreach optimizers on one tensor.

`bytes` counts the arrays that a step reads and writes; at 16M they fit no cache, and the limit is the copy bandwidth.
Muon is counted in the operations of its matrix products.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from bench.harness.row import Case, Row, uniform
from bench.kernels.optim import LR, torch_variants
from netlet import _core

SIZES = {"64k": 1 << 16, "16M": 1 << 24}
SIGN: Callable[..., Any] = lambda p, g: p - LR * np.sign(g)  # noqa: E731
B1, B2 = 0.9, 0.999


def nadam(p: np.ndarray, g: np.ndarray) -> np.ndarray:
    now, after = (B1 * (1 - 0.5 * 0.96**t) for t in (1, 2))
    return p - LR * (after * (1 - B1) / (1 - now * after) + 1) * np.sign(g)


def lamb(p: np.ndarray, g: np.ndarray) -> np.ndarray:
    return p - LR * np.linalg.norm(p) / np.sqrt(p.size) * np.sign(g)


# name: (initial slots in terms of p, own arguments, passes over memory, the result, PyTorch's name and arguments)
UPDATES: dict[str, tuple[list[Callable[..., Any]], dict[str, Any], int, Callable[..., Any], Any]] = {
    "adagrad": ([np.zeros_like], {"epsilon": 0}, 5, SIGN, ("Adagrad", {"eps": 0})),
    "adadelta": (
        [np.zeros_like] * 2,
        {"rho": 0.9, "epsilon": 1e-3},
        7,
        lambda p, g: p - LR * np.sqrt(1e-3) * g / np.sqrt(0.1 * g**2 + 1e-3),
        None,
    ),
    "adamax": ([np.zeros_like] * 2, {"epsilon": 0}, 7, SIGN, ("Adamax", {"eps": 0})),
    "nadam": ([np.zeros_like] * 2, {"u_product": B1 * 0.52, "epsilon": 0}, 7, nadam, None),
    "ftrl": ([np.zeros_like] * 2, {}, 7, SIGN, None),
    "lion": ([np.zeros_like], {}, 5, SIGN, None),
    "schedule_free_adamw": ([np.copy, np.zeros_like], {"epsilon": 0}, 7, SIGN, None),
    "rprop": ([np.zeros_like, lambda p: np.full_like(p, LR)], {}, 7, SIGN, ("Rprop", {})),
    "asgd": ([np.zeros_like], {}, 5, lambda p, g: p * (1 - 1e-4 * LR) - LR * g, ("ASGD", {})),
    "lamb": ([np.zeros_like] * 2, {"epsilon": 0}, 10, lamb, None),
}


def update(name: str, n: int) -> Case:
    initial, own, passes, truth, peer = UPDATES[name]
    p, g = uniform(n, 1, 2), uniform(n, 0.1, 1)
    cells = _core.tensor(LR, dtype="float64"), _core.tensor(0, dtype="int64")
    params, gradient, *slots = (_core.tensor(a) for a in (p, g, *(start(p) for start in initial)))
    own = {k: _core.tensor(v, dtype="float32") if k == "u_product" else v for k, v in own.items()}
    kernel = partial(getattr(_core, f"{name}_update"), params, gradient, *slots, *cells, **own)

    def ours() -> Any:
        kernel()
        return params

    return Case(
        ours=ours,
        on=[],
        truth=truth(p.astype("f8"), g.astype("f8")),
        peers=torch_variants(peer[0], p, g, **peer[1]) if peer else {},
        bytes=passes * p.nbytes,
        in_place=True,
    )


def adafactor(n: int) -> Case:
    """A matrix of n elements; equal gradients in each row, of which the factors are exact."""
    rows = 256 if n < 1 << 20 else 4096
    p, g = uniform((rows, n // rows), 1, 2), np.repeat(uniform((rows, 1), 0.1, 1), n // rows, 1)
    params, gradient, v = _core.tensor(p), _core.tensor(g), _core.tensor(np.zeros_like(p))
    r, k = (_core.tensor(np.zeros(m, "f4")) for m in p.shape)
    cells = _core.tensor(LR, dtype="float64"), _core.tensor(0, dtype="int64")

    def ours() -> Any:
        _core.adafactor_update(params, gradient, v, r, k, *cells)
        return params

    wide = p.astype("f8")
    truth = wide - LR * np.sqrt(np.mean(wide**2))
    return Case(ours=ours, on=[], truth=truth, bytes=7 * p.nbytes, in_place=True)


def muon(n: int, k: int) -> Case:
    """Without iterations' rounding a check is meaningless, so the truth is NumPy's float64 polynomial."""
    p, g = uniform((n, k), 1, 2), uniform((n, k), -1, 1)
    params, gradient, m = _core.tensor(p), _core.tensor(g), _core.tensor(np.zeros_like(p))
    cells = _core.tensor(LR, dtype="float64"), _core.tensor(0, dtype="int64")

    def ours() -> Any:
        _core.muon_update(params, gradient, m, *cells)
        return params

    x = 1.95 * g.astype("f8")
    x /= np.linalg.norm(x)
    for _ in range(5):
        square = x @ x.T
        x = 3.4445 * x + (-4.775 * square + 2.0315 * square @ square) @ x
    small, large = min(n, k), max(n, k)
    flops = 5 * 2.0 * (2 * small * small * large + small**3)
    return Case(ours=ours, on=[], truth=p - LR * x, flops=flops, in_place=True)


def rows() -> Iterator[Row]:
    for label, n in SIZES.items():
        for name in UPDATES:
            yield Row(f"{name} {label}", partial(update, name, n))
        yield Row(f"adafactor {label}", partial(adafactor, n))
    yield Row("muon 256x1024", partial(muon, 256, 1024))
