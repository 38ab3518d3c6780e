"""Images are channels last (N, H, W, C) inside netlet; the other order is turned on the way in and on the way out."""

from __future__ import annotations

from typing import Any

from netlet import _core

from .dispatch import shape_of

FORMATS = ("channels_last", "channels_first")


def standardize(data_format: str | None) -> str:
    """The argument `data_format` with its default.

    Raises:
        ValueError: neither "channels_last" nor "channels_first".
    """
    if data_format is None:
        return FORMATS[0]
    if data_format not in FORMATS:
        raise ValueError(f"`data_format` is one of {FORMATS} or None; given {data_format!r}.")
    return data_format


def channels_last(x: Any, data_format: str | None, batched: bool = True) -> Any:
    """(N, C, spatial ...) as (N, spatial ..., C) where data_format says so; without `batched` there is no N."""
    if standardize(data_format) == "channels_last":
        return x
    first = 1 if batched else 0
    rank = len(shape_of(x))
    return _core.transpose(x, [*range(first), *range(first + 1, rank), first])


def back(y: Any, data_format: str | None, batched: bool = True) -> Any:
    """The inverse of `channels_last`."""
    if standardize(data_format) == "channels_last":
        return y
    first = 1 if batched else 0
    rank = len(shape_of(y))
    return _core.transpose(y, [*range(first), rank - 1, *range(first, rank - 1)])
