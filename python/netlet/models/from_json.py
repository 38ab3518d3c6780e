"""Save and load functions under the names that Keras has in `keras.models`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from netlet import saving
from netlet.saving.foreign import in_netlets_form


def save_model(model: Any, filepath: Any, overwrite: bool = True, **kwargs: Any) -> None:
    """Writes a model's architecture, weights and training state to one file.

    Args:
        model: the model.
        filepath: str or path, ending in ".netlet", ".keras" or ".h5". Missing directories are made.
        overwrite: whether an existing file may be replaced.
        **kwargs: `include_optimizer` (default True): whether to save the compile arguments and the optimizer's state.

    Raises:
        ValueError: another file extension, or a part that cannot be saved, such as a Lambda layer.
        FileExistsError: the file exists and `overwrite` is False.
        OSError: the file cannot be written.
        ImportError: a ".keras" or ".h5" file without h5py.
    """
    saving.save_model(model, filepath, overwrite=overwrite, **kwargs)


def load_model(
    filepath: Any, custom_objects: Mapping[str, Any] | None = None, compile: bool = True, **kwargs: Any
) -> Any:
    """Reads a model from a file that `save_model`, `Model.save` or Keras wrote.

    Args:
        filepath: str or path of a ".netlet", ".keras" or whole-model ".h5" file.
        custom_objects: {name: class or function} for your own code that is not registered.
        compile: whether to compile the model as it was saved and restore its optimizer.
        **kwargs: `safe_mode`, accepted for compatibility with Keras; loading is always safe.

    Returns:
        The model.

    Raises:
        ValueError: not a file of that format, a damaged file, or a class that is not known.
        OSError: the file is missing or cannot be read.
        ImportError: a ".keras" or ".h5" file without h5py.
    """
    return saving.load_model(filepath, custom_objects=custom_objects, compile=compile, **kwargs)


def model_from_json(json_string: str, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Builds a model with new weights from the JSON that `Model.to_json` returned, here or in Keras.

    Args:
        json_string: the JSON text.
        custom_objects: {name: class or function} for your own code that is not registered.

    Returns:
        The model, not compiled.

    Example:

    >>> import netlet
    >>> model = netlet.Sequential([netlet.Input((3,)), netlet.layers.Dense(2)])
    >>> model_from_json(model.to_json()).output_shape
    (None, 2)
    """
    return saving.deserialize_keras_object(in_netlets_form(json.loads(json_string)), custom_objects)
