"""SimpleRNN: h' = activation(x kernel + h recurrent_kernel + bias)."""

from __future__ import annotations

from typing import Any

from netlet import ops

from ..base.arguments import positive
from . import states as states_of
from .gated import GatedCell
from .recurrent import Recurrent, given


class SimpleRNNCell(GatedCell):
    """One time step of a fully connected RNN: x (B, I), states [h (B, U)] -> h', [h'].

    Weights: kernel (I, U), recurrent_kernel (U, U), bias (U,).

    Args:
        units: size U of the state, a positive integer.
        activation: "tanh" by default; name, function or None (linear).
        use_bias: whether to add a bias; True by default.
        kernel_initializer, recurrent_initializer, bias_initializer: "glorot_uniform", "orthogonal" and "zeros" by
            default.
        kernel_regularizer, recurrent_regularizer, bias_regularizer: penalties on the weights; None by default.
        kernel_constraint, recurrent_constraint, bias_constraint: applied after each update; None by default.
        dropout: fraction of the inputs to drop during training; 0.0 by default.
        recurrent_dropout: fraction of the state to drop during training; 0.0 by default.
        seed: integer seed of the dropout masks; None (the default): the next seed of netlet's global sequence.
        **kwargs: `implementation` (see `GatedCell`) and the arguments of `Layer`, e.g. `name`.

    Raises:
        ValueError: units is not a positive integer; an unknown name.

    >>> import numpy as np
    >>> cell = SimpleRNNCell(4)
    >>> h, states = cell(np.ones((2, 3), "float32"), [np.zeros((2, 4), "float32")])
    >>> h.shape
    (2, 4)
    """

    _gates, kind = 1, "simple_rnn"
    _activations = ("activation",)

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
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
        super().__init__(**arguments, **kwargs)
        self.units = self.state_size = self.output_size = units

    def build(self, input_shape: Any) -> None:
        self._add_weights((input_shape[-1], self.units), (self.units, self.units), (self.units,))

    def call(self, sequence: Any, states: Any, training: bool = False) -> Any:
        x = ops.cast_if_needed(sequence, self._compute_dtype)
        before = states_of.as_list(states)[0]
        z = self._product(x, self.kernel, self.input_masks(x.shape, training), ops.matmul)
        z = z if self.bias is None else ops.add(z, self.bias)
        masks = self.state_masks(before.shape, training)
        h = ops.add(z, self._product(before, self.recurrent_kernel, masks, ops.matmul))
        h = h if self.activation is None else self.activation(h)
        return h, [h] if isinstance(states, (list, tuple)) else h

    def get_initial_state(self, batch_size: int | None = None) -> list[Any]:
        """The state before the first step: zeros.

        Args:
            batch_size: number of sequences B; default None.

        Returns:
            List [h] of one tensor (B, units) in the compute dtype.
        """
        return states_of.zeros(self.state_size, batch_size, self._compute_dtype)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "units": self.units}


class SimpleRNN(Recurrent):
    """Fully connected RNN: h_t = activation(x_t kernel + h_(t-1) recurrent_kernel + bias); y_t = h_t.

    x (B, T, I) -> y (B, T, units) with `return_sequences`, else (B, units).
    Weights: kernel (I, units), recurrent_kernel (units, units), bias (units,).

    Args:
        units: size of the state, a positive integer.
        activation: "tanh" by default; name, function or None (linear). With relu, tanh, sigmoid, hard_sigmoid and
            linear, all steps run as one native op; with others each step runs as separate ops.
        use_bias: whether to add a bias; True by default.
        kernel_initializer, recurrent_initializer, bias_initializer: "glorot_uniform", "orthogonal" and "zeros" by
            default.
        kernel_regularizer, recurrent_regularizer, bias_regularizer: penalties on the weights; None by default.
        activity_regularizer: penalty on the output; None by default.
        kernel_constraint, recurrent_constraint, bias_constraint: applied after each update; None by default.
        dropout: fraction of the inputs to drop during training; one mask for all steps. 0.0 by default.
        recurrent_dropout: fraction of the state to drop during training; one mask for all steps. 0.0 by default.
        return_sequences: whether to return the outputs of all steps; False by default.
        return_state: whether to return the last states after the output; False by default.
        go_backwards: whether to process the steps from last to first; False by default.
        stateful: whether a batch starts from the last states of the previous batch; False by default.
        unroll: accepted as in Keras; it changes nothing.
        seed: integer seed of the dropout masks; None (the default): the next seed of netlet's global sequence.
        **kwargs: `zero_output_for_mask` (see `RNN`), `implementation` (see `GatedCell`) and the arguments of `Layer`.

    Raises:
        ValueError: units is not a positive integer; an unknown name; invalid inputs, masks or states (see `RNN`).

    Source: Elman, 1990; Keras 3, `keras.layers.SimpleRNN`.

    >>> import numpy as np
    >>> SimpleRNN(4, return_sequences=True)(np.ones((2, 5, 3), "float32")).shape
    (2, 5, 4)
    """

    _cell_class, _cell_name = SimpleRNNCell, "simple_rnn_cell"

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(given(locals()), **kwargs)
