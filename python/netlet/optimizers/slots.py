"""An optimizer's own variables: step count, learning rate, and slots that lie beside the parameters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from netlet import _core, initializers
from netlet.base.naming import name_scope
from netlet.engine.variable import Variable

from .copies import Copies
from .segment import Place, Run, Segment, lies_in_segment


class Slots(Copies):
    """The part of an optimizer that holds variables. Slots of one name share one block of memory for each segment."""

    name: str
    built: bool

    def __init__(self) -> None:
        self._variables: list[Variable] = []
        self._trainable_variables: list[Variable] = []
        self._places: dict[int, Place] = {}
        self._blocks: dict[tuple[int, str], _core.Tensor] = {}  # (segment's id, slot's name) -> its flat memory
        self._used: dict[tuple[int, int], _core.RowMap] = {}  # (segment's id, begin of a table) -> rows with slots

    @property
    def variables(self) -> list[Variable]:
        """The optimizer's own state: step count, learning rate, slots."""
        return list(self._variables)

    def _track(self, variable: Variable) -> Variable:
        self._variables.append(variable)
        self._take_up(variable)
        return variable

    def add_variable(
        self, shape: Any, initializer: Any = "zeros", dtype: Any = None, name: str | None = None
    ) -> Variable:
        """A variable of the optimizer's own, for `update_step` of a subclass."""
        with name_scope(self.name, self):
            return self._track(
                Variable(initializers.get(initializer), shape=shape, dtype=dtype, trainable=False, name=name)
            )

    def add_variable_from_reference(
        self, reference_variable: Variable, name: str | None = None, initializer: Any = "zeros"
    ) -> Variable:
        """A slot: a variable of the optimizer's own with the shape and dtype of a model's variable."""
        name = f"{reference_variable.path.replace('/', '_')}_{name or 'var'}"
        return self.add_variable(reference_variable.shape, initializer, reference_variable.dtype, name)

    def add_optimizer_variables(
        self, trainable_variables: Sequence[Variable], name: Any, initializer: Any = "zeros"
    ) -> Any:
        """Slots for all variables, in one block of memory for each name; a list of lists if `name` is one."""
        names = [name] if isinstance(name, str) else list(name)
        initial = [initializer] * len(names) if isinstance(initializer, str) or callable(initializer) else initializer
        if len(names) != len(initial):
            raise ValueError(f"As many initializers as names are needed; given name={name} initializer={initializer}.")
        made: list[list[Variable]] = [[] for _ in names]
        for v in trainable_variables:
            for k, slot in enumerate(names):
                variable = self.add_variable_from_reference(v, slot, initial[k])
                at = self._places.get(id(v))
                if at is not None:
                    variable._rebind(at.of(self._block(at.segment, slot), v.shape))
                made[k].append(variable)
        return made[0] if isinstance(name, str) else tuple(made)

    def _block(self, segment: Segment, slot: str) -> _core.Tensor:
        key = (id(segment), slot)
        if key not in self._blocks:
            self._blocks[key] = segment.zeros()
        return self._blocks[key]

    def _slot(self, run: Run, name: str) -> _core.Tensor:
        """A run's part of a slot."""
        return run.of(self._block(run.places[0].segment, name))

    def gradient_targets(self) -> dict[int, _core.Tensor]:
        """id(variable) -> where its gradient should be written, so that one kernel call updates all."""
        return {
            id(v): self._places[id(v)].of(self._places[id(v)].segment.grads, v.shape) for v in self._trainable_variables
        }

    # ---- tables of which a step reaches few rows -------------------------------------------------------------------
    def _keeps_rows(self) -> bool:
        """Whether gradients come to the update as backward wrote them, so that rows without one are zeros."""
        return False

    def gradient_rows(self) -> dict[int, _core.RowMap]:
        """id(variable) -> the map of rows that its gradient keeps to, for tables."""
        if not self._keeps_rows():
            return {}
        places = {id(v): self._places[id(v)] for v in self._trainable_variables}
        return {key: at.segment.written(at.begin, at.rows) for key, at in places.items() if at.rows}

    def _rows(self, run: Run, weight_decay: float, *slots: str) -> tuple[_core.RowMap | None, _core.RowMap | None]:
        """For the update of a table in a recorded step: the rows with a gradient, and those whose slots may be moved.
        (None, None) where every row must be gone over."""
        at = run.places[0]
        own = at.rows and lies_in_segment(at, run.gradient)
        if not own or weight_decay or not self._keeps_rows() or not _core.recording():
            return None, None
        written = at.segment.written(at.begin, at.rows)
        if not slots:
            return written, None
        key = (id(at.segment), at.begin)
        if key not in self._used:
            self._used[key] = _core.RowMap(at.rows, unknown=2, of=[self._slot(run, slot) for slot in slots])
        return written, self._used[key]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Sets all of `variables`; build first.

        Raises:
            ValueError: not built yet, or not as many arrays as variables.
        """
        if not self.built:
            raise ValueError(
                "You are calling `set_weights()` on an optimizer that has not yet been built. Please call "
                "`optimizer.build(trainable_variables)` first."
            )
        for variable, weight in zip(self._variables, weights, strict=True):
            variable.assign(np.asarray(weight))
