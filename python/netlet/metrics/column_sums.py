"""ColumnSums: base of the metrics whose state is sums over the rows of (batch, outputs)."""

from __future__ import annotations

from typing import Any

from netlet import ops

from .metric import Metric


class ColumnSums(Metric):
    """Base of metrics of targets and predictions (batch, outputs) with a float64 Variable (outputs,) per sum.

    The first batch creates the Variables, since it shows the number of outputs.
    """

    _sums: tuple[str, ...]  # names of the Variables and of the attributes that hold them
    _built = False

    def _prepare(self, y_true: Any, y_pred: Any, axis: int | None = 0) -> None:
        """Checks the shapes of a batch; creates the Variables at the first one.

        Args:
            y_true, y_pred: Tensors.
            axis: axis of the sums; None: scalars.

        Raises:
            ValueError: not two axes, or different shapes.
        """
        true_shape, pred_shape = tuple(y_true.shape), tuple(y_pred.shape)
        if len(pred_shape) != 2 or len(true_shape) != 2:
            raise ValueError(
                f"{type(self).__name__} expects 2D inputs with shape (batch_size, output_dim). Received input shapes: "
                f"y_pred.shape={pred_shape} and y_true.shape={true_shape}."
            )
        self._check_same_shape(y_true, y_pred)
        if not self._built:
            for name in self._sums:
                shape = () if axis is None else pred_shape[1:]
                setattr(self, name, self.add_variable(shape, "zeros", "float64", name=name))
            self._built, self._axis = True, axis
        outputs = getattr(self, self._sums[0]).shape
        if outputs not in ((), pred_shape[1:]):
            raise self._error(f"{outputs[0]} outputs, as before", f"y_pred of shape {pred_shape}")

    def _add(self, name: str, values: Any) -> None:
        """Adds the sums of a batch."""
        getattr(self, name).assign_add(ops.sum(values, axis=self._axis))

    def _state(self) -> list[Any]:
        """The values of the sums.

        Raises:
            ValueError: there was no batch yet.
        """
        if not self._built:
            raise self._error("update_state before result", "none")
        return [getattr(self, name).value for name in self._sums]
