"""GradientTape: gradients of what netlet computed, for training loops written by hand."""

from __future__ import annotations

from types import TracebackType
from typing import Any

from . import _core
from .utils.tree import flatten, pack_like
from .variable import Variable


class GradientTape:
    """Records what is computed inside the `with` block, so that gradients can be asked for afterwards.

    Trainable Variables are watched by themselves; Tensors after `watch`. Inside a `train_step` that `fit` records,
    the gradients become part of the recorded step.

    Args:
        persistent: whether `gradient` may be called more than once.

    Example:

    >>> import netlet
    >>> w = netlet.Variable([3.0])
    >>> with netlet.GradientTape() as tape:
    ...     loss = netlet.ops.sum(w * w)
    >>> float(tape.gradient(loss, w).numpy()[0])
    6.0
    """

    def __init__(self, persistent: bool = False) -> None:
        self.persistent = persistent
        self._tape: _core.Tape | None = None
        self._entered = False
        self._used = False

    def __enter__(self) -> GradientTape:
        self._tape = _core.current_recording()
        if self._tape is None:
            self._tape = _core.Tape(grad=True)
            self._tape.__enter__()
            self._entered = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._entered:
            self._entered = False
            assert self._tape is not None
            self._tape.__exit__(kind, error, trace)

    def watch(self, tensor: Any) -> None:
        """Asks for gradients of `tensor` (a `netlet.Tensor`, or a list or dict of them)."""
        for t in flatten(tensor):
            if not isinstance(t, (_core.Tensor, Variable)):
                raise TypeError(
                    f"GradientTape.watch expects a netlet Tensor (netlet.ops.convert_to_tensor makes one of an array); "
                    f"given {type(t).__name__}."
                )
            (t._tensor if isinstance(t, Variable) else t).requires_grad = True

    def gradient(self, target: Any, sources: Any, output_gradients: Any = None) -> Any:
        """Gradients of `target` (summed over its elements, or weighted by `output_gradients`).

        Args:
            target: a Tensor that was computed inside the block.
            sources: Variable, Tensor, or a list or dict of them.
            output_gradients: array of the target's shape.

        Returns:
            Tensors in the structure of `sources`; None where the target does not depend on the source.

        Raises:
            RuntimeError: before the block was entered, or a second time without `persistent=True`.
        """
        if self._tape is None:
            raise RuntimeError("GradientTape.gradient: nothing was recorded; compute the target inside `with tape:`.")
        if self._used and not self.persistent:
            raise RuntimeError("GradientTape.gradient can be called once only; use GradientTape(persistent=True).")
        self._used = True
        leaves = [s._tensor if isinstance(s, Variable) else s for s in flatten(sources)]
        for s in leaves:
            if not isinstance(s, _core.Tensor):
                raise TypeError(f"GradientTape.gradient: sources are Variables and Tensors; given {type(s).__name__}.")
        target = target._tensor if isinstance(target, Variable) else target
        if not isinstance(target, _core.Tensor):
            raise TypeError(f"GradientTape.gradient expects a Tensor as its target; given {type(target).__name__}.")
        grads = self._tape.gradients(target, leaves, output_gradients, retain=self.persistent)
        return pack_like(sources, grads)
