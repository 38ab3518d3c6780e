"""Hostile and damaged files: takes valid files apart, changes them, and reassembles them with correct checksums."""

from __future__ import annotations

import json
import pathlib
import pickle
import struct
import zlib
from typing import Any

import numpy as np


def take_apart(path: pathlib.Path) -> tuple[dict[str, Any], dict[str, Any], bytes]:
    """Splits a file into (document, tensors of the header, data)."""
    return take_bytes_apart(path.read_bytes())


def take_bytes_apart(content: bytes) -> tuple[dict[str, Any], dict[str, Any], bytes]:
    """As `take_apart`, for the content of a file."""
    (length,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8 : 8 + length])
    metadata = header.pop("__metadata__")
    return json.loads(metadata["netlet"]), header, content[8 + length :]


def put_together(path: pathlib.Path, document: Any, tensors: dict[str, Any], data: bytes, sums: bool = True) -> None:
    """Writes a file with correct checksums, whatever its content."""
    path.write_bytes(bytes_together(document, tensors, data, sums))


def bytes_together(document: Any, tensors: dict[str, Any], data: bytes, sums: bool = True) -> bytes:
    """The content that `put_together` writes."""
    if sums and isinstance(document, dict):
        offsets = {n: t["data_offsets"] for n, t in tensors.items() if isinstance(t.get("data_offsets"), list)}
        document["crc32"] = {name: zlib.crc32(data[a:b]) for name, (a, b) in offsets.items()}
    text = document if isinstance(document, str) else json.dumps(document)
    header = {"__metadata__": {"netlet": text, "netlet_crc32": str(zlib.crc32(text.encode()))}, **tensors}
    encoded = json.dumps(header).encode()
    return struct.pack("<Q", len(encoded)) + encoded + data


def change(path: pathlib.Path, target: pathlib.Path, edit: Any) -> None:
    """Writes `target`: the file at `path` after `edit(document)` has changed its document in place."""
    document, tensors, data = take_apart(path)
    edit(document)
    put_together(target, document, tensors, data)


def places(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of all values in a JSON tree."""
    found = [path] if path else []
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in items:
        found += places(value, (*path, key))
    return found


def at(node: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        node = node[key]
    return node


JUNK: list[Any] = [
    None,
    True,
    False,
    0,
    -1,
    1,
    7,
    2**31,
    2**63,
    10**12,
    10**30,
    -(2**70),
    0.5,
    float("nan"),
    float("inf"),
    "",
    "x",
    "../../../etc/passwd",
    "Dense",
    "Sequential",
    "Functional",
    "Lambda",
    "Model",
    "Layer",
    "Adam",
    "netlet.layers",
    "netlet.optimizers",
    "keras.layers",
    "os",
    "builtins",
    "function",
    "relu",
    "softmax",
    "float64",
    "int32",
    "object",
    [],
    {},
    [[]],
    [None, 10**12],
    [None, 4],
    [10**9, 10**9],
    {"class_name": "__lambda__", "config": {"value": "x"}},
    {"class_name": "__numpy__", "config": {"value": [1, 2], "dtype": "float32"}},
    {"class_name": "__tuple__", "config": [1]},
    {"class_name": "function", "config": "system", "module": "os", "registered_name": "system"},
    {"class_name": "Popen", "config": {"args": "true"}, "module": "subprocess", "registered_name": None},
]


def copied(document: Any) -> Any:
    """A copy of a JSON tree, ten times as fast as `copy.deepcopy`."""
    return pickle.loads(pickle.dumps(document))


def mutate(document: Any, rng: np.random.Generator) -> Any:
    """A copy with one to three changes: values replaced, removed, duplicated, moved; keys renamed; numbers and strings
    altered."""
    document = copied(document)
    for _ in range(int(rng.integers(1, 4))):
        where = places(document)
        path = where[rng.integers(len(where))]
        parent, key = at(document, path[:-1]), path[-1]
        kind = rng.integers(7)
        if kind <= 1:
            parent[key] = copied(JUNK[rng.integers(len(JUNK))])
        elif kind == 2:
            del parent[key]
        elif kind == 3:
            parent[key] = copied(at(document, where[rng.integers(len(where))]))
        elif kind == 4 and isinstance(parent, list):
            parent.insert(int(rng.integers(len(parent) + 1)), copied(parent[key]))
        elif kind == 5 and isinstance(parent, dict):
            parent[str(key) + "x"] = parent.pop(key)
        elif isinstance(parent[key], bool) or parent[key] is None:
            parent[key] = not parent[key]
        elif isinstance(parent[key], (int, float)):
            parent[key] = parent[key] * int(rng.choice([-1, 2, 10, 10**6])) + int(rng.integers(-1, 2))
        elif isinstance(parent[key], str):
            parent[key] = parent[key][::-1] if rng.integers(2) else parent[key] + "_1"
        elif isinstance(parent[key], list):
            parent[key] = parent[key][::-1]
    return document
