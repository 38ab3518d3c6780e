"""InputSpec: what a layer expects of its inputs. Checked before each call; errors name the layer and both shapes."""

from __future__ import annotations

from typing import Any

from netlet.base import tree


class InputSpec:
    """Rank, dimensions and dtype that a layer expects of one input. None (the default) accepts anything.

    Args:
        dtype: element type, e.g. "float32"; default None.
        shape: full shape with the batch axis; None entries match any size; default None. Sets `ndim`.
        ndim: exact rank; default None.
        max_ndim: largest rank; default None.
        min_ndim: smallest rank; default None.
        axes: {axis: size}; a size of None matches any; default None.
        allow_last_axis_squeeze: whether a last axis of size 1 may be missing or extra; False by default.
        name: key of this input in a dict of inputs; also named in errors; default None.
        optional: whether the input may be None; False by default.
        reason: explanation added to errors about an axis, e.g. "its kernel is (784, 16)"; "" by default.

    Example:

    >>> import numpy as np
    >>> check([InputSpec(ndim=2, axes={-1: 3})], np.zeros((5, 4)), "dense")
    Traceback (most recent call last):
        ...
    ValueError: Layer 'dense': expected inputs with last axis 3, received shape (5, 4).
    """

    def __init__(
        self,
        dtype: str | None = None,
        shape: Any = None,
        ndim: int | None = None,
        max_ndim: int | None = None,
        min_ndim: int | None = None,
        axes: dict[int, int | None] | None = None,
        allow_last_axis_squeeze: bool = False,
        name: str | None = None,
        optional: bool = False,
        reason: str = "",
    ) -> None:
        self.dtype, self.ndim, self.max_ndim, self.min_ndim = dtype, ndim, max_ndim, min_ndim
        self.shape = None if shape is None else tuple(shape)
        if self.shape is not None:
            self.ndim = len(self.shape)
        self.axes = {int(k): v for k, v in (axes or {}).items()}
        self.allow_last_axis_squeeze, self.name, self.optional, self.reason = (
            allow_last_axis_squeeze,
            name,
            optional,
            reason,
        )

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor.

        Returns:
            {argument: plain value} of dtype, ranks, shape, axes and `optional`.
        """
        keys = ("dtype", "shape", "ndim", "max_ndim", "min_ndim", "axes", "optional")
        return {key: getattr(self, key) for key in keys}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> InputSpec:
        """Makes the spec from its config.

        Args:
            config: what `get_config` returned.

        Returns:
            An object of this class.
        """
        return cls(**config)

    def mismatch(self, shape: tuple[int | None, ...], dtype: str) -> str | None:
        """Describes what is expected if an input does not fit.

        Args:
            shape: shape of the input with the batch axis; None entries fit any size.
            dtype: dtype of the input, e.g. "float32".

        Returns:
            The expectation, e.g. "inputs of rank 2"; None if the input fits.
        """
        rank = len(shape)
        if self.ndim is not None and rank != self.ndim and not self.allow_last_axis_squeeze:
            return f"inputs of rank {self.ndim}"
        if self.max_ndim is not None and rank > self.max_ndim:
            return f"inputs of rank {self.max_ndim} or less"
        if self.min_ndim is not None and rank < self.min_ndim:
            return f"inputs of rank {self.min_ndim} or more"
        if self.dtype is not None and dtype != self.dtype:
            return f"inputs of dtype {self.dtype}"
        for axis, extent in self.axes.items():
            if extent is not None and shape[axis] not in (extent, None):
                return f"inputs with {'last axis' if axis == -1 else f'axis {axis} of size'} {extent}"
        if self.shape is not None:
            fits = _fits(shape, self.shape)
            if self.allow_last_axis_squeeze:
                fits = fits or _fits(_without_last_one(shape), _without_last_one(self.shape))
            if not fits:
                return f"inputs of shape {self.shape}"
        return None

    def hint(self, shape: tuple[int | None, ...]) -> str:
        """A sentence about the likely cause of a mismatch, for the error; subclasses define it.

        Args:
            shape: shape of the input with the batch axis.

        Returns:
            The sentence, or "".
        """
        return ""

    def complaint(self, layer_name: str, shape: tuple[int | None, ...], dtype: str, which: str = "") -> str | None:
        """The error message for an input that does not fit.

        Args:
            layer_name: name of the layer, which begins the message.
            shape: shape of the input with the batch axis.
            dtype: dtype of the input.
            which: words before the expectation that name the input, e.g. "for input 'a' "; "" by default.

        Returns:
            The message, "Layer '...': expected ..., received shape ..."; None if the input fits.
        """
        expected = self.mismatch(shape, dtype)
        if expected is None:
            return None
        why = f" ({self.reason})" if self.reason and "axis" in expected else ""
        return (
            f"Layer '{layer_name}': expected {which}{expected}{why}, received shape {shape}. {self.hint(shape)}"
        ).rstrip()


def _fits(given: tuple[int | None, ...], wanted: tuple[int | None, ...]) -> bool:
    return len(given) == len(wanted) and all(
        w is None or g is None or w == g for g, w in zip(given, wanted, strict=True)
    )


def _without_last_one(shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
    return shape[:-1] if shape and shape[-1] == 1 else shape


def check(specs: Any, inputs: Any, layer_name: str) -> None:
    """Raises ValueError if an input does not fit its InputSpec. `specs` has one spec for each leaf of `inputs`."""
    if isinstance(specs, InputSpec) and hasattr(inputs, "shape") and not specs.mismatch(inputs.shape, inputs.dtype):
        return  # the common case: one input that fits
    wanted = tree.flatten(specs)
    if isinstance(inputs, dict) and all(spec.name for spec in wanted):
        missing = [spec.name for spec in wanted if spec.name not in inputs]
        if missing:
            raise ValueError(f"Layer '{layer_name}': expected inputs {missing}, received a dict with {sorted(inputs)}.")
        given = [inputs[spec.name] for spec in wanted]
    else:
        given = tree.flatten(inputs)
    if len(given) != len(wanted):
        raise ValueError(f"Layer '{layer_name}': expected {len(wanted)} input(s), received {len(given)}.")
    for x, spec in zip(given, wanted, strict=True):
        if spec is None or (x is None and spec.optional):
            continue
        if x is None:
            name = f"'{spec.name}' " if spec.name else ""
            raise ValueError(
                f"Layer '{layer_name}': the input {name}is not optional: expected a tensor, received None."
            )
        if not hasattr(x, "shape"):
            raise ValueError(f"Layer '{layer_name}': expected tensors or arrays, received {type(x).__name__}: {x!r}.")
        shape = tuple(x.shape)
        which = f"for input '{spec.name}' " if spec.name and len(wanted) > 1 else ""
        complaint = spec.complaint(layer_name, shape, str(x.dtype), which)
        if complaint is not None:
            raise ValueError(complaint)
