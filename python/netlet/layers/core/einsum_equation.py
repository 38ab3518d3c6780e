"""Parses the equation of an EinsumDense and computes the shapes of its kernel, bias and output."""

from __future__ import annotations

import re
from typing import Any

_FORM = re.compile(r"(\.\.\.)?([a-zA-Z]+)(\.\.\.)?,([a-zA-Z]+)->(\.\.\.)?([a-zA-Z]+)(\.\.\.)?")


class EinsumEquation:
    """An equation like "ab,bc->ac", "...ab,bc->...ac" or "ab...,bc->ac...", applied to one input shape.

    Args:
        equation: "input,kernel->output".
        bias_axes: labels of the output along which the bias varies, or None.
        input_shape: shape of the input with the batch; None entries are unknown.
        partial_output_shape: output shape without the batch and the axes of "..."; None entries are taken from the
            input.

    Raises:
        ValueError: invalid equation; an output label that is in neither operand; different dimensions for one label; a
            bias axis that is not in the output.
    """

    def __init__(self, equation: str, bias_axes: str | None, input_shape: Any, partial_output_shape: Any) -> None:
        match = _FORM.fullmatch(equation.replace(" ", ""))
        if match is None or (match[1], match[3]) != (match[5], match[7]) or (match[1] and match[3]):
            raise ValueError(
                f"Invalid einsum equation '{equation}'. Equations must be in the form [X],[Y]->[Z], "
                "...[X],[Y]->...[Z], or [X]...,[Y]->[Z]...."
            )
        self.input, self.kernel, self.output = match[2], match[4], match[6]
        self.left, self.right = bool(match[1]), bool(match[3])
        elided = len(input_shape) - len(self.input)
        if elided < 0 or (elided > 0 and not (self.left or self.right)):
            raise ValueError(
                f"Equation '{equation}': expected an input with one axis for each label, received shape "
                f"{tuple(input_shape)}."
            )
        before, after = (elided, 0) if self.left else (0, elided)
        given = dict(zip(self.input, input_shape[before : len(input_shape) - after], strict=True))
        batch = max(before, 1)  # axes of the output that partial_output_shape leaves out
        wanted = len(self.output) + before - batch
        if len(partial_output_shape) != wanted:
            raise ValueError(
                f"Equation '{equation}': expected `output_shape` with {wanted} entries (without the batch and the axes "
                f"of '...'), received {tuple(partial_output_shape)}."
            )
        outer = [*input_shape[:batch], *partial_output_shape]
        made = dict(zip(self.output, outer[before:], strict=True))
        for label in self.output:
            if label not in self.input and label not in self.kernel:
                raise ValueError(f"Dimension '{label}' of the output of '{equation}' is in neither operand.")
            if label in given and made[label] is None:
                made[label] = given[label]
            if label in given and given[label] not in (None, made[label]):
                raise ValueError(
                    "Input shape and output shape do not match at shared dimension "
                    f"'{label}'. Input shape is {given[label]}, and output shape is {made[label]}."
                )
        extents = {**given, **made}
        for label in self.kernel:
            if extents.get(label) is None:
                raise ValueError(f"Equation '{equation}': the size of dimension '{label}' of the kernel is unknown.")
        self.output_shape = (
            *input_shape[:before],
            *(made[c] for c in self.output),
            *input_shape[len(input_shape) - after :],
        )
        self.kernel_shape = tuple(extents[c] for c in self.kernel)
        self.input_axes = [i for i, c in enumerate(self.kernel) if c not in self.output]
        self.output_axes = [i for i, c in enumerate(self.kernel) if c in self.output]
        self.bias_shape = self._bias_shape(bias_axes, made, after)

    def _bias_shape(self, bias_axes: str | None, extents: dict[str, Any], after: int) -> tuple[int, ...] | None:
        if bias_axes is None:
            return None
        for label in bias_axes:
            if label not in self.output:
                raise ValueError(f"Bias dimension '{label}' is not part of the output '{self.output}'.")
        first = min(self.output.index(c) for c in bias_axes)
        return (*(extents[c] if c in bias_axes else 1 for c in self.output[first:]), *[1] * after)

    @property
    def bound(self) -> int:
        """The number of summed axes if the equation is a plain matrix product, else 0.

        In a plain matrix product the last axes of the input are the first of the kernel, and the kernel's other axes,
        in the same order, are the last of the output.
        """
        for count in range(1, len(self.input) + 1):
            summed, made = self.input[-count:], self.kernel[count:]
            if self.kernel[:count] == summed and made and self.input[:-count] + made == self.output:
                return 0 if self.right or set(summed) & set(made) else count
        return 0
