"""The error for an unknown name, with the nearest known names."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

_LISTED = 100  # known names that a message lists, if none looks like the unknown one


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
    near = nearest(str(name), names)
    message = f"Unknown {kind}: {name!r}."
    if near:
        message += " Did you mean " + " or ".join(repr(n) for n in near) + "?"
    elif 0 < len(names) <= _LISTED:
        message += " Known: " + ", ".join(names) + "."
    return ValueError(message)


def nearest(name: str, known: Iterable[str], count: int = 3, likeness: float = 0.5) -> list[str]:
    """The known names that look most like this one; upper and lower case do not matter.

    Args:
        name: the name.
        known: the known names.
        count: how many at most.
        likeness: how much they must look alike, from 0 (any name) to 1 (equal).

    >>> nearest("dens", ["Dense", "Dropout", "DenseNet"], 1)
    ['Dense']
    """
    folded = {k.lower(): k for k in known}
    return [folded[m] for m in difflib.get_close_matches(name.lower(), list(folded), n=count, cutoff=likeness)]
