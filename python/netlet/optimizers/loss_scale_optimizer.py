"""LossScaleOptimizer."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

from netlet import _core, ops
from netlet.base.naming import name_scope
from netlet.engine.variable import Variable
from netlet.saving.serialization import deserialize_object, serialize_object

from .base import finite, gradients
from .base.conditional import unless
from .base.optimizer import Optimizer
from .base.options import OPTIONS
from .base.segment import as_gradient, runs
from .base.wrapper import Wrapper, refuse

_DEFAULTS = {**dict.fromkeys(OPTIONS), "use_ema": False, "ema_momentum": 0.99}


class LossScaleOptimizer(Wrapper):
    """Multiplies the loss by a scale, so that small gradients do not become 0, and lets another optimizer update.

    The gradients are divided by the scale s before the update, which is left out if one of them is not finite:

        finite:       step_counter += 1; if it is dynamic_growth_steps: step_counter = 0, s *= 2
        not finite:   step_counter = 0, s /= 2, no variable and no state of the inner optimizer changes

    `fit` does not stop at a loss or gradient that is not finite, as it does with other optimizers.

    Args:
        inner_optimizer: the optimizer that makes the updates. Its `loss_scale_factor` is set to None.
        initial_scale: the first scale; default 2 ** 15. A scale that is too large is found quickly.
        dynamic_growth_steps: number of steps with finite gradients after which the scale is doubled; default 2000.
        name: first part of the paths of its own variables; None (the default): the class name in snake case, numbered.
        **kwargs: options of `Optimizer` with their default values only, for configs of older versions of Keras.

    Raises:
        ValueError: an option that must be set on the inner optimizer, or an unknown argument.

    Source: Keras 3 `keras.optimizers.LossScaleOptimizer`.

    Example:

    >>> from netlet.optimizers import SGD
    >>> w = Variable([1.0])
    >>> optimizer = LossScaleOptimizer(SGD(0.5), initial_scale=4.0)
    >>> optimizer.apply([[4.0]], [w])
    >>> optimizer.apply([[float("nan")]], [w])
    >>> float(w.numpy()[0]), float(optimizer.dynamic_scale)
    (0.5, 2.0)
    """

    may_skip = True

    def __init__(
        self,
        inner_optimizer: Any,
        initial_scale: float = 2.0**15,
        dynamic_growth_steps: int = 2000,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        if not kwargs.pop("dynamic", True):
            raise ValueError(
                "LossScaleOptimizer no longer supports `dynamic=False`. Instead, simply set `loss_scale_factor` "
                "directly on the `inner_optimizer`."
            )
        for option, default in _DEFAULTS.items():
            if kwargs.pop(option, default) != default:
                raise ValueError(
                    f"LossScaleOptimizer does not support `{option}`. Instead, set `{option}` on the `inner_optimizer`."
                )
        if kwargs:
            raise ValueError(f"LossScaleOptimizer does not support arguments: `{'`, `'.join(kwargs)}`.")
        refuse(inner_optimizer, "a LossScaleOptimizer", LossScaleOptimizer)
        super().__init__(learning_rate=0.0, name=name)
        self.inner_optimizer, self.initial_scale = inner_optimizer, initial_scale
        self.dynamic_growth_steps = dynamic_growth_steps
        self.inner_optimizer.scaled_by_another()
        # It exists before `build`, because a step that is recorded before that reads it too.
        with name_scope(self.name, self):
            self._scale = Variable(float(initial_scale), dtype="float32", trainable=False, name="dynamic_scale")

    @property
    def wrapped(self) -> list[Optimizer]:
        return [self.inner_optimizer]

    def build(self, var_list: Sequence[Variable]) -> None:
        super().build(var_list)
        self.step_counter = self.add_variable((), dtype="int32", name="step_counter")
        self.dynamic_scale = self._scale
        self.inner_optimizer.build(var_list)

    def _apply(self, pairs: list[tuple[Any, Variable]]) -> None:
        finite.leave_to_optimizer()
        pairs = [(as_gradient(g, v), v) for g, v in pairs]
        bad = self._any_not_finite(pairs)
        unless(bad, lambda: self._update_inner(pairs))
        counter, scale = ops.add(self.step_counter, 1), self.dynamic_scale
        grows = ops.equal(counter, self.dynamic_growth_steps)
        factor = ops.where(bad, 0.5, ops.where(grows, 2.0, 1.0))
        scale.assign(ops.multiply(scale, ops.cast(factor, "float32")))
        self.step_counter.assign(ops.where(ops.logical_or(bad, grows), 0, counter))

    def _any_not_finite(self, pairs: list[tuple[Any, Variable]]) -> _core.Tensor:
        """Whether an element of a gradient is NaN or infinite: scalar bool Tensor."""
        found = []
        for run in runs([(self._places[id(v)], g, None) for g, v in pairs]):
            flag = _core.tensor(0, dtype="int32")
            _core.check_finite(run.gradient, flag)
            found.append(ops.not_equal(flag, 0))
        return functools.reduce(ops.logical_or, found)

    def _update_inner(self, pairs: list[tuple[Any, Variable]]) -> None:
        scaled = [(self._places[id(v)], g, v) for g, v in pairs if not v.overwrite_with_gradient]
        divided = gradients.in_place(
            [(at, g, None) for at, g, _ in scaled],
            lambda g: _core.assign(_core.divide(g, _core.cast(self.dynamic_scale, g.dtype)), g),
        )
        unscaled = {id(v): g for (_, g, _), (_, _, v) in zip(divided, scaled, strict=True)}
        with finite.checking(None):
            self.inner_optimizer.apply([unscaled.get(id(v), g) for g, v in pairs], [v for _, v in pairs])

    @property
    def learning_rate(self) -> Any:
        """The rate of the inner optimizer."""
        return self.inner_optimizer.learning_rate

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        self.inner_optimizer.learning_rate = value

    @property
    def iterations(self) -> Any:
        """Number of updates that the inner optimizer has made."""
        return self.inner_optimizer.iterations

    def scale_loss(self, loss: Any) -> Any:
        """Returns the loss times the current scale."""
        if isinstance(loss, _core.Tensor):
            return _core.multiply(loss, _core.cast(self._scale, loss.dtype))
        return loss * float(self._scale)

    def get_config(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "inner_optimizer": serialize_object(self.inner_optimizer),
            "initial_scale": self.initial_scale,
            "dynamic_growth_steps": self.dynamic_growth_steps,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> LossScaleOptimizer:
        config = dict(config)
        return cls(deserialize_object(config.pop("inner_optimizer"), custom_objects), **config)


def with_scaled_loss(optimizer: Any) -> Any:
    """The optimizer, wrapped in a LossScaleOptimizer unless it is one.

    Args:
        optimizer: an Optimizer.
    """
    if isinstance(optimizer, LossScaleOptimizer):
        return optimizer
    return LossScaleOptimizer(optimizer, name="loss_scale_optimizer")
