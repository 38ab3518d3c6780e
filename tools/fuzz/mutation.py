"""Random changes of bytes and of JSON documents."""

from __future__ import annotations

import json
import random
import struct
from typing import Any

import numpy as np

from support.hostile import at as value_at
from support.hostile import copied, mutate, places

_NUMBERS = (
    0,
    1,
    2,
    3,
    7,
    8,
    127,
    128,
    255,
    256,
    2**15,
    2**16 - 1,
    2**24,
    2**31 - 1,
    2**31,
    2**32 - 1,
    2**40,
    2**63,
    2**64 - 1,
)
_SIZES = {1: "B", 2: "H", 4: "I", 8: "Q"}


def change_bytes(data: bytes, rng: random.Random) -> bytes:
    """One to four changes: bits, bytes, numbers of 1 to 8 bytes in either order, parts removed, doubled or moved."""
    content = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(content) + 1)
        kind = rng.randrange(8)
        if kind <= 1 and at < len(content):
            content[at] = rng.randrange(256)
        elif kind == 2 and at < len(content):
            content[at] ^= 1 << rng.randrange(8)
        elif kind == 3:
            size = rng.choice(tuple(_SIZES))
            number = rng.choice(_NUMBERS) % 256**size
            content[at : at + size] = struct.pack(rng.choice("<>") + _SIZES[size], number)
        elif kind == 4:
            del content[at : at + rng.choice((1, 2, 4, 8, 40, len(content)))]
        elif kind == 5:
            start = rng.randrange(len(content) + 1)
            content[at:at] = content[start : start + rng.choice((1, 2, 4, 8, 40))]
        elif kind == 6:
            content[at:at] = rng.randbytes(rng.choice((1, 2, 4, 8)))
        elif at < len(content):
            content[at] = rng.choice((0, 1, 127, 128, 255, 10, 32, 34, 46, 47))
    return bytes(content)


def change_json(document: Any, rng: random.Random) -> Any:
    """A copy of a JSON document with a size or count changed, or one to three values replaced, removed or moved."""
    if not isinstance(document, (dict, list)) or not document:
        return rng.choice((None, 1, "x", [], {}, {"class_name": "Dense", "config": {}}))
    if not rng.randrange(4):
        return _change_number(copied(document), rng)
    try:
        return mutate(document, np.random.default_rng(rng.getrandbits(64)))
    except (IndexError, OverflowError, ValueError):  # nothing is left to change, or a number became too large
        return document


def _change_number(document: Any, rng: random.Random) -> Any:
    """Replaces an integer; those of configs as often as all others, which are mostly checksums and offsets."""
    paths = [path for path in places(document) if type(value_at(document, path)) is int]
    in_configs = [path for path in paths if "config" in path[-3:]]
    if paths:
        *parents, key = rng.choice(in_configs if in_configs and rng.randrange(2) else paths)
        value_at(document, tuple(parents))[key] = rng.choice((-1, 0, 1, 2, 3, 4096, 10**6, 10**9, 2**31, 2**63, 10**30))
    return document


def change_json_bytes(data: bytes, rng: random.Random) -> bytes:
    """As `change_json` for the text of a document; other bytes, and one text in eight, are changed as bytes."""
    if rng.randrange(8):
        try:
            return json.dumps(change_json(json.loads(data), rng)).encode()
        except (ValueError, RecursionError):
            pass
    return change_bytes(data, rng)
