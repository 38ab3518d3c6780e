"""Models that Keras and netlet build from the same code, for tests of Keras's files."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

RNG = np.random.default_rng(0)


def rnn(lib: Any) -> Any:
    layers = lib.layers
    cells = [layers.LSTMCell(3), layers.GRUCell(4)]
    return lib.Sequential(
        [
            lib.Input((5, 3)),
            layers.SimpleRNN(4, return_sequences=True),
            layers.LSTM(4, return_sequences=True, recurrent_initializer="glorot_uniform"),
            layers.GRU(4, return_sequences=True, reset_after=False),
            layers.Bidirectional(layers.LSTM(3, return_sequences=True), merge_mode="sum"),
            layers.RNN(layers.StackedRNNCells(cells), return_sequences=True),
            layers.RNN(layers.SimpleRNNCell(3), return_sequences=True, go_backwards=True),
            layers.TimeDistributed(layers.Dense(2)),
            layers.Flatten(),
            layers.Dense(2),
        ]
    )


def attention(lib: Any) -> Any:
    layers = lib.layers
    x, q = lib.Input((5, 4)), lib.Input((3, 4))
    own = layers.MultiHeadAttention(2, 3, use_bias=False)(q, x)
    grouped = layers.GroupQueryAttention(4, 4, 2)(q, x)
    parts = [layers.Attention(use_scale=True)([q, x]), layers.AdditiveAttention()([q, x])]
    h = layers.Concatenate()([layers.Add()([own, grouped]), *parts])
    return lib.Model([x, q], layers.Dense(2)(layers.GlobalAveragePooling1D()(h)))


def shared(lib: Any) -> Any:
    """Several inputs and outputs by name, and layers and models that are called twice."""
    layers = lib.layers
    a, b = lib.Input((4,), name="a"), lib.Input((4,), name="b")
    dense = layers.Dense(5, "relu")
    inner = lib.Sequential([lib.Input((5,)), layers.Dense(5, "tanh"), layers.Dropout(0.25, seed=3)], name="inner")
    h = layers.Add()([inner(dense(a)), dense(b)])
    h = layers.Average()([h, inner(h)])
    return lib.Model(
        {"a": a, "b": b}, {"p": layers.Dense(3, "softmax", name="p")(h), "q": layers.Dense(1, name="q")(h)}, name="two"
    )


def nested(lib: Any) -> Any:
    layers = lib.layers
    x = lib.Input((4,))
    deepest = lib.Sequential([lib.Input((3,)), layers.Dense(4), layers.BatchNormalization()], name="deepest")
    inner = lib.Model(x, deepest(layers.Dense(3)(x)), name="inner")
    y = lib.Input((4,))
    return lib.Model(y, layers.Dense(2)(inner(inner(y))), name="outer")


def ops(lib: Any) -> Any:
    x, y = lib.Input((4, 3)), lib.Input((4, 3))
    h = 2.0 - x * 0.5 + lib.ops.mean(y, axis=1, keepdims=True)
    h = lib.ops.concatenate([h, y[:, :, 1:3], lib.ops.expand_dims(x[..., 0], -1)], axis=-1)
    h = lib.ops.where(h > 0.1, h, lib.ops.zeros_like(h))
    h = lib.ops.reshape(lib.ops.transpose(h, (0, 2, 1)), (-1, 24))
    h = lib.ops.einsum("bi,bi->b", h, lib.ops.softmax(-h))
    return lib.Model([x, y], lib.layers.Dense(2)(lib.ops.stack([h, abs(h) ** 2.0], axis=1)))


def normalization(lib: Any) -> Any:
    layer = lib.layers.Normalization()
    layer.adapt(np.random.default_rng(0).normal(2, 3, (50, 4)).astype("float32"))
    fixed = lib.layers.Normalization(mean=[1.0] * 4, variance=[4.0] * 4)
    return lib.Sequential([lib.Input((4,)), layer, fixed, lib.layers.Rescaling(0.5, 1.0), lib.layers.Dense(2)])


def stack(*shape: int, dtype: str | None = None) -> Callable[[Callable[[Any], list[Any]]], Callable[[Any], Any]]:
    """Decorator: a function that returns layers becomes one that returns a Sequential of them."""

    def decorator(make: Callable[[Any], list[Any]]) -> Callable[[Any], Any]:
        def model(lib: Any) -> Any:
            return lib.Sequential([lib.Input(shape, dtype=dtype), *make(lib)])

        return model

    return decorator


@stack(4)
def dense(lib: Any) -> list[Any]:
    he, maximum = lib.initializers.HeNormal(seed=1), lib.constraints.MaxNorm(2)
    return [
        lib.layers.Dense(5, "relu", kernel_regularizer="l2", bias_regularizer=lib.regularizers.L1L2(0.1, 0.2)),
        lib.layers.Dense(4, lib.activations.gelu, kernel_initializer=he, bias_constraint=maximum, use_bias=True),
        lib.layers.Dense(3, "softmax", use_bias=False, kernel_initializer="orthogonal", activity_regularizer="l1"),
    ]


@stack(8, 3)
def conv1d(lib: Any) -> list[Any]:
    n = lib.layers
    return [
        n.Conv1D(4, 3, padding="causal", dilation_rate=2),
        n.MaxPooling1D(2),
        n.SeparableConv1D(4, 2, depth_multiplier=2),
        n.Conv1DTranspose(2, 3, strides=2),
        n.DepthwiseConv1D(2),
        n.ZeroPadding1D(1),
        n.Cropping1D(1),
        n.UpSampling1D(2),
        n.GlobalAveragePooling1D(),
        n.Dense(2),
    ]


@stack(8, 8, 3)
def conv2d(lib: Any) -> list[Any]:
    n = lib.layers
    return [
        n.Conv2D(4, 3, padding="same", use_bias=False),
        n.BatchNormalization(momentum=0.9),
        n.ReLU(max_value=6.0),
        n.DepthwiseConv2D(3, depth_multiplier=2),
        n.SeparableConv2D(4, 2),
        n.Conv2DTranspose(2, 3, strides=2),
        n.AveragePooling2D(2),
        n.UpSampling2D(2, interpolation="bilinear"),
        n.ZeroPadding2D(((1, 0), (0, 1))),
        n.Cropping2D(1),
        n.Flatten(),
        n.Dense(2),
    ]


@stack(4, 4, 4, 2)
def conv3d(lib: Any) -> list[Any]:
    n = lib.layers
    return [n.Conv3D(3, 2), n.Conv3DTranspose(2, 2), n.MaxPooling3D(2), n.GlobalMaxPooling3D(), n.Dense(2)]


@stack(6, 8)
def norms(lib: Any) -> list[Any]:
    n = lib.layers
    return [
        n.LayerNormalization(center=False),
        n.GroupNormalization(4),
        n.RMSNormalization(),
        n.UnitNormalization(),
        n.SpectralNormalization(n.Dense(4)),
        n.BatchNormalization(axis=1, scale=False),
        n.GlobalMaxPooling1D(),
    ]


@stack(3, 5, 5, 2)
def conv_lstm(lib: Any) -> list[Any]:
    return [lib.layers.ConvLSTM2D(3, 2), lib.layers.Flatten(), lib.layers.Dense(2)]


@stack(5, dtype="int32")
def embedding(lib: Any) -> list[Any]:
    n = lib.layers
    return [n.Embedding(10, 4, mask_zero=True), n.LSTM(3, return_sequences=True), n.GRU(2), n.Dense(2)]


@stack(4, 6)
def activations(lib: Any) -> list[Any]:
    n = lib.layers
    return [
        n.PReLU(shared_axes=[1]),
        n.ELU(0.5),
        n.LeakyReLU(0.1),
        n.Softmax(axis=1),
        n.Activation("gelu"),
        n.Masking(9.0),
        n.Permute((2, 1)),
        n.Reshape((4, 6)),
        n.Identity(),
        n.GlobalAveragePooling1D(),
        n.RepeatVector(2),
        n.Flatten(),
    ]


@stack(4, 6)
def noise(lib: Any) -> list[Any]:
    n = lib.layers
    return [
        n.GaussianNoise(0.1, seed=1),
        n.GaussianDropout(0.1, seed=2),
        n.SpatialDropout1D(0.1, seed=3),
        n.AlphaDropout(0.1, seed=4),
        n.Dropout(0.5, noise_shape=(None, 1, 6), seed=5),
        n.ActivityRegularization(0.1),
        n.EinsumDense("abc,cd->abd", (None, 3), bias_axes="d"),
    ]


@stack(8, 8, 3)
def image(lib: Any) -> list[Any]:
    n = lib.layers
    return [
        n.Rescaling(1 / 255.0),
        n.Resizing(6, 6),
        n.RandomFlip(seed=1),
        n.RandomRotation(0.1, seed=2),
        n.RandomZoom(0.1, seed=3),
        n.RandomTranslation(0.1, 0.1, seed=4),
        n.RandomContrast(0.1, seed=5),
        n.CenterCrop(4, 4),
        n.Flatten(),
        n.Dense(2),
    ]


@stack(4)
def discretization(lib: Any) -> list[Any]:
    n = lib.layers
    return [n.Discretization([0.0, 1.0, 2.5]), n.CategoryEncoding(4, output_mode="multi_hot"), n.Dense(2)]


@stack(4)
def double(lib: Any) -> list[Any]:
    return [lib.layers.Dense(3, dtype="float64"), lib.layers.Dense(2)]


@stack(6)
def merging(lib: Any) -> list[Any]:
    """A Sequential in a Sequential."""
    n = lib.layers
    inner = lib.Sequential([n.Dense(4), lib.Sequential([n.Dense(3), n.Dropout(0.5)])])
    return [n.Dense(4), inner, n.Dense(2)]


ARCHITECTURES: dict[str, Callable[[Any], Any]] = {
    "dense": dense,
    "conv1d": conv1d,
    "conv2d": conv2d,
    "conv3d": conv3d,
    "norms": norms,
    "rnn": rnn,
    "conv_lstm": conv_lstm,
    "embedding": embedding,
    "attention": attention,
    "shared": shared,
    "nested": nested,
    "sequential in sequential": merging,
    "ops": ops,
    "normalization": normalization,
    "discretization": discretization,
    "image": image,
    "activations": activations,
    "noise": noise,
    "double": double,
}


def inputs_for(model: Any) -> Any:
    """A batch of two samples for a model of either library."""

    def batch(t: Any) -> np.ndarray:
        shape = [2, *t.shape[1:]]
        integers = "int" in str(t.dtype)
        return RNG.integers(0, 5, shape).astype("int32") if integers else RNG.normal(size=shape).astype("float32")

    values = [batch(t) for t in model.inputs]
    if model.name == "two":
        return dict(zip("ab", values, strict=True))
    return values if len(values) > 1 else values[0]


def outputs_of(model: Any, x: Any) -> list[np.ndarray]:
    """The outputs of a model for a batch, as arrays. (JAX compiles one function, not each op as in a call.)"""
    y = model.predict_on_batch(x)
    values = list(y.values()) if isinstance(y, dict) else y if isinstance(y, (list, tuple)) else [y]
    return [np.asarray(v) for v in values]
