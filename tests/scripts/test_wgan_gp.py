"""Keras's "WGAN-GP overriding Model.train_step": a gradient penalty needs the gradient of a gradient."""

import jax
import jax.numpy as jnp
import keras as oracle
import numpy as np
import pytest

import netlet as keras
from netlet import layers, ops
from support.small_data import digits

IMG_SHAPE = (8, 8, 1)
NOISE_DIM = 8


def conv_block(
    library,
    x,
    filters,
    activation,
    kernel_size=(3, 3),
    strides=(1, 1),
    padding="same",
    use_bias=True,
    use_dropout=False,
    drop_value=0.5,
):
    x = library.layers.Conv2D(filters, kernel_size, strides=strides, padding=padding, use_bias=use_bias)(x)
    x = activation(x)
    if use_dropout:
        x = library.layers.Dropout(drop_value)(x)
    return x


def get_discriminator_model(library=keras, drop_value=0.2):
    img_input = library.layers.Input(shape=IMG_SHAPE)
    x = library.layers.ZeroPadding2D((1, 1))(img_input)
    leaky = library.layers.LeakyReLU
    x = conv_block(library, x, 8, kernel_size=(5, 5), strides=(2, 2), activation=leaky(0.2))
    x = conv_block(
        library, x, 16, kernel_size=(5, 5), strides=(2, 2), activation=leaky(0.2), use_dropout=True,
        drop_value=drop_value,
    )  # fmt: skip
    x = library.layers.Flatten()(x)
    x = library.layers.Dropout(drop_value)(x)
    x = library.layers.Dense(1)(x)
    return library.models.Model(img_input, x, name="discriminator")


def upsample_block(x, filters, activation, kernel_size=(3, 3), up_size=(2, 2), padding="same", use_bn=True):
    x = layers.UpSampling2D(up_size)(x)
    x = layers.Conv2D(filters, kernel_size, padding=padding, use_bias=False)(x)
    if use_bn:
        x = layers.BatchNormalization()(x)
    if activation:
        x = activation(x)
    return x


def get_generator_model():
    noise = layers.Input(shape=(NOISE_DIM,))
    x = layers.Dense(3 * 3 * 16, use_bias=False)(noise)
    x = layers.BatchNormalization()(x)
    x = layers.LeakyReLU(0.2)(x)
    x = layers.Reshape((3, 3, 16))(x)
    x = upsample_block(x, 8, layers.LeakyReLU(0.2))
    x = upsample_block(x, 1, layers.Activation("tanh"))
    x = layers.Cropping2D((2, 2))(x)
    return keras.models.Model(noise, x, name="generator")


class WGAN(keras.Model):
    def __init__(self, discriminator, generator, latent_dim, discriminator_extra_steps=3, gp_weight=10.0):
        super().__init__()
        self.discriminator = discriminator
        self.generator = generator
        self.latent_dim = latent_dim
        self.d_steps = discriminator_extra_steps
        self.gp_weight = gp_weight

    def compile(self, d_optimizer, g_optimizer, d_loss_fn, g_loss_fn, **kwargs):
        super().compile(**kwargs)
        self.d_optimizer = d_optimizer
        self.g_optimizer = g_optimizer
        self.d_loss_fn = d_loss_fn
        self.g_loss_fn = g_loss_fn

    def gradient_penalty(self, batch_size, real_images, fake_images):
        alpha = keras.random.uniform([batch_size, 1, 1, 1], 0.0, 1.0)
        diff = fake_images - real_images
        interpolated = real_images + alpha * diff
        with keras.GradientTape() as gp_tape:
            gp_tape.watch(interpolated)
            pred = self.discriminator(interpolated, training=True)
        grads = gp_tape.gradient(pred, [interpolated])[0]
        norm = ops.sqrt(ops.sum(ops.square(grads), axis=[1, 2, 3]))
        return ops.mean((norm - 1.0) ** 2)

    def train_step(self, real_images):
        if isinstance(real_images, tuple):
            real_images = real_images[0]
        batch_size = ops.shape(real_images)[0]
        for _ in range(self.d_steps):
            random_latent_vectors = keras.random.normal(shape=(batch_size, self.latent_dim))
            with keras.GradientTape() as tape:
                fake_images = self.generator(random_latent_vectors, training=True)
                fake_logits = self.discriminator(fake_images, training=True)
                real_logits = self.discriminator(real_images, training=True)
                d_cost = self.d_loss_fn(real_img=real_logits, fake_img=fake_logits)
                gp = self.gradient_penalty(batch_size, real_images, fake_images)
                d_loss = d_cost + gp * self.gp_weight
            d_gradient = tape.gradient(d_loss, self.discriminator.trainable_variables)
            self.d_optimizer.apply_gradients(zip(d_gradient, self.discriminator.trainable_variables))

        random_latent_vectors = keras.random.normal(shape=(batch_size, self.latent_dim))
        with keras.GradientTape() as tape:
            generated_images = self.generator(random_latent_vectors, training=True)
            gen_img_logits = self.discriminator(generated_images, training=True)
            g_loss = self.g_loss_fn(gen_img_logits)
        gen_gradient = tape.gradient(g_loss, self.generator.trainable_variables)
        self.g_optimizer.apply_gradients(zip(gen_gradient, self.generator.trainable_variables))
        return {"d_loss": d_loss, "g_loss": g_loss, "gp": gp}


def discriminator_loss(real_img, fake_img):
    return ops.mean(fake_img) - ops.mean(real_img)


def generator_loss(fake_img):
    return -ops.mean(fake_img)


def penalty_gradients(discriminator, points):
    """The penalty at the given points and its gradients, by two nested tapes."""
    weights = discriminator.trainable_variables
    with keras.GradientTape() as tape:
        interpolated = ops.convert_to_tensor(points)
        with keras.GradientTape() as gp_tape:
            gp_tape.watch(interpolated)
            pred = discriminator(interpolated, training=True)
        grads = gp_tape.gradient(pred, [interpolated])[0]
        norm = ops.sqrt(ops.sum(ops.square(grads), axis=list(range(1, points.ndim))))
        gp = ops.mean((norm - 1.0) ** 2)
    return float(gp), tape.gradient(gp, weights)


def test_the_penalty_of_a_linear_critic_is_the_formula():
    critic = keras.Sequential([keras.Input((5,), dtype="float64"), layers.Dense(1, dtype="float64")])
    w = np.linspace(-1, 2, 5)[:, None]
    critic.set_weights([w, np.zeros(1)])
    gp, (dw, db) = penalty_gradients(critic, np.random.default_rng(0).standard_normal((7, 5)))
    norm = np.linalg.norm(w)
    assert gp == pytest.approx((norm - 1) ** 2, rel=1e-12)
    np.testing.assert_allclose(np.asarray(dw), 2 * (norm - 1) * w / norm, rtol=1e-12)
    assert db is None or not np.asarray(db).any()


def test_the_penalty_of_a_deep_critic_is_the_formula():
    rng = np.random.default_rng(1)
    w, b, v = rng.standard_normal((4, 6)), rng.standard_normal(6), rng.standard_normal((6, 1))
    critic = keras.Sequential(
        [
            keras.Input((4,), dtype="float64"),
            layers.Dense(6, "tanh", dtype="float64"),
            layers.Dense(1, dtype="float64"),
        ]
    )
    critic.set_weights([w, b, v, np.zeros(1)])
    x = rng.standard_normal((5, 4))
    gp, (dw, db, dv, _) = penalty_gradients(critic, x)
    # D = tanh(x w + b) v; g = (s v) w^T with s = 1 - tanh²; P = mean((|g| - 1)²)
    t = np.tanh(x @ w + b)
    s = 1 - t**2
    u = s * v[:, 0]
    g = u @ w.T
    norm = np.linalg.norm(g, axis=1, keepdims=True)
    dg = 2 * (norm - 1) * g / norm / len(x)
    du = dg @ w
    dz = du * v[:, 0] * -2 * t * s
    assert gp == pytest.approx(np.mean((norm - 1) ** 2), rel=1e-12)
    np.testing.assert_allclose(np.asarray(dv)[:, 0], (du * s).sum(0), rtol=1e-10)
    np.testing.assert_allclose(np.asarray(dw), dg.T @ u + x.T @ dz, rtol=1e-10)
    np.testing.assert_allclose(np.asarray(db), dz.sum(0), rtol=1e-10)


def test_the_penalty_of_the_convolutional_critic_is_that_of_keras():
    ours, theirs = get_discriminator_model(drop_value=0.0), get_discriminator_model(oracle, drop_value=0.0)
    rng = np.random.default_rng(3)
    theirs.set_weights([rng.normal(0, 0.2, w.shape) for w in theirs.get_weights()])
    ours.set_weights(theirs.get_weights())
    x = rng.standard_normal((6, *IMG_SHAPE)).astype("float32")
    gp, gradients = penalty_gradients(ours, x)

    def penalty(values):
        def critic(images):
            return jnp.sum(theirs.stateless_call(values, [v.value for v in theirs.non_trainable_variables], images)[0])

        norm = jnp.sqrt(jnp.sum(jax.grad(critic)(jnp.asarray(x)) ** 2, axis=(1, 2, 3)))
        return jnp.mean((norm - 1.0) ** 2)

    expected, wanted = jax.value_and_grad(penalty)([v.value for v in theirs.trainable_variables])
    assert gp == pytest.approx(float(expected), rel=1e-4)
    for got, want in zip(gradients, wanted, strict=True):
        got = np.zeros(want.shape) if got is None else np.asarray(got)
        np.testing.assert_allclose(got, want, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("eagerly", [False, True], ids=["recorded", "eager"])
def test_fit_holds_the_critics_slope_near_one(eagerly):
    keras.utils.set_random_seed(0)
    images = digits(192)[0] * 2 - 1
    wgan = WGAN(get_discriminator_model(), get_generator_model(), latent_dim=NOISE_DIM)
    wgan.compile(
        d_optimizer=keras.optimizers.Adam(learning_rate=0.002, beta_1=0.5, beta_2=0.9),
        g_optimizer=keras.optimizers.Adam(learning_rate=0.002, beta_1=0.5, beta_2=0.9),
        d_loss_fn=discriminator_loss,
        g_loss_fn=generator_loss,
        run_eagerly=eagerly,
    )
    history = wgan.fit(images, batch_size=64, epochs=3 if eagerly else 12, verbose=0).history
    assert set(history) == {"d_loss", "g_loss", "gp"}
    assert np.isfinite([history[name] for name in history]).all()
    assert history["gp"][-1] < 0.6 * history["gp"][0]
    assert history["d_loss"][-1] < history["d_loss"][0]
