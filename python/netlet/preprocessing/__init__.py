"""Keras 2's places of functions that Keras 3 has in `utils` too."""

from __future__ import annotations

from netlet.base.missing import explain_missing
from netlet.utils import image_dataset_from_directory, text_dataset_from_directory, timeseries_dataset_from_array

from . import image, sequence

__all__ = [
    "image",
    "image_dataset_from_directory",
    "sequence",
    "text_dataset_from_directory",
    "timeseries_dataset_from_array",
]

explain_missing(__name__)
