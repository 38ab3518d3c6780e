"""Reads the columns of structured data once and lets their layers learn from them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from ..features.discretization import Discretization
from .columns import with_axes


def adapt_columns(owner: str, layers: Mapping[str, Any], dataset: Any) -> None:
    """Calls `adapt` of layers, each with its whole column as an array (rows, 1).

    Args:
        owner: name of the FeatureSpace, for errors.
        layers: {name of the column: layer}.
        dataset: dict of columns, or an iterable of dicts: single rows or batches.

    Raises:
        ValueError: another kind of data, a missing column, or no rows.
    """
    found: dict[str, list[np.ndarray]] = {name: [] for name in layers}
    if isinstance(dataset, (str, bytes)) or not isinstance(dataset, Iterable):
        raise _other(owner, dataset)
    for rows in (dataset,) if isinstance(dataset, dict) else dataset:
        if not isinstance(rows, Mapping):
            raise _other(owner, rows)
        for name, parts in found.items():
            if name not in rows:
                raise ValueError(f"Layer '{owner}': adapt expected the column '{name}', received {sorted(rows)}.")
            value = rows[name]
            texts = isinstance(value, (str, bytes))
            array = np.asarray(value, object) if texts else np.asarray(value)
            parts.append(with_axes(array))
    for name, layer in layers.items():
        if not found[name]:
            raise ValueError(f"Layer '{owner}': adapt expected at least one row, received none.")
        layer.adapt(np.concatenate(found[name]))


def needs_adapt(layer: Any) -> bool:
    """Whether a preprocessing layer learns from data: not if it was given its bins, mean or vocabulary."""
    if not hasattr(layer, "adapt") or (isinstance(layer, Discretization) and layer.num_bins is None):
        return False
    lookup = getattr(layer, "_lookup_layer", layer)
    return getattr(layer, "input_mean", None) is None and not getattr(lookup, "_has_input_vocabulary", False)


def _other(owner: str, data: Any) -> ValueError:
    return ValueError(
        f"Layer '{owner}': `adapt()` can only be called on a dict of arrays/lists or a data set of such dicts, without "
        f"labels (`dataset.map(lambda x, y: x)`). Received: {type(data).__name__}."
    )
