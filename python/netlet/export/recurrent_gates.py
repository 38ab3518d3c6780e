"""The order of the gates in the weights of ONNX's recurrent operators, for reading and for writing them.

netlet's orders are Keras's: LSTM i, f, c, o; GRU z, r, h. ONNX's LSTM has i, o, f, c.
"""

from __future__ import annotations

# {operator: for each of netlet's gates, its place among ONNX's}
PLACES_IN_ONNX: dict[str, tuple[int, ...]] = {"LSTM": (0, 2, 3, 1), "GRU": (0, 1, 2), "RNN": (0,)}


def places_in_netlet(operator: str) -> tuple[int, ...]:
    """For each of ONNX's gates, its place among netlet's.

    Args:
        operator: "LSTM", "GRU" or "RNN".

    >>> places_in_netlet("LSTM")
    (0, 3, 1, 2)
    """
    places = PLACES_IN_ONNX[operator]
    return tuple(places.index(gate) for gate in range(len(places)))
