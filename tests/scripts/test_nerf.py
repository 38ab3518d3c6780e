"""Keras's "3D volumetric rendering with NeRF": rays made by a data set's `map`, volume rendering in a `train_step`."""

import numpy as np

import netlet as keras
from netlet import data, layers, ops

SIDE, SAMPLES, BATCH = 6, 5, 2


def encode(x):
    return ops.concatenate([x, *(f(2.0**i * x) for i in range(3) for f in (ops.sin, ops.cos))], axis=-1)


def rays_of(pose):
    i, j = ops.meshgrid(ops.arange(SIDE, dtype="float32"), ops.arange(SIDE, dtype="float32"), indexing="xy")
    directions = ops.stack([(i - SIDE / 2) / 7.0, -(j - SIDE / 2) / 7.0, -ops.ones_like(i)], axis=-1)
    directions = ops.sum(directions[..., None, :] * pose[:3, :3], axis=-1)
    origins = ops.broadcast_to(pose[:3, -1], ops.shape(directions))
    t = ops.linspace(2.0, 6.0, SAMPLES)
    t = t + keras.random.uniform([*origins.shape[:-1], SAMPLES]) * 4.0 / SAMPLES
    points = origins[..., None, :] + directions[..., None, :] * t[..., None]
    return encode(ops.reshape(points, [-1, 3])), t


class NeRF(keras.Model):
    def __init__(self, network):
        super().__init__()
        self.network = network
        self.loss_tracker = keras.metrics.Mean(name="loss")
        self.psnr_metric = keras.metrics.Mean(name="psnr")

    @property
    def metrics(self):
        return [self.loss_tracker, self.psnr_metric]

    def render(self, points, t):
        values = ops.reshape(self.network(points), (BATCH, SIDE, SIDE, SAMPLES, 4))
        colour, density = ops.sigmoid(values[..., :-1]), ops.relu(values[..., -1])
        step = t[..., 1:] - t[..., :-1]
        step = ops.concatenate([step, ops.broadcast_to([1e10], (BATCH, SIDE, SIDE, 1))], axis=-1)
        opaque = 1.0 - ops.exp(-density * step)
        weight = opaque * ops.cumprod(1.0 - opaque + 1e-10, axis=-1)
        return ops.sum(weight[..., None] * colour, axis=-2), ops.sum(weight * t, axis=-1)

    def train_step(self, inputs):
        images, (points, t) = inputs
        with keras.GradientTape() as tape:
            colours, _ = self.render(points, t)
            loss = self.loss(images, colours)
        weights = self.network.trainable_variables
        self.optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
        self.loss_tracker.update_state(loss)
        self.psnr_metric.update_state(ops.psnr(images, colours, max_val=1.0))
        return {m.name: m.result() for m in self.metrics}


def test_nerf():
    keras.utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    images, poses = rng.random((6, SIDE, SIDE, 3), "float32"), rng.random((6, 4, 4), "float32")
    rays = data.Dataset.from_tensor_slices(poses).map(rays_of, num_parallel_calls=data.AUTOTUNE)
    batches = data.Dataset.zip((data.Dataset.from_tensor_slices(images), rays)).batch(BATCH, drop_remainder=True)
    inputs = keras.Input((SIDE * SIDE * SAMPLES, 21))
    x = inputs
    for i in range(6):
        x = layers.Dense(8, activation="relu")(x)
        if i == 4:
            x = layers.concatenate([x, inputs], axis=-1)
    model = NeRF(keras.Model(inputs, layers.Dense(4)(x)))
    model.compile(keras.optimizers.Adam(1e-2), keras.losses.MeanSquaredError())
    history = model.fit(batches.prefetch(data.AUTOTUNE), epochs=4, verbose=0).history
    assert history["loss"][-1] < history["loss"][0]
    assert history["psnr"][-1] > history["psnr"][0]

    _, (points, t) = next(iter(batches))
    colours, depth = model.render(points, t)
    assert keras.preprocessing.image.array_to_img(colours[0]).size == (SIDE, SIDE)
    assert keras.preprocessing.image.array_to_img(depth[0, ..., None]).mode == "L"
