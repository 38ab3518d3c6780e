"""The table of the quantized class of each float class. Quantized classes enter it when their files are imported."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from netlet.base.lazy import import_all

C = TypeVar("C", bound=type)
_classes: dict[tuple[str, type], type] = {}


def quantizes(*float_classes: type, scheme: str = "int8") -> Callable[[C], C]:
    """Decorator of the quantized class of some float classes.

    Args:
        *float_classes: layer classes. Their subclasses are not meant, since they may compute something else.
        scheme: the configs' `scheme` that it is for.

    Returns:
        The decorator. The class has the methods of `layers.quantized.base.made_from_float.MadeFromFloat`.
    """

    def decorator(cls: C) -> C:
        for float_class in float_classes:
            _classes[scheme, float_class] = cls
        return cls

    return decorator


def quantized_class(float_class: type, scheme: str) -> Any:
    """The quantized class of exactly this float class; None if there is none."""
    import_all("netlet.layers.quantized")
    return _classes.get((scheme, float_class))
