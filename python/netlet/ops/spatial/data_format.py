"""Channels first and channels last. netlet computes on (N, H, W, C); other images are transposed before and after."""

from __future__ import annotations

from typing import Any

from netlet import _core

from ..core.dispatch import shape_of

FORMATS = ("channels_last", "channels_first")


def standardize(data_format: str | None) -> str:
    """The argument `data_format` with its default, "channels_last".

    Args:
        data_format: "channels_last", "channels_first" or None.

    Returns:
        str.

    Raises:
        ValueError: another value.

    >>> standardize(None)
    'channels_last'
    """
    if data_format is None:
        return FORMATS[0]
    if data_format not in FORMATS:
        raise ValueError(f"Expected `data_format` None or one of {FORMATS}, received {data_format!r}.")
    return data_format


def channels_last(x: Any, data_format: str | None, batched: bool = True) -> Any:
    """Images transposed to channels last if `data_format` is "channels_first".

    Args:
        x: (N, C, spatial...) or (N, spatial..., C).
        data_format: the format of x; None: channels last.
        batched: whether x has the axis N; True by default.

    Returns:
        (N, spatial..., C).

    >>> shape_of(channels_last([[[1.0, 2.0]]], "channels_first"))
    (1, 2, 1)
    """
    if standardize(data_format) == "channels_last":
        return x
    first = 1 if batched else 0
    rank = len(shape_of(x))
    return _core.transpose(x, [*range(first), *range(first + 1, rank), first])


def back(y: Any, data_format: str | None, batched: bool = True) -> Any:
    """Images transposed from channels last to `data_format`: the inverse of `channels_last`.

    Args:
        y: (N, spatial..., C).
        data_format: the format of the result; None: channels last.
        batched: whether y has the axis N; True by default.

    Returns:
        (N, C, spatial...) or (N, spatial..., C).

    >>> shape_of(back([[[1.0], [2.0]]], "channels_first"))
    (1, 1, 2)
    """
    if standardize(data_format) == "channels_last":
        return y
    first = 1 if batched else 0
    rank = len(shape_of(y))
    return _core.transpose(y, [*range(first), rank - 1, *range(first, rank - 1)])
