"""ConvLSTM1D, ConvLSTM2D and ConvLSTM3D: LSTM with convolutions instead of matrix products."""

from __future__ import annotations

from typing import Any, ClassVar

from ..base.input_spec import InputSpec
from .conv_lstm_cell import ConvLSTMCell
from .recurrent import CellLayer, given, of_cell
from .time_spec import TimeSpec


class ConvLSTM(CellLayer):
    """Base of ConvLSTM1D, ConvLSTM2D and ConvLSTM3D: an LSTM over images, with convolutions as its products.

    x (B, T, spatial ..., C) -> y (B, T, out ..., filters) with `return_sequences`, else (B, out ..., filters).
    `ConvLSTM2D` describes the arguments, the weights and the errors.
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

    It is an `LSTM` with convolutions instead of matrix products. Input x (B, T, steps, C), output y (B, T, out_steps,
    filters) with `return_sequences`, else (B, out_steps, filters); the states h and c have the shape of one step of y.
    With data_format="channels_first" the channels come before the spatial axes. The output sizes are those of `Conv1D`;
    the convolution of the state keeps its size (padding "same", stride 1).

    Weights: kernel (K, C, 4 filters), recurrent_kernel (K, filters, 4 filters), bias (4 filters,), with the gates in
    the order i, f, c, o.

    Args:
        filters: channels of the output, a positive integer.
        kernel_size: size K of the window, a positive integer.
        strides: step of the input's convolution, a positive integer; 1 by default.
        padding: "valid" (the default) or "same", of the input's convolution.
        data_format: "channels_last" (the default) or "channels_first", which costs transposes at each step.
        dilation_rate: distance between the window's elements in the input's convolution, a positive integer; 1 by
            default. Strides and dilation cannot both be above 1.
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
        return_state: whether to return the last states after the output, (y, h, c); False by default.
        go_backwards: whether to process the steps from last to first; False by default.
        stateful: whether a batch starts from the last states of the previous batch; False by default.
        **kwargs: `unroll` and `zero_output_for_mask` (see `RNN`), and the arguments of `Layer`, e.g. `name`.

    Raises:
        ValueError: invalid arguments; strides together with dilation; unknown spatial dimensions; a kernel larger than
            the padded input; invalid inputs, masks or states (see `RNN`).

    Source: Shi et al., 2015; Keras 3, `keras.layers.ConvLSTM1D`.

    >>> import numpy as np
    >>> ConvLSTM1D(4, 3)(np.ones((2, 5, 10, 3), "float32")).shape
    (2, 8, 4)
    """

    rank = 1


class ConvLSTM2D(ConvLSTM):
    """Convolutional LSTM over sequences of images (videos).

    It is an `LSTM` with convolutions instead of matrix products. Input x (B, T, height, width, C), output y (B, T,
    out_height, out_width, filters) with `return_sequences`, else (B, out_height, out_width, filters); the states h and
    c have the shape of one step of y. With data_format="channels_first" the channels come before the spatial axes. The
    output sizes are those of `Conv2D`; the convolution of the state keeps its size (padding "same", stride 1).

    Weights: kernel (K0, K1, C, 4 filters), recurrent_kernel (K0, K1, filters, 4 filters), bias (4 filters,), with the
    gates in the order i, f, c, o.

    Args:
        filters: channels of the output, a positive integer.
        kernel_size: size K of the window, a positive integer, or a pair (height, width) of them.
        strides: step of the input's convolution, a positive integer, or a pair (height, width) of them; 1 by default.
        padding: "valid" (the default) or "same", of the input's convolution.
        data_format: "channels_last" (the default) or "channels_first", which costs transposes at each step.
        dilation_rate: distance between the window's elements in the input's convolution, a positive integer, or a pair
            (height, width) of them; 1 by default. Strides and dilation cannot both be above 1.
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
        return_state: whether to return the last states after the output, (y, h, c); False by default.
        go_backwards: whether to process the steps from last to first; False by default.
        stateful: whether a batch starts from the last states of the previous batch; False by default.
        **kwargs: `unroll` and `zero_output_for_mask` (see `RNN`), and the arguments of `Layer`, e.g. `name`.

    Raises:
        ValueError: invalid arguments; strides together with dilation; unknown spatial dimensions; a kernel larger than
            the padded input; invalid inputs, masks or states (see `RNN`).

    Source: Shi et al., 2015; Keras 3, `keras.layers.ConvLSTM2D`.

    >>> import numpy as np
    >>> ConvLSTM2D(4, 3, padding="same", return_sequences=True)(np.ones((2, 5, 8, 8, 3), "float32")).shape
    (2, 5, 8, 8, 4)
    """

    rank = 2


class ConvLSTM3D(ConvLSTM):
    """Convolutional LSTM over sequences of volumes.

    It is an `LSTM` with convolutions instead of matrix products. Input x (B, T, depth, height, width, C), output y (B,
    T, out_depth, out_height, out_width, filters) with `return_sequences`, else (B, out_depth, out_height, out_width,
    filters); the states h and c have the shape of one step of y. With data_format="channels_first" the channels come
    before the spatial axes. The output sizes are those of `Conv3D`; the convolution of the state keeps its size
    (padding "same", stride 1).

    Weights: kernel (K0, K1, K2, C, 4 filters), recurrent_kernel (K0, K1, K2, filters, 4 filters), bias (4 filters,),
    with the gates in the order i, f, c, o.

    Args:
        filters: channels of the output, a positive integer.
        kernel_size: size K of the window, a positive integer, or three of them (depth, height, width).
        strides: step of the input's convolution, a positive integer, or three of them (depth, height, width); 1 by
            default.
        padding: "valid" (the default) or "same", of the input's convolution.
        data_format: "channels_last" (the default) or "channels_first", which costs transposes at each step.
        dilation_rate: distance between the window's elements in the input's convolution, a positive integer, or three
            of them (depth, height, width); 1 by default. Strides and dilation cannot both be above 1.
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
        return_state: whether to return the last states after the output, (y, h, c); False by default.
        go_backwards: whether to process the steps from last to first; False by default.
        stateful: whether a batch starts from the last states of the previous batch; False by default.
        **kwargs: `unroll` and `zero_output_for_mask` (see `RNN`), and the arguments of `Layer`, e.g. `name`.

    Raises:
        ValueError: invalid arguments; strides together with dilation; unknown spatial dimensions; a kernel larger than
            the padded input; invalid inputs, masks or states (see `RNN`).

    Source: Shi et al., 2015; Keras 3, `keras.layers.ConvLSTM3D`.

    >>> import numpy as np
    >>> ConvLSTM3D(2, 3)(np.ones((1, 2, 4, 5, 6, 1), "float32")).shape
    (1, 2, 3, 4, 2)
    """

    rank = 3
