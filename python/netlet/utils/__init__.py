"""Helpers for scripts: seeds, labels, padding, data sets in batches, progress bars."""

from __future__ import annotations

import random as _python_random
from typing import TYPE_CHECKING

import numpy as np

from netlet.base.missing import explain_missing
from netlet.base.naming import reset_uids
from netlet.base.switches import (
    disable_interactive_logging,
    enable_interactive_logging,
    is_interactive_logging_enabled,
)
from netlet.config import standardize_dtype
from netlet.engine.graph import get_source_inputs, is_keras_tensor
from netlet.random import set_seed
from netlet.saving import (  # noqa: F401  (as in Keras)
    CustomObjectScope,
    custom_object_scope,
    deserialize_keras_object,
    get_custom_objects,
    get_registered_name,
    get_registered_object,
    register_keras_serializable,
    serialize_keras_object,
)

from . import bounding_boxes
from .batches import pack_x_y_sample_weight, unpack_x_y_sample_weight
from .config import Config
from .float_parts import FloatParts, float_parts
from .get_file import get_file
from .image_files import array_to_img, img_to_array, load_img, save_img
from .numerical import normalize, to_categorical
from .progbar import Progbar
from .sampling import sample_from_logits
from .sequence import PyDataset, Sequence, pad_sequences

if TYPE_CHECKING:
    from .audio_folders import audio_dataset_from_directory
    from .image_folders import image_dataset_from_directory
    from .model_plot import model_to_dot, plot_model
    from .splitting import split_dataset
    from .text_files import text_dataset_from_directory
    from .timeseries import timeseries_dataset_from_array

__all__ = [
    "Config",
    "FeatureSpace",
    "FloatParts",
    "Progbar",
    "PyDataset",
    "Sequence",
    "array_to_img",
    "audio_dataset_from_directory",
    "bounding_boxes",
    "clear_session",
    "disable_interactive_logging",
    "enable_interactive_logging",
    "float_parts",
    "get_file",
    "get_source_inputs",
    "image_dataset_from_directory",
    "img_to_array",
    "is_interactive_logging_enabled",
    "is_keras_tensor",
    "load_img",
    "model_to_dot",
    "normalize",
    "pack_x_y_sample_weight",
    "pad_sequences",
    "plot_model",
    "sample_from_logits",
    "save_img",
    "set_random_seed",
    "split_dataset",
    "standardize_dtype",
    "text_dataset_from_directory",
    "timeseries_dataset_from_array",
    "to_categorical",
    "unpack_x_y_sample_weight",
]


def set_random_seed(seed: int) -> None:
    """Seeds Python's `random`, NumPy's global generator and netlet, which makes a program reproducible bit by bit.

    Args:
        seed: integer in [0, 2**32).

    Raises:
        ValueError: another seed.

    Example:

    >>> set_random_seed(7)
    """
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or not 0 <= int(seed) < 2**32:
        raise ValueError(f"set_random_seed: expected an integer in [0, 2**32), received {seed!r}.")
    _python_random.seed(int(seed))
    np.random.seed(int(seed))  # noqa: NPY002  (scripts draw from the global generator)
    set_seed(int(seed))


def clear_session(free_memory: bool = True) -> None:
    """Resets the counters of automatic names ("dense", "dense_1", ...).

    Args:
        free_memory: accepted for compatibility with Keras; netlet frees memory when nothing refers to it.

    >>> clear_session()
    """
    reset_uids()


# What stands on netlet.data or on layers, and pictures of models, are imported when they are first used.
explain_missing(
    __name__,
    {
        "audio_folders": "audio_dataset_from_directory",
        "image_folders": "image_dataset_from_directory",
        "model_plot": "model_to_dot plot_model",
        "netlet.layers.preprocessing.structured": "FeatureSpace",
        "splitting": "split_dataset",
        "text_files": "text_dataset_from_directory",
        "timeseries": "timeseries_dataset_from_array",
    },
)
