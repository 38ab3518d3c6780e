"""Where the batches come from: one adapter for each kind of data, all with the protocol `DataSource`."""

from .arrays import ArrayPass, ArraySource
from .blocks import BlockSource, is_chunked
from .choosing import data_source
from .class_weights import class_weighted
from .data import ArrayData, is_array_like, pack_batch, pack_x, parts_of
from .prefetch import Prefetch
from .source import DataSource

__all__ = [
    "ArrayData",
    "ArrayPass",
    "ArraySource",
    "BlockSource",
    "DataSource",
    "Prefetch",
    "class_weighted",
    "data_source",
    "is_array_like",
    "is_chunked",
    "pack_batch",
    "pack_x",
    "parts_of",
]
