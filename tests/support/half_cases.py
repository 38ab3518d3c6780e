"""Calls of layers for tests of mixed precision, beside those of layers/test_against_keras.py."""

from __future__ import annotations

import numpy as np

RNG = np.random.default_rng(0)
IDS = RNG.integers(0, 5, (2, 4))


def floats(*shape):
    return RNG.standard_normal(shape).astype("float32")


IMAGES, SERIES, HEADS = floats(2, 8, 7, 4), floats(2, 5, 3), (floats(2, 4, 3), floats(2, 5, 3))

CASES = [  # name, arguments, arguments of the call
    ("Conv1D", {"filters": 4, "kernel_size": 3, "activation": "relu"}, (SERIES,)),
    ("Conv2D", {"filters": 4, "kernel_size": 3, "padding": "same", "strides": 2}, (IMAGES,)),
    ("Conv2D", {"filters": 4, "kernel_size": 3, "groups": 2, "activation": "gelu"}, (IMAGES,)),
    ("Conv2D", {"filters": 8, "kernel_size": 3, "data_format": "channels_first"}, (IMAGES,)),
    ("Conv3D", {"filters": 2, "kernel_size": 2}, (floats(2, 4, 4, 4, 3),)),
    ("Conv1DTranspose", {"filters": 4, "kernel_size": 3}, (SERIES,)),
    ("Conv2DTranspose", {"filters": 4, "kernel_size": 3, "strides": 2}, (IMAGES,)),
    ("Conv3DTranspose", {"filters": 2, "kernel_size": 2}, (floats(2, 3, 3, 3, 3),)),
    ("DepthwiseConv1D", {"kernel_size": 3}, (SERIES,)),
    ("DepthwiseConv2D", {"kernel_size": 3, "depth_multiplier": 2}, (IMAGES,)),
    ("SeparableConv1D", {"filters": 4, "kernel_size": 3}, (SERIES,)),
    ("SeparableConv2D", {"filters": 4, "kernel_size": 3}, (IMAGES,)),
    ("EinsumDense", {"equation": "abc,cd->abd", "output_shape": (None, 5), "bias_axes": "d"}, (SERIES,)),
    ("Embedding", {"input_dim": 5, "output_dim": 3}, (IDS,)),
    ("SimpleRNN", {"units": 4}, (SERIES,)),
    ("SimpleRNN", {"units": 4, "return_sequences": True, "return_state": True}, (SERIES,)),
    ("LSTM", {"units": 4, "return_sequences": True}, (SERIES,)),
    ("LSTM", {"units": 4, "return_state": True, "activation": "relu"}, (SERIES,)),
    ("GRU", {"units": 4}, (SERIES,)),
    ("GRU", {"units": 4, "reset_after": False, "return_sequences": True}, (SERIES,)),
    ("ConvLSTM1D", {"filters": 3, "kernel_size": 2}, (floats(2, 4, 5, 3),)),
    ("ConvLSTM2D", {"filters": 3, "kernel_size": 2}, (floats(2, 4, 5, 5, 3),)),
    ("Attention", {"use_scale": True}, (list(HEADS),)),
    ("AdditiveAttention", {}, (list(HEADS),)),
    ("Dense", {"units": 4, "activation": "tanh"}, (SERIES,)),
    ("MultiHeadAttention", {"num_heads": 2, "key_dim": 3}, HEADS),
    ("GroupQueryAttention", {"num_query_heads": 4, "num_key_value_heads": 2, "head_dim": 3}, HEADS),
    ("Normalization", {"mean": 1.0, "variance": 2.0}, (SERIES,)),
    ("Discretization", {"bin_boundaries": [0.0, 1.0]}, (SERIES,)),
    ("CategoryEncoding", {"num_tokens": 5, "output_mode": "multi_hot"}, (IDS,)),
    ("Masking", {}, (SERIES,)),
]
TRAINED = [case for case in CASES if case[0] not in ("Normalization", "Discretization", "CategoryEncoding", "Masking")]
RANDOM = [  # only dtypes are compared
    ("RandomFlip", {}, (IMAGES[..., :3],)),
    ("RandomRotation", {"factor": 0.1}, (IMAGES[..., :3],)),
    ("RandomContrast", {"factor": 0.1}, (IMAGES[..., :3],)),
    ("RandomBrightness", {"factor": 0.1}, (IMAGES[..., :3],)),
    ("RandomZoom", {"height_factor": 0.1}, (IMAGES[..., :3],)),
    ("RandomTranslation", {"height_factor": 0.1, "width_factor": 0.1}, (IMAGES[..., :3],)),
    ("RandomCrop", {"height": 4, "width": 4}, (IMAGES[..., :3],)),
]
