"""RNN: runs a cell over the time steps of a sequence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from netlet import ops
from netlet.base import tree
from netlet.engine.graph import in_trial
from netlet.saving.serialization import deserialize_object, serialize_object

from ..base.layer import Layer
from . import native
from . import states as states_of
from .dropout import constant_masks
from .scan import previous_output, scan
from .stacked import StackedRNNCells, check_cell, output_size
from .time_spec import TimeSpec

_in_order: ContextVar[Any] = ContextVar("netlet_time_order", default=None)


@contextmanager
def time_order(layer: Any) -> Iterator[None]:
    """Context manager: inside, `layer` returns sequences in time order, also with go_backwards."""
    token = _in_order.set(layer)
    try:
        yield
    finally:
        _in_order.reset(token)


def in_time_order(layer: Any) -> bool:
    """Whether `layer` runs inside of `time_order`."""
    return _in_order.get() is layer


class RNN(Layer):
    """Runs `cell` over the time steps of sequences (B, T, ...): (output, states) = cell(x_t, states).

    The output is (B, T, output_size) with `return_sequences`, else the last step's (B, output_size).

    Args:
        cell: a layer or any object with `call(inputs, states) -> (output, states)` and a `state_size` (an integer, or a
            list of integers or of nested lists of them). It needs an `output_size` if that differs from its first state
            size, and may have `build`, `get_initial_state(batch_size)` and a `training` argument. A list of cells is
            stacked.
        return_sequences: whether to return the outputs of all steps; False by default.
        return_state: whether to return the last states after the output, (y, state, ...); False by default.
        go_backwards: whether to process the steps from last to first; output sequences are then in processing order.
            False by default.
        stateful: whether each batch starts from the last states of the previous batch, row by row, until
            `reset_state()`; all batches must have the same size. False by default.
        unroll: accepted as in Keras; it changes nothing, since a recorded step is unrolled anyway.
        zero_output_for_mask: whether masked steps output zeros instead of repeating the previous output; False by
            default.
        **kwargs: the arguments of `Layer`, e.g. `name`.

    Call arguments: sequences; `initial_state=None`, one array (B, size) for each state (None: zeros, or the cell's
    initial state); `mask=None` (B, T), False at steps that leave the states unchanged; `training`, for dropout. For
    a sequence without steps, the last states are the initial states.

    Raises:
        ValueError: an invalid cell; sequences without a time axis; a mask or states of the wrong shape; a batch size
            that differs from that of a stateful layer's states.

    Source: Keras 3, `keras.layers.RNN`; masks are those of its JAX backend.

    Example:

    >>> import numpy as np
    >>> class Sum(Layer):
    ...     state_size = 2
    ...     def call(self, inputs, states):
    ...         total = states[0] + inputs
    ...         return total, [total]
    >>> RNN(Sum(), return_sequences=True)(np.ones((1, 3, 2), "float32")).numpy()[0, :, 0]
    array([1., 2., 3.], dtype=float32)
    """

    _untracked_attributes = Layer._untracked_attributes | {"states"}  # not weights: neither saved nor trained

    def __init__(
        self,
        cell: Any,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        zero_output_for_mask: bool = False,
        **kwargs: Any,
    ) -> None:
        if isinstance(cell, (list, tuple)):
            cell = StackedRNNCells(cell, dtype=kwargs.get("dtype"))
        check_cell(cell, type(self).__name__)
        super().__init__(**kwargs)
        self.cell = cell
        self.return_sequences = return_sequences
        self.return_state = return_state
        self.go_backwards = go_backwards
        self.stateful = stateful
        self.unroll = unroll
        self.zero_output_for_mask = zero_output_for_mask
        self.supports_masking = True
        self.states: Any = None
        self.single_state = isinstance(cell.state_size, int)
        self.state_size = [cell.state_size] if self.single_state else list(cell.state_size)
        self.input_spec = TimeSpec()

    # ---- building ----------------------------------------------------------------------------------------------------
    def build(self, sequences_shape: Any, initial_state_shape: Any = None) -> None:
        if isinstance(self.cell, Layer) and not self.cell.built:
            self.cell.build((sequences_shape[0], *sequences_shape[2:]))
            self.cell.built = True
        if self.stateful and self.states is None and sequences_shape[0] is not None:
            self._make_states(sequences_shape[0])

    def _make_states(self, batch: int) -> None:
        with self._name_scope():
            self.states = states_of.variables(states_of.initial(self, batch))

    def compute_output_shape(self, sequences_shape: Any, initial_state_shape: Any = None) -> Any:
        batch, steps = sequences_shape[:2]
        size = output_size(self.cell)
        if not isinstance(size, int):
            raise ValueError(
                f"Layer '{self.name}': expected an integer as the cell's `output_size`, received {size!r}."
            )
        output = (batch, steps, size) if self.return_sequences else (batch, size)
        return (output, *(_state_shape(s, batch) for s in self.state_size)) if self.return_state else output

    def compute_mask(self, _: Any, mask: Any) -> Any:
        """The inputs' mask for output sequences; None for a last output and for states."""
        mask = tree.flatten(mask)[0]
        own = mask if self.return_sequences else None
        return [own, *(None for _ in self.state_size)] if self.return_state else own

    # ---- states ------------------------------------------------------------------------------------------------------
    def get_initial_state(self, batch_size: int) -> list[Any]:
        """The states before the first step: those of the cell's `get_initial_state`, or zeros.

        Args:
            batch_size: number of sequences B.

        Returns:
            List of one tensor (B, size) for each entry of the cell's `state_size`; for stacked cells, a list of each
                cell's states.
        """
        if getattr(self.cell, "get_initial_state", None) is not None:
            return states_of.as_list(self.cell.get_initial_state(batch_size=batch_size))
        return states_of.zeros(self.state_size, batch_size, getattr(self.cell, "compute_dtype", self.compute_dtype))

    def reset_state(self) -> None:
        """Sets the states of a stateful layer to zeros."""
        for state in tree.flatten(self.states or []):
            state.assign(ops.zeros_like(state))

    def reset_states(self) -> None:
        """Sets the states of a stateful layer to zeros; an older name of `reset_state`."""
        self.reset_state()

    def _first_states(self, batch: int, given: Any) -> list[Any] | None:
        """The states before the first step; None: the cell's initial states."""
        if self.stateful and not in_trial():
            self._check_batch(batch)
        if given is not None:
            return states_of.fitted(self, given, states_of.initial(self, batch))
        if not self.stateful or in_trial():
            return None
        # Copies, since the variables are assigned new values before backward reads the old ones.
        copies: list[Any] = tree.map_structure(ops.copy, self.states)
        return copies

    def _check_batch(self, batch: int) -> None:
        if self.states is None:
            self._make_states(batch)
        expected = tree.flatten(self.states)[0].shape[0]
        if batch != expected:
            raise ValueError(
                f"Layer '{self.name}' is stateful: expected the batch size to stay {expected}, received {batch} "
                "sequences. Drop the last, smaller batch, or pass a `batch_size` that divides the data."
            )

    # ---- calling -----------------------------------------------------------------------------------------------------
    def call(self, sequences: Any, initial_state: Any = None, mask: Any = None, training: bool = False) -> Any:
        mask = states_of.step_mask(self, mask, sequences.shape)
        first = self._first_states(sequences.shape[0], initial_state)
        with constant_masks(self.cell):
            last, outputs, states = self._walk(sequences, first, mask, training)
        if self.stateful and not in_trial():
            for variable, state in zip(tree.flatten(self.states), tree.flatten(states), strict=True):
                variable.assign(state)
        if self.return_sequences and self.go_backwards and not in_time_order(self):
            outputs = ops.flip(outputs, 1)
        found = outputs if self.return_sequences else last, *states
        output, *states = tree.map_structure(lambda v: ops.cast_if_needed(v, self.compute_dtype), found)
        return (output, *states) if self.return_state else output

    def _walk(self, x: Any, states: list[Any] | None, mask: Any, training: bool) -> tuple[Any, Any, list[Any]]:
        """(last output, all outputs in time order if `return_sequences`, last states)."""
        if len(x.shape) == 3 and native.fits(self.cell, training):
            last, y, after = native.walk(self.cell, x, states, mask, training, self.go_backwards, self.return_sequences)
            return *self._with_zeros(last, y, mask), after
        states = self.get_initial_state(x.shape[0]) if states is None else states
        step = self._step(training)
        last, outputs, states = scan(
            step, x, states, mask, self.go_backwards, self.zero_output_for_mask, self.return_sequences
        )
        if last is None:
            return self._without_steps(x, states)
        return last, ops.stack(outputs, 1) if outputs else None, states

    def _with_zeros(self, last: Any, y: Any, mask: Any) -> tuple[Any, Any]:
        """(last output, all outputs) with zeros for masked steps if `zero_output_for_mask`."""
        if mask is None or not self.zero_output_for_mask or not mask.shape[1]:
            return last, y
        if self.return_sequences:
            return last, ops.where(ops.expand_dims(mask, 2), y, 0.0)
        return ops.where(mask[:, :1] if self.go_backwards else mask[:, -1:], last, 0.0), y

    def _step(self, training: bool) -> Any:
        takes_training = isinstance(self.cell, Layer) and self.cell._takes_training
        more = {"training": training} if takes_training else {}
        run = self.cell if callable(self.cell) else self.cell.call

        def step(x: Any, states: Any) -> tuple[Any, Any]:
            output, new = run(x, states, **more)
            leaves, expected = tree.flatten(new), len(tree.flatten(states))
            if len(leaves) != expected:
                raise ValueError(
                    f"Layer '{self.name}': expected {expected} state(s) from the cell, received {len(leaves)}."
                )
            return output, tree.pack_like(states, leaves)

        return step

    def _without_steps(self, x: Any, states: list[Any]) -> tuple[Any, Any, list[Any]]:
        """What `_walk` returns for sequences without steps: outputs of length 0, and the initial states."""
        shape = self.compute_output_shape(tuple(x.shape))
        shape = tuple(shape[0]) if self.return_state else tuple(shape)
        tail = shape[2:] if self.return_sequences else shape[1:]
        last = previous_output(states)
        if tuple(last.shape[1:]) != tail:
            last = ops.zeros((x.shape[0], *tail), self.compute_dtype)
        return last, ops.zeros((x.shape[0], 0, *tail), self.compute_dtype), states

    # ---- config ------------------------------------------------------------------------------------------------------
    def _own_config(self) -> dict[str, Any]:
        """The config without the cell."""
        names = ("return_sequences", "return_state", "go_backwards", "stateful", "unroll", "zero_output_for_mask")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}

    def get_config(self) -> dict[str, Any]:
        return {**self._own_config(), "cell": serialize_object(self.cell)}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Any:
        config = dict(config)
        return cls(deserialize_object(config.pop("cell"), custom_objects), **config)


def _state_shape(size: Any, batch: int | None) -> Any:
    return (batch, size) if isinstance(size, int) else [_state_shape(s, batch) for s in size]
