"""Pictures of models as SVG, laid out without another program."""

from __future__ import annotations

from typing import Any

from ..svg import Svg
from .drawing import draw
from .graph import Options, describe


def model_picture(model: Any, sideways: bool = False, **options: Any) -> Svg:
    """Draws a model.

    Args:
        model: any Model, built or not.
        sideways: whether it runs from left to right; default False, from top to bottom.
        **options: fields of `graph.Options`.

    Returns:
        The `Svg`.

    Raises:
        TypeError: another option.

    Example:

    >>> import netlet
    >>> model = netlet.Sequential([netlet.Input((3,)), netlet.layers.Dense(2, name="out")])
    >>> ">out</text>" in str(model_picture(model))
    True
    """
    return draw(describe(model, Options(**options)), str(model.name), sideways)


__all__ = ["model_picture"]
