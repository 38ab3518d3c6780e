"""Imports of the two parts above the engine that the engine needs, at their first use.

Operators of tensors are functions of `netlet.ops`, and `Variable("zeros", shape=...)` names an initializer. Both parts
import the engine, so the engine cannot import them at its own import.
"""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import Literal


def deferred(part: Literal["ops", "initializers"]) -> ModuleType:
    """Imports the module `netlet.<part>` and returns it.

    >>> deferred("initializers").get("zeros").__class__.__name__
    'Zeros'
    """
    return importlib.import_module(f"netlet.{part}")
