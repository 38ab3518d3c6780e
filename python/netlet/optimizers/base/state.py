"""Reading and setting of an optimizer's whole state."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from netlet import _core
from netlet.engine.variable import Variable


class State:
    """The part of an optimizer that sets variables: one, all of its own from arrays, or those of one step."""

    name: str
    built: bool
    apply: Any
    variables: Any  # a property of `Slots`
    _trainable_variables: list[Variable]

    def assign(self, variable: Variable, value: Any) -> None:
        """Sets a variable, in `update_step` of a subclass.

        Args:
            variable: the Variable.
            value: array or Tensor of its shape.
        """
        variable.assign(value)

    def assign_add(self, variable: Variable, value: Any) -> None:
        """Adds to a variable, in `update_step` of a subclass.

        Args:
            variable: the Variable.
            value: array or Tensor of its shape.
        """
        variable.assign_add(value)

    def assign_sub(self, variable: Variable, value: Any) -> None:
        """Subtracts from a variable, in `update_step` of a subclass.

        Args:
            variable: the Variable.
            value: array or Tensor of its shape.
        """
        variable.assign_sub(value)

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Sets all of `variables`. The optimizer must be built.

        Args:
            weights: one array for each of `variables`.

        Raises:
            ValueError: the optimizer is not built, not as many arrays as variables, or an array of another shape.
        """
        if not self.built:
            raise ValueError(
                "You are calling `set_weights()` on an optimizer that has not yet been built. Please call "
                "`optimizer.build(trainable_variables)` to create the optimizer weights before calling "
                "`set_weights()`."
            )
        variables, arrays = self.variables, [np.asarray(weight) for weight in weights]
        self._check_count("weights", arrays, variables)
        for variable, weight in zip(variables, arrays, strict=True):
            if variable.shape != weight.shape:
                raise ValueError(
                    f"Optimizer variable {variable.path} has shape {variable.shape} not compatible with provided "
                    f"weight shape {weight.shape}."
                )
        for variable, weight in zip(variables, arrays, strict=True):
            variable.assign(weight)

    def save_own_variables(self, store: dict[str, Any]) -> None:
        """Writes the values of `variables` to a dict, as Keras's files hold them.

        Args:
            store: receives {"0": array, "1": array, ...}.
        """
        for i, variable in enumerate(self.variables):
            store[str(i)] = variable.numpy()

    def load_own_variables(self, store: Any) -> None:
        """Sets `variables` to what `save_own_variables` has written.

        Args:
            store: mapping of "0", "1", ... to arrays.

        Warns:
            UserWarning: another number of arrays than variables; nothing is set.
        """
        variables, count = self.variables, len(store.keys())
        if count != len(variables):
            built = "" if self.built else " This is likely because the optimizer has not been called/built yet."
            warnings.warn(
                f"Skipping variable loading for optimizer '{self.name}', because it has {len(variables)} variables "
                f"whereas the saved optimizer has {count} variables.{built}",
                stacklevel=2,
            )
            return
        for i, variable in enumerate(variables):
            variable.assign(store[str(i)])

    def stateless_apply(
        self, optimizer_variables: Sequence[Any], grads: Sequence[Any], trainable_variables: Sequence[Any]
    ) -> tuple[list[_core.Tensor], list[_core.Tensor]]:
        """Computes what `apply` would make of given values; no variable is changed.

        Args:
            optimizer_variables: one array for each of `variables`.
            grads: one gradient for each variable that the optimizer was built with.
            trainable_variables: one array for each of these variables.

        Returns:
            (new values of the trainable variables, new values of the optimizer's variables).

        Raises:
            ValueError: the optimizer is not built, or not as many arrays as variables.
            RuntimeError: it is called while a step is recorded.

        Example:

        >>> from netlet import Variable
        >>> from netlet.optimizers import SGD
        >>> w, optimizer = Variable([1.0]), SGD(0.5)
        >>> optimizer.build([w])
        >>> (new,), state = optimizer.stateless_apply([v.numpy() for v in optimizer.variables], [[1.0]], [[4.0]])
        >>> float(new[0]), float(w.numpy()[0])
        (3.5, 1.0)
        """
        if not self.built:
            raise ValueError(
                f"To call `stateless_apply`, {type(self).__name__} must be built (i.e. its variables must have been "
                "created). You can build it via `optimizer.build(trainable_variables)`."
            )
        if _core.recording():
            raise RuntimeError(
                f"Optimizer '{self.name}': stateless_apply sets variables at once, so it cannot be part of a recorded "
                "step. Call `apply` in `train_step`."
            )
        own, trained = self.variables, self._trainable_variables
        self._check_count("optimizer_variables", optimizer_variables, own)
        self._check_count("trainable_variables", trainable_variables, trained)
        everything = [*trained, *own]
        before = [v.numpy() for v in everything]
        try:
            for v, value in zip(everything, [*trainable_variables, *optimizer_variables], strict=True):
                v.assign(value)
            self.apply(grads, trained)
            after = [_core.tensor(v.numpy()) for v in everything]
        finally:
            for v, value in zip(everything, before, strict=True):
                v.assign(value)
        return after[: len(trained)], after[len(trained) :]

    def _check_count(self, argument: str, values: Sequence[Any], variables: Sequence[Variable]) -> None:
        if len(values) != len(variables):
            raise ValueError(
                f"Argument `{argument}` of {type(self).__name__}: expected {len(variables)} arrays, one per variable, "
                f"received {len(values)}."
            )
