"""Optimizer: what every optimizer shares. A subclass names its slots and gives one kernel call for many variables."""

from __future__ import annotations

import functools
import re
import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from netlet import _core
from netlet.base.all_or_nothing import all_or_nothing
from netlet.base.naming import auto_name, name_scope
from netlet.engine.graph import in_trial
from netlet.engine.variable import Variable
from netlet.saving.serialization import deserialize_object, serialize_object

from . import gradients
from .learning_rate import LearningRate
from .segment import Run, as_gradient, place, runs
from .slots import Slots


def _whole(build: Callable[..., None]) -> Callable[..., None]:
    """A `build` that is done whole or not at all."""

    @functools.wraps(build)
    def wrapper(self: Any, *args: Any, **kwargs: Any) -> None:
        if self.built:
            return build(self, *args, **kwargs)
        return all_or_nothing([self], build, self, *args, **kwargs)

    return wrapper


class Optimizer(Slots):
    """Base of all optimizers.

    Args:
        learning_rate: a number, a `schedules.LearningRateSchedule`, or a function without arguments.
        weight_decay: w -= learning_rate * weight_decay * w before each update (Loshchilov and Hutter, 2019); see
            `exclude_from_weight_decay`.
        clipnorm: the largest Euclidean norm of each variable's gradient.
        clipvalue: the largest absolute value of each element of a gradient.
        global_clipnorm: the largest norm of all gradients together. At most one of the three.
        use_ema: keep an exponential average of the weights, average = k * average + (1 - k) * w.
        ema_momentum: k.
        ema_overwrite_frequency: w = average after each so many steps; None: at the end of training only.
        loss_scale_factor: the loss is multiplied by it, and the gradients divided again.
        gradient_accumulation_steps: update after each so many calls, with the mean of their gradients.
        name: appears in the paths of its variables.

    Raises:
        ValueError: contradicting or unknown arguments, values outside their range.

    To write your own in Python, override `update_step(gradient, variable, learning_rate)`, and `build` for slots.
    """

    slot_names: tuple[str, ...] = ()

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
        **kwargs: Any,
    ) -> None:
        if kwargs.pop("decay", None) is not None:
            warnings.warn("Argument `decay` is no longer supported and will be ignored.", stacklevel=2)
        if kwargs:
            raise ValueError(f"Argument(s) not recognized: {kwargs}")
        if sum(a is not None for a in (clipnorm, clipvalue, global_clipnorm)) > 1:
            raise ValueError(
                "Only one of `clipnorm`, `clipvalue` and `global_clipnorm` can be set. Received: "
                f"clipnorm={clipnorm}, clipvalue={clipvalue}, global_clipnorm={global_clipnorm}"
            )
        if gradient_accumulation_steps and not gradient_accumulation_steps >= 2:
            raise ValueError(
                "`gradient_accumulation_steps` must be an integer >= 2. Received: "
                f"gradient_accumulation_steps={gradient_accumulation_steps}"
            )
        if use_ema and not 0 <= ema_momentum <= 1:
            raise ValueError(f"`ema_momentum` must be in the range [0, 1]. Received: ema_momentum={ema_momentum}")
        every = ema_overwrite_frequency
        if use_ema and every and (not isinstance(every, int) or every < 1):
            raise ValueError(
                f"`ema_overwrite_frequency` must be an integer >= 1 or None. Received: ema_overwrite_frequency={every}"
            )
        self.name: str = name or auto_name(type(self).__name__)
        self.weight_decay, self.clipnorm, self.clipvalue = weight_decay, clipnorm, clipvalue
        self.global_clipnorm, self.loss_scale_factor = global_clipnorm, loss_scale_factor
        self.use_ema, self.ema_momentum, self.ema_overwrite_frequency = use_ema, ema_momentum, ema_overwrite_frequency
        self.gradient_accumulation_steps = gradient_accumulation_steps
        self.built = False
        self.asked_in_trial = False  # whether a step that was tried would have used it
        super().__init__()
        self._excluded: set[int] = set()
        self._excluded_pattern: re.Pattern[str] | None = None
        with name_scope(self.name, self):
            self._iterations = self._track(Variable(0, dtype="int64", trainable=False, name="iteration"))
            self._rate = LearningRate(learning_rate, self._iterations)
        if self._rate.source is None:
            self._track(self._rate.cell)

    # ---- learning rate and step count ------------------------------------------------------------------------------
    @property
    def learning_rate(self) -> Any:
        """The rate of the next step: a float64 Variable, or where a schedule makes it, a Tensor."""
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
        """What must stand in which cell before each of the next `count` recorded steps."""
        return self._rate.scalars(count)

    @property
    def iterations(self) -> Any:
        """How many updates were made: an int64 Variable (a Tensor, where gradients are accumulated)."""
        every = self.gradient_accumulation_steps
        return _core.tensor(np.int64(int(self._iterations) // every)) if every else self._iterations

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "build" in cls.__dict__:
            cls.build = _whole(cls.__dict__["build"])  # type: ignore[method-assign]

    @_whole
    def build(self, variables: Sequence[Variable]) -> None:
        """Gathers the variables into a segment and makes the slots beside it; called by `apply` if need be.

        A build that raises, also by Ctrl-C or for lack of memory, leaves the optimizer as it was.
        """
        if self.built:
            return
        self._begin_build(variables)
        self._trainable_variables = list(variables)
        for v, at in zip(variables, place(variables), strict=True):
            self._places[id(v)] = at
        if self.use_ema:
            self._model_variables_moving_average = self.add_optimizer_variables(variables, "average")
        if self.gradient_accumulation_steps:
            self._accumulated_gradients = self.add_optimizer_variables(variables, "gradient_accumulator")
        if self.slot_names:
            self.add_optimizer_variables(variables, self.slot_names)
        self.built = True

    # ---- one step ----------------------------------------------------------------------------------------------------
    def apply_gradients(self, grads_and_vars: Iterable[tuple[Any, Variable]]) -> Variable:
        """`apply` for pairs; returns the step count."""
        pairs = list(grads_and_vars)
        self.apply([g for g, _ in pairs], [v for _, v in pairs])
        return self._iterations

    def apply(self, grads: Sequence[Any], trainable_variables: Sequence[Variable] | None = None) -> None:
        """Updates variables by their gradients; inside a recorded step this becomes part of it.

        Args:
            grads: arrays or Tensors of the variables' shapes; None for a variable that the loss does not depend on.
            trainable_variables: those that the optimizer was (or will be) built with; all of them if None.

        Raises:
            ValueError: unknown variables, a gradient of another shape, no gradient at all.
        """
        if in_trial():
            self.asked_in_trial = True
            return
        if len(grads) == 0:
            return
        pairs = self._pairs(list(grads), trainable_variables)
        if not _core.recording():
            self._rate.refresh()
        items = [(self._places[id(v)], as_gradient(g, v), self._use_weight_decay(v)) for g, v in pairs]
        items = gradients.prepare(self, items, [v for _, v in pairs])
        if type(self).update_step is not Optimizer.update_step:
            self._update_one_by_one(items, [v for _, v in pairs])
        else:
            for run in runs(items):
                decay = self.weight_decay if self.weight_decay and run.decays else 0.0
                self._update_run(run, float(decay))
        if self.use_ema:
            gradients.average(self)
        for _, v in pairs:
            if v.constraint is not None:
                v.assign(v.constraint(v))
        _core.increment(self._iterations._tensor)

    def _pairs(self, grads: list[Any], variables: Sequence[Variable] | None) -> list[tuple[Any, Variable]]:
        if variables is None:
            if not self.built:
                raise ValueError(
                    "When passing `grads` without `variables`, the optimizer must already be built on a list of "
                    "variables. Call `optimizer.build(trainable_variables)` first."
                )
            variables = self._trainable_variables
        elif not self.built:
            with _core.Tape():  # slots are made now, also while a step is recorded
                self.build(list(variables))
        if len(grads) != len(variables):
            raise ValueError(f"{len(grads)} gradients were given for {len(variables)} variables.")
        for v in variables:
            if id(v) not in self._places:
                raise ValueError(
                    f"Unknown variable: {v}. This optimizer can only be called for the variables it was originally "
                    "built with. When working with a new set of variables, recreate a new optimizer instance."
                )
        pairs = [(g, v) for g, v in zip(grads, variables, strict=True) if g is not None]
        if not pairs:
            raise ValueError("No gradients provided for any variable.")
        missing = [v.path for g, v in zip(grads, variables, strict=True) if g is None]
        if missing:
            warnings.warn(f"Gradients do not exist for variables {missing} when minimizing the loss.", stacklevel=3)
        return pairs

    def _update_run(self, run: Run, weight_decay: float) -> None:
        raise NotImplementedError(f"{type(self).__name__} must implement update_step().")

    def _keeps_rows(self) -> bool:
        changed = (self.loss_scale_factor, self.gradient_accumulation_steps, self.clipvalue, self.clipnorm)
        custom = type(self).update_step is not Optimizer.update_step
        return not custom and all(not option for option in (*changed, self.global_clipnorm))

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        """Updates one variable: for subclasses written in Python."""
        raise NotImplementedError(f"{type(self).__name__} must implement update_step().")

    def _update_one_by_one(self, items: list[Any], variables: list[Variable]) -> None:
        if self.gradient_accumulation_steps:
            raise NotImplementedError("gradient_accumulation_steps is not supported with a custom update_step().")
        for (_, gradient, decays), v in zip(items, variables, strict=True):
            rate = _core.cast(self._rate.cell, v.dtype)
            if self.weight_decay and decays:
                v.assign_sub(_core.multiply(_core.multiply(v, float(self.weight_decay)), rate))
            self.update_step(gradient, v, rate)

    def assign(self, variable: Variable, value: Any) -> None:
        variable.assign(value)

    def assign_add(self, variable: Variable, value: Any) -> None:
        variable.assign_add(value)

    def assign_sub(self, variable: Variable, value: Any) -> None:
        variable.assign_sub(value)

    # ---- around the step -------------------------------------------------------------------------------------------
    def scale_loss(self, loss: Any) -> Any:
        """The loss times `loss_scale_factor`."""
        return loss if self.loss_scale_factor is None else _core.multiply(loss, float(self.loss_scale_factor))

    def finalize_variable_values(self, var_list: Sequence[Variable]) -> None:
        """At the end of training with `use_ema`: the weights become their averages."""
        if self.use_ema and self.built:
            averages = dict(zip(map(id, self._trainable_variables), self._model_variables_moving_average, strict=True))
            for v in var_list:
                if id(v) in averages:
                    v.assign(averages[id(v)].numpy())

    def exclude_from_weight_decay(self, var_list: Any = None, var_names: Any = None) -> None:
        """Leaves variables out of the weight decay; before `build`.

        Args:
            var_list: variables.
            var_names: strings; a variable whose name contains one is left out.
        """
        if self.built:
            raise ValueError("`exclude_from_weight_decay()` can only be configured before the optimizer is built.")
        self._excluded = {id(v) for v in var_list or ()}
        self._excluded_pattern = re.compile("|".join(set(var_names))) if var_names else None

    def _use_weight_decay(self, variable: Variable) -> bool:
        pattern = self._excluded_pattern
        return id(variable) not in self._excluded and not (pattern and pattern.search(variable.name))

    def get_config(self) -> dict[str, Any]:
        rate = float(self._rate.cell) if self._rate.source is None else serialize_object(self._rate.source)
        return {
            "name": self.name,
            "learning_rate": rate,
            "weight_decay": self.weight_decay,
            "clipnorm": self.clipnorm,
            "global_clipnorm": self.global_clipnorm,
            "clipvalue": self.clipvalue,
            "use_ema": self.use_ema,
            "ema_momentum": self.ema_momentum,
            "ema_overwrite_frequency": self.ema_overwrite_frequency,
            "loss_scale_factor": self.loss_scale_factor,
            "gradient_accumulation_steps": self.gradient_accumulation_steps,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Optimizer:
        config = dict(config)
        if isinstance(config.get("learning_rate"), dict):
            config["learning_rate"] = deserialize_object(config["learning_rate"], custom_objects)
        return cls(**config)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"
