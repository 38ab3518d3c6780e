"""What the functions of this folder share: NumPy's LAPACK as host calls, and products of stacks of matrices.

The decompositions run on the host, in NumPy (`engine.host_call`), and have gradients of their own, which are made of
ops. So they can be part of a recorded step, and where the formula allows it they can be differentiated again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from netlet import _core
from netlet.engine.host_call import host_call

__all__: list[str] = []

Spec = tuple[tuple[int, ...], str]


def matrices(name: str, x: Any, square: bool = False) -> tuple[int, ...]:
    """The shape of a stack of matrices.

    Args:
        name: name of the op.
        x: Tensor.
        square: whether the matrices must be square.

    Returns:
        The shape.

    Raises:
        ValueError: fewer than two axes, or the matrices are not square.

    >>> matrices("inv", np.zeros((5, 2, 2)), square=True)
    (5, 2, 2)
    """
    shape = tuple(x.shape)
    if len(shape) < 2:
        raise ValueError(f"ops.{name}: expected matrices (..., M, N), received shape {shape}.")
    if square and shape[-1] != shape[-2]:
        raise ValueError(f"ops.{name}: expected square matrices (..., M, M), received shape {shape}.")
    return shape


def lapack(
    name: str, fn: Callable[..., Any], inputs: Sequence[Any], outputs: Sequence[Spec], finite: bool = False
) -> list[Any]:
    """Calls a function of NumPy arrays; see `host_call`. No gradient flows.

    Args:
        name: name of the op.
        fn: returns an array or a tuple of arrays, which are cast to the dtypes of `outputs`.
        inputs: Tensors.
        outputs: (shape, dtype) of each result.
        finite: whether to refuse inputs that are not finite. LAPACK's iterations for eigenvalues and singular values
            may then never end, or print a message.

    Returns:
        The results as Tensors.

    Raises:
        ValueError: an input is not finite, or LAPACK reports that a matrix is singular or not positive definite, or
            that it did not converge.
    """

    def run(*arrays: np.ndarray) -> list[np.ndarray]:
        if finite and not all(np.isfinite(a).all() for a in arrays):
            raise ValueError(f"ops.{name}: expected finite numbers, received NaN or infinity.")
        try:
            with np.errstate(all="ignore"):
                results = fn(*arrays)
        except np.linalg.LinAlgError as e:
            raise ValueError(f"ops.{name}: {e}.") from None
        several = results if isinstance(results, (tuple, list)) else (results,)
        return [np.asarray(r).astype(dtype, copy=False) for r, (_, dtype) in zip(several, outputs, strict=True)]

    return host_call(name, run, inputs, outputs)


def with_gradient(
    name: str,
    inputs: Sequence[Any],
    outputs: Sequence[Any],
    backward: Callable[..., list[Any]],
    again: Callable[..., list[Any]] | None = None,
) -> list[Any]:
    """Gives the results of `lapack` a gradient.

    Args:
        name: name of the op.
        inputs: Tensors.
        outputs: the results, which `backward` may use: second derivatives flow through them.
        backward: receives the gradient of each output, or None, and returns that of each input, or None.
        again: the same for second derivatives, if it differs.

    Returns:
        The results.
    """
    return _core.custom_backward(inputs, outputs, backward, again, f"ops.{name}")


def product(*factors: Any) -> Any:
    """The matrix product of two or more Tensors, from left to right."""
    result = factors[0]
    for factor in factors[1:]:
        result = _core.matmul(result, factor)
    return result


def transposed(x: Any) -> Any:
    """x with its last two axes exchanged; Tensors only."""
    rank = len(x.shape)
    return _core.transpose(x, [*range(rank - 2), rank - 1, rank - 2])


def symmetric(x: Any) -> Any:
    """The symmetric part of each matrix."""
    return _core.multiply(_core.add(x, transposed(x)), 0.5)


def strict_lower(shape: tuple[int, ...]) -> np.ndarray:
    """Mask of the elements below the diagonal of matrices of this shape."""
    return np.tri(shape[-2], shape[-1], -1, dtype=bool)


def add_up(terms: Sequence[Any]) -> Any:
    """The sum of the terms that are not None; None if there is none."""
    total = None
    for term in terms:
        if term is not None:
            total = term if total is None else _core.add(total, term)
    return total
