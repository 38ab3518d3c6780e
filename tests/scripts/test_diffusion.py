"""Keras's "Denoising diffusion implicit models": an EMA network, a metric with a model inside, images denormalized."""

import math

import numpy as np

import netlet as keras
from netlet import data, layers, ops

SIZE, BATCH = 8, 4


@keras.saving.register_keras_serializable(package="test_diffusion")
def sinusoidal_embedding(x):
    angles = 2.0 * math.pi * ops.exp(ops.linspace(ops.log(1.0), ops.log(100.0), 4)) * x
    return ops.concatenate([ops.sin(angles), ops.cos(angles)], axis=3)


def get_network():
    noisy, variance = keras.Input((SIZE, SIZE, 3)), keras.Input((1, 1, 1))
    e = layers.Lambda(sinusoidal_embedding, output_shape=(1, 1, 8))(variance)
    e = layers.UpSampling2D(size=SIZE, interpolation="nearest")(e)
    x = layers.Concatenate()([layers.Conv2D(4, 1)(noisy), e])
    skip = x = layers.Conv2D(4, 3, padding="same", activation="swish")(
        layers.BatchNormalization(center=False, scale=False)(x)
    )
    x = layers.UpSampling2D(2, interpolation="bilinear")(layers.AveragePooling2D(2)(x))
    return keras.Model([noisy, variance], layers.Conv2D(3, 1, kernel_initializer="zeros")(layers.Add()([x, skip])))


class KID(keras.metrics.Metric):
    def __init__(self, name="kid", **kwargs):
        super().__init__(name=name, **kwargs)
        self.tracker = keras.metrics.Mean()
        self.encoder = keras.Sequential(
            [
                keras.Input((SIZE, SIZE, 3)),
                layers.Rescaling(255.0),
                layers.Resizing(height=12, width=12),
                layers.Lambda(keras.applications.inception_v3.preprocess_input),
                layers.Conv2D(4, 3),
                layers.GlobalAveragePooling2D(),
            ]
        )

    def update_state(self, real, generated, sample_weight=None):
        a, b = self.encoder(real, training=False), self.encoder(generated, training=False)
        kernel = (a @ ops.transpose(b) / ops.cast(ops.shape(a)[1], "float32") + 1.0) ** 3.0
        self.tracker.update_state(ops.mean(kernel * (1.0 - ops.eye(real.shape[0]))))

    def result(self):
        return self.tracker.result()

    def reset_state(self):
        self.tracker.reset_state()


class DiffusionModel(keras.Model):
    def __init__(self):
        super().__init__()
        self.normalizer = layers.Normalization()
        self.network = get_network()
        self.ema_network = keras.models.clone_model(self.network)

    def compile(self, **kwargs):
        super().compile(**kwargs)
        self.noise_loss, self.kid = keras.metrics.Mean(name="n_loss"), KID()

    @property
    def metrics(self):
        return [self.noise_loss, self.kid]

    def denormalize(self, images):
        return ops.clip(self.normalizer.mean + images * self.normalizer.variance**0.5, 0.0, 1.0)

    def schedule(self, times):
        start, end = ops.cast(ops.arccos(0.95), "float32"), ops.cast(ops.arccos(0.02), "float32")
        angles = start + times * (end - start)
        return ops.sin(angles), ops.cos(angles)

    def denoise(self, noisy, noise_rates, signal_rates, training):
        network = self.network if training else self.ema_network
        noises = network([noisy, noise_rates**2], training=training)
        return noises, (noisy - noise_rates * noises) / signal_rates

    def generate(self, count, steps):
        noisy = keras.random.normal((count, SIZE, SIZE, 3))
        for step in range(steps):
            times = ops.ones((count, 1, 1, 1)) - step / steps
            noises, images = self.denoise(noisy, *self.schedule(times), training=False)
            noise_rates, signal_rates = self.schedule(times - 1 / steps)
            noisy = signal_rates * images + noise_rates * noises
        return self.denormalize(images)

    def mixed(self, images):
        noises = keras.random.normal((BATCH, SIZE, SIZE, 3))
        noise_rates, signal_rates = self.schedule(keras.random.uniform((BATCH, 1, 1, 1)))
        return noises, signal_rates * images + noise_rates * noises, noise_rates, signal_rates

    def train_step(self, images):
        noises, *rest = self.mixed(self.normalizer(images, training=True))
        with keras.GradientTape() as tape:
            loss = self.loss(noises, self.denoise(*rest, training=True)[0])
        weights = self.network.trainable_weights
        self.optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
        self.noise_loss.update_state(loss)
        for weight, average in zip(self.network.weights, self.ema_network.weights, strict=True):
            average.assign(0.9 * average + 0.1 * weight)
        return {"n_loss": self.noise_loss.result()}

    def test_step(self, images):
        noises, *rest = self.mixed(self.normalizer(images, training=False))
        self.noise_loss.update_state(self.loss(noises, self.denoise(*rest, training=False)[0]))
        self.kid.update_state(images, self.generate(BATCH, 2))
        return {m.name: m.result() for m in self.metrics}


def test_diffusion_implicit_model(tmp_path):
    keras.utils.set_random_seed(0)
    images = np.random.default_rng(0).random((16, SIZE, SIZE, 3), "float32")
    batches = data.Dataset.from_tensor_slices(images).cache().repeat(2).shuffle(8).batch(BATCH, drop_remainder=True)
    model = DiffusionModel()
    model.compile(optimizer=keras.optimizers.AdamW(1e-2, weight_decay=1e-4), loss=keras.losses.mean_absolute_error)
    model.normalizer.adapt(batches)
    path = tmp_path / "best.weights.h5"
    seen = []
    history = model.fit(
        batches,
        epochs=4,
        validation_data=batches,
        callbacks=[
            keras.callbacks.LambdaCallback(on_epoch_end=lambda *_: seen.append(model.generate(2, 2).numpy())),
            keras.callbacks.ModelCheckpoint(
                path, save_weights_only=True, monitor="val_kid", mode="min", save_best_only=True
            ),
        ],
        verbose=0,
    ).history
    assert history["n_loss"][-1] < history["n_loss"][0]
    assert np.isfinite(history["val_kid"]).all()
    assert all(((x >= 0) & (x <= 1)).all() for x in seen)
    model.load_weights(path)
    assert model.generate(3, 2).shape == (3, SIZE, SIZE, 3)
