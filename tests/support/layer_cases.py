"""Every layer, with arguments and a shape of its input: cases of tests that must hold for all layers.

Each table has ways to make a layer, by the name of its class.
"""

from __future__ import annotations

import numpy as np

import netlet
from netlet import layers

# Inputs (6,).
ONE_INPUT = {
    "Dense": [
        lambda: layers.Dense(3),
        lambda: layers.Dense(
            2,
            activation="tanh",
            use_bias=False,
            kernel_initializer=netlet.initializers.HeNormal(seed=3),
            kernel_regularizer=netlet.regularizers.L1L2(0.1, 0.2),
            kernel_constraint=netlet.constraints.MaxNorm(1.5, axis=[0]),
            activity_regularizer="l2",
            name="named",
            dtype="float64",
        ),
        lambda: layers.Dense(2, bias_initializer=netlet.initializers.Constant(0.5), trainable=False),
        lambda: layers.Dense(2, activation=netlet.activations.gelu, bias_regularizer="l1", bias_constraint="non_neg"),
    ],
    "Activation": [lambda: layers.Activation("softplus"), lambda: layers.Activation(netlet.activations.relu6)],
    "ActivityRegularization": [lambda: layers.ActivityRegularization(l1=0.1, l2=0.2)],
    "AlphaDropout": [lambda: layers.AlphaDropout(0.25, noise_shape=(None, 1), seed=5)],
    "BatchNormalization": [
        lambda: layers.BatchNormalization(
            momentum=0.9, epsilon=0.01, gamma_regularizer="l2", beta_constraint="non_neg"
        ),
        lambda: layers.BatchNormalization(scale=False, trainable=False, moving_mean_initializer="ones"),
        lambda: layers.BatchNormalization(renorm=True, renorm_clipping={"rmax": 2.0, "dmax": 1.0}, center=False),
    ],
    "CategoryEncoding": [lambda: layers.CategoryEncoding(3), lambda: layers.CategoryEncoding(4, "count", name="c")],
    "Discretization": [
        lambda: layers.Discretization([-0.5, 0.5]),
        lambda: layers.Discretization([0], output_mode="count"),
    ],
    "Dropout": [lambda: layers.Dropout(0.25, seed=5), lambda: layers.Dropout(0.5, noise_shape=(None, 1))],
    "ELU": [lambda: layers.ELU(0.7)],
    "Flatten": [lambda: layers.Flatten()],
    "GaussianDropout": [lambda: layers.GaussianDropout(0.25, seed=5)],
    "GaussianNoise": [lambda: layers.GaussianNoise(0.25)],
    "GroupNormalization": [
        lambda: layers.GroupNormalization(groups=-1),
        lambda: layers.GroupNormalization(3, scale=False),
    ],
    "Identity": [lambda: layers.Identity()],
    "LayerNormalization": [lambda: layers.LayerNormalization(epsilon=0.1), lambda: layers.LayerNormalization(axis=[1])],
    "LeakyReLU": [lambda: layers.LeakyReLU(0.1)],
    "Normalization": [
        lambda: layers.Normalization(axis=None),
        lambda: layers.Normalization(mean=[0.5] * 6, variance=[2.0] * 6, invert=True),
    ],
    "PReLU": [lambda: layers.PReLU(alpha_initializer="ones", alpha_constraint="non_neg", shared_axes=[1])],
    "Permute": [lambda: layers.Permute((1,))],
    "RMSNormalization": [lambda: layers.RMSNormalization(epsilon=0.1)],
    "ReLU": [lambda: layers.ReLU(6.0, negative_slope=0.1, threshold=0.2)],
    "RepeatVector": [lambda: layers.RepeatVector(3)],
    "MelSpectrogram": [lambda: layers.MelSpectrogram(8, 4, num_mel_bins=3, window=None, top_db=20.0)],
    "Rescaling": [lambda: layers.Rescaling(1 / 255, offset=-0.5)],
    "Reshape": [lambda: layers.Reshape((2, 3)), lambda: layers.Reshape((-1, 2))],
    "SpectralNormalization": [lambda: layers.SpectralNormalization(layers.Dense(3), power_iterations=2)],
    "UnitNormalization": [lambda: layers.UnitNormalization()],
    "Softmax": [lambda: layers.Softmax(axis=1)],
}
# name: shape of the input, ways to make the layer
SPATIAL = {
    "STFTSpectrogram": (
        (20, 2),
        [lambda: layers.STFTSpectrogram("stft", 6, 2, 8, padding="same", window="hamming", periodic=True)],
    ),
    "Bidirectional": (
        (4, 3),
        [
            lambda: layers.Bidirectional(layers.GRU(2, return_sequences=True), merge_mode="mul", name="both"),
            lambda: layers.Bidirectional(layers.LSTM(2), backward_layer=layers.GRU(2, go_backwards=True)),
        ],
    ),
    "ConvLSTM1D": ((3, 5, 2), [lambda: layers.ConvLSTM1D(2, 3, padding="same", return_sequences=True)]),
    "ConvLSTM2D": ((3, 5, 4, 2), [lambda: layers.ConvLSTM2D(2, (3, 2), strides=2, recurrent_dropout=0.3)]),
    "ConvLSTM3D": ((2, 3, 4, 3, 1), [lambda: layers.ConvLSTM3D(1, 2, activation="relu")]),
    "GRU": (
        (4, 3),
        [lambda: layers.GRU(2, reset_after=False, recurrent_regularizer="l2"), lambda: layers.GRU(2, use_bias=False)],
    ),
    "LSTM": (
        (4, 3),
        [
            lambda: layers.LSTM(2, activation="relu", go_backwards=True, return_sequences=True, unit_forget_bias=False),
            lambda: layers.LSTM(2, recurrent_activation="hard_sigmoid", dropout=0.2, recurrent_constraint="max_norm"),
        ],
    ),
    "Masking": ((4, 3), [lambda: layers.Masking(0.5)]),
    "RNN": (
        (4, 3),
        [
            lambda: layers.RNN(layers.LSTMCell(2), return_sequences=True),
            lambda: layers.RNN([layers.GRUCell(3), layers.SimpleRNNCell(2, activation="softsign")]),
            lambda: layers.RNN(layers.StackedRNNCells([layers.LSTMCell(2), layers.LSTMCell(2)])),
        ],
    ),
    "SimpleRNN": ((4, 3), [lambda: layers.SimpleRNN(2, recurrent_initializer="glorot_normal", name="simple")]),
    "TimeDistributed": ((4, 3), [lambda: layers.TimeDistributed(layers.Dense(2, activation="tanh"))]),
    "EinsumDense": ((4, 3), [lambda: layers.EinsumDense("abc,cde->abde", (None, 2, 2), "gelu", "de")]),
    "PositionEmbedding": ((4, 3), [lambda: layers.PositionEmbedding(5)]),
    "SinePositionEncoding": ((4, 3), [lambda: layers.SinePositionEncoding(max_wavelength=100)]),
    **{
        f"{kind}Pooling{rank}D": ((*(5, 4, 3)[:rank], 2), [lambda c=f"{kind}Pooling{rank}D": getattr(layers, c)(2)])
        for kind in ("Max", "Average", "AdaptiveMax", "AdaptiveAverage")
        for rank in (1, 2, 3)
    },
    **{
        f"Global{kind}Pooling{rank}D": (
            (*(5, 4, 3)[:rank], 2),
            [lambda c=f"Global{kind}Pooling{rank}D": getattr(layers, c)(data_format="channels_first", keepdims=True)],
        )
        for kind in ("Max", "Average")
        for rank in (1, 2, 3)
    },
    "UpSampling1D": ((4, 3), [lambda: layers.UpSampling1D(3)]),
    "UpSampling2D": ((4, 3, 2), [lambda: layers.UpSampling2D((1, 2), interpolation="bilinear")]),
    "UpSampling3D": ((2, 3, 2, 1), [lambda: layers.UpSampling3D(2, data_format="channels_first")]),
    "ZeroPadding1D": ((4, 3), [lambda: layers.ZeroPadding1D((1, 2))]),
    "ZeroPadding2D": ((4, 3, 2), [lambda: layers.ZeroPadding2D(((1, 0), (0, 2)), data_format="channels_first")]),
    "ZeroPadding3D": ((2, 3, 2, 1), [lambda: layers.ZeroPadding3D()]),
    "Cropping1D": ((4, 3), [lambda: layers.Cropping1D((1, 2))]),
    "Cropping2D": ((4, 3, 2), [lambda: layers.Cropping2D(((1, 0), (0, 2)))]),
    "Cropping3D": ((3, 3, 4, 1), [lambda: layers.Cropping3D()]),
    "Resizing": ((4, 3, 2), [lambda: layers.Resizing(2, 5, interpolation="bicubic", antialias=True)]),
    "CenterCrop": ((4, 3, 2), [lambda: layers.CenterCrop(2, 2)]),
    "Conv1D": ((7, 4), [lambda: layers.Conv1D(2, 3, padding="causal", dilation_rate=2, activation="relu")]),
    "Conv1DTranspose": ((5, 2), [lambda: layers.Conv1DTranspose(3, 3, strides=2, output_padding=1)]),
    "Conv2D": (
        (4, 6, 5),
        [
            lambda: layers.Conv2D(2, 3),
            lambda: layers.Conv2D(
                4,
                (2, 3),
                strides=(2, 1),
                padding="same",
                data_format="channels_first",
                groups=2,
                activation="gelu",
                kernel_initializer="he_normal",
                kernel_regularizer="l2",
                bias_constraint="non_neg",
                activity_regularizer="l1",
                dtype="float64",
                name="named",
            ),
        ],
    ),
    "Conv2DTranspose": ((3, 4, 2), [lambda: layers.Conv2DTranspose(3, 3, strides=2, padding="same")]),
    "Conv3D": ((3, 4, 5, 2), [lambda: layers.Conv3D(2, 2, use_bias=False)]),
    "Conv3DTranspose": ((2, 3, 2, 2), [lambda: layers.Conv3DTranspose(1, 2, dilation_rate=2)]),
    "DepthwiseConv1D": ((6, 3), [lambda: layers.DepthwiseConv1D(3, depth_multiplier=2)]),
    "DepthwiseConv2D": ((6, 5, 3), [lambda: layers.DepthwiseConv2D(3, depthwise_constraint="max_norm")]),
    "SeparableConv1D": ((6, 3), [lambda: layers.SeparableConv1D(4, 3, pointwise_initializer="he_uniform")]),
    "SeparableConv2D": ((6, 5, 3), [lambda: layers.SeparableConv2D(4, 3, depth_multiplier=2, activation="tanh")]),
    "RandomBrightness": ((4, 3, 2), [lambda: layers.RandomBrightness(0.2, (0, 1), seed=4)]),
    "RandomContrast": ((4, 3, 2), [lambda: layers.RandomContrast((0.2, 0.5))]),
    "RandomCrop": ((4, 3, 2), [lambda: layers.RandomCrop(4, 3, seed=1)]),
    "MaxNumBoundingBoxes": ((4, 3, 2), [lambda: layers.MaxNumBoundingBoxes(3, -2, bounding_box_format="xywh")]),
    "RandomElasticTransform": ((4, 3, 2), [lambda: layers.RandomElasticTransform(0.5, (0.2, 0.4), "nearest", "wrap")]),
    "RandomPerspective": (
        (4, 3, 2),
        [lambda: layers.RandomPerspective((0.2, 0.5), 0.3, "nearest", 0.5, bounding_box_format="xyxy")],
    ),
    "RandomFlip": ((4, 3, 2), [lambda: layers.RandomFlip("vertical", data_format="channels_first")]),
    "RandomRotation": ((4, 3, 2), [lambda: layers.RandomRotation(0.1, "constant", "nearest", fill_value=0.5)]),
    "RandomShear": ((4, 3, 2), [lambda: layers.RandomShear((0.1, 0.2), 0.3, dtype="float64")]),
    "RandomTranslation": ((4, 3, 2), [lambda: layers.RandomTranslation(0.1, (-0.2, 0.3))]),
    "RandomZoom": ((4, 3, 2), [lambda: layers.RandomZoom(0.1), lambda: layers.RandomZoom([-0.5, 0.1], 0.2)]),
    "SpatialDropout1D": ((4, 3), [lambda: layers.SpatialDropout1D(0.25, seed=5)]),
    "SpatialDropout2D": ((4, 3, 2), [lambda: layers.SpatialDropout2D(0.25, data_format="channels_first")]),
    "SpatialDropout3D": ((4, 3, 2, 1), [lambda: layers.SpatialDropout3D(0.25, name="volume", dtype="float64")]),
}
TWO_INPUTS = {
    "Add": [layers.Add],
    "Average": [layers.Average],
    "Concatenate": [lambda: layers.Concatenate(axis=-1)],
    "Dot": [lambda: layers.Dot(axes=1, normalize=True)],
    "Maximum": [layers.Maximum],
    "Minimum": [layers.Minimum],
    "Multiply": [layers.Multiply],
    "Subtract": [layers.Subtract],
}
WORDS = np.array([["Good film"], ["good, bad"], ["what?"]])
NUMBERS = np.array([[3], [8], [-5]])
ON_THE_HOST = {
    "Hashing": [
        (NUMBERS, lambda: layers.Hashing(5)),
        (WORDS, lambda: layers.Hashing(5, mask_value="what?", salt=[3, 4], output_mode="one_hot", name="named")),
    ],
    "IntegerLookup": [
        (NUMBERS, lambda: layers.IntegerLookup(vocabulary=[8, 3], mask_token=-5)),
        (
            NUMBERS,
            lambda: layers.IntegerLookup(
                6, 3, vocabulary=[8], oov_method="farmhash", salt=7, output_mode="count", pad_to_max_tokens=True
            ),
        ),
        (NUMBERS, lambda: adapted(layers.IntegerLookup(output_mode="tf_idf", dtype="float64"), NUMBERS)),
    ],
    "StringLookup": [
        (WORDS, lambda: layers.StringLookup(vocabulary=["good, bad", "what?"], oov_token="?", num_oov_indices=2)),
        (WORDS, lambda: adapted(layers.StringLookup(output_mode="one_hot", encoding="latin-1"), WORDS)),
    ],
    "TextVectorization": [
        (WORDS, lambda: adapted(layers.TextVectorization(ngrams=2, standardize="lower", max_tokens=4), WORDS)),
        (WORDS, lambda: adapted(layers.TextVectorization(split="character", output_sequence_length=7), WORDS)),
        (WORDS, lambda: adapted(layers.TextVectorization(output_mode="tf_idf", ngrams=(1, 2)), WORDS)),
    ],
}


def adapted(layer, data):
    layer.adapt(data)
    return layer


NO_CASE = {
    "Input",
    "InputLayer",
    "InputSpec",
    "Lambda",
    "Layer",
    "Merge",
    "Wrapper",
    "AdditiveAttention",  # tested in tests/layers/test_attention.py, which has sequences
    "Attention",
    "GroupedQueryAttention",
    "MultiHeadAttention",
    "Embedding",  # tested in tests/layers/test_embedding.py: its inputs are indices
    "FlaxLayer",  # tested in tests/layers/foreign, as the next two
    "JaxLayer",
    "TorchModuleWrapper",
    "HashedCrossing",  # tested in tests/layers/test_hashed_crossing.py: it has two inputs
    "ReversibleEmbedding",  # tested in tests/layers/test_reversible_embedding.py: its inputs are indices
    "GRUCell",  # tested within RNN above
    "LSTMCell",
    "SimpleRNNCell",
    "StackedRNNCells",
}  # abstract, or tested elsewhere


# Images in [0, 1]; most of these change nothing outside of training, so that their configs are what is compared.
_UNIT = (0.0, 1.0)
AUGMENTATION = {
    "AugMix": lambda: layers.AugMix(_UNIT, num_chains=2, seed=3),
    "AutoContrast": lambda: layers.AutoContrast(_UNIT),
    "ContrastLimitedAdaptiveHistogramEqualization": lambda: layers.ContrastLimitedAdaptiveHistogramEqualization(_UNIT),
    "CutMix": lambda: layers.CutMix(0.5, seed=3),
    "Equalization": lambda: layers.Equalization(_UNIT, bins=16),
    "MixUp": lambda: layers.MixUp(alpha=0.3, seed=3),
    "Pipeline": lambda: layers.Pipeline([layers.RandomInvert(1.0, _UNIT, seed=3), layers.Rescaling(0.5)]),
    "RandAugment": lambda: layers.RandAugment(_UNIT, num_ops=1, seed=3),
    "RandomColorDegeneration": lambda: layers.RandomColorDegeneration(0.5, _UNIT, seed=3),
    "RandomColorJitter": lambda: layers.RandomColorJitter(_UNIT, brightness_factor=0.2, seed=3),
    "RandomErasing": lambda: layers.RandomErasing(0.5, value_range=_UNIT, seed=3),
    "RandomGaussianBlur": lambda: layers.RandomGaussianBlur(value_range=_UNIT, seed=3),
    "RandomGrayscale": lambda: layers.RandomGrayscale(0.5, seed=3),
    "RandomHue": lambda: layers.RandomHue(0.2, _UNIT, seed=3),
    "RandomInvert": lambda: layers.RandomInvert(0.5, _UNIT, seed=3),
    "RandomPosterization": lambda: layers.RandomPosterization(3, _UNIT, seed=3),
    "RandomSaturation": lambda: layers.RandomSaturation(0.2, _UNIT, seed=3),
    "RandomSharpness": lambda: layers.RandomSharpness(0.5, _UNIT, seed=3),
    "Solarization": lambda: layers.Solarization(0.1, 0.5, _UNIT, seed=3),
}
