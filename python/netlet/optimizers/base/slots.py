"""An optimizer's own variables: step count, learning rate, and slots (values stored for each parameter)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from netlet import _core, initializers
from netlet.base.naming import name_scope
from netlet.engine.variable import Variable

from .copies import Copies
from .segment import Place, Run, Segment, lies_in_segment


class Slots(Copies):
    """The part of an optimizer that holds variables. Slots of one name share one block of memory for each segment."""

    name: str
    built: bool
    _variables: list[Variable]

    def __init__(self) -> None:
        object.__setattr__(self, "_variables", [])
        self._trainable_variables: list[Variable] = []
        self._trainable_variables_indices: dict[int, int] = {}  # id(variable) -> its position
        self._places: dict[int, Place] = {}
        self._blocks: dict[tuple[int, str], _core.Tensor] = {}  # (segment's id, slot's name) -> its flat memory
        self._used: dict[
            tuple[int, int], _core.RowMap
        ] = {}  # (segment's id, begin of a table) -> rows that were updated
        self._coded: dict[
            tuple[int, int, str], tuple[Variable, Variable]
        ] = {}  # (segment's id, begin of a variable, slot's name) -> codes and scales
        super().__init__()

    @property
    def variables(self) -> list[Variable]:
        """The optimizer's own state: step count, learning rate (unless it has a schedule), slots."""
        return list(self._variables)

    def __setattr__(self, name: str, value: Any) -> None:
        """Sets an attribute. A Variable becomes one of `variables`, so that it is saved and copied with them."""
        if "_variables" not in self.__dict__:
            raise RuntimeError(
                f"In optimizer '{type(self).__name__}', you forgot to call `super().__init__()` as the first statement "
                "in the `__init__()` method. Go add it!"
            )
        if not name.startswith("_"):
            for item in value if isinstance(value, (list, tuple)) else [value]:
                if isinstance(item, Variable) and not any(item is v for v in self._variables):
                    self._track(item)
        super().__setattr__(name, value)

    def _track(self, variable: Variable) -> Variable:
        self._variables.append(variable)
        self._take_up(variable)
        return variable

    def add_variable(
        self,
        shape: Any,
        initializer: Any = "zeros",
        dtype: Any = None,
        aggregation: str | None = "none",
        layout: Any = None,
        name: str | None = None,
    ) -> Variable:
        """Adds a variable to the optimizer, for `update_step` of a subclass.

        Args:
            shape: tuple of integers.
            initializer: name or Initializer; default zeros.
            dtype: its dtype; None (the default) for `config.floatx()`.
            aggregation: accepted for compatibility with Keras, see `Variable`.
            layout: accepted for compatibility with Keras; None.
            name: its name; None (the default): "variable", numbered.

        Returns:
            The Variable, which is not trainable.
        """
        with name_scope(self.name, self):
            return self._track(
                Variable(
                    initializers.get(initializer),
                    shape=shape,
                    dtype=dtype,
                    trainable=False,
                    aggregation=aggregation,
                    name=name,
                )
            )

    def add_variable_from_reference(
        self, reference_variable: Variable, name: str | None = None, initializer: Any = "zeros"
    ) -> Variable:
        """Adds a slot: a variable of the optimizer with the shape and dtype of a model's variable.

        Args:
            reference_variable: the model's variable.
            name: appended to the name of the model's variable; None (the default): "var".
            initializer: name or Initializer; default zeros.

        Returns:
            The Variable, which is not trainable.
        """
        name = f"{reference_variable.path.replace('/', '_')}_{name or 'var'}"
        return self.add_variable(reference_variable.shape, initializer, reference_variable.dtype, name=name)

    def add_optimizer_variables(
        self, trainable_variables: Sequence[Variable], name: Any, initializer: Any = "zeros"
    ) -> Any:
        """Adds slots for all variables, in one block of memory for each name and segment.

        Args:
            trainable_variables: the model's variables.
            name: name of the slot, or a list of names.
            initializer: name or Initializer, or one for each name; default zeros.

        Returns:
            A list with one Variable for each of trainable_variables, or None for a variable that its gradient
            overwrites, which needs no slot; for a list of names, a tuple of such lists.

        Raises:
            ValueError: not as many initializers as names.
        """
        names = [name] if isinstance(name, str) else list(name)
        initial = [initializer] * len(names) if isinstance(initializer, str) or callable(initializer) else initializer
        if len(names) != len(initial):
            raise ValueError(
                f"Argument `initializer`: expected {len(names)} initializers for name={name}, received {initializer}."
            )
        made: list[list[Variable | None]] = [[] for _ in names]
        for v in trainable_variables:
            for k, slot in enumerate(names):
                made[k].append(None if v.overwrite_with_gradient else self._add_slot(v, slot, initial[k]))
        return made[0] if isinstance(name, str) else tuple(made)

    def _add_slot(self, reference: Variable, slot: str, initializer: Any = "zeros") -> Variable:
        """Adds a slot whose values lie in the block of its name and segment."""
        variable = self.add_variable_from_reference(reference, slot, initializer)
        at = self._places.get(id(reference))
        if at is not None:
            variable._rebind(at.of(self._block(at.segment, slot), reference.shape))
        return variable

    def _block(self, segment: Segment, slot: str) -> _core.Tensor:
        key = (id(segment), slot)
        if key not in self._blocks:
            self._blocks[key] = segment.zeros()
        return self._blocks[key]

    def _slot(self, run: Run, name: str) -> _core.Tensor:
        """The part of a slot that belongs to a run."""
        return run.of(self._block(run.places[0].segment, name))

    def _get_variable_index(self, variable: Variable) -> int:
        """The position of a model's variable among those that the optimizer was built with; for `update_step`."""
        return self._trainable_variables_indices[self._var_key(variable)]

    def _var_key(self, variable: Variable) -> int:
        """What identifies a variable in dicts of an optimizer that is written as Keras's."""
        return id(variable)

    def gradient_targets(self) -> dict[int, _core.Tensor]:
        """Where backward should write the gradients, so that one kernel updates many variables.

        Returns:
            {id(variable): the part of its segment's memory, a Tensor of the variable's shape}.
        """
        return {
            id(v): self._places[id(v)].of(self._places[id(v)].segment.grads, v.shape) for v in self._trainable_variables
        }

    # ---- tables of which a step uses few rows ----------------------------------------------------------------------
    def _keeps_rows(self) -> bool:
        """Whether the update reads gradients as backward wrote them, so that rows without a gradient are 0."""
        return False

    def gradient_rows(self) -> dict[int, _core.RowMap]:
        """The row maps in which backward marks the rows of tables that have a gradient.

        Returns:
            {id(variable): row map}; empty if every row must be updated.
        """
        if not self._keeps_rows():
            return {}
        places = {id(v): self._places[id(v)] for v in self._trainable_variables}
        return {key: at.segment.written(at.begin, at.rows) for key, at in places.items() if at.rows}

    def _rows(self, run: Run, weight_decay: float, *slots: str) -> tuple[_core.RowMap | None, _core.RowMap | None]:
        """The row maps for the update of a table in a recorded step.

        Returns:
            The map of rows with a gradient, and the map of rows whose slots may differ from 0; (None, None) if every
            row must be updated.
        """
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
