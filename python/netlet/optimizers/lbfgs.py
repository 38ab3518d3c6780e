"""L-BFGS: a quasi-Newton method, which computes the loss several times in one step."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from netlet import _core
from netlet.engine.gradient_tape import GradientTape
from netlet.engine.variable import Variable

from .base import finite
from .base.optimizer import Optimizer
from .base.segment import as_gradient, lies_in_segment, runs
from .wolfe import Point, dot, strong_wolfe

_LEAST_CURVATURE = 1e-10  # changes of the gradient along the step below it are not stored


class LBFGS(Optimizer):
    """L-BFGS (Liu and Nocedal, 1989), with the arguments and the stopping rules of `torch.optim.LBFGS`.

    A step makes up to `max_iter` iterations. Each multiplies the gradient by an approximate inverse of the Hessian,
    which the last `history_size` changes of weights and gradients define, and moves along the result:

        w -= t * H g,   t = learning_rate, or the length that the line search finds

    Each iteration computes the loss and its gradient again. In `fit` and `train_on_batch` it runs the recorded training
    step for that; losses and metrics are those of the first run, and random ops (dropout) draw the same numbers in all
    runs of one step. The whole data should be one batch: `fit(x, y, batch_size=len(x))`. For a function of your own use
    `minimize`. It needs memory for 2 * history_size + 2 copies of the weights.

    Args:
        learning_rate: number, schedule, or function without arguments; default 1. The first step length of the line
            search, or the length itself without one; in the very first iteration it is divided by the gradient's L1
            norm if that is above 1.
        max_iter: most iterations of a step; default 20.
        max_eval: most computations of the loss in a step; None (the default) for 5 / 4 of max_iter.
        tolerance_grad: a step ends when no element of the gradient is larger; default 1e-7.
        tolerance_change: a step ends when the change of the loss, or of all weights, is smaller; default 1e-9.
        history_size: number of changes to hold; default 100.
        line_search_fn: None (the default): the length is learning_rate. "strong_wolfe": a search of a length that
            satisfies the strong Wolfe conditions.
        name: first part of the paths of its variables; None (the default): the class name in snake case, numbered.

    Raises:
        ValueError: a value outside its range.

    Example: the minimum of the Rosenbrock function.

    >>> w = Variable([-1.0, 2.0], dtype="float64")
    >>> optimizer = LBFGS(max_iter=100, line_search_fn="strong_wolfe")
    >>> loss = optimizer.minimize(lambda: (1 - w[0]) ** 2 + 100 * (w[1] - w[0] ** 2) ** 2, [w])
    >>> w.numpy().round(4)
    array([1., 1.])
    """

    needs_closure = True

    def __init__(
        self,
        learning_rate: Any = 1.0,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
        line_search_fn: str | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(learning_rate=learning_rate, name=name)
        for argument, value in (("max_iter", max_iter), ("max_eval", max_eval), ("history_size", history_size)):
            if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
                raise ValueError(f"Argument `{argument}` must be an integer >= 1. Received: {argument}={value}")
        if line_search_fn not in (None, "strong_wolfe"):
            raise ValueError(
                f"Argument `line_search_fn`: expected None or 'strong_wolfe', received {line_search_fn!r}."
            )
        self.max_iter, self.max_eval = max_iter, max_eval
        self.tolerance_grad, self.tolerance_change = float(tolerance_grad), float(tolerance_change)
        self.history_size, self.line_search_fn = history_size, line_search_fn
        self._loss = Variable(0.0, dtype="float64", trainable=False, name="loss")  # what a recorded step has computed
        self._has_loss = False  # whether the step that is being recorded computes it

    def build(self, variables: Sequence[Variable]) -> None:
        super().build(variables)
        size = sum(v.size for v in variables)
        dtype = str(np.result_type(*(v.dtype for v in variables))) if variables else "float32"
        self.direction = self.add_variable((size,), dtype=dtype, name="direction")
        self.last_gradient = self.add_variable((size,), dtype=dtype, name="last_gradient")
        self.steps = self.add_variable((self.history_size, size), dtype=dtype, name="steps")
        self.changes = self.add_variable((self.history_size, size), dtype=dtype, name="changes")
        # 1 / (change of the gradient · step) of each stored change, and the sizes of the last step and of the Hessian.
        self.inverse_curvatures = self.add_variable((self.history_size,), dtype="float64", name="inverse_curvatures")
        self.last_length = self.add_variable((), dtype="float64", name="last_length")
        self.inverse_hessian = self.add_variable((), dtype="float64", name="inverse_hessian")
        self.stored = self.add_variable((), dtype="int64", name="stored")  # number of changes stored so far
        self.n_iter = self.add_variable((), dtype="int64", name="n_iter")
        self.func_evals = self.add_variable((), dtype="int64", name="func_evals")

    # ---- what a recorded training step does ------------------------------------------------------------------------
    def scale_loss(self, loss: Any) -> Any:
        """Returns the loss. A recorded step writes it where `step` reads it."""
        if _core.recording():
            self._loss.assign(_core.reshape(loss, ()))
            self._has_loss = True
        return loss

    def _apply(self, pairs: list[tuple[Any, Variable]]) -> None:
        if not _core.recording():
            raise RuntimeError(
                f"Optimizer '{self.name}': LBFGS computes the loss several times in one step, so it cannot apply "
                "gradients. Use `fit` or `train_on_batch` without run_eagerly=True, or `minimize(closure, variables)`."
            )
        if not self._has_loss:
            raise ValueError(
                f"Optimizer '{self.name}': expected `loss = optimizer.scale_loss(loss)` before `apply` in "
                "`train_step`, since LBFGS reads the loss too."
            )
        self._has_loss = False
        self._write_gradients(pairs)

    def _write_gradients(self, pairs: list[tuple[Any, Variable]]) -> None:
        """Writes the gradients to their places in the segments."""
        items = [(self._places[id(v)], as_gradient(g, v), None) for g, v in pairs]
        finite.check_gradients(self, runs(items))
        for (at, gradient, _), (_, v) in zip(items, pairs, strict=True):
            if not lies_in_segment(at, gradient):
                _core.assign(gradient, at.of(at.segment.grads, v.shape))

    def _keeps_rows(self) -> bool:
        return False

    def set_multipliers(self, multipliers: Any) -> None:
        """Raises ValueError: all weights share one step length."""
        raise ValueError("LBFGS has no groups of variables: all weights share one step length.")

    # ---- one step --------------------------------------------------------------------------------------------------
    def minimize(self, closure: Callable[[], Any], variables: Sequence[Variable]) -> float:
        """Makes one step for a function of variables.

        Args:
            closure: function without arguments that computes the loss, a scalar Tensor, from the variables.
            variables: the variables to change.

        Returns:
            The loss before the step.

        Raises:
            ValueError: the loss is no scalar or depends on none of the variables, or the variables are not those that
                the optimizer was built with.
        """
        variables = list(variables)
        if not self.built:
            self.build(variables)

        def run() -> float:
            with GradientTape() as tape:
                loss = closure()
            gradients = tape.gradient(loss, variables)
            zeros = [np.zeros(v.shape, v.dtype) if g is None else g for g, v in zip(gradients, variables, strict=True)]
            if all(g is None for g in gradients):
                raise ValueError("minimize: the loss depends on none of the variables.")
            self._write_gradients(self._pairs(zeros, variables))
            return float(loss)

        self._rate.refresh()
        return self.step(run)

    def step(self, closure: Callable[[], float]) -> float:
        """Makes one step.

        Args:
            closure: function that computes the loss and writes the gradients to `gradient_targets()`. It returns the
                loss; a line search avoids points where it is not finite.

        Returns:
            The loss before the step.

        Raises:
            NotFinite: the loss is not finite. The weights are those before the step.
        """
        unchanged = self._weights()
        try:
            return self._step(closure)
        except finite.NotFinite:
            self._set_weights(unchanged)
            raise

    def _step(self, closure: Callable[[], float]) -> float:
        loss, gradient = self._evaluate(closure)
        self._check_finite(loss)
        first, evaluations, iteration = loss, 1, 0
        most = self.max_eval or self.max_iter * 5 // 4
        done = _largest(gradient) <= self.tolerance_grad
        while not done:
            iteration += 1
            self.n_iter.assign_add(1)
            direction = self._next_direction(gradient)
            start = self._starting_point(loss, gradient, direction)
            if start.slope > -self.tolerance_change:
                break
            if self.line_search_fn is None:
                # The loss after the last iteration is not needed.
                new = self._move(closure, start, direction, evaluate=iteration < self.max_iter)
                evaluations += iteration < self.max_iter
            else:
                new, count = self._search(closure, start, direction, most - evaluations)
                evaluations += count
            self._check_finite(new.loss)
            self.last_length.assign(new.step)
            done = (
                iteration == self.max_iter
                or evaluations >= most
                or _largest(new.gradient) <= self.tolerance_grad
                or _largest(direction * new.step) <= self.tolerance_change
                or abs(new.loss - loss) < self.tolerance_change
            )
            loss, gradient = new.loss, new.gradient
        self.func_evals.assign_add(evaluations)
        for v in self._trainable_variables:
            if v.constraint is not None:
                v.assign(v.constraint(v))
        self._iterations.assign_add(1)
        return first

    def _starting_point(self, loss: float, gradient: np.ndarray, direction: np.ndarray) -> Point:
        """The current point, whose `step` is the first length to try; stores both for the next iteration."""
        length = float(self._rate.cell)
        if int(self.n_iter) == 1:
            length *= min(1.0, 1.0 / float(np.abs(gradient).sum()))
        self.last_length.assign(length)
        self.last_gradient.assign(gradient)
        return Point(length, loss, gradient, dot(gradient, direction))

    def _move(self, closure: Callable[[], float], start: Point, direction: np.ndarray, evaluate: bool) -> Point:
        """Goes the length of `start` without a search."""
        self._set_weights(self._weights() + (start.step * direction).astype(direction.dtype))
        loss, gradient = self._evaluate(closure) if evaluate else (start.loss, start.gradient)
        return start._replace(loss=loss, gradient=gradient)

    def _search(
        self, closure: Callable[[], float], start: Point, direction: np.ndarray, most: int
    ) -> tuple[Point, int]:
        """Goes to the point that the line search finds; returns it and the number of computations of the loss."""
        weights = self._weights()

        def move(t: float) -> None:
            self._set_weights(weights + (t * direction).astype(direction.dtype))

        def look(t: float) -> tuple[float, np.ndarray]:
            move(t)
            return self._evaluate(closure)

        origin = start._replace(step=0.0)
        found, count = strong_wolfe(look, origin, start.step, direction, self.tolerance_change, most)
        move(found.step)
        return found, count

    def _check_finite(self, loss: float) -> None:
        if not math.isfinite(loss):
            raise finite.NotFinite(finite.LOSS, self)

    def _next_direction(self, gradient: np.ndarray) -> np.ndarray:
        """Stores the change since the last iteration and returns -H g by the two loops of Nocedal (1980)."""
        if int(self.n_iter) == 1:
            self.inverse_hessian.assign(1.0)
            direction = -gradient
        else:
            self._store(gradient - self.last_gradient.numpy(), self.direction.numpy() * float(self.last_length))
            steps, changes = self.steps.value.numpy(), self.changes.value.numpy()
            inverse = self.inverse_curvatures.numpy()
            stored = int(self.stored)
            order = [k % self.history_size for k in range(max(0, stored - self.history_size), stored)]
            direction = -gradient
            alpha = {}
            for k in reversed(order):
                alpha[k] = dot(steps[k], direction) * inverse[k]
                direction -= (alpha[k] * changes[k]).astype(direction.dtype)
            direction = (direction * float(self.inverse_hessian)).astype(gradient.dtype)
            for k in order:
                direction += ((alpha[k] - dot(changes[k], direction) * inverse[k]) * steps[k]).astype(direction.dtype)
        self.direction.assign(direction)
        return direction

    def _store(self, change: np.ndarray, step: np.ndarray) -> None:
        curvature = dot(change, step)
        if not curvature > _LEAST_CURVATURE:
            return
        k = int(self.stored) % self.history_size
        self.steps._tensor.writable()[k], self.changes._tensor.writable()[k] = step, change
        self.inverse_curvatures._tensor.writable()[k] = 1.0 / curvature
        self.inverse_hessian.assign(curvature / dot(change, change))
        self.stored.assign_add(1)

    # ---- weights and gradients as vectors ----------------------------------------------------------------------------
    def _evaluate(self, closure: Callable[[], float]) -> tuple[float, np.ndarray]:
        loss, targets = float(closure()), self.gradient_targets()
        if not math.isfinite(loss):
            return math.inf, np.zeros(self.direction.size, self.direction.dtype)
        parts = [targets[id(v)].numpy().ravel() for v in self._trainable_variables]
        return loss, np.concatenate(parts).astype(self.direction.dtype)

    def _weights(self) -> np.ndarray:
        return np.concatenate([v.numpy().ravel() for v in self._trainable_variables]).astype(self.direction.dtype)

    def _set_weights(self, values: np.ndarray) -> None:
        begin = 0
        for v in self._trainable_variables:
            v.assign(values[begin : begin + v.size].reshape(v.shape))
            begin += v.size

    def get_config(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "learning_rate": super().get_config()["learning_rate"],
            "max_iter": self.max_iter,
            "max_eval": self.max_eval,
            "tolerance_grad": self.tolerance_grad,
            "tolerance_change": self.tolerance_change,
            "history_size": self.history_size,
            "line_search_fn": self.line_search_fn,
        }


def _largest(values: np.ndarray) -> float:
    return float(np.abs(values).max(initial=0.0))
