"""LSTM: long short-term memory."""

from __future__ import annotations

from typing import Any

from netlet import ops

from ..base.arguments import positive
from . import states as states_of
from .gated import ForgetBias, GatedCell
from .recurrent import Recurrent, given, of_cell


class LSTMCell(GatedCell):
    """One time step of a long short-term memory: x (B, I), states [h, c] of (B, U) each -> h', [h', c'].

    Weights: kernel (I, 4 U), recurrent_kernel (U, 4 U), bias (4 U,), gates in the order i, f, c, o.

    Args:
        units: size U of the state, a positive integer.
        activation: of the candidate state, "tanh" by default; name, function or None (linear).
        recurrent_activation: of the gates, "sigmoid" by default; name, function or None (linear).
        use_bias: whether to add a bias; True by default.
        kernel_initializer, recurrent_initializer, bias_initializer: "glorot_uniform", "orthogonal" and "zeros" by
            default.
        unit_forget_bias: whether the bias of the forget gate starts as ones; True by default.
        kernel_regularizer, recurrent_regularizer, bias_regularizer: penalties on the weights; None by default.
        kernel_constraint, recurrent_constraint, bias_constraint: applied after each update; None by default.
        dropout: fraction of the inputs to drop during training; 0.0 by default.
        recurrent_dropout: fraction of the state to drop during training; 0.0 by default.
        seed: integer seed of the dropout masks; None (the default): the next seed of netlet's global sequence.
        **kwargs: `implementation` (see `GatedCell`) and the arguments of `Layer`, e.g. `name`.

    Raises:
        ValueError: units is not a positive integer; an unknown name.

    >>> import numpy as np
    >>> cell, zeros = LSTMCell(4), np.zeros((2, 4), "float32")
    >>> h, [h, c] = cell(np.ones((2, 3), "float32"), [zeros, zeros])
    >>> h.shape, c.shape
    ((2, 4), (2, 4))
    """

    _gates, kind = 4, "lstm"

    def __init__(
        self,
        units: int,
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
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        arguments = given(locals())
        units = positive(arguments.pop("units"), type(self).__name__, "units")
        forget = arguments.pop("unit_forget_bias")
        super().__init__(**arguments, **kwargs)
        self.units = self.output_size = units
        self.state_size = [units, units]
        self.unit_forget_bias = forget

    def build(self, input_shape: Any) -> None:
        n = 4 * self.units
        other = {"initializer": ForgetBias(self.bias_initializer)} if self.unit_forget_bias else {}
        self._add_weights((input_shape[-1], n), (self.units, n), (n,), **other)

    def call(self, inputs: Any, states: Any, training: bool = False) -> Any:
        x = ops.cast_if_needed(inputs, self._compute_dtype)
        h, c = states
        z = self._product(x, self.kernel, self.input_masks(x.shape, training, self._masked_gates), ops.matmul)
        masks = self.state_masks(h.shape, training, 4)
        z = ops.add(z, self._product(h, self.recurrent_kernel, masks, ops.matmul))
        h, c = lstm_state(self, z if self.bias is None else ops.add(z, self.bias), c)
        return h, [h, c]

    def get_initial_state(self, batch_size: int | None = None) -> list[Any]:
        """The states before the first step: zeros.

        Args:
            batch_size: number of sequences B; default None.

        Returns:
            List [h, c] of two tensors (B, units) in the compute dtype.
        """
        return states_of.zeros(self.state_size, batch_size, self._compute_dtype)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "units": self.units, "unit_forget_bias": self.unit_forget_bias}


def lstm_state(cell: Any, z: Any, c: Any) -> tuple[Any, Any]:
    """New states (h, c) from the gates' pre-activations z (..., 4 units), in the order i, f, c, o."""
    i, f, new, o = ops.split(z, 4, axis=-1)
    kept = ops.multiply(cell.recurrent_activation(f), c)
    c = ops.add(kept, ops.multiply(cell.recurrent_activation(i), cell.activation(new)))
    return ops.multiply(cell.recurrent_activation(o), cell.activation(c)), c


class LSTM(Recurrent):
    """Long short-term memory: gates control what the state c forgets (f), adds (i) and outputs (o).

    i, f, o = recurrent_activation(x_t kernel + h_(t-1) recurrent_kernel + bias), each with its part of the weights;
    c_t = f c_(t-1) + i activation(the same sum with the part of c); h_t = o activation(c_t); y_t = h_t.
    x (B, T, I) -> y (B, T, units) with `return_sequences`, else (B, units); states h and c, (B, units) each.
    Weights: kernel (I, 4 units), recurrent_kernel (units, 4 units), bias (4 units,), in the order i, f, c, o.

    Args:
        units: size of the states, a positive integer.
        activation: of the candidate state, "tanh" by default; name, function or None (linear). With relu, tanh,
            sigmoid, hard_sigmoid and linear, all steps run as one native op; others run step by step.
        recurrent_activation: of the gates, "sigmoid" by default; as `activation`.
        use_bias: whether to add a bias; True by default.
        kernel_initializer, recurrent_initializer, bias_initializer: "glorot_uniform", "orthogonal" and "zeros" by
            default.
        unit_forget_bias: whether the bias of the forget gate starts as ones; True by default.
        kernel_regularizer, recurrent_regularizer, bias_regularizer: penalties on the weights; None by default.
        activity_regularizer: penalty on the output; None by default.
        kernel_constraint, recurrent_constraint, bias_constraint: applied after each update; None by default.
        dropout: fraction of the inputs to drop during training; one mask for all steps. 0.0 by default.
        recurrent_dropout: fraction of the state to drop during training; one mask for all steps. 0.0 by default. If
            above 0, each gate has its own masks and each step runs as separate ops.
        seed: integer seed of the dropout masks; None (the default): the next seed of netlet's global sequence.
        return_sequences: whether to return the outputs of all steps; False by default.
        return_state: whether to return the last states after the output; False by default.
        go_backwards: whether to process the steps from last to first; False by default.
        stateful: whether a batch starts from the last states of the previous batch; False by default.
        unroll: accepted as in Keras; it changes nothing.
        use_cudnn: accepted as in Keras; netlet does not use cuDNN.
        **kwargs: `zero_output_for_mask` (see `RNN`), `implementation` (see `GatedCell`) and the arguments of `Layer`.

    Raises:
        ValueError: units is not a positive integer; an unknown name; invalid inputs, masks or states (see `RNN`).

    Source: Hochreiter and Schmidhuber, 1997; Keras 3, `keras.layers.LSTM`.

    >>> import numpy as np
    >>> y, h, c = LSTM(4, return_sequences=True, return_state=True)(np.ones((2, 5, 3), "float32"))
    >>> y.shape, h.shape, c.shape
    ((2, 5, 4), (2, 4), (2, 4))
    """

    _cell_class, _cell_name = LSTMCell, "lstm_cell"

    def __init__(
        self,
        units: int,
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
        unroll: bool = False,
        use_cudnn: Any = "auto",
        **kwargs: Any,
    ) -> None:
        super().__init__(given(locals()), **kwargs)

    recurrent_activation = of_cell("recurrent_activation")
    unit_forget_bias = of_cell("unit_forget_bias")
