"""The two parts above the engine that it needs; they are imported when they are first used.

Operators of tensors are functions of `netlet.ops`, and `Variable("zeros", shape=...)` names an initializer. Both parts
are built on the engine, so the engine cannot import them while it is itself being imported.
"""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import Literal


def deferred(part: Literal["ops", "initializers"]) -> ModuleType:
    """The module `netlet.<part>`.

    >>> deferred("initializers").get("zeros").__class__.__name__
    'Zeros'
    """
    return importlib.import_module(f"netlet.{part}")
