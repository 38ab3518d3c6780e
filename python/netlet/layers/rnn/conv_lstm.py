"""ConvLSTM1D, ConvLSTM2D and ConvLSTM3D: LSTM with convolutions instead of matrix products."""

from __future__ import annotations

from typing import Any, ClassVar

from netlet import ops
from netlet.ops.nn.convolution import too_large
from netlet.ops.spatial.data_format import standardize
from netlet.ops.spatial.windows import Window, per_axis, standardize_padding

from ..base.arguments import positive
from ..base.input_spec import InputSpec
from ..convolutional.windowed import no_strides_with_dilation
from .gated import ForgetBias, GatedCell
from .lstm import lstm_state
from .recurrent import CellLayer, given, of_cell
from .time_spec import TimeSpec


class ConvLSTMCell(GatedCell):
    """One time step of a convolutional LSTM.

    x (B, spatial ..., C), states [h, c] of (B, out ..., filters) each -> h', [h', c'].

    Args:
        rank: the number of spatial axes, 1 to 3.
        filters, kernel_size, strides, padding, data_format, dilation_rate, unit_forget_bias: see `ConvLSTM`.
        **kwargs: the arguments of `GatedCell`.
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
        self.implementation = 1  # each gate has its own dropout masks
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
        self.state_size = -1  # the states are images; see get_initial_state

    # ---- building ----------------------------------------------------------------------------------------------------
    def build(self, inputs_shape: Any, states_shape: Any = None) -> None:
        spatial, channels = self._parts(inputs_shape)
        if None in spatial or not channels:
            raise ValueError(
                f"Layer '{self.name}' expected known spatial axes and channels, received steps of shape "
                f"{tuple(inputs_shape)}."
            )
        self.input_spec = InputSpec(shape=(None, *inputs_shape[1:]))
        self._state_shape = self.compute_output_shape(inputs_shape)[0][1:]
        n = 4 * self.filters
        other = {"initializer": ForgetBias(self.bias_initializer)} if self.unit_forget_bias else {}
        size = self.kernel_size
        self._add_weights((*size, channels, n), (*size, self.filters, n), (n,), **other)

    def _parts(self, shape: Any) -> tuple[tuple[Any, ...], Any]:
        """(spatial dimensions, channels) of the shape of a step."""
        last = self.data_format == "channels_last"
        return (tuple(shape[1:-1]), shape[-1]) if last else (tuple(shape[2:]), shape[1])

    def compute_output_shape(self, inputs_shape: Any, states_shape: Any = None) -> Any:
        spatial, _ = self._parts(inputs_shape)
        window = Window(self.kernel_size, self.strides, self.dilation_rate, self.padding)
        places = window.places(spatial)
        if any(n is not None and n < 1 for n in places):
            raise ValueError(f"Layer '{self.name}': {too_large(window, spatial)}. Use padding=\"same\".")
        last = self.data_format == "channels_last"
        shape = (inputs_shape[0], *((*places, self.filters) if last else (self.filters, *places)))
        return shape, [shape, shape]

    def get_initial_state(self, batch_size: int | None = None) -> list[Any]:
        return [ops.zeros((batch_size, *self._state_shape), self._compute_dtype) for _ in range(2)]

    # ---- calling -----------------------------------------------------------------------------------------------------
    def call(self, inputs: Any, states: Any, training: bool = False) -> Any:
        x = ops.cast_if_needed(inputs, self._compute_dtype)
        first = self.data_format == "channels_first"
        x, h, c = (ops.moveaxis(v, 1, -1) if first else v for v in (x, *states))
        z = self._product(x, self.kernel, self.input_masks(x.shape, training, 4), self._convolve)
        z = z if self.bias is None else ops.add(z, self.bias)
        masks = self.state_masks(h.shape, training, 4)
        z = ops.add(z, self._product(h, self.recurrent_kernel, masks, self._convolve_state))
        h, c = (ops.moveaxis(v, -1, 1) if first else v for v in lstm_state(self, z, c))
        return h, [h, c]

    def _convolve(self, x: Any, kernel: Any) -> Any:
        return ops.conv(x, kernel, self.strides, self.padding, dilation_rate=self.dilation_rate)

    def _convolve_state(self, h: Any, kernel: Any) -> Any:
        return ops.conv(h, kernel, padding="same")

    def get_config(self) -> dict[str, Any]:
        names = (
            "rank",
            "filters",
            "kernel_size",
            "strides",
            "padding",
            "data_format",
            "dilation_rate",
            "unit_forget_bias",
        )
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


class ConvLSTM(CellLayer):
    """Base of ConvLSTM1D, ConvLSTM2D and ConvLSTM3D: an LSTM over images, with convolutions as its products.

    The input's convolution uses `strides`, `padding` and `dilation_rate`; the state's convolution keeps its size
    (padding "same", stride 1). x (B, T, spatial ..., C) -> y (B, T, out ..., filters) with `return_sequences`, else
    (B, out ..., filters); the states h and c have the shape of one step of y. Weights: kernel (K ..., C, 4 filters),
    recurrent_kernel (K ..., filters, 4 filters), bias (4 filters,), gates in the order i, f, c, o.

    Args:
        filters: channels of the output, a positive integer.
        kernel_size: size of the window, a positive integer or one for each spatial axis.
        strides: step of the input's convolution, a positive integer or one for each spatial axis; 1 by default.
        padding: "valid" (the default) or "same", of the input's convolution.
        data_format: "channels_last" (the default) or "channels_first", which costs transposes at each step.
        dilation_rate: distance between the window's elements in the input's convolution, a positive integer or one for
            each spatial axis; 1 by default. Strides and dilation cannot both be above 1.
        activation: of the candidate state, "tanh" by default; name, function or None (linear).
        recurrent_activation: of the gates, "sigmoid" by default; name, function or None (linear).
        use_bias: whether to add a bias; True by default.
        kernel_initializer, recurrent_initializer, bias_initializer: "glorot_uniform", "orthogonal" and "zeros" by
            default.
        unit_forget_bias: whether the bias of the forget gate starts as ones; True by default.
        kernel_regularizer, recurrent_regularizer, bias_regularizer: penalties on the weights; None by default.
        activity_regularizer: penalty on the output; None by default.
        kernel_constraint, recurrent_constraint, bias_constraint: applied after each update; None by default.
        dropout, recurrent_dropout: fractions of the input and of the state to drop during training; each gate has its
            own mask, the same for all steps. 0.0 by default.
        seed: integer seed of the dropout masks; None (the default): the next seed of netlet's global sequence.
        return_sequences: whether to return the outputs of all steps; False by default.
        return_state: whether to return the last states after the output; False by default.
        go_backwards: whether to process the steps from last to first; False by default.
        stateful: whether a batch starts from the last states of the previous batch; False by default.
        **kwargs: `unroll` and `zero_output_for_mask` (see `RNN`), and the arguments of `Layer`, e.g. `name`.

    Raises:
        ValueError: invalid arguments; strides together with dilation; unknown spatial dimensions; a kernel larger than
            the padded input; invalid inputs, masks or states (see `RNN`).

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

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        config.pop("rank", None)  # the cell's, which the class knows
        return config

    def compute_mask(self, _: Any, mask: Any) -> Any:
        masks = super().compute_mask(_, mask)
        return [*masks, None] if self.return_state else masks  # two states


class ConvLSTM1D(ConvLSTM):
    """Convolutional LSTM over sequences of 1D signals.

    Input (B, T, steps, C), output (B, out_steps, filters), or (B, T, out_steps, filters) with `return_sequences`.
    Arguments: see `ConvLSTM`.

    >>> import numpy as np
    >>> ConvLSTM1D(4, 3)(np.ones((2, 5, 10, 3), "float32")).shape
    (2, 8, 4)
    """

    rank = 1


class ConvLSTM2D(ConvLSTM):
    """Convolutional LSTM over sequences of images (videos).

    Input (B, T, height, width, C), output (B, out_height, out_width, filters), or
    (B, T, out_height, out_width, filters) with `return_sequences`. Arguments: see `ConvLSTM`.

    >>> import numpy as np
    >>> ConvLSTM2D(4, 3, padding="same", return_sequences=True)(np.ones((2, 5, 8, 8, 3), "float32")).shape
    (2, 5, 8, 8, 4)
    """

    rank = 2


class ConvLSTM3D(ConvLSTM):
    """Convolutional LSTM over sequences of volumes.

    Input (B, T, depth, height, width, C), output (B, out_depth, out_height, out_width, filters), or with a T axis after
    B with `return_sequences`. Arguments: see `ConvLSTM`.

    >>> import numpy as np
    >>> ConvLSTM3D(2, 3)(np.ones((1, 2, 4, 5, 6, 1), "float32")).shape
    (1, 2, 3, 4, 2)
    """

    rank = 3
