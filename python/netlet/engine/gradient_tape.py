"""GradientTape: gradients of computations, for custom training loops."""

from __future__ import annotations

import contextlib
from types import TracebackType
from typing import Any

from netlet import _core
from netlet.base.tree import flatten, pack_like

from .variable import Variable


class GradientTape:
    """Records what is computed inside the `with` block, so that `gradient` can differentiate it.

    Variables that are trainable inside the block are watched automatically, Tensors and frozen Variables after `watch`.
    In a `train_step` that `fit` records, the gradients become part of the recorded step. Else it behaves like
    `tf.GradientTape`.

    Gradients that are computed inside the block of another tape can be differentiated again, to any order: gradient
    penalties, physics-informed networks, Hessians. Recurrent layers, attention with dropout, `ops.ctc_loss`,
    `ops.image.affine_transform`, `ops.scatter_update`, `segment_max` and `segment_min` can be differentiated once
    only; a second time raises a ValueError that names the op.

    Args:
        persistent: whether `gradient` may be called more than once; default False. The tape then holds its memory until
            it is deleted.

    Example:

    >>> import netlet
    >>> x = netlet.Variable([3.0])
    >>> with netlet.GradientTape() as outer:
    ...     with netlet.GradientTape() as inner:
    ...         y = netlet.ops.sum(x * x * x)
    ...     slope = inner.gradient(y, x)
    >>> float(slope.numpy()[0]), float(outer.gradient(slope, x).numpy()[0])
    (27.0, 18.0)
    """

    def __init__(self, persistent: bool = False) -> None:
        self.persistent = persistent
        self._steps = _core.BackwardList()
        self._entered = self._used = False

    def __enter__(self) -> GradientTape:
        if self._used and not self.persistent:
            self._steps.clear()
            self._used = False
        self._steps.enter()
        self._entered = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._steps.leave()

    def __del__(self) -> None:
        # If an interrupt occurs in `__enter__`, `__exit__` is not called.
        with contextlib.suppress(AttributeError, RuntimeError):
            self._steps.leave()

    def watch(self, tensor: Any) -> None:
        """Makes `gradient` able to differentiate with respect to a Tensor.

        Args:
            tensor: a `netlet.Tensor`, or a list or dict of them.

        Raises:
            TypeError: it is something else, such as a NumPy array.
        """
        for t in flatten(tensor):
            if not isinstance(t, (_core.Tensor, Variable)):
                raise TypeError(
                    f"GradientTape.watch: expected a netlet Tensor, received {type(t).__name__}. "
                    "netlet.ops.convert_to_tensor converts an array."
                )
            (t._tensor if isinstance(t, Variable) else t).requires_grad = True

    def gradient(self, target: Any, sources: Any, output_gradients: Any = None) -> Any:
        """Computes the gradients of the sum of `target`, weighted by `output_gradients` if given.

        Args:
            target: a Tensor that was computed inside the block, or a list of them, whose gradients are added.
            sources: Variable, Tensor, or a list or dict of them.
            output_gradients: array of the target's shape, or a list of them; None (the default) for ones.

        Returns:
            Tensors in the structure of `sources`; None for a source on which the target does not depend.

        Raises:
            RuntimeError: the block was not entered, or it is a second call without `persistent=True`.
            TypeError: a target or source is not a Tensor or Variable.
            ValueError: a second derivative of an op that has none.
        """
        if not self._entered:
            raise RuntimeError("GradientTape.gradient: nothing was recorded; compute the target inside `with tape:`.")
        if self._used and not self.persistent:
            raise RuntimeError("GradientTape.gradient can be called once only; use GradientTape(persistent=True).")
        leaves = [s._tensor if isinstance(s, Variable) else s for s in flatten(sources)]
        for s in leaves:
            if not isinstance(s, _core.Tensor):
                raise TypeError(f"GradientTape.gradient: expected Tensors as sources, received {type(s).__name__}.")
        targets = [t._tensor if isinstance(t, Variable) else t for t in flatten(target)]
        for t in targets:
            if not isinstance(t, _core.Tensor):
                raise TypeError(f"GradientTape.gradient: expected a Tensor as target, received {type(t).__name__}.")
        seeds = None if output_gradients is None else flatten(output_gradients)
        self._used = True
        if not self.persistent:
            self._steps.leave()  # inside its own block: do not record the ops that compute the gradients
        return pack_like(sources, self._steps.gradients(targets, leaves, seeds, retain=self.persistent))
