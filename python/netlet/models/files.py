"""Models to files and back, under the names that Keras has in `models`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from netlet import saving


def save_model(model: Any, filepath: Any, overwrite: bool = True, **kwargs: Any) -> None:
    """Same as `model.save(filepath)`; see `saving.save_model`."""
    saving.save_model(model, filepath, overwrite=overwrite, **kwargs)


def load_model(
    filepath: Any, custom_objects: Mapping[str, Any] | None = None, compile: bool = True, **kwargs: Any
) -> Any:
    """The model in a file; see `saving.load_model`."""
    return saving.load_model(filepath, custom_objects=custom_objects, compile=compile, **kwargs)


def model_from_json(json_string: str, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The model (with new weights) whose `to_json` this is."""
    return saving.deserialize_keras_object(json.loads(json_string), custom_objects)
