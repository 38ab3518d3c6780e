"""A window that slides over spatial axes: how far padding by name reaches, and how many places the window has.

One rule for ops and layers. An axis of n with padding p (low + high), a window of k with holes of dilation d (it spans
d (k - 1) + 1) and stride s has floor((n + p - span) / s) + 1 places.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any


def per_axis(value: Any, rank: int, name: str, least: int = 1) -> tuple[int, ...]:
    """An integer, or one for each of `rank` axes, as a tuple.

    >>> per_axis(3, 2, "Conv2D: `kernel_size`")
    (3, 3)
    """
    try:
        given = tuple(value) if isinstance(value, Iterable) else (value,) * rank
        found = tuple(operator.index(v) for v in given if not isinstance(v, bool))
    except TypeError:
        found = ()
    if len(found) != rank or min(found) < least:
        kind = "positive integer" if least else "integer of at least 0"
        tuples = f", or a tuple of {rank} such" if rank > 1 else ""
        raise ValueError(f"{name} is a {kind}{tuples}; given {value!r}.")
    return found


def standardize_padding(padding: Any, name: str, causal: bool = False) -> str:
    """ "valid", "same" or (where allowed) "causal", in any case of letters."""
    known = ("valid", "same", "causal") if causal else ("valid", "same")
    if not isinstance(padding, str) or padding.lower() not in known:
        raise ValueError(f"{name}: `padding` is one of {', '.join(map(repr, known))}; given {padding!r}.")
    return padding.lower()


@dataclass(frozen=True)
class Window:
    """Extents, strides and dilation a spatial axis, and the padding's name.

    - "valid": none.
    - "same": ceil(n / s) places; what is needed for that, half of it on either side, the odd one high (TensorFlow's).
    - "causal": ceil(n / s) places, all padding low: no place sees what comes after it.

    >>> window = Window((3, 3), (2, 2), (1, 1), "same")
    >>> window.pads((6, 7)), window.places((6, 7))
    ([(0, 1), (1, 1)], (3, 4))
    """

    size: tuple[int, ...]
    strides: tuple[int, ...]
    dilation: tuple[int, ...]
    padding: str

    @property
    def spans(self) -> tuple[int, ...]:
        return tuple(d * (k - 1) + 1 for k, d in zip(self.size, self.dilation))

    def pads(self, extents: Sequence[int]) -> list[tuple[int, int]]:
        """(low, high) for each axis."""
        if self.padding == "valid":
            return [(0, 0)] * len(self.size)
        if self.padding == "causal":
            return [(span - 1, 0) for span in self.spans]
        totals = [max((-(-n // s) - 1) * s + span - n, 0) for n, s, span in zip(extents, self.strides, self.spans)]
        return [(total // 2, total - total // 2) for total in totals]

    def places(self, extents: Sequence[int | None]) -> tuple[int | None, ...]:
        """Extents of the result, None where the input's is; not above 0 where the window does not fit."""
        if self.padding == "valid":
            rest = [None if n is None else n - span for n, span in zip(extents, self.spans)]
        else:
            rest = [None if n is None else n - 1 for n in extents]
        return tuple(None if r is None else r // s + 1 for r, s in zip(rest, self.strides))

    # ---- the transpose: from places back to extents ------------------------------------------------------------------
    def extents(self, places: Sequence[int | None], extra: Sequence[int] | None = None) -> tuple[int | None, ...]:
        """Extents of a transposed convolution's result, by Keras's rule; `extra` is its `output_padding`."""
        return tuple(None if n is None else self._extent(i, n, extra) for i, n in enumerate(places))

    def _extent(self, i: int, n: int, extra: Sequence[int] | None) -> int:
        span, stride = self.spans[i], self.strides[i]
        if self.padding == "valid":
            return (n - 1) * stride + (max(span, stride) if extra is None else span + extra[i])
        return n * stride if extra is None else (n - 1) * stride + span % 2 + extra[i]

    def transposed(
        self, places: Sequence[int], extra: Sequence[int] | None = None
    ) -> tuple[list[int], list[tuple[int, int]]]:
        """`extents(places, extra)`, and (low, high) of the convolution that leads from them back to `places`."""
        extents = [self._extent(i, n, extra) for i, n in enumerate(places)]
        pads = []
        for i, (n, span, stride) in enumerate(zip(places, self.spans, self.strides)):
            low = 0
            if self.padding == "same":  # half of what it takes off, rounded down
                low = max((span - stride if extra is None else span - span % 2 - extra[i]) // 2, 0)
            pads.append((low, max((n - 1) * stride + span - low - extents[i], 0)))
        return extents, pads
