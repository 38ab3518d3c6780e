"""The functions and methods of the native module, called with generated arguments.

An input is a JSON list of calls, so that one that fails can be read and keeps its meaning when functions are added:
[{"call": "add", "arguments": {"x1": {"array": "float32", "shape": [2, 3]}, "x2": 1.5}}]. `values.py` says how a value
is written. The parameters and their types are those of `_core.pyi`.
"""

from __future__ import annotations

import ast
import contextlib
import dataclasses
import functools
import json
import pathlib
import random
from typing import Any

import numpy as np

from ..target import Target
from .values import Hostile, made, random_value

# Functions that change the process for good, or read a file that the caller names.
_LEFT_OUT = {
    "load_backend": "opens the library that it is given",
    "force_isa": "changes all later calls",
    "set_num_threads": "starts any number of threads",
    "set_default_device": "changes all later calls",
    "set_own_device": "changes all later calls",
    "set_autocast": "changes all later calls",
    "allow_tf32": "changes all later calls",
    "begin_shard": "changes all later calls until end_shard",
    "end_shard": "ends what begin_shard began",
    "begin_skip": "belongs to a recording",
    "end_skip": "belongs to a recording",
    "push_scope": "changes all later calls until pop_scope",
    "pop_scope": "ends what push_scope began",
    "reset_eager_streams": "changes all later calls",
    "kernel_addresses": "addresses for the CUDA module",
    "from_dlpack": "netlet.from_dlpack checks the object first",
    **dict.fromkeys(
        ("Tape.__enter__", "Tape.__exit__", "Tape.swap", "BackwardList.enter", "BackwardList.leave"),
        "in pairs: a tape that is entered must outlive what it records",
    ),
}
NAMED = (ValueError, TypeError, IndexError, OverflowError, NotImplementedError, MemoryError, RuntimeError)


@dataclasses.dataclass(frozen=True)
class Parameter:
    """A parameter of a function: its annotation, and whether it has a default."""

    name: str
    annotation: str
    optional: bool


@functools.cache
def signatures() -> dict[str, list[Parameter]]:
    """{function, or "Class.method": parameters}; the first of a method is the object."""
    import netlet

    tree = ast.parse(pathlib.Path(netlet.__file__).with_name("_core.pyi").read_text(encoding="utf-8"))
    found: dict[str, list[Parameter]] = {}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name not in _LEFT_OUT:
            found[node.name] = _parameters(node, None)
        elif isinstance(node, ast.ClassDef) and node.name != "SymbolicArgument":
            for inner in node.body:
                name = f"{node.name}.{inner.name}" if isinstance(inner, ast.FunctionDef) else ""
                if name and inner.name != "__init__" and not inner.decorator_list and name not in _LEFT_OUT:
                    found[name] = _parameters(inner, node.name)
    return found


def _parameters(node: ast.FunctionDef, owner: str | None) -> list[Parameter]:
    given = node.args.args
    first = len(given) - len(node.args.defaults)
    return [
        Parameter(
            a.arg, owner if owner and i == 0 else ast.unparse(a.annotation) if a.annotation else "Any", i >= first
        )
        for i, a in enumerate(given)
    ]


def _call(rng: random.Random, name: str | None = None) -> dict[str, Any]:
    name = name or rng.choice(sorted(signatures()))
    arguments = {
        p.name: random_value(p.annotation, p.name, rng)
        for p in signatures()[name]
        if not p.optional or not rng.randrange(3)
    }
    inside = rng.choice((None, None, "grad", "record"))
    return {"call": name, "arguments": arguments, **({"inside": inside} if inside else {})}


def _change(data: bytes, rng: random.Random) -> bytes:
    """Another call, or other values of one to three arguments."""
    calls = json.loads(data)
    if not rng.randrange(3):
        calls = [_call(rng)]
    elif not rng.randrange(10) and len(calls) < 3:
        calls.append(_call(rng))
    call = rng.choice(calls)
    parameters = signatures()[call["call"]]
    for _ in range(rng.randint(1, 3) if parameters else 0):
        parameter = rng.choice(parameters)
        call["arguments"][parameter.name] = random_value(parameter.annotation, parameter.name, rng)
    return json.dumps(calls).encode()


def _run(data: bytes, folder: pathlib.Path) -> None:
    from netlet import _core

    for call in json.loads(data):
        inside = call.get("inside")
        with _core.Tape(**{inside: True}) if inside else contextlib.nullcontext(), contextlib.suppress(Hostile):
            _make(call)


def _make(call: dict[str, Any]) -> None:
    """Makes one call."""
    from netlet import _core

    arguments = {name: made(value) for name, value in call["arguments"].items()}
    owner, _, name = call["call"].rpartition(".")
    if not owner:
        getattr(_core, name)(**arguments)
        return
    method = getattr(getattr(_core, owner), name)
    self = arguments.pop(signatures()[call["call"]][0].name, None)
    if name.startswith("__"):
        method(self, *arguments.values())
    else:
        method(self, **arguments)


def _seeds() -> list[bytes]:
    """One call of each function."""
    import netlet.ops  # the classes of the module's arguments

    assert netlet.ops
    with contextlib.suppress(ImportError):
        import ml_dtypes  # which a dtype of bfloat16 imports

        assert ml_dtypes
    np.set_printoptions(threshold=8)  # pybind11 prints all arguments that do not fit
    rng = random.Random(1)
    return [json.dumps([_call(rng, name)]).encode() for name in sorted(signatures())]


BINDINGS = Target(
    "calls of the native module",
    _seeds,
    _run,
    _change,
    named=NAMED,
    accepted=("vector::reserve",),  # pybind11's, of a sequence that claims 2**62 items
    longest_text=1 << 20,
    runs=600,
    valid=False,
)
