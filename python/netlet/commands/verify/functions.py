"""Promise 3: the float32 vector functions keep their error bounds. The functions, their bounds and the test values."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from netlet import _core

from .isas import forced, levels_with_own_functions

Array = np.ndarray[Any, Any]


class Function(NamedTuple):
    """A function to test.

    Args:
        ours: netlet's function.
        reference: the function in float64, whose error is far less than half a float32 ULP.
        bound: maximum error in float32 ULP.
    """

    ours: Callable[[Any], Any]
    reference: Callable[[Array], Any]
    bound: float


class Worst(NamedTuple):
    """The largest error of a function in ULP, and the argument at which it occurs."""

    error: float
    at: float


def _activation(name: str) -> Callable[[Any], Any]:
    return lambda x: _core.activation(x, name)


def _sigmoid(x: Array) -> Array:
    e = np.exp(-np.abs(x))
    return np.where(x < 0, e, 1.0) / (1 + e)


def _softplus(x: Array) -> Array:
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


# NumPy has no erf and no normal distribution. The reference for erf and gelu is our float64 kernel, which uses another
# formula and which the tests compare with SciPy.
FUNCTIONS = {
    "exp": Function(_core.exp, np.exp, 0.86),
    "exp2": Function(_core.exp2, np.exp2, 0.501),
    "expm1": Function(_core.expm1, np.expm1, 0.88),
    "log": Function(_core.log, np.log, 0.86),
    "log2": Function(_core.log2, np.log2, 0.501),
    "log10": Function(_core.log10, np.log10, 0.501),
    "log1p": Function(_core.log1p, np.log1p, 0.92),
    "sqrt": Function(_core.sqrt, np.sqrt, 0.5),
    "rsqrt": Function(_core.rsqrt, lambda x: 1 / np.sqrt(x), 1.5),
    "sin": Function(_core.sin, np.sin, 0.501),
    "cos": Function(_core.cos, np.cos, 0.501),
    "tan": Function(_core.tan, np.tan, 0.501),
    "tanh": Function(_activation("tanh"), np.tanh, 0.86),
    "sigmoid": Function(_activation("sigmoid"), _sigmoid, 0.78),
    "erf": Function(_core.erf, _core.erf, 0.84),
    "softplus": Function(_activation("softplus"), _softplus, 1.7),
    "log_sigmoid": Function(_activation("log_sigmoid"), lambda x: -_softplus(-x), 1.7),
    "silu": Function(_activation("silu"), lambda x: x * _sigmoid(x), 1.5),
    "gelu": Function(_activation("gelu"), _activation("gelu"), 6),
}


def errors(got: Array, want: Array) -> Array:
    """Returns |got - want| in float32 ULP, the distance of neighbouring floats in the binade of `want`.

    The error is infinite where only one of the two is NaN or infinite, or where zeros differ in their sign.

    Args:
        got: float32 results.
        want: float64 reference, of the same shape.

    >>> errors(np.array([1.0, np.inf], np.float32), np.array([1 + 2.0**-24, 1.0])).tolist()
    [0.5, inf]
    """
    rounded = want.astype(np.float32)
    alike = (np.isnan(got) & np.isnan(rounded)) | ((got == rounded) & (np.signbit(got) == np.signbit(rounded)))
    out = np.where(alike, 0.0, np.inf)
    # Near the largest float, an error of less than an ULP may round to infinity or not; both are measured.
    largest = np.finfo(np.float32).max
    measured = np.isfinite(want) & (np.isfinite(got) | (np.abs(want) >= largest)) & ((got != 0) | (rounded != 0))
    g, w = got[measured].astype(np.float64), want[measured]
    g = np.where(np.isinf(g), np.copysign(2.0**128, g), g)
    w = np.clip(w, -(2.0**128), 2.0**128)
    exponent = np.clip(np.frexp(w)[1] - 24, -149, 104)
    out[measured] = np.abs(g - w) * np.ldexp(1.0, -exponent)
    return out


def sample(each: int = 2048) -> Array:
    """Returns `each` float32 values per sign and binade, including subnormals, infinities and NaN."""
    fraction = np.random.default_rng(1).integers(0, 1 << 23, (256, each), dtype=np.uint32)
    fraction[:, 0], fraction[:, 1] = (
        0,
        (1 << 23) - 1,
    )  # the ends of the binades: powers of 2, infinity, and their neighbours
    x = (fraction | (np.arange(256, dtype=np.uint32)[:, None] << np.uint32(23))).ravel()
    return np.concatenate([x, x | np.uint32(1 << 31)]).view(np.float32)


def blocks(exhaustive: bool, size: int = 1 << 17) -> Iterator[tuple[float, Array]]:
    """Yields (fraction done, float32 values): one sample, or all values in blocks of `size`.

    By default the float64 reference of a block takes a mebibyte, which stays in the caches: 2^20 values took two to
    three times as long.
    """
    if not exhaustive:
        yield 1.0, sample()
        return
    for first in range(0, 1 << 32, size):
        yield (first + size) / 2**32, np.arange(first, first + size, dtype=np.uint32).view(np.float32)


def check_function(name: str, isas: Sequence[str], exhaustive: bool = False) -> dict[str, Worst]:
    """Finds the largest error of a function on each instruction set.

    The progress is printed to standard error if it is a terminal.

    Args:
        name: the function, a key of `FUNCTIONS`.
        isas: instruction sets.
        exhaustive: whether to test all float32 values instead of a sample; default False. Errors up to 0.5 ULP are then
            reported as 0.5.

    Returns:
        {instruction set: largest error}.
    """
    function = FUNCTIONS[name]
    worst = dict.fromkeys(isas, Worst(0.5 if exhaustive else 0.0, 0.0))
    start = time.monotonic()
    for share, x in blocks(exhaustive):
        with np.errstate(all="ignore"):
            want = np.asarray(function.reference(x.astype(np.float64)))
            rounded = want.astype(np.float32)
            for isa in isas:
                _core.force_isa(isa)
                got = np.asarray(function.ours(x))
                # A correctly rounded result has an error of at most 0.5, so `exhaustive` skips these (most) results.
                check = np.flatnonzero(got.view(np.uint32) != rounded.view(np.uint32))
                if not exhaustive:
                    check = np.arange(x.size)
                elif not check.size:
                    continue
                found = errors(got[check], want[check])
                i = int(np.argmax(found))
                if found[i] > worst[isa].error:
                    worst[isa] = Worst(float(found[i]), float(x[check[i]]))
        if exhaustive and sys.stderr.isatty():
            left = (time.monotonic() - start) * (1 / share - 1)
            end = "\r" if share < 1 else "\r\033[K"
            print(f"{name}: {share:6.1%}, {left:4.0f} s left   ", end=end, file=sys.stderr, flush=True)
    return worst


def check() -> list[str]:
    isas = levels_with_own_functions()
    broken = []
    for _ in forced(isas[:1]):  # for the instruction set from before
        for name, function in FUNCTIONS.items():
            for isa, worst in check_function(name, isas).items():
                if not worst.error <= function.bound:
                    broken.append(f"{isa}: {name}({worst.at!r}) errs by {worst.error:.3g} ULP")
    return broken
