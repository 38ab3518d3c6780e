"""Converters of netlet's ops. Importing this package fills the table `registry.OPS`."""

from __future__ import annotations

from . import (  # noqa: F401
    activations,
    arithmetic,
    composed,
    contractions,
    convolution,
    creation,
    indexing,
    logic,
    normalization,
    pooling,
    reductions,
    reshaping,
    resizing,
    signals,
    softmax,
)
