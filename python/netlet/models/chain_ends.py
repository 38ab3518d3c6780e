"""The symbolic input and output of a Sequential, and their shapes."""

from __future__ import annotations

from typing import Any

from netlet.engine.graph import KerasTensor

from .graph_inputs import shapes_of


class ChainEnds:
    """The part of Sequential with the properties of its first input and its last output."""

    name: str
    _symbols: list[KerasTensor]  # the symbolic input, then the output of each layer

    def _chain(self, what: str) -> list[KerasTensor]:
        """The symbolic input and each layer's output; AttributeError, which names `what`, before the build."""
        if len(self._symbols) < 2:
            raise AttributeError(f"Sequential '{self.name}' has no defined {what} yet: it is not built.")
        return self._symbols

    @property
    def inputs(self) -> list[KerasTensor]:
        """The symbolic input, in a list; AttributeError before the model is built."""
        return [self._chain("inputs")[0]]

    @property
    def outputs(self) -> list[KerasTensor]:
        """The symbolic output, in a list; AttributeError before the model is built."""
        return [self._chain("outputs")[-1]]

    @property
    def input(self) -> Any:
        """The symbolic input; AttributeError before the model is built."""
        return self._chain("input")[0]

    @property
    def output(self) -> Any:
        """The symbolic output; AttributeError before the model is built."""
        return self._chain("output")[-1]

    @property
    def input_shape(self) -> Any:
        """Shape of the input, None for any size; AttributeError before the model is built."""
        return shapes_of(self._chain("input shape")[0])

    @property
    def output_shape(self) -> Any:
        """Shape of the output, None for any size; AttributeError before the model is built."""
        return shapes_of(self._chain("output shape")[-1])
