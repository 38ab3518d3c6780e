"""The error for an unknown name, with the nearest known names."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def unknown(kind: str, name: object, known: Iterable[str]) -> ValueError:
    """Returns (does not raise) the ValueError for an unknown name.

    Args:
        kind: what the name is for, such as "activation".
        name: the unknown name.
        known: the known names.

    Example:

    >>> raise unknown("activation", "rellu", ["relu", "tanh"])
    Traceback (most recent call last):
        ...
    ValueError: Unknown activation: 'rellu'. Did you mean 'relu'?
    """
    names = sorted({str(k) for k in known})
    text = str(name)
    folded = {n.lower(): n for n in names}
    near = [folded[m] for m in difflib.get_close_matches(text.lower(), list(folded), n=3, cutoff=0.5)]
    message = f"Unknown {kind}: {name!r}."
    if near:
        message += " Did you mean " + " or ".join(repr(n) for n in near) + "?"
    elif names:
        message += " Known: " + ", ".join(names) + "."
    return ValueError(message)
