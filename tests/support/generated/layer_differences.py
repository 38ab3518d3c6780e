"""Where layers of netlet and of Keras differ on purpose, or where one of Keras's backends differs from the others."""

from __future__ import annotations

from support.generated.difference import Difference, not_compared
from support.generated.layers import Case

NOT_IN_KERAS = {"PositionEmbedding", "SinePositionEncoding"}
# Layers that draw random numbers in training: they are compared outside of it.
RANDOM = set(
    "AlphaDropout Dropout GaussianDropout GaussianNoise SpatialDropout1D SpatialDropout2D SpatialDropout3D".split()
)


def inner_axis(case: Case, policy: str) -> bool:
    axis, ndim = case.arguments["axis"], case.inputs[0].ndim
    return axis not in (-1, ndim - 1, [ndim - 1])


def in_bfloat16(case: Case, policy: str) -> bool:
    return policy == "mixed_bfloat16"


DIFFERENCES = [
    Difference(
        "RMSNormalization", "error values", "Keras multiplies the last axis by the scale of another", inner_axis
    ),
    Difference("MelSpectrogram", "float32", "Keras computes the mel frequencies in float32"),
    Difference("STFTSpectrogram", "error", "Keras's Fourier transforms refuse bfloat16", in_bfloat16),
    Difference(
        "Attention AdditiveAttention MultiHeadAttention GroupedQueryAttention",
        "float32",
        "Keras's softmax is in float32",
    ),
    Difference("Attention AdditiveAttention", "dtype", "scores in float32", in_bfloat16, "numpy"),
]


def difference(name: str, case: Case, policy: str) -> set[str]:
    """What is not compared for a call."""
    return not_compared(DIFFERENCES, name, case, policy)
