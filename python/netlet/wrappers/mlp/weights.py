"""The weights of a perceptron in one block of memory, and a second block for their gradients."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from netlet import _core

_ALIGNMENT = 16  # elements: each array begins on a cache line; the padding stays 0, and so does its gradient


class Weights:
    """All coefficients, then all intercepts, so that the L2 penalty and the optimizer each are one kernel.

    Args:
        units: sizes of the layers, from the features to the outputs.
        dtype: "float32" or "float64".

    Attributes:
        params, grads: (size,) the two blocks.
        penalized, penalized_grads: their parts with the coefficients only.
        coefs, intercepts: views of `params`, one for each layer.
        views, grad_views: coefficients and intercepts, in `params` and in `grads`.
    """

    def __init__(self, units: Sequence[int], dtype: str) -> None:
        self.units, self.dtype = tuple(units), dtype
        shapes = [*pairwise(self.units), *((n,) for n in self.units[1:])]
        sizes = [-(-int(np.prod(shape)) // _ALIGNMENT) * _ALIGNMENT for shape in shapes]
        begins = np.concatenate(([0], np.cumsum(sizes)))
        layers = len(self.units) - 1
        self.params, self.grads = self.zeros(int(begins[-1])), self.zeros(int(begins[-1]))
        self.params.variable = True
        itemsize = np.dtype(dtype).itemsize

        def view(block: _core.Tensor, shape: tuple[int, ...], begin: int) -> _core.Tensor:
            return _core.view(block, shape, int(begin) * itemsize)

        penalized = (int(begins[layers]),)
        self.penalized, self.penalized_grads = view(self.params, penalized, 0), view(self.grads, penalized, 0)
        self.views = [view(self.params, shape, begin) for shape, begin in zip(shapes, begins)]
        self.grad_views = [view(self.grads, shape, begin) for shape, begin in zip(shapes, begins)]
        self.coefs, self.intercepts = self.views[:layers], self.views[layers:]

    def zeros(self, size: int | None = None) -> _core.Tensor:
        """A new block of zeros; by default of the size of `params`."""
        return _core.tensor(np.zeros(self.params.size if size is None else size, self.dtype))

    def write(self, arrays: Sequence[np.ndarray]) -> None:
        """Sets the weights.

        Args:
            arrays: coefficients, then intercepts.

        Raises:
            ValueError: other shapes than the layers have.
        """
        for view, array in zip(self.views, arrays, strict=True):
            view.copy_from(np.asarray(array, self.dtype))

    def read(self) -> list[np.ndarray]:
        """Copies of the coefficients, then of the intercepts."""
        return [np.array(view.numpy()) for view in self.views]
