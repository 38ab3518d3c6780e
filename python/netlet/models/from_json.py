"""A model from the JSON of its architecture."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from netlet import saving
from netlet.base.untrusted import damaged_config_named
from netlet.saving.foreign import in_netlets_form


def model_from_json(json_string: str, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Builds a model with new weights from the JSON that `Model.to_json` returned, here or in Keras.

    Args:
        json_string: the JSON text.
        custom_objects: {name: class or function} for your own code that is not registered; None by default.

    Returns:
        The model, not compiled.

    Raises:
        ValueError: the text is no JSON, or its config is damaged or names something unknown.

    Example:

    >>> import netlet
    >>> model = netlet.Sequential([netlet.Input((3,)), netlet.layers.Dense(2)])
    >>> model_from_json(model.to_json()).output_shape
    (None, 2)
    """
    with damaged_config_named("a model"):
        return saving.deserialize_keras_object(in_netlets_form(json.loads(json_string)), custom_objects)
