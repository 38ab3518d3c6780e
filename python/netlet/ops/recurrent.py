"""Recurrent layers on plain arrays: all time steps in one op, gradients included.

Shapes: x (B, T, I), a batch of B sequences of T steps with I features; U units; kernel (I, G U), recurrent_kernel
(U, G U), bias (G U,), where G gates stand side by side; states h and c (B, U), zeros where they are None; mask (B, T):
where it is False, a step leaves the state as it is. y (B, T, U) is h after each step, always in the order of x.
"""

from __future__ import annotations

from typing import Any

from netlet import _core

from .dispatch import op, shape_of


@op
def simple_rnn(
    x: Any,
    kernel: Any,
    recurrent_kernel: Any,
    bias: Any = None,
    h: Any = None,
    mask: Any = None,
    activation: str = "tanh",
    go_backwards: bool = False,
) -> Any:
    """h = activation(x kernel + h recurrent_kernel + bias), step by step; G = 1.

    Args:
        activation: "tanh", "sigmoid", "relu", "linear", "elu", "exponential" or "hard_sigmoid".
        go_backwards: begins with the last step.

    Returns:
        (y, h): h of every step, and the last one.

    Raises:
        ValueError: shapes that do not fit together; another activation.

    Source: Elman, 1990; Keras 3, `keras.layers.SimpleRNN`; ONNX `RNN`.

    >>> import numpy as np
    >>> y, h = simple_rnn(np.ones((1, 3, 1)), np.ones((1, 1)), np.ones((1, 1)), activation="linear")
    >>> y.ravel().numpy()
    array([1., 2., 3.])
    """
    y, h, _ = _core.rnn(
        "simple_rnn", x, kernel, recurrent_kernel, bias, h, mask=mask, activation=activation, reverse=go_backwards
    )
    return y, h


@op
def lstm(
    x: Any,
    kernel: Any,
    recurrent_kernel: Any,
    bias: Any = None,
    h: Any = None,
    c: Any = None,
    mask: Any = None,
    activation: str = "tanh",
    recurrent_activation: str = "sigmoid",
    go_backwards: bool = False,
) -> Any:
    """Long short-term memory: i, f, o = s(z), g = a(z), c = f c + i g, h = o a(c).

    z = x kernel + h recurrent_kernel + bias has G = 4 gates in the order i, f, g, o. `activation` is a and
    `recurrent_activation` s, of the names that `simple_rnn` lists.

    Returns:
        (y, h, c): h of every step, and both states after the last.

    Raises:
        ValueError: shapes that do not fit together; another activation.

    Source: Hochreiter and Schmidhuber, 1997, with the forget gate of Gers et al., 2000; Keras 3, `keras.layers.LSTM`;
    ONNX `LSTM` (whose order is i, o, f, c).

    >>> import numpy as np
    >>> y, h, c = lstm(np.ones((2, 5, 3)), np.zeros((3, 16)), np.zeros((4, 16)))
    >>> y.shape, h.shape, float(c.max())
    ((2, 5, 4), (2, 4), 0.0)
    """
    names = (activation, recurrent_activation)
    return _core.rnn("lstm", x, kernel, recurrent_kernel, bias, h, c, mask, None, *names, go_backwards)


@op
def lstm_step(x: Any, h: Any, c: Any, kernel: Any, recurrent_kernel: Any, bias: Any = None) -> Any:
    """One step of `lstm`: x (B, I), states h and c (B, U).

    Returns:
        (h, c): the states after it.

    Raises:
        ValueError: x of another rank, shapes that do not fit together.

    >>> import numpy as np
    >>> h, c = lstm_step(np.ones((1, 1)), np.zeros((1, 1)), np.ones((1, 1)), np.zeros((1, 4)), np.zeros((1, 4)))
    >>> float(c[0, 0])  # forgets one half, and adds half of nothing
    0.5
    """
    shape = shape_of(x)
    if len(shape) != 2:
        raise ValueError(f"ops.lstm_step: expected x of shape (batch, features), got {shape}.")
    one_step = _core.reshape(x, (shape[0], 1, shape[1]))
    _, h, c = _core.rnn("lstm", one_step, kernel, recurrent_kernel, bias, h, c, sequences=False)
    return h, c


@op
def gru(
    x: Any,
    kernel: Any,
    recurrent_kernel: Any,
    bias: Any = None,
    h: Any = None,
    mask: Any = None,
    activation: str = "tanh",
    recurrent_activation: str = "sigmoid",
    reset_after: bool = True,
    go_backwards: bool = False,
) -> Any:
    """Gated recurrent unit: z, r = s(...), h = z h + (1 - z) n.

    n = a(x W + b + r (h R + b')), or, where `reset_after` is False, a(x W + b + (r h) R). G = 3 gates, z, r, n.

    Args:
        bias: (2, 3 U), the second row that of h R; where `reset_after` is False (3 U,).
        reset_after: whether r multiplies after the product with R (as in cuDNN), or before it (as in the paper).
        activation, recurrent_activation, go_backwards: as for `lstm`.

    Returns:
        (y, h): h of every step, and the last one.

    Raises:
        ValueError: shapes that do not fit together; another activation.

    Source: Cho et al., 2014; Keras 3, `keras.layers.GRU`; ONNX `GRU` (linear_before_reset is reset_after).

    >>> import numpy as np
    >>> y, h = gru(np.ones((2, 5, 3)), np.zeros((3, 12)), np.zeros((4, 12)))
    >>> y.shape, h.shape
    ((2, 5, 4), (2, 4))
    """
    kind = "gru" if reset_after else "gru_reset_before"
    names = (activation, recurrent_activation)
    y, h, _ = _core.rnn(kind, x, kernel, recurrent_kernel, bias, h, None, mask, None, *names, go_backwards)
    return y, h
