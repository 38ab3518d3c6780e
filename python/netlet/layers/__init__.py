"""All layers, with the names that they have in Keras.

A file is imported when one of its layers is first used. `__init__.pyi` is for type checkers: run tools/make_stub.py
after a change of the table.
"""

from __future__ import annotations

from netlet.base.lazy import names_in
from netlet.base.missing import explain_missing

FILES = {
    "activations.activation": "ELU Activation LeakyReLU PReLU ReLU Softmax",
    "attention.attention": "AdditiveAttention Attention",
    "attention.grouped_query_attention": "GroupedQueryAttention GroupQueryAttention",
    "attention.multi_head_attention": "MultiHeadAttention",
    "attention.position_embedding": "PositionEmbedding SinePositionEncoding",
    "base.input_spec": "InputSpec",
    "base.layer": "Layer",
    "base.wrapper": "Wrapper",
    "convolutional.convolution": "Conv1D Conv2D Conv3D Convolution1D Convolution2D Convolution3D",
    "convolutional.convolution_depthwise": "DepthwiseConv1D DepthwiseConv2D",
    "convolutional.convolution_separable": (
        "SeparableConv1D SeparableConv2D SeparableConvolution1D SeparableConvolution2D"
    ),
    "convolutional.convolution_transpose": (
        "Conv1DTranspose Conv2DTranspose Conv3DTranspose Convolution1DTranspose Convolution2DTranspose "
        "Convolution3DTranspose"
    ),
    "core.dense": "Dense",
    "core.einsum_dense": "EinsumDense",
    "core.embedding": "Embedding",
    "core.identity": "Identity",
    "core.input_layer": "Input InputLayer",
    "core.lambda_layer": "Lambda",
    "core.masking": "Masking",
    "core.reversible_embedding": "ReversibleEmbedding",
    "foreign.flax_layer": "FlaxLayer",
    "foreign.jax_layer": "JaxLayer",
    "foreign.torch_module_wrapper": "TorchModuleWrapper",
    "merging.dot": "Dot",
    "merging.functions": "add average concatenate dot maximum minimum multiply subtract",
    "merging.merge": "Add Average Concatenate Maximum Merge Minimum Multiply Subtract",
    "normalization.batch_normalization": "BatchNormalization",
    "normalization.group_normalization": "GroupNormalization",
    "normalization.layer_normalization": "LayerNormalization",
    "normalization.rms_normalization": "RMSNormalization",
    "normalization.spectral_normalization": "SpectralNormalization",
    "normalization.unit_normalization": "UnitNormalization",
    "pooling.adaptive_pooling": (
        "AdaptiveAveragePooling1D AdaptiveAveragePooling2D AdaptiveAveragePooling3D AdaptiveMaxPooling1D "
        "AdaptiveMaxPooling2D AdaptiveMaxPooling3D"
    ),
    "pooling.global_pooling": (
        "GlobalAveragePooling1D GlobalAveragePooling2D GlobalAveragePooling3D GlobalAvgPool1D GlobalAvgPool2D "
        "GlobalAvgPool3D GlobalMaxPool1D GlobalMaxPool2D GlobalMaxPool3D GlobalMaxPooling1D GlobalMaxPooling2D "
        "GlobalMaxPooling3D"
    ),
    "pooling.pooling": (
        "AveragePooling1D AveragePooling2D AveragePooling3D AvgPool1D AvgPool2D AvgPool3D MaxPool1D MaxPool2D "
        "MaxPool3D MaxPooling1D MaxPooling2D MaxPooling3D"
    ),
    "preprocessing.audio.mel_spectrogram": "MelSpectrogram",
    "preprocessing.audio.stft_spectrogram": "STFTSpectrogram",
    "preprocessing.features.category_encoding": "CategoryEncoding",
    "preprocessing.features.discretization": "Discretization",
    "preprocessing.features.normalization": "Normalization",
    "preprocessing.image.augmentation": "RandomCrop RandomFlip",
    "preprocessing.image.augmentation_affine": "RandomRotation RandomShear RandomTranslation RandomZoom",
    "preprocessing.image.augmentation_warp": "RandomElasticTransform RandomPerspective",
    "preprocessing.image.blur": "RandomGaussianBlur RandomSharpness",
    "preprocessing.image.boxes": "MaxNumBoundingBoxes",
    "preprocessing.image.color": "RandomColorDegeneration RandomColorJitter RandomGrayscale RandomHue RandomSaturation",
    "preprocessing.image.histogram": "AutoContrast ContrastLimitedAdaptiveHistogramEqualization Equalization",
    "preprocessing.image.mixing": "CutMix MixUp RandomErasing",
    "preprocessing.image.policies": "AugMix RandAugment",
    "preprocessing.image.rescaling": "Rescaling",
    "preprocessing.image.resizing": "CenterCrop Resizing",
    "preprocessing.image.tone": "RandomBrightness RandomContrast RandomInvert RandomPosterization Solarization",
    "preprocessing.pipeline": "Pipeline",
    "preprocessing.text.hashed_crossing": "HashedCrossing",
    "preprocessing.text.hashing": "Hashing",
    "preprocessing.text.lookup": "IntegerLookup StringLookup",
    "preprocessing.text.text_vectorization": "TextVectorization",
    "quantized": "",  # has names of its own
    "regularization.activity_regularization": "ActivityRegularization",
    "regularization.dropout": "AlphaDropout Dropout SpatialDropout1D SpatialDropout2D SpatialDropout3D",
    "regularization.noise": "GaussianDropout GaussianNoise",
    "reshaping.cropping": "Cropping1D Cropping2D Cropping3D",
    "reshaping.reshape": "Flatten Permute RepeatVector Reshape",
    "reshaping.up_sampling": "UpSampling1D UpSampling2D UpSampling3D",
    "reshaping.zero_padding": "ZeroPadding1D ZeroPadding2D ZeroPadding3D",
    "rnn": (
        "GRU LSTM RNN Bidirectional ConvLSTM1D ConvLSTM2D ConvLSTM3D GRUCell LSTMCell SimpleRNN SimpleRNNCell "
        "StackedRNNCells TimeDistributed"
    ),
    "serializing": "deserialize serialize",
}

__all__ = names_in(FILES)

explain_missing(__name__, FILES)
