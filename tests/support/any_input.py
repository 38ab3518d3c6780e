"""Calls every public function with every kind of object that a script may pass as each argument, in one process.

tests/test_any_input.py runs it as a child: `python -m support.any_input LOG`. It reads lines `GROUP NAME`. For each it
prints one line of JSON: the number of arguments of the function, and the calls that neither returned the expected
result nor raised a named exception. Before each call it writes the call to LOG, so that a crash can be traced.

The expected result is that of the plain array with the same values; for a function that NumPy has too, NumPy's.
"""

from __future__ import annotations

import inspect
import json
import os
import resource
import sys
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from netlet import data, ops, random
from support.any_calls import calls, public
from support.any_values import NUMBERS, OTHER, REFUSED, SAME, as_list

NAMED = (ValueError, TypeError, IndexError, OverflowError, NotImplementedError, MemoryError)

# ---- checking a call -------------------------------------------------------------------------------------------------
# Functions that use NumPy: they convert a list of floats to float64, and see a DLPack producer as an object.
BY_NUMPY = {
    "convert_to_numpy",
    "sample_from_logits",
    "timeseries_dataset_from_array",
    "to_categorical",
    "utils.normalize",
}
# Functions that accept elements of any type, since they only move or divide them.
OF_ANYTHING = {"timeseries_dataset_from_array", "utils.normalize", "convert_to_numpy"} | {
    *("shape", "ndim", "size", "dtype")
}
# Arguments whose lists of floats are not rounded to float32.
AS_DOUBLE = {(name, "q") for name in ("quantile", "percentile", "nanquantile", "nanpercentile")}
# Arguments without a default that may be None.
NONE_TOO = {
    ("clip", "x_min"),
    ("clip", "x_max"),
    ("ctc_loss", "target_length"),
    ("ctc_loss", "output_length"),
    ("ctc_decode", "sequence_lengths"),
    ("lstm_step", "h"),
    ("lstm_step", "c"),
}
# Like NumPy, they count the elements in place. For the huge array, which broadcasts one element, that takes hours.
COUNTS = {"nonzero", "where"}
# Functions that are not compared with NumPy's of the same name, and why.
NOT_NUMPY: dict[str, str] = {
    "resize": "images here, any elements there",
    "reciprocal": "of integers: 1 / x here and in Keras, 0 there",
    "argpartition": "what is not the kth stands in any order",
    "argsort": "NumPy's is not stable unless asked",
    "median": "of nothing: an error here and in Keras, NaN there",
    "floor_divide": "of an integer by 0: XLA's numbers here and in Keras, 0 there",
    "digitize": "by bins that do not rise: an error in NumPy, any place here",
    "tril": "of a vector: an error here and in Keras, a matrix there",
    **dict.fromkeys(("nanquantile", "nanpercentile", "nanmedian"), "of nothing: an error here and in Keras, NaN there"),
    "empty_like": "anything in NumPy",
    "triu": "of a vector: an error here and in Keras, a matrix there",
}
# (function, kind) that are not compared; for other kinds the function agrees with NumPy.
NOT_NUMPY_EITHER = {
    ("any", "0-d"): "NumPy takes axis 0 of a number",
    ("cumprod", "0-d"): "NumPy takes axis 0 of a number",
    ("mod", "lowest int64"): "a quotient beyond 2**53: the rest of a division in float64 has no digits left",
    **dict.fromkeys(
        [("quantile", "infinite"), ("percentile", "infinite")], "of nothing but infinity: infinity here, NaN in NumPy"
    ),
    **dict.fromkeys([("quantile", "float16"), ("percentile", "float16")], "NumPy interpolates by a q of float16"),
    ("corrcoef", "0-d"): "of a number: an error here, NaN in NumPy",
    ("correlate", "infinite"): "padding times infinity is NaN at both ends here",
    ("diff", "uint64"): "unsigned numbers of 64 bits are int64 here",
    ("kron", "two axes more"): "the blocks of five axes need ten",
    ("trapezoid", "bool"): "NumPy's sum of two bools is a bool",
    ("trapezoid", "lowest int64"): "NumPy's sum of two such integers is 0",
    **{(name, "uint64"): "NumPy computes with float64 or has uint64" for name in ("mod", "fmod", "bitwise_not")},
    ("bitwise_invert", "uint64"): "uint64 is int64 here",
    ("i0", "infinite"): "NumPy's formula subtracts infinities",
    ("ldexp", "bool"): "a TypeError here and in Keras",
    ("take", "no elements"): "any index is out of bounds of an empty axis",
}


def leaves(value: Any) -> list[np.ndarray]:
    if isinstance(value, (list, tuple, data.Dataset)):
        return [leaf for v in value for leaf in leaves(v)]
    return [np.asarray(value)]


def outcome(function: Callable[..., Any], args: Any, kwargs: Any) -> tuple[Any, BaseException | None]:
    random.set_seed(1)
    try:
        return leaves(function(*args, **kwargs)), None
    except NAMED as error:
        return None, error


def same(got: list[np.ndarray], want: list[np.ndarray], rtol: float) -> bool:
    if any(a.dtype == np.float16 for a in (*got, *want)):
        rtol = 2e-3

    def close(g: np.ndarray, w: np.ndarray) -> bool:
        if rtol == 0 or w.dtype.kind not in "fiub":
            return np.array_equal(g, w, equal_nan=w.dtype.kind == "f")
        return np.allclose(g, w, rtol=rtol, atol=rtol, equal_nan=True)

    return len(got) == len(want) and all(g.shape == w.shape and close(g, w) for g, w in zip(got, want, strict=True))


class Judge:
    """Makes the calls of one function and collects the complaints."""

    def __init__(self, group: str, name: str, function: Callable[..., Any], log: int) -> None:
        self.name, self.function, self.log = name, function, log
        self.by_numpy = bool({name, f"{group}.{name}"} & BY_NUMPY)
        self.of_anything = bool({name, f"{group}.{name}"} & OF_ANYTHING)
        self.complaints: list[str] = []
        self.numpy = None if group != "ops" or name in NOT_NUMPY else getattr(np, name, None)

    def call(self, what: str, args: Any, kwargs: Any) -> list[np.ndarray] | None:
        text = f"{self.name}: {what}"
        os.pwrite(self.log, text.encode()[:400].ljust(400), 0)
        try:
            got, error = outcome(self.function, args, kwargs)
        except Exception as wrong:
            self.complaints.append(f"{text} ended in {type(wrong).__name__}: {wrong}")
            return None
        if error is not None and not str(error):
            self.complaints.append(f"{text} ended in {type(error).__name__} without a word")
        return got

    def against_numpy(self, label: str, kind: str, got: list[np.ndarray] | None, args: Any, kwargs: Any) -> None:
        if self.numpy is None or (self.name, kind) in NOT_NUMPY_EITHER:
            return
        what = f"{label} {kind}"
        try:
            want = leaves(self.numpy(*args, **kwargs))
        except Exception:
            return
        if any(w.dtype.kind not in "fiub" for w in want):
            return
        if got is None:
            self.complaints.append(f"{self.name}: {what} is refused; NumPy gives {want}"[:300])
        elif not same(got, want, 1e-5):
            self.complaints.append(f"{self.name}: {what} gives {got}; NumPy {want}"[:300])

    def array(self, label: str, x: np.ndarray, put: Callable[[Any], tuple[Any, Any]], optional: bool) -> None:
        for kind, (change, plain) in SAME.items():
            if kind == "range" and (x.ndim != 1 or x.dtype.kind != "i"):
                continue
            if self.by_numpy and kind == "__dlpack__":
                continue
            if plain is as_list and (self.by_numpy or (self.name, label) in AS_DOUBLE):
                plain = np.copy
            given = change(x)
            got = self.call(f"{label} {kind}", *put(given))
            want, _ = outcome(self.function, *put(plain(x)))
            if (got is None) != (want is None) or (got is not None and not same(got, want, 0)):
                self.complaints.append(f"{self.name}: {label} {kind} gives {got}, the plain array {want}"[:300])
        before = x.copy()
        if self.call(f"{label} itself", *put(x)) is None:
            self.complaints.append(f"{self.name}: {label} itself is refused")
        if not np.array_equal(before, x):
            self.complaints.append(f"{self.name}: {label} was written to")
        for kind, other in OTHER.items():
            if kind == "huge" and self.name in COUNTS:
                continue
            got = self.call(f"{label} {kind}", *put(other(x)))
            if kind in ("huge", "nine axes", "uint64 beyond int64"):  # these raise a named exception
                continue
            self.against_numpy(label, kind, got, *put(other(x)))
            if self.name == "dtype":  # a Tensor has netlet's own dtype
                continue
            tensor = self.call(f"{label} {kind} as a Tensor", *put(ops.convert_to_tensor(other(x))))
            if (got is None) != (tensor is None) or (got is not None and not same(tensor, got, 2e-6)):
                self.complaints.append(f"{self.name}: {label} {kind} gives {got}, as a Tensor {tensor}"[:300])
        for kind, refused in REFUSED.items():
            got = self.call(f"{label} {kind}", *put(refused(x)))
            optional = optional or (self.name, label) in NONE_TOO
            if got is not None and not (optional and kind == "None") and not self.of_anything:
                self.complaints.append(f"{self.name}: made {got} of {label} {kind}"[:300])

    def number(self, label: str, put: Callable[[Any], tuple[Any, Any]]) -> None:
        for value in NUMBERS:
            self.call(f"{label}={value!r}", *put(value))


def positions(name: str, function: Callable[..., Any]) -> Iterator[tuple[str, Any, Callable[[Any], Any], bool]]:
    """Yields (label, value in a valid call, value -> (args, kwargs), may be None) for each argument of the valid calls,
    and for each parameter that none of them sets."""
    parameters = inspect.signature(function).parameters
    names = [p.name for p in parameters.values() if p.kind is p.POSITIONAL_OR_KEYWORD]
    seen = set()
    for args, kwargs in calls(name, function):
        for i, value in enumerate(args):
            label = names[i] if i < len(names) else f"argument {i}"
            if label in seen:
                continue
            seen.add(label)

            def at(v: Any, i: int = i, args: Any = args, kwargs: Any = kwargs) -> Any:
                return (*args[:i], v, *args[i + 1 :]), kwargs

            if isinstance(value, list) and isinstance(value[0], np.ndarray):
                yield f"{label}[0]", value[0], lambda v, at=at, value=value: at([v, *value[1:]]), False
                yield label, None, at, False
            else:
                yield label, value, at, label in parameters and parameters[label].default is None
        for label in [*kwargs, *names[len(args) :]]:
            if label not in seen:
                seen.add(label)

                def keyed(v: Any, label: str = label, args: Any = args, kwargs: Any = kwargs) -> Any:
                    return args, {**kwargs, label: v}

                yield label, kwargs.get(label), keyed, label in parameters and parameters[label].default is None


def report(group: str, name: str, log: int) -> dict[str, Any]:
    """Makes all calls of one function. Returns {"arguments": their number, "complaints": [...]}."""
    function = public(group)[name]
    judge, count = Judge(group, name, function, log), 0
    for label, value, put, optional in positions(name, function):
        if isinstance(value, np.ndarray):
            judge.array(label, value, put, optional)
        else:
            judge.number(label, put)
        count += 1
    return {"arguments": count, "complaints": judge.complaints}


def main(log: str) -> None:
    if "libasan" not in os.environ.get("LD_PRELOAD", ""):  # its shadow memory takes terabytes of addresses
        resource.setrlimit(resource.RLIMIT_AS, (6 << 30, 6 << 30))  # a too large allocation fails at once
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT)
    for line in sys.stdin:
        print(json.dumps(report(*line.split(), descriptor)), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
