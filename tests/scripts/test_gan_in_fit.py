"""Keras's "GAN overriding Model.train_step" (DCGAN), as in the guide's end-to-end example: models without `call`."""

import numpy as np
import pytest

import netlet as keras
from netlet import layers, ops
from support.small_data import Batched, digits

LATENT_DIM = 8


def make_discriminator():
    return keras.Sequential(
        [
            keras.Input(shape=(8, 8, 1)),
            layers.Conv2D(16, (3, 3), strides=(2, 2), padding="same"),
            layers.LeakyReLU(negative_slope=0.2),
            layers.Conv2D(32, (3, 3), strides=(2, 2), padding="same"),
            layers.LeakyReLU(negative_slope=0.2),
            layers.GlobalMaxPooling2D(),
            layers.Dense(1),
        ],
        name="discriminator",
    )


def make_generator():
    return keras.Sequential(
        [
            keras.Input(shape=(LATENT_DIM,)),
            layers.Dense(2 * 2 * 16),
            layers.LeakyReLU(negative_slope=0.2),
            layers.Reshape((2, 2, 16)),
            layers.Conv2DTranspose(16, (4, 4), strides=(2, 2), padding="same"),
            layers.LeakyReLU(negative_slope=0.2),
            layers.Conv2DTranspose(16, (4, 4), strides=(2, 2), padding="same"),
            layers.LeakyReLU(negative_slope=0.2),
            layers.Conv2D(1, (7, 7), padding="same", activation="sigmoid"),
        ],
        name="generator",
    )


class GAN(keras.Model):
    def __init__(self, discriminator, generator, latent_dim):
        super().__init__()
        self.discriminator = discriminator
        self.generator = generator
        self.latent_dim = latent_dim
        self.d_loss_tracker = keras.metrics.Mean(name="d_loss")
        self.g_loss_tracker = keras.metrics.Mean(name="g_loss")
        self.seed_generator = keras.random.SeedGenerator(1337)

    @property
    def metrics(self):
        return [self.d_loss_tracker, self.g_loss_tracker]

    def compile(self, d_optimizer, g_optimizer, loss_fn, **kwargs):
        super().compile(**kwargs)
        self.d_optimizer = d_optimizer
        self.g_optimizer = g_optimizer
        self.loss_fn = loss_fn

    def train_step(self, real_images):
        if isinstance(real_images, tuple):
            real_images = real_images[0]
        batch_size = ops.shape(real_images)[0]
        random_latent_vectors = keras.random.normal(shape=(batch_size, self.latent_dim), seed=self.seed_generator)
        generated_images = self.generator(random_latent_vectors)
        combined_images = ops.concatenate([generated_images, real_images], axis=0)
        labels = ops.concatenate([ops.ones((batch_size, 1)), ops.zeros((batch_size, 1))], axis=0)
        labels += 0.05 * keras.random.uniform(ops.shape(labels), seed=self.seed_generator)

        with keras.GradientTape() as tape:
            predictions = self.discriminator(combined_images)
            d_loss = self.loss_fn(labels, predictions)
        grads = tape.gradient(d_loss, self.discriminator.trainable_weights)
        self.d_optimizer.apply_gradients(zip(grads, self.discriminator.trainable_weights))

        random_latent_vectors = keras.random.normal(shape=(batch_size, self.latent_dim), seed=self.seed_generator)
        misleading_labels = ops.zeros((batch_size, 1))
        with keras.GradientTape() as tape:
            predictions = self.discriminator(self.generator(random_latent_vectors))
            g_loss = self.loss_fn(misleading_labels, predictions)
        grads = tape.gradient(g_loss, self.generator.trainable_weights)
        self.g_optimizer.apply_gradients(zip(grads, self.generator.trainable_weights))

        self.d_loss_tracker.update_state(d_loss)
        self.g_loss_tracker.update_state(g_loss)
        return {"d_loss": self.d_loss_tracker.result(), "g_loss": self.g_loss_tracker.result()}


class GANMonitor(keras.callbacks.Callback):
    """Collects the images that Keras's script writes to files."""

    def __init__(self, num_img=3, latent_dim=LATENT_DIM):
        super().__init__()
        self.num_img = num_img
        self.latent_dim = latent_dim
        self.images = []

    def on_epoch_end(self, epoch, logs=None):
        random_latent_vectors = keras.random.normal(shape=(self.num_img, self.latent_dim))
        generated_images = self.model.generator(random_latent_vectors)
        generated_images *= 255
        for i in range(self.num_img):
            self.images.append(generated_images[i].numpy())


def make_gan(rate=0.003, **kwargs):
    keras.utils.set_random_seed(4)
    gan = GAN(discriminator=make_discriminator(), generator=make_generator(), latent_dim=LATENT_DIM)
    gan.compile(
        d_optimizer=keras.optimizers.Adam(learning_rate=rate),
        g_optimizer=keras.optimizers.Adam(learning_rate=rate),
        loss_fn=keras.losses.BinaryCrossentropy(from_logits=True),
        **kwargs,
    )
    return gan


@pytest.mark.parametrize("dataset", ["array", "iterable of arrays", "iterable of tuples"])
def test_fit_trains_both_networks(dataset):
    x, _ = digits(256)
    data = {"array": x, "iterable of arrays": Batched(x, 32), "iterable of tuples": Batched((x,), 32)}[dataset]
    gan = make_gan()
    before = [m.get_weights() for m in (gan.discriminator, gan.generator)]
    monitor = GANMonitor()
    history = gan.fit(data, epochs=3, callbacks=[monitor], verbose=0).history
    assert set(history) == {"d_loss", "g_loss"}
    assert np.isfinite([history["d_loss"], history["g_loss"]]).all()
    assert min(history["d_loss"]) < 0.6 < max(history["g_loss"])
    for model, was in zip((gan.discriminator, gan.generator), before, strict=True):
        assert all(np.any(a != b) for a, b in zip(model.get_weights(), was, strict=True))
    assert len(monitor.images) == 9 and monitor.images[0].shape == (8, 8, 1)
    assert np.min(monitor.images) >= 0 and 1 < np.max(monitor.images) <= 255


def test_a_recorded_step_and_an_eager_one_agree_where_nothing_is_random():
    class Still(GAN):
        """GAN with fixed seeds for its noise, so that recorded and eager steps draw the same numbers."""

        seed_generator = property(lambda self: 5, lambda self, value: None)

    def fit(eagerly):
        keras.utils.set_random_seed(4)
        gan = Still(make_discriminator(), make_generator(), LATENT_DIM)
        gan.compile(
            keras.optimizers.Adam(0.01),
            keras.optimizers.Adam(0.01),
            keras.losses.BinaryCrossentropy(from_logits=True),
            run_eagerly=eagerly,
        )
        history = gan.fit(digits(96)[0], epochs=2, shuffle=False, verbose=0).history
        return history, gan.discriminator.get_weights() + gan.generator.get_weights()

    (h1, w1), (h2, w2) = fit(False), fit(True)
    assert set(h1) == set(h2)
    for name in h1:
        np.testing.assert_allclose(h1[name], h2[name], rtol=1e-6)
    for a, b in zip(w1, w2, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("eagerly", [False, True], ids=["recorded", "eager"])
def test_the_noise_is_new_in_each_step_and_comes_again_with_its_seed(eagerly):
    class Noise(keras.Model):
        def __init__(self):
            super().__init__()
            self.seed_generator = keras.random.SeedGenerator(7)

        def train_step(self, data):
            own = keras.random.normal((4, 3), seed=self.seed_generator)
            glob = keras.random.uniform((4, 3))
            return {"own": ops.mean(own), "global": ops.mean(glob)}

    def seen():
        keras.utils.set_random_seed(3)
        model, seen_logs = Noise(), []
        model.compile("sgd", run_eagerly=eagerly)
        keep = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: seen_logs.append(logs))
        model.fit(np.zeros((8, 2), np.float32), batch_size=2, epochs=2, callbacks=[keep], verbose=0)
        return [log["own"] for log in seen_logs], [log["global"] for log in seen_logs]

    own, glob = seen()
    assert len(own) == 8 and len(set(own)) == 8 and len(set(glob)) == 8
    assert seen() == (own, glob)
