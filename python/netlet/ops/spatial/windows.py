"""Windows that slide over spatial axes: the padding that a name stands for, and the number of window positions.

Ops and layers share these rules. An axis of size n with padding p (low + high), a window of size k with dilation d (it
spans d (k - 1) + 1) and stride s has floor((n + p - span) / s) + 1 window positions, called places here.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any


def per_axis(value: Any, rank: int, name: str, least: int = 1) -> tuple[int, ...]:
    """An integer, or one integer for each spatial axis, as a tuple.

    Args:
        value: an integer or a sequence of `rank` integers.
        rank: number of spatial axes.
        name: words that begin the message, e.g. "Conv2D: `kernel_size`".
        least: smallest allowed integer; 1 by default.

    Returns:
        tuple of `rank` integers.

    Raises:
        ValueError: another number of integers, or one below `least`.

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
        tuples = f", or a tuple of {rank} of them" if rank > 1 else ""
        raise ValueError(f"{name}: expected a {kind}{tuples}, received {value!r}.")
    return found


def standardize_padding(padding: Any, name: str, causal: bool = False) -> str:
    """The name of a padding in lower case.

    Args:
        padding: "valid", "same" or, where allowed, "causal", in any case.
        name: name of the op or layer, for the message.
        causal: whether "causal" is allowed; False by default.

    Returns:
        str.

    Raises:
        ValueError: another padding.

    >>> standardize_padding("SAME", "ops.conv")
    'same'
    """
    known = ("valid", "same", "causal") if causal else ("valid", "same")
    if not isinstance(padding, str) or padding.lower() not in known:
        raise ValueError(f"{name}: expected `padding` {' or '.join(map(repr, known))}, received {padding!r}.")
    return padding.lower()


@dataclass(frozen=True)
class Window:
    """Size, stride and dilation of a window along each spatial axis, and the name of the padding.

    - "valid": no padding.
    - "same": enough for ceil(n / s) places, half of it on either side; an odd one goes to the high side, as in
      TensorFlow.
    - "causal": enough for ceil(n / s) places, all on the low side, so that no place sees later elements.

    Args:
        size: window size along each axis.
        strides: distance between neighbouring places along each axis.
        dilation: distance between neighbouring elements of the window along each axis.
        padding: "valid", "same" or "causal".

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
        """The number of elements from the first to the last of a window, along each axis."""
        return tuple(d * (k - 1) + 1 for k, d in zip(self.size, self.dilation))

    def pads(self, extents: Sequence[int]) -> list[tuple[int, int]]:
        """The padding of each axis.

        Args:
            extents: size of each spatial axis.

        Returns:
            list of (low, high).
        """
        if self.padding == "valid":
            return [(0, 0)] * len(self.size)
        if self.padding == "causal":
            return [(span - 1, 0) for span in self.spans]
        totals = [max((-(-n // s) - 1) * s + span - n, 0) for n, s, span in zip(extents, self.strides, self.spans)]
        return [(total // 2, total - total // 2) for total in totals]

    def places(self, extents: Sequence[int | None]) -> tuple[int | None, ...]:
        """The number of places along each axis, which is the result's size.

        Args:
            extents: size of each spatial axis; None where unknown.

        Returns:
            tuple; None where the size is unknown, and below 1 where the window does not fit.
        """
        if self.padding == "valid":
            rest = [None if n is None else n - span for n, span in zip(extents, self.spans)]
        else:
            rest = [None if n is None else n - 1 for n in extents]
        return tuple(None if r is None else r // s + 1 for r, s in zip(rest, self.strides))

    # ---- transposed convolution: from places back to sizes ----------------------------------------------------------
    def extents(self, places: Sequence[int | None], extra: Sequence[int] | None = None) -> tuple[int | None, ...]:
        """The size of a transposed convolution's result along each axis, by Keras's rule.

        Args:
            places: size of the input along each axis; None where unknown.
            extra: the argument `output_padding`; None (the default): Keras's default size.

        Returns:
            tuple; None where the size is unknown.
        """
        return tuple(None if n is None else self._extent(i, n, extra) for i, n in enumerate(places))

    def _extent(self, i: int, n: int, extra: Sequence[int] | None) -> int:
        """The result's size along axis i for n places."""
        span, stride = self.spans[i], self.strides[i]
        if self.padding == "valid":
            return (n - 1) * stride + (max(span, stride) if extra is None else span + extra[i])
        return n * stride if extra is None else (n - 1) * stride + span % 2 + extra[i]

    def transposed(
        self, places: Sequence[int], extra: Sequence[int] | None = None
    ) -> tuple[list[int], list[tuple[int, int]]]:
        """Sizes of a transposed convolution's result, and the padding of the convolution that it reverses.

        Args:
            places: size of the input along each axis.
            extra: the argument `output_padding`; None (the default): Keras's default size.

        Returns:
            (sizes, list of (low, high)).
        """
        extents = [self._extent(i, n, extra) for i, n in enumerate(places)]
        pads = []
        for i, (n, span, stride) in enumerate(zip(places, self.spans, self.strides)):
            low = 0
            if self.padding == "same":  # half of the total padding, rounded down
                low = max((span - stride if extra is None else span - span % 2 - extra[i]) // 2, 0)
            pads.append((low, max((n - 1) * stride + span - low - extents[i], 0)))
        return extents, pads
