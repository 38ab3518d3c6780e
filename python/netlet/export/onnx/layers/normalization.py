"""GroupNormalization; other normalizations are ops."""

from __future__ import annotations

from typing import Any

from netlet.layers.normalization.group_normalization import GroupNormalization

from ..exporter import Exporter
from ..ops.normalization import group_normalization
from ..registry import layer


@layer(GroupNormalization)
def _group_normalization(e: Exporter, layer: Any, out: Any, inputs: Any) -> Any:
    return group_normalization(e, out, inputs, layer.groups, layer.gamma, layer.beta, layer.axis, layer.epsilon)
