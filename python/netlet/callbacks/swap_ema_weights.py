"""SwapEMAWeights."""

from __future__ import annotations

from typing import Any

from .callback import Callback, Logs


class SwapEMAWeights(Callback):
    """Evaluates and predicts with the exponential averages of the weights that an optimizer with `use_ema=True` keeps.

    The averages are swapped with the weights before an evaluation or prediction, and swapped back after it.

    Args:
        swap_on_epoch: whether to swap at the end of each epoch too, and back at the beginning of the next. A
            `ModelCheckpoint` later in the list of callbacks then saves the averages. False by default.

    Raises:
        ValueError: the optimizer has no averages.

    Source: Keras 3 `keras.callbacks.SwapEMAWeights`; Polyak and Juditsky, "Acceleration of Stochastic Approximation by
    Averaging", 1992.

    Example:

    >>> callback = SwapEMAWeights(swap_on_epoch=True)
    """

    def __init__(self, swap_on_epoch: bool = False) -> None:
        super().__init__()
        self.swap_on_epoch = swap_on_epoch
        self._swapped = False

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        if self.swap_on_epoch:
            self._swap(False)

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        if not self.swap_on_epoch or self._swapped:
            return
        self._swap(True)
        if epoch == (self.params or {}).get("epochs", 0) - 1:
            # After the last epoch `fit` sets the weights to the averages, which the swap has put in the weights.
            for weight, average in self._pairs():
                average.assign(weight.numpy())

    def on_test_begin(self, logs: Logs = None) -> None:
        self._swap(True)

    def on_test_end(self, logs: Logs = None) -> None:
        self._swap(False)

    def on_predict_begin(self, logs: Logs = None) -> None:
        self._swap(True)

    def on_predict_end(self, logs: Logs = None) -> None:
        self._swap(False)

    def _swap(self, to_averages: bool) -> None:
        """Puts the averages into the weights, or the weights back."""
        if to_averages == self._swapped:
            return
        for weight, average in self._pairs():
            value = weight.numpy().copy()
            weight.assign(average.numpy())
            average.assign(value)
        self._swapped = to_averages

    def _pairs(self) -> list[tuple[Any, Any]]:
        """(weight, its average) of all optimizers with `use_ema`."""
        optimizer = getattr(self.model.optimizer, "inner_optimizer", self.model.optimizer)
        averaging = [o for o in getattr(optimizer, "optimizers", [optimizer]) if getattr(o, "use_ema", False)]
        if not averaging or not all(o.built for o in averaging):
            found = "no optimizer" if optimizer is None else f"{type(optimizer).__name__} without averages"
            raise ValueError(
                "SwapEMAWeights must be used when `use_ema=True` is set on the optimizer, which must be built. "
                f"Received: {found}."
            )
        return [
            pair
            for o in averaging
            for pair in zip(o._trainable_variables, o._model_variables_moving_average, strict=True)
        ]
