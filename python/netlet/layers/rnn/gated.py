"""GatedCell: weights, arguments and per-gate dropout shared by the cells of SimpleRNN, LSTM, GRU and ConvLSTM."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from netlet import _core, activations, ops

from ..base import roles
from .dropout import DropoutCell


class GatedCell(DropoutCell):
    """Base of cells with a `kernel` for the input, a `recurrent_kernel` for the state, and a `bias`.

    The last axis of each weight contains the `_gates` gates one after another.

    Args:
        activation: of the candidate state; name, function or None (linear).
        recurrent_activation: of the gates; name, function or None (linear).
        use_bias: whether to add a bias.
        dropout, recurrent_dropout, seed: see `DropoutCell`.
        implementation: 2 (the default): one dropout mask of the input for all gates; 1: one for each gate. Always 1
            with `recurrent_dropout`.
        **kwargs: initializer, regularizer and constraint of each weight (kernel_initializer, recurrent_initializer,
            bias_initializer, ...), and the arguments of `Layer`.

    Raises:
        ValueError: implementation is neither 1 nor 2; an unknown name.
    """

    _gates: ClassVar[int]
    kind: Any  # name of the cell in the native op, of those that it supports
    _roles: ClassVar[tuple[str, ...]] = ("kernel", "recurrent", "bias")
    bias_initializer: Any
    _activations: ClassVar[tuple[str, ...]] = ("activation", "recurrent_activation")

    def __init__(
        self,
        *,
        activation: Any,
        recurrent_activation: Any = None,
        use_bias: bool,
        dropout: float,
        recurrent_dropout: float,
        seed: int | None,
        implementation: int = 2,
        **kwargs: Any,
    ) -> None:
        weights = roles.taken(self._roles, kwargs)
        super().__init__(dropout, recurrent_dropout, seed, **kwargs)
        if implementation not in (1, 2):
            raise ValueError(f"{type(self).__name__}: expected `implementation` 1 or 2, received {implementation!r}.")
        self.implementation = 1 if self.recurrent_dropout else implementation
        self.activation = activations.get(activation)
        self.recurrent_activation = activations.get(recurrent_activation)
        self.use_bias = use_bias
        for argument, value in weights.items():
            setattr(self, argument, value)

    def _add_weights(self, kernel: Any, recurrent_kernel: Any, bias: Any, **bias_arguments: Any) -> None:
        self.kernel = roles.add(self, "kernel", "kernel", kernel)
        self.recurrent_kernel = roles.add(self, "recurrent", "recurrent_kernel", recurrent_kernel)
        self.bias = roles.add(self, "bias", "bias", bias, **bias_arguments) if self.use_bias else None

    def _all_steps(self, x: Any, h: Any, c: Any, *how: Any) -> tuple[Any, Any, Any]:
        """(all outputs or None, last h, last c or None) of this cell as the native op; `native.py` calls it.

        Args:
            x: (B, T, I).
            h, c: first states; None for zeros.
            *how: mask, scale of the states, names of both activations, whether backwards, whether all outputs.
        """
        y, h, c = _core.rnn(self.kind, x, self.kernel, self.recurrent_kernel, self.bias, h, c, *how)
        return y, h, c

    @property
    def _masked_gates(self) -> int:
        """The number of dropout masks of the input."""
        return self._gates if self.implementation == 1 else 1

    def _product(self, x: Any, kernel: Any, masks: list[Any] | None, product: Callable[..., Any]) -> Any:
        """product(x * mask, kernel): with one mask for all gates, or one for each gate's part of the kernel."""
        if masks is None:
            return product(x, kernel)
        if len(masks) == 1:
            return product(ops.multiply(x, masks[0]), kernel)
        parts = ops.split(kernel, len(masks), axis=-1)
        return ops.concatenate([product(ops.multiply(x, m), k) for m, k in zip(masks, parts)], axis=-1)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            **{name: activations.serialize(getattr(self, name)) for name in self._activations},
            "use_bias": self.use_bias,
            **roles.config(self, self._roles),
            "dropout": self.dropout,
            "recurrent_dropout": self.recurrent_dropout,
            "seed": self.seed,
        }


class ForgetBias:
    """Initializer of an LSTM's bias (4 units,), gates i, f, c, o: ones for the forget gate f, `other` for the rest.

    Args:
        other: initializer of the other gates.

    Source: Jozefowicz et al., "An empirical exploration of recurrent network architectures", 2015.
    """

    def __init__(self, other: Any) -> None:
        self.other = other

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        units = shape[0] // 4
        parts = [self.other((units,), dtype), ops.ones((units,), dtype), self.other((units * 2,), dtype)]
        return ops.concatenate(parts)
