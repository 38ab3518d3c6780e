"""Recurrent layers as ops: all time steps in one call, with gradients.

Shapes: x (B, T, I) is a batch of B sequences of T steps with I features. U is the number of units and G the number of
gates: kernel (I, G U), recurrent_kernel (U, G U), bias (G U,), each with its gates next to each other. The states h and
c are (B, U); None means zeros. mask (B, T): a step where it is False leaves the state unchanged. y (B, T, U) is h after
each step, always in the order of x.
"""

from __future__ import annotations

from typing import Any

from netlet import _core

from ..core.dispatch import op, shape_of

__all__ = ["gru", "lstm", "lstm_step", "simple_rnn"]


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
    """Fully connected recurrent layer: h = activation(x kernel + h recurrent_kernel + bias) for each step; G = 1.

    Args:
        x: (B, T, I).
        kernel: (I, U).
        recurrent_kernel: (U, U).
        bias: (U,), or None (the default).
        h: initial state (B, U); None (the default): zeros.
        mask: bool (B, T), False where a step leaves the state unchanged; None (the default): all steps count.
        activation: "tanh" (the default), "sigmoid", "relu", "linear", "elu", "exponential" or "hard_sigmoid".
        go_backwards: whether to start with the last step; False by default.

    Returns:
        (y, h): h after every step (B, T, U), and after the last one computed (B, U).

    Raises:
        ValueError: shapes that do not fit together, or another activation.

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

    z = x kernel + h recurrent_kernel + bias has G = 4 gates in the order i, f, g, o.

    Args:
        x: (B, T, I).
        kernel: (I, 4 U).
        recurrent_kernel: (U, 4 U).
        bias: (4 U,), or None (the default).
        h: initial state (B, U); None (the default): zeros.
        c: initial cell state (B, U); None (the default): zeros.
        mask: bool (B, T), False where a step leaves the states unchanged; None (the default): all steps count.
        activation: the function a: "tanh" (the default), "sigmoid", "relu", "linear", "elu", "exponential" or
            "hard_sigmoid".
        recurrent_activation: the function s, one of the same; "sigmoid" by default.
        go_backwards: whether to start with the last step; False by default.

    Returns:
        (y, h, c): h after every step (B, T, U), and both states after the last one computed (B, U).

    Raises:
        ValueError: shapes that do not fit together, or another activation.

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
    """A single time step of an LSTM with tanh and sigmoid.

    Args:
        x: (B, I).
        h: state (B, U).
        c: cell state (B, U).
        kernel: (I, 4 U).
        recurrent_kernel: (U, 4 U).
        bias: (4 U,), or None (the default).

    Returns:
        (h, c): the states after the step.

    Raises:
        ValueError: x of another rank, or shapes that do not fit together.

    >>> import numpy as np
    >>> h, c = lstm_step(np.ones((1, 1)), np.zeros((1, 1)), np.ones((1, 1)), np.zeros((1, 4)), np.zeros((1, 4)))
    >>> float(c[0, 0])  # all gates are 0.5 and the candidate is 0: half of the old c
    0.5
    """
    shape = shape_of(x)
    if len(shape) != 2:
        raise ValueError(f"ops.lstm_step: expected x of shape (batch, features), received {shape}.")
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
    """Gated recurrent unit: z, r = s(...), h = z h + (1 - z) n, with G = 3 gates in the order z, r, n.

    With W and b for kernel and bias, R and b' for the recurrent ones: n = a(x W + b + r (h R + b')) if `reset_after`,
    else n = a(x W + b + (r h) R).

    Args:
        x: (B, T, I).
        kernel: (I, 3 U).
        recurrent_kernel: (U, 3 U).
        bias: (2, 3 U), with b in the first row and b' in the second; (3 U,) if `reset_after` is False. None (the
            default): no bias.
        h: initial state (B, U); None (the default): zeros.
        mask: bool (B, T), False where a step leaves the state unchanged; None (the default): all steps count.
        activation: the function a: "tanh" (the default), "sigmoid", "relu", "linear", "elu", "exponential" or
            "hard_sigmoid".
        recurrent_activation: the function s, one of the same; "sigmoid" by default.
        reset_after: whether r multiplies after the product with R (True, the default, as in cuDNN) or before it (as in
            the paper).
        go_backwards: whether to start with the last step; False by default.

    Returns:
        (y, h): h after every step (B, T, U), and after the last one computed (B, U).

    Raises:
        ValueError: shapes that do not fit together, or another activation.

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
