"""Optimizer: base of all optimizers. A subclass names its slots and calls one kernel for many variables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from netlet import _core
from netlet.base.naming import auto_name, name_scope
from netlet.distribution.running import current_shard, in_data_parallel_step
from netlet.distribution.turns import meet
from netlet.engine.graph import in_trial
from netlet.engine.variable import Variable

from . import finite, gradients
from .around_step import AroundStep
from .building import whole
from .coded_slots import add_coded_slots, check_state_dtype
from .conditional import unless, updates_now
from .configured import Configured
from .groups import Groups
from .learning_rate import LearningRate
from .options import check_options
from .overwriting import overwrite
from .segment import Run, as_gradient, place, runs, single
from .sharded import ShardGradients, apply_together
from .slots import Slots
from .state import State
from .update import update_one


class Optimizer(Slots, Groups, State, AroundStep, Configured):
    """Base of all optimizers.

    To write your own in Python, override `update_step(gradient, variable, learning_rate)`, and `build` for slots. A
    variable with `overwrite_with_gradient=True` takes the value of its gradient, without any of the options below.

    Args:
        learning_rate: a number, a `schedules.LearningRateSchedule`, or a function without arguments.
        weight_decay: before each update, w -= learning_rate * weight_decay * w (Loshchilov and Hutter, 2019), except
            for variables that `exclude_from_weight_decay` names. None (the default): none.
        clipnorm: the largest Euclidean norm of each variable's gradient; None (the default): no limit.
        clipvalue: the largest absolute value of each element of a gradient; None (the default): no limit.
        global_clipnorm: the largest norm of all gradients together; None (the default): no limit. Set at most one of
            these three.
        use_ema: whether to compute an exponential average of the weights, average = k * average + (1 - k) * w; False by
            default.
        ema_momentum: k; 0.99 by default.
        ema_overwrite_frequency: number of steps after which w = average; None (the default): only at the end of
            training.
        loss_scale_factor: the loss is multiplied by it, and the gradients are divided by it; None (the default): 1.
        gradient_accumulation_steps: number of calls (at least 2) after which the weights are updated with the mean of
            the calls' gradients; None (the default): every call updates.
        name: first part of the paths of its variables; None (the default): the class name in snake case, numbered.
        state_dtype: "uint8" stores the slots of SGD, Adam, AdamW and Lion in 8 bits per element (Dettmers et al.,
            2022), a quarter of the memory; all variables must be float32. None (the default): in each variable's dtype.

    Raises:
        ValueError: unknown arguments, more than one kind of clipping, a value outside its range, or a `state_dtype`
            that the optimizer does not have.

    Source: Keras 3, `keras.optimizers.Optimizer`.

    >>> class SignDescent(Optimizer):
    ...     def update_step(self, gradient, variable, learning_rate):
    ...         variable.assign_sub(_core.multiply(_core.sign(gradient), learning_rate))
    >>> w = Variable([1.0])
    >>> SignDescent(0.25).apply([[4.0]], [w])
    >>> w.numpy()
    array([0.75], dtype=float32)
    """

    slot_names: tuple[str, ...] = ()
    may_skip = False  # whether a call of `apply` may leave `iterations` as it is
    _by_rows = True  # whether it may read only the rows of a table's gradient that a step has written
    has_8bit_state = False  # whether it can store its slots in 8 bits
    needs_closure = False  # whether one update computes the loss several times

    def __init__(
        self,
        learning_rate: Any,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None,
        name: str | None = None,
        state_dtype: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__()
        options = {
            "weight_decay": weight_decay,
            "clipnorm": clipnorm,
            "global_clipnorm": global_clipnorm,
            "clipvalue": clipvalue,
            "use_ema": use_ema,
            "ema_momentum": ema_momentum,
            "ema_overwrite_frequency": ema_overwrite_frequency,
            "loss_scale_factor": loss_scale_factor,
            "gradient_accumulation_steps": gradient_accumulation_steps,
        }
        check_options(options, kwargs)
        check_state_dtype(self, state_dtype)
        self.name: str = name or auto_name(type(self).__name__)
        self.weight_decay, self.clipnorm, self.clipvalue = weight_decay, clipnorm, clipvalue
        self.global_clipnorm, self.loss_scale_factor = global_clipnorm, loss_scale_factor
        self.use_ema, self.ema_momentum, self.ema_overwrite_frequency = use_ema, ema_momentum, ema_overwrite_frequency
        self.gradient_accumulation_steps, self.state_dtype = gradient_accumulation_steps, state_dtype
        self.built = False
        self.asked_in_trial = False  # whether a trial (engine.graph.trial) called `apply`
        with name_scope(self.name, self):
            self._iterations = self._track(Variable(0, dtype="int64", trainable=False, name="iteration"))
            self._rate = LearningRate(learning_rate, self._iterations)
        if self._rate.source is None:
            self._track(self._rate.cell)

    # ---- learning rate and step count ------------------------------------------------------------------------------
    @property
    def learning_rate(self) -> Any:
        """The rate of the next step: a float64 Variable, or a Tensor if a schedule or function computes it."""
        return self._rate.cell if self._rate.source is None else _core.tensor(np.float64(self._rate.next(1)[0]))

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        if not callable(value) and self._rate.source is not None:
            raise TypeError(
                "This optimizer was created with a `LearningRateSchedule` object as its `learning_rate` constructor "
                "argument, hence its learning rate is not settable. If you need the learning rate to be settable, you "
                "should instantiate the optimizer with a float `learning_rate` argument."
            )
        self._rate.set(value)
        if self._rate.source is not None:
            self._variables = [v for v in self._variables if v is not self._rate.cell]

    def step_scalars(self, count: int) -> list[tuple[_core.Tensor, list[float]]]:
        """The numbers that the next recorded steps read, such as the learning rate of a schedule.

        Args:
            count: number of steps.

        Returns:
            List of (cell, its values before each of the next `count` steps); empty for a constant rate.
        """
        return self._rate.scalars(count)

    @property
    def iterations(self) -> Any:
        """Number of updates so far: an int64 Variable, or a Tensor if gradients are accumulated."""
        every = self.gradient_accumulation_steps
        return _core.tensor(np.int64(int(self._iterations) // every)) if every else self._iterations

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "build" in cls.__dict__:
            cls.build = whole(cls.__dict__["build"])  # type: ignore[method-assign]

    @whole
    def build(self, variables: Sequence[Variable]) -> None:
        """Moves the variables to segments and creates the slots. `apply` calls it if it was not called before.

        If it raises (also at Ctrl-C or without memory), the optimizer is unchanged.

        Args:
            variables: the variables to train.

        Raises:
            ValueError: `state_dtype` with a variable that is not float32.
            NotImplementedError: a float16 or bfloat16 variable; use a mixed dtype policy.
        """
        self._begin_build(variables)
        self._trainable_variables = list(variables)
        for i, (v, at) in enumerate(zip(variables, place(variables), strict=True)):
            self._trainable_variables_indices[id(v)] = i
            self._places[id(v)] = at
            at.segment.users.add(self)
        if self.use_ema:
            self._model_variables_moving_average = self.add_optimizer_variables(variables, "average")
        if self.gradient_accumulation_steps:
            self._accumulated_gradients = [self._add_slot(v, "gradient_accumulator") for v in variables]
        if self.state_dtype:
            add_coded_slots(self, variables, self.slot_names)
        elif self.slot_names:
            self.add_optimizer_variables(variables, self.slot_names)
        self.built = True

    # ---- one step ----------------------------------------------------------------------------------------------------
    def apply_gradients(self, grads_and_vars: Iterable[tuple[Any, Variable]]) -> Variable:
        """Updates variables from pairs of (gradient, variable).

        Args:
            grads_and_vars: the pairs; a gradient has its variable's shape, or is None.

        Returns:
            The number of calls so far, an int64 Variable.

        Raises:
            ValueError: as for `apply`.
        """
        pairs = list(grads_and_vars)
        self.apply([g for g, _ in pairs], [v for _, v in pairs])
        return self._iterations

    def apply(self, grads: Sequence[Any], trainable_variables: Sequence[Variable] | None = None) -> None:
        """Updates variables by their gradients. While a step is recorded, the update becomes part of it.

        Args:
            grads: arrays or Tensors of the variables' shapes; None if the loss does not depend on a variable.
            trainable_variables: one for each gradient, among those that the optimizer was built with; None (the
                default) for all of those. An optimizer that is not built is built with them.

        Raises:
            ValueError: unknown variables, a gradient of another shape, or no gradient at all.
        """
        if in_trial():
            self.asked_in_trial = True
            return
        if len(grads) == 0:
            return
        if current_shard() is not None:
            meet(apply_together, ShardGradients(self, list(grads), trainable_variables, finite.take_losses()))
            return
        self._apply(self._pairs(list(grads), trainable_variables))

    def _apply(self, pairs: list[tuple[Any, Variable]]) -> None:
        """One call of `apply`, with pairs of (gradient, variable) of known variables."""
        if not _core.recording():
            self._rate.refresh()
        rest = overwrite(self, pairs)
        if rest:
            self._update(rest)
        _core.increment(self._iterations._tensor)

    def _update(self, pairs: list[tuple[Any, Variable]]) -> None:
        variables = [v for _, v in pairs]
        items = [(self._places[id(v)], as_gradient(g, v), self._group(v)) for g, v in pairs]
        items = gradients.prepare(self, items, variables)
        self._before_updates()
        if type(self).update_step is not Optimizer.update_step:
            self._update_one_by_one(items, variables)
        else:
            for run in self._runs(items):
                run.rate = self._rate.times(run.group.rate)
                self._update_run(run, self._decay_of(run))
        if self.use_ema:
            gradients.average(self)
        for v in variables:
            if v.constraint is not None:
                v.assign(v.constraint(v))

    def _pairs(self, grads: list[Any], variables: Sequence[Variable] | None) -> list[tuple[Any, Variable]]:
        if variables is None:
            if not self.built:
                raise ValueError(
                    "When passing `grads` without `variables`, the optimizer must already be built on a list of "
                    "variables. Call `optimizer.build(trainable_variables)` first."
                )
            variables = self._trainable_variables
        elif not self.built:
            with _core.Tape():  # creates the slots at once, also while a step is recorded
                self.build(list(variables))
        if len(grads) != len(variables):
            raise ValueError(
                f"Argument `grads`: expected {len(variables)} gradients, one per variable, received {len(grads)}."
            )
        for v in variables:
            if id(v) not in self._places:
                raise ValueError(
                    f"Unknown variable: {v}. This optimizer can only be called for the variables it was originally "
                    "built with. When working with a new set of variables, recreate a new optimizer instance."
                )
        return gradients.without_missing(grads, variables)

    def _before_updates(self) -> None:
        """Called once in each step, before the updates, for state that all variables share."""

    def _runs(self, items: list[gradients.Item]) -> list[Run]:
        """Groups gradients into runs, each of which one call of `_update_run` updates."""
        return single(items) if self.state_dtype else runs(items)

    def _decay_of(self, run: Run) -> float:
        return float(self.weight_decay or 0.0) * run.group.decay

    def _update_run(self, run: Run, weight_decay: float) -> None:
        """Updates the variables of a run, whose `rate` is the cell of the learning rate, by one kernel call."""
        raise NotImplementedError(f"{type(self).__name__} must implement update_step().")

    def _keeps_rows(self) -> bool:
        changed = (self.loss_scale_factor, self.gradient_accumulation_steps, self.clipvalue, self.clipnorm)
        custom = type(self).update_step is not Optimizer.update_step
        kept = self._by_rows and not custom and not any((*changed, self.global_clipnorm, self.state_dtype))
        kept = kept and not in_data_parallel_step()  # where all rows are summed
        return kept and getattr(self, "epsilon", 1.0) > 0  # else rows that never had a gradient become 0 / 0

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        """Updates one variable, without weight decay. Override it to write an optimizer in Python.

        An overriding method may call that of one of netlet's optimizers, for example with another gradient.

        Args:
            gradient: Tensor of the variable's shape.
            variable: the variable to change, with `assign` or `assign_sub`.
            learning_rate: the current rate, a Tensor of the variable's dtype.

        Raises:
            ValueError: a gradient of another shape.
        """
        update_one(self, gradient, variable, learning_rate)

    def _update_one_by_one(self, items: list[Any], variables: list[Variable]) -> None:
        def update() -> None:
            for (_, gradient, group), v in zip(items, variables, strict=True):
                rate = _core.cast(self._rate.times(group.rate), v.dtype)
                if self.weight_decay and group.decay:
                    factor = float(self.weight_decay) * group.decay
                    v.assign_sub(_core.multiply(_core.multiply(v, factor), rate))
                self.update_step(gradient, v, rate)

        every = self.gradient_accumulation_steps
        if not every:
            return update()
        unless(_core.logical_not(updates_now(self._iterations._tensor, every)), update)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"
