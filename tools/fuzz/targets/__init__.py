"""The fuzz targets, by name. A target's file is imported when it is asked for: netlet is instrumented before."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ..target import Target


class Place(NamedTuple):
    """Where a target is, and the packages whose branches count as its coverage; none for native code."""

    file: str
    attribute: str
    packages: tuple[str, ...]


_MODELS = ("netlet.saving", "netlet.models", "netlet.layers", "netlet.training")
_DATA_SETS = ("netlet.datasets", "netlet.base.untrusted")
PLACES = {
    "netlet-model": Place("netlet_files", "MODEL", _MODELS),
    "netlet-weights": Place("netlet_files", "WEIGHTS", ("netlet.saving",)),
    "keras-model": Place("keras_files", "MODEL", _MODELS),
    "keras-weights": Place("hdf5_files", "WEIGHTS", ("netlet.saving",)),
    "legacy-h5": Place("hdf5_files", "LEGACY", _MODELS),
    "configs": Place("configs", "CONFIGS", _MODELS),
    "onnx": Place("onnx_models", "ONNX", ("netlet.onnx", "netlet.models")),
    "idx": Place("data_sets", "IDX", _DATA_SETS),
    "npz": Place("data_sets", "NPZ", _DATA_SETS),
    "word-lists": Place("data_sets", "WORD_LISTS", _DATA_SETS),
    "word-index": Place("data_sets", "WORD_INDEX", _DATA_SETS),
    "cifar": Place("data_sets", "CIFAR", _DATA_SETS),
    "archives": Place("archives", "ARCHIVES", ("netlet.utils",)),
    "wav": Place("other_files", "WAV", ("netlet.utils",)),
    "vocabulary": Place("other_files", "VOCABULARY", ("netlet.layers.preprocessing",)),
    "cache": Place("other_files", "CACHE", ("netlet.data", "netlet.base.untrusted")),
    "bindings": Place("bindings", "BINDINGS", ()),
}
NAMES = tuple(PLACES)
PLACES["faulty"] = Place("faulty", "FAULTY", ())  # for the tests of the harness


def target_of(name: str) -> Target:
    """The target of a name."""
    place = PLACES[name]
    target: Target = getattr(importlib.import_module(f"{__name__}.{place.file}"), place.attribute)
    return target
