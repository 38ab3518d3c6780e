"""GRU: gated recurrent unit."""

from __future__ import annotations

from typing import Any

from netlet import ops

from ..base.arguments import positive
from . import states as states_of
from .gated import GatedCell
from .recurrent import Recurrent, given, of_cell


class GRUCell(GatedCell):
    """One time step of a gated recurrent unit: x (B, I), states [h (B, U)] -> h', [h'].

    Weights: kernel (I, 3 U), recurrent_kernel (U, 3 U), bias (2, 3 U) with `reset_after` (row 0 for the input, row
    1 for the state), else (3 U,). Gates are in the order z, r, h.

    Args:
        units: size U of the state, a positive integer.
        activation: of the candidate state, "tanh" by default; name, function or None (linear).
        recurrent_activation: of the gates, "sigmoid" by default; name, function or None (linear).
        use_bias: whether to add a bias; True by default.
        kernel_initializer, recurrent_initializer, bias_initializer: "glorot_uniform", "orthogonal" and "zeros" by
            default.
        kernel_regularizer, recurrent_regularizer, bias_regularizer: penalties on the weights; None by default.
        kernel_constraint, recurrent_constraint, bias_constraint: applied after each update; None by default.
        dropout: fraction of the inputs to drop during training; 0.0 by default.
        recurrent_dropout: fraction of the state to drop during training; 0.0 by default.
        reset_after: whether to apply the reset gate after the matrix product, as cuDNN and PyTorch do; True by
            default.
        seed: integer seed of the dropout masks; None (the default): the next seed of netlet's global sequence.
        **kwargs: `implementation` (see `GatedCell`) and the arguments of `Layer`, e.g. `name`.

    Raises:
        ValueError: units is not a positive integer; an unknown name.

    >>> import numpy as np
    >>> cell = GRUCell(4)
    >>> h, states = cell(np.ones((2, 3), "float32"), [np.zeros((2, 4), "float32")])
    >>> h.shape, cell.bias.shape
    ((2, 4), (2, 12))
    """

    _gates = 3

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
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
        reset_after: bool = True,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        arguments = given(locals())
        units = positive(arguments.pop("units"), type(self).__name__, "units")
        after = arguments.pop("reset_after")
        super().__init__(**arguments, **kwargs)
        self.units = self.state_size = self.output_size = units
        self.reset_after = after

    @property
    def kind(self) -> str:
        """The name of this cell in the native op."""
        return "gru" if self.reset_after else "gru_reset_before"

    def build(self, input_shape: Any) -> None:
        n = 3 * self.units
        self._add_weights((input_shape[-1], n), (self.units, n), (2, n) if self.reset_after else (n,))

    def call(self, inputs: Any, states: Any, training: bool = False) -> Any:
        x = ops.cast_if_needed(inputs, self._compute_dtype)
        h = states_of.as_list(states)[0]
        from_x = self._product(x, self.kernel, self.input_masks(x.shape, training, self._masked_gates), ops.matmul)
        if self.bias is not None:
            from_x = ops.add(from_x, self.bias[0] if self.reset_after else self.bias)
        masks = self.state_masks(h.shape, training, 3)
        new = (self._reset_after if self.reset_after else self._reset_before)(from_x, h, masks)
        return new, [new] if isinstance(states, (list, tuple)) else new

    def _reset_after(self, from_x: Any, h: Any, masks: list[Any] | None) -> Any:
        from_h = self._product(h, self.recurrent_kernel, masks, ops.matmul)
        if self.bias is not None:
            from_h = ops.add(from_h, self.bias[1])
        x_z, x_r, x_h = ops.split(from_x, 3, axis=-1)
        h_z, h_r, h_h = ops.split(from_h, 3, axis=-1)
        reset = self.recurrent_activation(ops.add(x_r, h_r))
        return self._mixed(ops.add(x_z, h_z), ops.add(x_h, ops.multiply(reset, h_h)), h)

    def _reset_before(self, from_x: Any, h: Any, masks: list[Any] | None) -> Any:
        gates, candidate = ops.split(self.recurrent_kernel, [2 * self.units], axis=-1)
        from_h = self._product(h, gates, None if masks is None else masks[:2], ops.matmul)
        x_z, x_r, x_h = ops.split(from_x, 3, axis=-1)
        h_z, h_r = ops.split(from_h, 2, axis=-1)
        reset = ops.multiply(self.recurrent_activation(ops.add(x_r, h_r)), h)
        from_reset = self._product(reset, candidate, None if masks is None else masks[2:], ops.matmul)
        return self._mixed(ops.add(x_z, h_z), ops.add(x_h, from_reset), h)

    def _mixed(self, update: Any, candidate: Any, h: Any) -> Any:
        """The new state z h + (1 - z) h', with z and h' computed from their pre-activations."""
        z = self.recurrent_activation(update)
        return ops.add(ops.multiply(z, h), ops.multiply(ops.subtract(1.0, z), self.activation(candidate)))

    def get_initial_state(self, batch_size: int | None = None) -> list[Any]:
        """The state before the first step: zeros.

        Args:
            batch_size: number of sequences B; default None.

        Returns:
            List [h] of one tensor (B, units) in the compute dtype.
        """
        return states_of.zeros(self.state_size, batch_size, self._compute_dtype)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "units": self.units, "reset_after": self.reset_after}


class GRU(Recurrent):
    """Gated recurrent unit: an update gate z mixes the old state with a candidate computed from the reset state.

    z, r = recurrent_activation(x_t kernel + h_(t-1) recurrent_kernel + bias), each with its part of the weights;
    h' = activation(x_t kernel + bias_x + r (h_(t-1) recurrent_kernel + bias_h)) with `reset_after`, else
    activation(x_t kernel + bias + (r h_(t-1)) recurrent_kernel); h_t = z h_(t-1) + (1 - z) h'; y_t = h_t.
    x (B, T, I) -> y (B, T, units) with `return_sequences`, else (B, units).
    Weights: kernel (I, 3 units), recurrent_kernel (units, 3 units), bias (2, 3 units) with `reset_after` (row 0 for
    the input, row 1 for the state), else (3 units,). Gates are in the order z, r, h.

    Args:
        units: size of the state, a positive integer.
        activation: of the candidate state, "tanh" by default; name, function or None (linear). With relu, tanh,
            sigmoid, hard_sigmoid and linear, all steps run as one native op; others run step by step.
        recurrent_activation: of the gates, "sigmoid" by default; as `activation`.
        use_bias: whether to add a bias; True by default.
        kernel_initializer, recurrent_initializer, bias_initializer: "glorot_uniform", "orthogonal" and "zeros" by
            default.
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
        reset_after: whether to apply the reset gate after the matrix product, as cuDNN and PyTorch do; True by
            default.
        use_cudnn: accepted as in Keras; netlet does not use cuDNN.
        **kwargs: `zero_output_for_mask` (see `RNN`), `implementation` (see `GatedCell`) and the arguments of `Layer`.

    Raises:
        ValueError: units is not a positive integer; an unknown name; invalid inputs, masks or states (see `RNN`).

    Source: Cho et al., 2014; Keras 3, `keras.layers.GRU`.

    >>> import numpy as np
    >>> GRU(4)(np.ones((2, 5, 3), "float32")).shape
    (2, 4)
    """

    _cell_class, _cell_name = GRUCell, "gru_cell"

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
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
        seed: int | None = None,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        reset_after: bool = True,
        use_cudnn: Any = "auto",
        **kwargs: Any,
    ) -> None:
        super().__init__(given(locals()), **kwargs)

    recurrent_activation = of_cell("recurrent_activation")
    reset_after = of_cell("reset_after")
