"""MultiOptimizer: different optimizers for different variables of one model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from netlet import _core
from netlet.engine.variable import Variable
from netlet.saving.serialization import deserialize_object, serialize_object

from .base.optimizer import Optimizer
from .base.wrapper import Wrapper, refuse


class MultiOptimizer(Wrapper):
    """Lets a different optimizer update each part of a model.

    It has no `learning_rate`; set those of its `optimizers`. The callbacks `LearningRateScheduler` and
    `ReduceLROnPlateau` change all of them.

    Args:
        optimizer_map: an `OptimizerMap`, or a function that returns the optimizer of a variable.
        loss_scale_factor: replaces the factors of all `optimizers`; None (the default) for none.
        name: first part of the paths of its own variables; None (the default): the class name in snake case, numbered.

    Raises:
        ValueError: when it is built, an optimizer is not one, or is a LossScaleOptimizer, MultiOptimizer or LBFGS.

    Source: Keras 3 `keras.optimizers.MultiOptimizer`.

    Example:

    >>> from netlet.optimizers import SGD, Adam, OptimizerMap
    >>> optimizer = MultiOptimizer(OptimizerMap(SGD(0.1), {".*bias": Adam(0.01)}))
    >>> kernel, bias = Variable([1.0], name="kernel"), Variable([1.0], name="bias")
    >>> optimizer.apply([[1.0], [1.0]], [kernel, bias])
    >>> round(float(kernel[0]), 4), round(float(bias[0]), 4)
    (0.9, 0.99)
    """

    def __init__(
        self,
        optimizer_map: Callable[[Variable], Any],
        loss_scale_factor: float | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(learning_rate=0.0, loss_scale_factor=loss_scale_factor, name=name)
        self._optimizer_map = optimizer_map
        self._inner_optimizers: list[Optimizer] = []
        known = [*optimizer_map.values()] if hasattr(optimizer_map, "values") else []
        for optimizer in [*known, getattr(optimizer_map, "default_optimizer", None)]:
            if optimizer is not None:
                self._number_of(optimizer)

    @property
    def optimizers(self) -> list[Optimizer]:
        """The optimizers, each once. Those that only a function returns are known after `build`."""
        return self._inner_optimizers

    @property
    def wrapped(self) -> list[Optimizer]:
        return self._inner_optimizers

    def _number_of(self, optimizer: Any) -> int:
        """The index of an optimizer in `optimizers`, to which it is added if it is new."""
        for i, known in enumerate(self._inner_optimizers):
            if known is optimizer:
                return i
        optimizer.loss_scale_factor = self.loss_scale_factor
        if not self._by_rows:
            optimizer.scaled_by_another()
        self._inner_optimizers.append(optimizer)
        return len(self._inner_optimizers) - 1

    def build(self, var_list: Sequence[Variable]) -> None:
        self._var_to_optimizer_idx = {id(v): self._number_of(self._checked(v)) for v in var_list}
        for i, optimizer in enumerate(self._inner_optimizers):
            own = [v for v in var_list if self._var_to_optimizer_idx[id(v)] == i]
            if own:
                optimizer.build(own)
        super().build(var_list)

    def _checked(self, variable: Variable) -> Optimizer:
        optimizer = self._optimizer_map(variable)
        if not isinstance(optimizer, Optimizer):
            raise ValueError(f"Optimizer for variable {variable} is not an Optimizer instance, it is {optimizer!r}.")
        refuse(optimizer, "an MultiOptimizer", Wrapper)  # the article of Keras's message
        return optimizer

    def _apply(self, pairs: list[tuple[Any, Variable]]) -> None:
        for i, optimizer in enumerate(self._inner_optimizers):
            own = [(g, v) for g, v in pairs if self._var_to_optimizer_idx[id(v)] == i]
            if own:
                optimizer.apply([g for g, _ in own], [v for _, v in own])
        _core.increment(self._iterations._tensor)

    @property
    def learning_rate(self) -> Any:
        """Raises AttributeError."""
        raise AttributeError(
            "Learning rate cannot be accessed on a MultiOptimizer. Access the learning rate on the individual "
            "sub-optimizers instead."
        )

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        raise AttributeError(
            "Learning rate cannot be set on a MultiOptimizer. Set the learning rate on the individual sub-optimizers "
            "instead."
        )

    @property
    def loss_scale_factor(self) -> float | None:
        """Factor of the loss, by which all optimizers divide their gradients."""
        return self.__dict__.get("_loss_scale_factor")

    @loss_scale_factor.setter
    def loss_scale_factor(self, value: float | None) -> None:
        self.__dict__["_loss_scale_factor"] = value
        for optimizer in self.__dict__.get("_inner_optimizers", ()):
            optimizer.loss_scale_factor = value

    def scaled_by_another(self) -> None:
        super().scaled_by_another()
        for optimizer in self._inner_optimizers:
            optimizer.scaled_by_another()

    def get_config(self) -> dict[str, Any]:
        return {
            "optimizer_map": serialize_object(self._optimizer_map),
            "loss_scale_factor": self.loss_scale_factor,
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> MultiOptimizer:
        config = dict(config)
        return cls(deserialize_object(config.pop("optimizer_map"), custom_objects), **config)
