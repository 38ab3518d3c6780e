"""What the shards of a batch do to variables that are not trained: metrics, moving statistics.

Each shard works on state of its own. At the end of the step the states of all shards of all ranks become one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from netlet import _core
from netlet.config import is_float
from netlet.engine.stateless_scope import StatelessScope
from netlet.engine.variable import Variable

from .layout import Shard

if TYPE_CHECKING:
    from .running import Running


class ShardScope(StatelessScope):
    """A block in which one shard assigns variables without changing them.

    The state of a metric begins with zeros, so that it ends as what the shard adds. Other variables are copied when
    they are assigned.

    Attributes:
        written: the variables that were assigned, in the order of their first assignments.
    """

    def __init__(self) -> None:
        super().__init__()
        self.written: list[Variable] = []

    def _tensor_of(self, variable: Variable, own: _core.Tensor) -> _core.Tensor:
        found = self._tensors.get(id(variable))
        if found is None:
            self._variables[id(variable)] = variable
            if variable.accumulates:
                found = _zeros(own)
                self.written.append(variable)
            else:
                found = own
                self._given.add(id(variable))
            self._tensors[id(variable)] = found
        return found

    def before_write(self, variable: Variable) -> None:
        super().before_write(variable)
        if not any(variable is v for v in self.written):
            self.written.append(variable)


def _zeros(like: _core.Tensor) -> _core.Tensor:
    """Memory of its own that a recorded step fills with zeros at each run."""
    cell = _core.empty(like.shape, like.dtype)
    _core.assign(_core.tensor(np.zeros(like.shape), like.dtype), cell)
    cell.variable = True
    return cell


def merge_states(running: Running, scopes: Sequence[ShardScope]) -> None:
    """Assigns variables what all shards of all ranks have made of them.

    The state of a metric is the sum over the shards. Of other float variables it is the mean over the shards, weighted
    by their rows, of the rest the value of the first shard.

    Args:
        running: the step.
        scopes: of each shard of this rank.
    """
    variables = scopes[0].written
    if not variables:
        return
    parts = [
        [_contribution(v, scope.get_current_value(v), shard) for v in variables]
        for shard, scope in zip(running.shards, scopes, strict=True)
    ]
    for v, total in zip(variables, running.sum(parts, "sum_states"), strict=True):
        value = _core.cast(total, v._dtype)
        if v.accumulates:
            _core.accumulate_into(value, v._tensor)
        else:
            _core.assign(value, v._tensor)


def _contribution(variable: Variable, value: Any, shard: Shard) -> _core.Tensor:
    """What a shard adds to the sum over all shards, in float64."""
    value = _core.cast(value, "float64")
    if variable.accumulates:
        return value
    return _core.multiply(value, shard.share if is_float(variable._dtype) else float(shard.leads))
