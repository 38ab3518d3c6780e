"""The report of `python -m netlet run --report`."""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from typing import Any

from .names import keras_names


def report(path: str, source: str | bytes) -> str:
    """Which of Keras's names a script uses, and which of them netlet lacks.

    Args:
        path: the script's path.
        source: its text.

    Returns:
        Text of a few lines.
    """
    try:
        names = keras_names(source)
    except SyntaxError as e:
        return f"{path}: no report, since it is not Python: {e}"
    lacks: dict[str, set[int]] = {}  # reason: lines
    has = []
    for name, lines in names.items():
        why = why_not(name)
        if why is None:
            has.append(f"  has      {name} ({_lines(lines)})")
        else:
            lacks.setdefault(why, set()).update(lines)
    title = f"{path} uses {len(names)} names of Keras; netlet has {len(has)} of them."
    return "\n".join([title, *(f"  missing  {_lines(lines)}: {why}" for why, lines in lacks.items()), *has])


def why_not(name: str) -> str | None:
    """Why netlet lacks a name such as "netlet.layers.Dense"; None if it has it.

    >>> why_not("netlet.layers.Dense")
    >>> why_not("netlet.layers.Densee")
    "netlet.layers has no 'Densee'. Nearest: netlet.layers.Dense."
    """
    value: Any = importlib.import_module("netlet")
    path = "netlet"
    for part in name.split(".")[1:]:
        try:
            value = getattr(value, part)
        except AttributeError as e:
            try:
                value = importlib.import_module(f"{path}.{part}")
            except ModuleNotFoundError:
                return str(e)
        path += f".{part}"
    return None


def _lines(lines: Iterable[int]) -> str:
    numbers = [str(n) for n in sorted(lines)]
    return f"line{'s' * (len(numbers) > 1)} " + ", ".join(numbers)
