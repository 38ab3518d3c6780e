"""Keras's "Variational AutoEncoder": a sampling layer, two functional models, train_step receives only x."""

import numpy as np
import pytest

import netlet as keras
from netlet import layers, ops
from support.small_data import digits

LATENT_DIM = 2


class Sampling(layers.Layer):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.seed_generator = keras.random.SeedGenerator(1337)

    def call(self, inputs):
        z_mean, z_log_var = inputs
        batch = ops.shape(z_mean)[0]
        dim = ops.shape(z_mean)[1]
        epsilon = keras.random.normal(shape=(batch, dim), seed=self.seed_generator)
        return z_mean + ops.exp(0.5 * z_log_var) * epsilon


def make_encoder():
    encoder_inputs = keras.Input(shape=(8, 8, 1))
    x = layers.Conv2D(8, 3, activation="relu", strides=2, padding="same")(encoder_inputs)
    x = layers.Conv2D(16, 3, activation="relu", strides=2, padding="same")(x)
    x = layers.Flatten()(x)
    x = layers.Dense(16, activation="relu")(x)
    z_mean = layers.Dense(LATENT_DIM, name="z_mean")(x)
    z_log_var = layers.Dense(LATENT_DIM, name="z_log_var")(x)
    z = Sampling()([z_mean, z_log_var])
    return keras.Model(encoder_inputs, [z_mean, z_log_var, z], name="encoder")


def make_decoder():
    latent_inputs = keras.Input(shape=(LATENT_DIM,))
    x = layers.Dense(2 * 2 * 16, activation="relu")(latent_inputs)
    x = layers.Reshape((2, 2, 16))(x)
    x = layers.Conv2DTranspose(16, 3, activation="relu", strides=2, padding="same")(x)
    x = layers.Conv2DTranspose(8, 3, activation="relu", strides=2, padding="same")(x)
    decoder_outputs = layers.Conv2DTranspose(1, 3, activation="sigmoid", padding="same")(x)
    return keras.Model(latent_inputs, decoder_outputs, name="decoder")


class VAE(keras.Model):
    def __init__(self, encoder, decoder, **kwargs):
        super().__init__(**kwargs)
        self.encoder = encoder
        self.decoder = decoder
        self.total_loss_tracker = keras.metrics.Mean(name="total_loss")
        self.reconstruction_loss_tracker = keras.metrics.Mean(name="reconstruction_loss")
        self.kl_loss_tracker = keras.metrics.Mean(name="kl_loss")

    @property
    def metrics(self):
        return [self.total_loss_tracker, self.reconstruction_loss_tracker, self.kl_loss_tracker]

    def train_step(self, data):
        with keras.GradientTape() as tape:
            z_mean, z_log_var, z = self.encoder(data)
            reconstruction = self.decoder(z)
            reconstruction_loss = ops.mean(ops.sum(keras.losses.binary_crossentropy(data, reconstruction), axis=(1, 2)))
            kl_loss = -0.5 * (1 + z_log_var - ops.square(z_mean) - ops.exp(z_log_var))
            kl_loss = ops.mean(ops.sum(kl_loss, axis=1))
            total_loss = reconstruction_loss + kl_loss
        grads = tape.gradient(total_loss, self.trainable_weights)
        self.optimizer.apply_gradients(zip(grads, self.trainable_weights))
        self.total_loss_tracker.update_state(total_loss)
        self.reconstruction_loss_tracker.update_state(reconstruction_loss)
        self.kl_loss_tracker.update_state(kl_loss)
        return {
            "loss": self.total_loss_tracker.result(),
            "reconstruction_loss": self.reconstruction_loss_tracker.result(),
            "kl_loss": self.kl_loss_tracker.result(),
        }


@pytest.fixture(scope="module")
def trained():
    keras.utils.set_random_seed(1)
    images, labels = digits(1000)
    vae = VAE(make_encoder(), make_decoder())
    vae.compile(optimizer=keras.optimizers.Adam(0.003))
    history = vae.fit(images, epochs=40, batch_size=50, verbose=0).history
    return vae, images, labels, history


def crossentropy(x, p):
    p = np.clip(p.astype(np.float64), 1e-7, 1 - 1e-7)
    return -(x * np.log(p) + (1 - x) * np.log(1 - p)).sum((1, 2, 3)).mean()


def test_the_losses_fall_and_add_up(trained):
    _, images, _, history = trained
    assert set(history) == {"loss", "reconstruction_loss", "kl_loss"}
    np.testing.assert_allclose(history["loss"], np.add(history["reconstruction_loss"], history["kl_loss"]), rtol=1e-6)
    mean_image = crossentropy(images, np.broadcast_to(images.mean(0), images.shape))
    assert history["loss"][0] > mean_image > history["loss"][-1]
    assert min(history["kl_loss"]) > 0


def test_the_logged_losses_are_the_formulas(trained):
    vae, images, _, _ = trained
    vae.optimizer.learning_rate = 0.0
    logs = vae.fit(images, epochs=1, batch_size=50, shuffle=False, verbose=0).history
    z_mean, z_log_var, _ = vae.encoder.predict(images, verbose=0)
    kl = -0.5 * (1 + z_log_var - z_mean.astype(np.float64) ** 2 - np.exp(z_log_var)).sum(1).mean()
    np.testing.assert_allclose(logs["kl_loss"], [kl], rtol=1e-4)
    # The reconstruction loss depends on the random draw, so it is compared with that of another draw.
    rng = np.random.default_rng(0)
    drawn = z_mean + np.exp(0.5 * z_log_var) * rng.standard_normal(z_mean.shape)
    again = crossentropy(images, vae.decoder.predict(drawn, verbose=0))
    np.testing.assert_allclose(logs["reconstruction_loss"], [again], rtol=0.03)


def test_the_latent_space_separates_digits(trained):
    vae, images, labels, _ = trained
    z_mean, _, z = vae.encoder.predict(images, verbose=0)
    assert z_mean.shape == z.shape == (1000, LATENT_DIM) and np.any(z != z_mean)
    distance = ((z_mean[:, None] - z_mean[None]) ** 2).sum(-1) + 1e9 * np.eye(1000)
    assert np.mean(labels[distance.argmin(1)] == labels) > 0.4  # chance: 0.1


def test_a_grid_of_sampled_digits(trained):
    vae = trained[0]
    n, digit_size = 3, 8
    figure = np.zeros((digit_size * n, digit_size * n))
    for i, yi in enumerate(np.linspace(-1, 1, n)[::-1]):
        for j, xi in enumerate(np.linspace(-1, 1, n)):
            z_sample = np.array([[xi, yi]])
            x_decoded = vae.decoder.predict(z_sample, verbose=0)
            digit = x_decoded[0].reshape(digit_size, digit_size)
            figure[i * digit_size : (i + 1) * digit_size, j * digit_size : (j + 1) * digit_size] = digit
    corners = figure[:8, :8], figure[-8:, -8:]
    assert np.abs(corners[0] - corners[1]).max() > 0.2
