"""Pictures of models."""

from __future__ import annotations

from typing import Any

from netlet.models import Model
from netlet.utils.model_picture import model_picture
from netlet.utils.svg import Svg


def model(
    model: Any,
    *,
    show_shapes: bool = True,
    show_dtype: bool = False,
    show_layer_activations: bool = False,
    show_trainable: bool = True,
    expand_nested: bool = False,
) -> Svg:
    """Draws a model's layers and connections as SVG. Needs neither matplotlib nor Graphviz, and builds nothing.

    A box has the layer's name, class, output shape and number of weights; the bar at its left has the colour of the
    layer's kind. A frozen layer is grey with a dashed border. A layer that is called several times has a box for each
    call. A subclassed model is one box, or with `expand_nested` its layers without connections.

    Args:
        model: any model, built or not.
        show_shapes: whether to show the shapes of the outputs; default True.
        show_dtype: whether to show the dtypes of the outputs; default False.
        show_layer_activations: whether to show activations beside the classes; default False.
        show_trainable: whether to mark frozen layers; default True.
        expand_nested: whether to show the layers of nested models in a frame; default False.

    Returns:
        An `Svg`: a notebook shows it, `str(svg)` is its text, and `svg.save("model.svg")` writes it to a file.

    Raises:
        ValueError: `model` is not a model.

    Example:

    >>> import netlet
    >>> small = netlet.Sequential([netlet.Input((3,)), netlet.layers.Dense(2, name="out")])
    >>> "8 parameters" in str(model(small))
    True
    """
    if not isinstance(model, Model):
        raise ValueError(f"model: expected a netlet model as `model`, received {type(model).__name__}.")
    return model_picture(
        model,
        show_shapes=show_shapes,
        show_dtype=show_dtype,
        show_layer_activations=show_layer_activations,
        show_trainable=show_trainable,
        expand_nested=expand_nested,
    )
