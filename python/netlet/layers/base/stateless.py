"""Calls of a layer as a function of the values of its variables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from netlet.engine.stateless_scope import StatelessScope


class StatelessCalls:
    """The part of Layer with `stateless_call`."""

    def stateless_call(
        self: Any,
        trainable_variables: Sequence[Any],
        non_trainable_variables: Sequence[Any],
        *args: Any,
        return_losses: bool = False,
        **kwargs: Any,
    ) -> Any:
        """Calls the layer with given values of its variables, which it leaves unchanged.

        Random layers continue their sequences of numbers. Gradients flow to the Tensors given as
        `trainable_variables`: see GradientTape.

        Args:
            trainable_variables: values of `self.trainable_variables`, in their order.
            non_trainable_variables: values of `self.non_trainable_variables`, in their order.
            *args: positional arguments of the call.
            return_losses: whether to return the layer's `losses` too; False by default.
            **kwargs: keyword arguments of the call.

        Returns:
            (outputs, values of `non_trainable_variables` after the call), and with `return_losses` the list of losses.

        Raises:
            ValueError: the layer is not built, or another number of values, or a value of another shape.

        >>> import numpy as np
        >>> import netlet
        >>> layer = netlet.layers.Dense(1, use_bias=False)
        >>> layer.build((None, 2))
        >>> layer.stateless_call([np.ones((2, 1), "float32")], [], np.ones((1, 2), "float32"))[0].tolist()
        [[2.0]]
        """
        if not self.built:
            raise ValueError(f"stateless_call: expected layer '{self.name}' to be built: call it on data first.")
        mapping: list[tuple[Any, Any]] = []
        for what, given in (
            ("trainable_variables", trainable_variables),
            ("non_trainable_variables", non_trainable_variables),
        ):
            own = getattr(self, what)
            if len(given) != len(own):
                raise ValueError(
                    f"Layer '{self.name}': expected {what} with one value for each of {len(own)} variables, received "
                    f"{len(given)}."
                )
            mapping += zip(own, given, strict=True)
        with StatelessScope(mapping, collect_losses=return_losses) as scope:
            outputs = self(*args, **kwargs)
            losses = self.losses if return_losses else []
        after = [scope.get_current_value(v) for v in self.non_trainable_variables]
        return (outputs, after, losses) if return_losses else (outputs, after)
