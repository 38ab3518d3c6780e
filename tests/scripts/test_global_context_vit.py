"""Keras's "Image classification using Global Context Vision Transformer": layers and weights made in `build`."""

import numpy as np

import netlet as keras
from netlet import layers, ops

IMAGES = np.random.default_rng(0).random((4, 16, 16, 3)).astype("float32")
LABELS = np.array([0, 1, 2, 0])
WINDOW = 4


class Reduce(layers.Layer):
    def build(self, input_shape):
        width = input_shape[-1]
        self.norm = layers.LayerNormalization(-1, 1e-05, name="norm")
        self.pad = layers.ZeroPadding2D(1, name="pad")
        self.conv = [
            layers.DepthwiseConv2D(3, 1, use_bias=False, name="conv_0"),
            layers.Activation("gelu", name="conv_1"),
            layers.Conv2D(width, 1, use_bias=False, name="conv_2"),
        ]
        self.squeeze = layers.GlobalAvgPool2D(keepdims=True, name="squeeze")
        self.gate = layers.Dense(width, activation="sigmoid", name="gate")
        self.reduction = layers.Conv2D(width, 3, strides=2, use_bias=False, name="reduction")
        super().build(input_shape)

    def call(self, inputs):
        x = self.norm(inputs)
        y = self.pad(x)
        for layer in self.conv:
            y = layer(y)
        return self.reduction(self.pad(x + y * self.gate(self.squeeze(y))))


class WindowAttention(layers.Layer):
    def __init__(self, heads, global_query, **kwargs):
        super().__init__(**kwargs)
        self.heads, self.global_query = heads, global_query

    def build(self, input_shape):
        width = input_shape[0][-1]
        self.parts = 3 - int(self.global_query)
        self.qkv = layers.Dense(width * self.parts, name="qkv")
        self.table = self.add_weight(
            name="table",
            shape=[(2 * WINDOW - 1) ** 2, self.heads],
            initializer=keras.initializers.TruncatedNormal(stddev=0.02),
            dtype=self.dtype,
        )
        super().build(input_shape)

    def positions(self):
        grid = ops.stack(ops.meshgrid(ops.arange(WINDOW), ops.arange(WINDOW), indexing="ij"), axis=0)
        flat = ops.reshape(grid, [2, -1])
        apart = ops.transpose(flat[:, :, None] - flat[:, None, :], axes=[1, 2, 0])
        rows = (apart[:, :, 0] + WINDOW - 1) * (2 * WINDOW - 1)
        return ops.sum(ops.stack([rows, apart[:, :, 1] + WINDOW - 1], axis=-1), axis=-1)

    def call(self, inputs):
        x = inputs[0]
        windows, tokens, width = ops.shape(x)
        qkv = ops.reshape(self.qkv(x), [windows, tokens, self.parts, self.heads, width // self.heads])
        parts = ops.split(ops.transpose(qkv, [2, 0, 3, 1, 4]), indices_or_sections=self.parts, axis=0)
        k, v = (ops.squeeze(part, axis=0) for part in parts[-2:])
        if self.global_query:
            q = ops.repeat(inputs[1], repeats=windows // ops.shape(inputs[1])[0], axis=0)
            q = ops.transpose(ops.reshape(q, [windows, tokens, self.heads, width // self.heads]), [0, 2, 1, 3])
        else:
            q = ops.squeeze(parts[0], axis=0)
        bias = ops.take(self.table, ops.reshape(self.positions(), [-1]), axis=0)
        bias = ops.transpose(ops.reshape(bias, [tokens, tokens, -1]), [2, 0, 1])
        scores = (q * (width // self.heads) ** -0.5) @ ops.transpose(k, [0, 1, 3, 2]) + bias[None,]
        return ops.reshape(ops.transpose(ops.softmax(scores) @ v, [0, 2, 1, 3]), [windows, tokens, width])


class Block(layers.Layer):
    def __init__(self, global_query, **kwargs):
        super().__init__(**kwargs)
        self.global_query = global_query

    def build(self, input_shape):
        width = input_shape[0][-1]
        self.norm = layers.LayerNormalization(-1, 1e-05, name="norm")
        self.attention = WindowAttention(2, self.global_query, name="attention")
        self.gamma = self.add_weight(name="gamma", shape=[width], initializer=keras.initializers.Constant(0.5))
        super().build(input_shape)

    def call(self, inputs):
        x, *query = inputs
        _, height, width, channels = ops.shape(x)
        y = ops.reshape(self.norm(x), [-1, height // WINDOW, WINDOW, width // WINDOW, WINDOW, channels])
        y = ops.reshape(ops.transpose(y, [0, 1, 3, 2, 4, 5]), [-1, WINDOW * WINDOW, channels])
        y = self.attention([y, *query])
        y = ops.reshape(y, [-1, height // WINDOW, width // WINDOW, WINDOW, WINDOW, channels])
        y = ops.reshape(ops.transpose(y, [0, 1, 3, 2, 4, 5]), [-1, height, width, channels])
        return x + y * self.gamma


class GCViT(keras.Model):
    def __init__(self):
        super().__init__()
        self.embed = layers.Conv2D(8, 3, strides=2, padding="same")
        self.query = Reduce()
        self.blocks = [Block(False), Block(True)]
        self.pool, self.head = layers.GlobalAvgPool2D(), layers.Dense(3, activation="softmax")

    def call(self, inputs):
        x = self.embed(inputs)
        query = self.query(x)
        x = self.blocks[1]([self.blocks[0]([x]), query])
        return self.head(self.pool(x))

    def build_graph(self):
        x = keras.Input((16, 16, 3))
        return keras.Model(x, self.call(x))


def test_global_context_transformer():
    model = GCViT()
    model(IMAGES)
    rng = np.random.default_rng(1)
    model.set_weights([rng.normal(0, 0.3, w.shape).astype("float32") for w in model.get_weights()])
    assert sum(w.path.endswith("attention/table") for w in model.weights) == 2
    model.compile(keras.optimizers.SGD(0.01), "sparse_categorical_crossentropy", metrics=["accuracy"])
    np.testing.assert_allclose(model.predict(IMAGES, verbose=0), model(IMAGES).numpy(), rtol=1e-5)
    loss = keras.losses.sparse_categorical_crossentropy(LABELS, model(IMAGES)).numpy().mean()
    history = model.fit(IMAGES, LABELS, batch_size=4, epochs=3, verbose=0).history
    np.testing.assert_allclose(history["loss"][0], loss, rtol=1e-5)
    assert history["loss"][-1] < history["loss"][0]
    lines = []
    model.build_graph().summary(print_fn=lines.append)
    assert any("Total params" in line for line in lines)
