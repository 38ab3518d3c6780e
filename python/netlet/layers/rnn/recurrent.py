"""Bases of layers that create their own cell (SimpleRNN, LSTM, GRU, ConvLSTM) and take the cell's arguments."""

from __future__ import annotations

import inspect
from typing import Any, ClassVar

from netlet import regularizers
from netlet.saving.registry import CustomObjectScope

from .gated import GatedCell
from .rnn import RNN
from .time_spec import TimeSpec


def of_cell(name: str) -> Any:
    """A property that returns the attribute `name` of the layer's cell."""
    return property(lambda self: getattr(self.cell, name), doc=f"`{name}` of the cell.")


class CellLayer(RNN):
    """Base of the layers that create their own cell.

    Args:
        arguments: dict of the subclass's arguments: those of the cell and those of `RNN`.
        **kwargs: `implementation` of the cell, further arguments of `RNN`, and those of `Layer`.
    """

    _cell_class: ClassVar[type[GatedCell]]
    _cell_name: ClassVar[str]

    def __init__(self, arguments: dict[str, Any], **kwargs: Any) -> None:
        mine = inspect.signature(RNN.__init__).parameters
        for_rnn = {name: arguments.pop(name) for name in list(arguments) if name in mine}
        for_rnn["activity_regularizer"] = arguments.pop("activity_regularizer")
        common = {name: kwargs[name] for name in ("dtype", "trainable") if name in kwargs}
        for name in ("implementation", "quantization_config"):
            if name in kwargs:
                arguments[name] = kwargs.pop(name)
        cell = self._cell_class(**arguments, **common, name=self._cell_name)
        super().__init__(cell, **for_rnn, **kwargs)

    activation = of_cell("activation")
    use_bias = of_cell("use_bias")
    kernel_initializer = of_cell("kernel_initializer")
    recurrent_initializer = of_cell("recurrent_initializer")
    bias_initializer = of_cell("bias_initializer")
    kernel_regularizer = of_cell("kernel_regularizer")
    recurrent_regularizer = of_cell("recurrent_regularizer")
    bias_regularizer = of_cell("bias_regularizer")
    kernel_constraint = of_cell("kernel_constraint")
    recurrent_constraint = of_cell("recurrent_constraint")
    bias_constraint = of_cell("bias_constraint")
    dropout = of_cell("dropout")
    recurrent_dropout = of_cell("recurrent_dropout")

    def _quantized_together(self) -> tuple[Any, ...]:
        return (self.cell,)

    def get_config(self) -> dict[str, Any]:
        own = {"name", "trainable", "dtype"}
        return {
            **self._own_config(),
            **{key: value for key, value in self.cell.get_config().items() if key not in own},
            "activity_regularizer": regularizers.serialize(self.activity_regularizer),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        with CustomObjectScope(custom_objects):
            return cls(**config)


class Recurrent(CellLayer):
    """Base of SimpleRNN, LSTM and GRU, whose inputs are sequences of vectors (B, T, I).

    Args:
        arguments: dict of the subclass's arguments: those of the cell, those of `RNN`, and `use_cudnn`.
        **kwargs: as for `CellLayer`.
    """

    def __init__(self, arguments: dict[str, Any], **kwargs: Any) -> None:
        use_cudnn = arguments.pop("use_cudnn", "auto")
        if use_cudnn not in ("auto", True, False):
            raise ValueError(
                f"{type(self).__name__}: expected `use_cudnn` 'auto', True or False, received {use_cudnn!r}."
            )
        super().__init__(arguments, **kwargs)
        self.use_cudnn = use_cudnn  # accepted as in Keras and not used
        self.input_spec = TimeSpec(3)

    units = of_cell("units")

    def build(self, sequences_shape: Any, initial_state_shape: Any = None) -> None:
        complaint = TimeSpec(3).complaint(self.name, tuple(sequences_shape), self.compute_dtype)
        if complaint:
            raise ValueError(complaint)
        if sequences_shape[-1] is None:
            raise ValueError(f"Layer '{self.name}' expected a known number of features, received {sequences_shape}.")
        super().build(sequences_shape, initial_state_shape)
        kernel = tuple(self.cell.kernel.shape)
        self.input_spec = TimeSpec(3, kernel[0], f"its kernel is {kernel}")


def given(values: dict[str, Any]) -> dict[str, Any]:
    """The arguments of an `__init__`, from its `locals()`: without self and kwargs."""
    return {name: value for name, value in values.items() if name not in ("self", "kwargs", "__class__")}
