"""A deliberate difference between netlet and Keras, or an error of one of Keras's backends."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import keras


class Difference(NamedTuple):
    """What is not compared for some calls, and why.

    `names` are of ops or layers, `what` some of "values", "dtype", "error", and "float32" where float64 is compared
    with the tolerance of float32. With `backend`, the reason is one of Keras's backends.
    """

    names: str
    what: str
    reason: str
    calls: Callable[..., bool] = lambda *call: True
    backend: str = ""


def not_compared(rows: Iterable[Difference], name: str, *call: Any) -> set[str]:
    """What is not compared for a call."""
    backend = keras.backend.backend()
    found = (d for d in rows if name in d.names.split() and d.backend in ("", backend) and d.calls(*call))
    return {what for d in found for what in d.what.split()}
