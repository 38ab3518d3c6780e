"""ConvLSTM1D, ConvLSTM2D and ConvLSTM3D: LSTM whose products are convolutions."""

from __future__ import annotations

from typing import Any, ClassVar

from netlet import ops
from netlet.ops.convolution import too_large
from netlet.ops.data_format import back, channels_last, standardize
from netlet.ops.windows import Window, per_axis, standardize_padding

from ..base.arguments import positive
from ..base.input_spec import InputSpec
from ..convolutional.windowed import no_strides_with_dilation
from .gated import ForgetBias, GatedCell
from .lstm import lstm_state
from .recurrent import CellLayer, given, of_cell
from .time_spec import TimeSpec


class ConvLSTMCell(GatedCell):
    """One step of `ConvLSTM`: x (B, spatial ..., C), states [h, c] of (B, places ..., filters) each -> h', [h', c'].

    Args:
        rank: the number of spatial axes.

    The others are those of `ConvLSTM`.
    """

    _gates = 4

    def __init__(
        self,
        *,
        rank: int,
        filters: int,
        kernel_size: Any,
        strides: Any,
        padding: str,
        data_format: str | None,
        dilation_rate: Any,
        unit_forget_bias: bool,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.implementation = 1  # each gate has masks of its own
        self.rank = rank
        name = f"ConvLSTM{rank}D"
        self.filters = positive(filters, name, "filters")
        self.kernel_size = per_axis(kernel_size, rank, f"{name}: `kernel_size`")
        self.strides = per_axis(strides, rank, f"{name}: `strides`")
        self.dilation_rate = per_axis(dilation_rate, rank, f"{name}: `dilation_rate`")
        self.padding = standardize_padding(padding, name)
        self.data_format = standardize(data_format)
        no_strides_with_dilation(self, name)
        self.unit_forget_bias = unit_forget_bias
        self.state_size = -1  # an image: see get_initial_state

    # ---- building ----------------------------------------------------------------------------------------------------
    def build(self, inputs_shape: Any, states_shape: Any = None) -> None:
        spatial, channels = self._parts(inputs_shape)
        if None in spatial or not channels:
            raise ValueError(
                f"Layer '{self.name}' needs to know the spatial axes and the channels of its input; given steps of "
                f"shape {tuple(inputs_shape)}."
            )
        self.input_spec = InputSpec(shape=(None, *inputs_shape[1:]))
        self._state_shape = self.compute_output_shape(inputs_shape)[0][1:]
        n = 4 * self.filters
        other = {"initializer": ForgetBias(self.bias_initializer)} if self.unit_forget_bias else {}
        size = self.kernel_size
        self._add_weights((*size, channels, n), (*size, self.filters, n), (n,), **other)

    def _parts(self, shape: Any) -> tuple[tuple[Any, ...], Any]:
        """(spatial extents, channels) of the shape of a step."""
        last = self.data_format == "channels_last"
        return (tuple(shape[1:-1]), shape[-1]) if last else (tuple(shape[2:]), shape[1])

    def compute_output_shape(self, inputs_shape: Any, states_shape: Any = None) -> Any:
        spatial, _ = self._parts(inputs_shape)
        window = Window(self.kernel_size, self.strides, self.dilation_rate, self.padding)
        places = window.places(spatial)
        if any(n is not None and n < 1 for n in places):
            raise ValueError(f"Layer '{self.name}': {too_large(window, spatial)}. Use padding=\"same\"?")
        last = self.data_format == "channels_last"
        shape = (inputs_shape[0], *((*places, self.filters) if last else (self.filters, *places)))
        return shape, [shape, shape]

    def get_initial_state(self, batch_size: int | None = None) -> list[Any]:
        return [ops.zeros((batch_size, *self._state_shape), self._compute_dtype) for _ in range(2)]

    # ---- calling -----------------------------------------------------------------------------------------------------
    def call(self, inputs: Any, states: Any, training: bool = False) -> Any:
        x = ops.cast_if_needed(inputs, self._compute_dtype)
        x, h, c = (channels_last(v, self.data_format) for v in (x, *states))
        z = self._product(x, self.kernel, self.input_masks(x.shape, training, 4), self._convolve)
        z = z if self.bias is None else ops.add(z, self.bias)
        masks = self.state_masks(h.shape, training, 4)
        z = ops.add(z, self._product(h, self.recurrent_kernel, masks, self._convolve_state))
        h, c = (back(v, self.data_format) for v in lstm_state(self, z, c))
        return h, [h, c]

    def _convolve(self, x: Any, kernel: Any) -> Any:
        return ops.conv(x, kernel, self.strides, self.padding, dilation_rate=self.dilation_rate)

    def _convolve_state(self, h: Any, kernel: Any) -> Any:
        return ops.conv(h, kernel, padding="same")

    def get_config(self) -> dict[str, Any]:
        names = ("filters", "kernel_size", "strides", "padding", "data_format", "dilation_rate", "unit_forget_bias")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


class ConvLSTM(CellLayer):
    """Base of ConvLSTM1D, ConvLSTM2D and ConvLSTM3D: an LSTM of images, whose products are convolutions.

    The input's convolution is moved by `strides`; that of the state keeps its extents ("same", stride 1).
    x (B, T, spatial ..., C) -> y (B, T, places ..., filters) with `return_sequences`, else without T; states h and c,
    like a step of y. Weights: kernel (K ..., C, 4 filters), recurrent_kernel (K ..., filters, 4 filters), bias
    (4 filters,), gates in the order i, f, c, o.

    Args:
        filters: channels of the output, a positive integer.
        kernel_size, strides, dilation_rate: positive integers, or one for each spatial axis; the last two are of the
            input's convolution.
        padding: "valid" or "same", of the input's convolution.
        data_format: "channels_last" or "channels_first", which costs transposes at each step.
        activation, recurrent_activation: names, functions or None (linear).
        use_bias: whether there is a bias.
        unit_forget_bias: whether the forget gate's bias begins as ones.
        kernel_initializer, recurrent_initializer, bias_initializer, kernel_regularizer, recurrent_regularizer,
            bias_regularizer, activity_regularizer, kernel_constraint, recurrent_constraint, bias_constraint: see those
            modules.
        dropout, recurrent_dropout: shares of the input's and the state's elements that fall while training, for each
            gate others and the same in each step.
        seed: of dropout: integer, or None for the next one of netlet's global sequence.
        return_sequences, return_state, go_backwards, stateful: see `RNN`.

    Raises:
        ValueError: arguments that cannot be; strides with dilation; spatial axes of unknown extent, or a kernel that
            does not fit them; see `RNN`.

    Source: Shi et al., 2015; Keras 3, `keras.layers.ConvLSTM2D`.
    """

    rank: ClassVar[int]
    _cell_class, _cell_name = ConvLSTMCell, "conv_lstm_cell"

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Any = 1,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        unit_forget_bias: bool = True,
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__({"rank": self.rank, **given(locals())}, **kwargs)
        self.input_spec = TimeSpec(self.rank + 3)

    filters = of_cell("filters")
    kernel_size = of_cell("kernel_size")
    strides = of_cell("strides")
    padding = of_cell("padding")
    data_format = of_cell("data_format")
    dilation_rate = of_cell("dilation_rate")
    recurrent_activation = of_cell("recurrent_activation")
    unit_forget_bias = of_cell("unit_forget_bias")

    def build(self, sequences_shape: Any, initial_state_shape: Any = None) -> None:
        super().build(sequences_shape, initial_state_shape)
        self.input_spec = InputSpec(shape=(None, None, *sequences_shape[2:]))

    def compute_output_shape(self, sequences_shape: Any, initial_state_shape: Any = None) -> Any:
        batch, steps, *rest = sequences_shape
        state = self.cell.compute_output_shape((batch, *rest))[0]
        output = (batch, steps, *state[1:]) if self.return_sequences else state
        return (output, state, state) if self.return_state else output

    def compute_mask(self, _: Any, mask: Any) -> Any:
        masks = super().compute_mask(_, mask)
        return [*masks, None] if self.return_state else masks  # two states


class ConvLSTM1D(ConvLSTM):
    """An LSTM of sequences of rows: x (B, T, steps, C); the arguments are those of `ConvLSTM`.

    >>> import numpy as np
    >>> ConvLSTM1D(4, 3)(np.ones((2, 5, 10, 3), "float32")).shape
    (2, 8, 4)
    """

    rank = 1


class ConvLSTM2D(ConvLSTM):
    """An LSTM of videos: x (B, T, height, width, C); the arguments are those of `ConvLSTM`.

    >>> import numpy as np
    >>> ConvLSTM2D(4, 3, padding="same", return_sequences=True)(np.ones((2, 5, 8, 8, 3), "float32")).shape
    (2, 5, 8, 8, 4)
    """

    rank = 2


class ConvLSTM3D(ConvLSTM):
    """An LSTM of sequences of volumes: x (B, T, depth, height, width, C); the arguments are those of `ConvLSTM`.

    >>> import numpy as np
    >>> ConvLSTM3D(2, 3)(np.ones((1, 2, 4, 5, 6, 1), "float32")).shape
    (1, 2, 3, 4, 2)
    """

    rank = 3
