"""Elementwise functions: vector math, activations, arithmetic; float32, and float64 where noted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from bench.harness.peers import have, onnx_peer, torch_peer
from bench.harness.row import Case, Row, uniform
from bench.kernels import SIZES
from netlet import ops


def logistic(x: np.ndarray) -> Any:
    return 1 / (1 + np.exp(-x))


def relu(x: np.ndarray, out: np.ndarray | None = None) -> Any:
    return np.maximum(x, 0, out=out)


def erf(x: np.ndarray, out: np.ndarray | None = None) -> Any:
    from scipy import special

    return special.erf(x, out)


# netlet's name: NumPy's function (SciPy's where NumPy has none), PyTorch's name, ONNX's operator, the arguments' range
FUNCTIONS: dict[str, tuple[Callable[..., Any], str, str, float, float]] = {
    "exp": (np.exp, "exp", "Exp", -10, 10),
    "expm1": (np.expm1, "expm1", "", -2, 2),
    "log": (np.log, "log", "Log", 0.1, 10),
    "log1p": (np.log1p, "log1p", "", -0.5, 10),
    "tanh": (np.tanh, "tanh", "Tanh", -4, 4),
    "sigmoid": (logistic, "sigmoid", "Sigmoid", -8, 8),
    "erf": (erf, "erf", "Erf", -3, 3),
    "sin": (np.sin, "sin", "Sin", -10, 10),
    "sqrt": (np.sqrt, "sqrt", "Sqrt", 0.1, 10),
    "relu": (relu, "relu", "Relu", -4, 4),
    "gelu": (lambda x: x * (0.5 + 0.5 * erf(x * 0.5**0.5)), "nn.functional.gelu", "Gelu", -4, 4),
    "silu": (lambda x: x * logistic(x), "nn.functional.silu", "", -8, 8),
    "softplus": (lambda x: np.logaddexp(x, 0), "nn.functional.softplus", "Softplus", -8, 8),
    "elu": (lambda x: np.where(x > 0, x, np.expm1(x)), "nn.functional.elu", "Elu", -4, 4),
    "mish": (lambda x: x * np.tanh(np.logaddexp(x, 0)), "nn.functional.mish", "Mish", -8, 8),
}
WITH_SCIPY = ("erf", "gelu")


def of_scipy(name: str) -> Callable[..., Any]:
    def f(x: np.ndarray) -> Any:
        from scipy import special

        return getattr(special, name)(x)

    return f


# The functions of the kernels unary_special and binary_special: computed in double.
SPECIAL: dict[str, tuple[Callable[..., Any], str, str, float, float]] = {
    "arctan": (np.arctan, "arctan", "Atan", -10, 10),
    "sinh": (np.sinh, "sinh", "Sinh", -10, 10),
    "arcsinh": (np.arcsinh, "arcsinh", "Asinh", -10, 10),
    "cbrt": (np.cbrt, "", "", 0.1, 10),
    "erfinv": (of_scipy("erfinv"), "erfinv", "", -0.99, 0.99),
    "i0": (of_scipy("i0"), "i0", "", -10, 10),
    "lgamma": (of_scipy("gammaln"), "lgamma", "", 0.1, 20),
    "digamma": (of_scipy("digamma"), "digamma", "", 0.1, 20),
}
SPECIAL_BINARY = ("arctan2", "hypot", "logaddexp", "fmod")
# Arrays of 16 MB, which an L3 cache holds in part, and of 64 MB, whose results are stored past it.
BEYOND_CACHES = {"4M": 1 << 22, "16M": 1 << 24}
OURS = {name: getattr(ops, name) for name in FUNCTIONS} | {"gelu": partial(ops.gelu, approximate=False)}


def function(name: str, n: int, dtype: str = "float32") -> Case:
    numpy, torch, onnx, low, high = (FUNCTIONS | SPECIAL)[name]
    x = uniform(n, low, high, dtype)
    y = np.empty_like(x)
    takes_out = isinstance(numpy, np.ufunc) or numpy in (relu, erf)
    return Case(
        ours=OURS.get(name) or getattr(ops, name),
        on=[x],
        truth=numpy(x.astype("f8")),
        peers={
            "numpy": partial(numpy, x, y) if takes_out else partial(numpy, x),
            **(torch_peer(torch, x, out=not torch.startswith("nn.") and torch != "relu") if torch else {}),
            **(onnx_peer(onnx, x) if onnx else {}),
        },
        bytes=2 * x.nbytes,
        atol=1e-5,  # PyTorch's gelu needs it
    )


def binary(name: str, n: int) -> Case:
    x, y = uniform(n, 1, 2), uniform(n, 2, 3)
    return Case(
        ours=getattr(ops, name),
        on=[x, y],
        truth=getattr(np, name)(x.astype("f8"), y),
        peers={
            "numpy": partial(getattr(np, name), x, y, np.empty_like(x)),
            **torch_peer(name, x, y, out=True),
            **(onnx_peer(name.capitalize()[:3], x, y) if name in ("add", "multiply", "divide") else {}),
        },
        bytes=3 * x.nbytes,
    )


def integer_division(n: int) -> Case:
    rng = np.random.default_rng(0)
    x, y = rng.integers(-1000, 1000, n).astype("int32"), rng.integers(1, 50, n).astype("int32")
    return Case(
        ours=ops.floor_divide,
        on=[x, y],
        truth=x // y,
        peers={
            "numpy": partial(np.floor_divide, x, y, np.empty_like(x)),
            **torch_peer("floor_divide", x, y, out=True),
        },
        bytes=3 * x.nbytes,
    )


def rows() -> Iterator[Row]:
    functions = [f for f in FUNCTIONS if f not in WITH_SCIPY or have("scipy")]
    for label, n in SIZES.items():
        for name in functions:
            yield Row(f"{name} {label}", partial(function, name, n))
        for name in ("add", "multiply", "divide"):
            yield Row(f"{name} {label}", partial(binary, name, n))
    for label, n in BEYOND_CACHES.items():
        for name in ("add", "multiply"):
            yield Row(f"{name} {label}", partial(binary, name, n))
    for name in SPECIAL if have("scipy") else ():
        yield Row(f"{name} 64k", partial(function, name, SIZES["64k"]))
    for name in SPECIAL_BINARY:
        yield Row(f"{name} 64k", partial(binary, name, SIZES["64k"]))
    yield Row("floor_divide 64k int32", partial(integer_division, SIZES["64k"]))
    for name in ("exp", "tanh", "log"):
        yield Row(f"{name} 64k float64", partial(function, name, SIZES["64k"], "float64"))
