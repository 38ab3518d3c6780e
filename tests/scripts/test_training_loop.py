"""Keras's guide "Writing a training loop from scratch": loops over batches, metrics in the loops, a GAN step."""

import keras as oracle
import numpy as np
import pytest

import netlet as keras
from netlet import ops
from support.small_data import Batched, digits

BATCH = 64


@pytest.fixture(scope="module")
def data():
    x, y = digits(512)
    x = x.reshape(-1, 64)
    return (x[:384], y[:384]), (x[384:], y[384:])


def get_model(library=keras, add=None):
    inputs = library.Input(shape=(64,), name="digits")
    x = library.layers.Dense(32, activation="relu")(inputs)
    if add is not None:
        x = add()(x)
    x = library.layers.Dense(32, activation="relu")(x)
    outputs = library.layers.Dense(10, name="predictions")(x)
    model = library.Model(inputs=inputs, outputs=outputs)
    rng = np.random.default_rng(2)
    model.set_weights([rng.normal(0, 0.25, w.shape) for w in model.get_weights()])
    return model


def test_first_end_to_end_example(data, capsys):
    (x_train, y_train), _ = data
    model, reference = get_model(), get_model(oracle)
    optimizer = keras.optimizers.Adam(learning_rate=1e-3)
    loss_fn = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    reference.compile(oracle.optimizers.Adam(1e-3), oracle.losses.SparseCategoricalCrossentropy(from_logits=True))
    for epoch in range(2):
        print(f"\nStart of epoch {epoch}")
        for step, (x_batch, y_batch) in enumerate(Batched((x_train, y_train), BATCH, shuffle=False)):
            with keras.GradientTape() as tape:
                logits = model(x_batch, training=True)
                loss_value = loss_fn(y_batch, logits)
            grads = tape.gradient(loss_value, model.trainable_weights)
            optimizer.apply(grads, model.trainable_weights)
            np.testing.assert_allclose(float(loss_value), reference.train_on_batch(x_batch, y_batch), rtol=1e-4)
            if step % 3 == 0:
                print(f"Training loss (for 1 batch) at step {step}: {float(loss_value):.4f} {loss_value:.4f}")
                print(f"Seen so far: {(step + 1) * BATCH} samples")
    for ours, theirs in zip(model.get_weights(), reference.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-5)
    printed = capsys.readouterr().out
    assert printed.count("Training loss (for 1 batch) at step 3: ") == 2 and "Seen so far: 256 samples" in printed


def test_low_level_handling_of_metrics(data):
    (x_train, y_train), (x_val, y_val) = data
    model = get_model()
    optimizer = keras.optimizers.Adam(learning_rate=1e-2)
    loss_fn = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    train_acc_metric = keras.metrics.SparseCategoricalAccuracy()
    val_acc_metric = keras.metrics.SparseCategoricalAccuracy()
    train_dataset, val_dataset = Batched((x_train, y_train), BATCH), Batched((x_val, y_val), 50, shuffle=False)
    for _ in range(4):
        right = 0
        for x_batch, y_batch in train_dataset:
            with keras.GradientTape() as tape:
                logits = model(x_batch, training=True)
                loss_value = loss_fn(y_batch, logits)
            grads = tape.gradient(loss_value, model.trainable_weights)
            optimizer.apply(grads, model.trainable_weights)
            train_acc_metric.update_state(y_batch, logits)
            right += np.sum(np.asarray(logits).argmax(-1) == y_batch)
        train_acc = train_acc_metric.result()
        assert float(train_acc) == pytest.approx(right / len(x_train))
        train_acc_metric.reset_state()
        for x_batch, y_batch in val_dataset:
            val_logits = model(x_batch, training=False)
            val_acc_metric.update_state(y_batch, val_logits)
        val_acc = val_acc_metric.result()
        val_acc_metric.reset_state()
        assert float(val_acc) == pytest.approx(np.mean(model.predict(x_val, verbose=0).argmax(-1) == y_val))
    assert f"{float(val_acc):.4f}" == f"{val_acc:.4f}"
    assert float(val_acc) > 0.8


def test_losses_tracked_by_the_model(data):
    class ActivityRegularizationLayer(keras.layers.Layer):
        def call(self, inputs):
            self.add_loss(1e-2 * ops.sum(inputs))
            return inputs

    (x, y), _ = data
    model = get_model(add=ActivityRegularizationLayer)
    loss_fn = keras.losses.SparseCategoricalCrossentropy(from_logits=True)

    def train_step(x, y):
        with keras.GradientTape() as tape:
            logits = model(x, training=True)
            loss_value = loss_fn(y, logits)
            loss_value += sum(model.losses)
        return loss_value, tape.gradient(loss_value, model.trainable_weights)

    loss_value, grads = train_step(x[:16], y[:16])
    w1, b1, w2, b2, w3, b3 = (w.astype(np.float64) for w in model.get_weights())
    z1 = x[:16] @ w1 + b1
    h1 = np.maximum(z1, 0)
    z2 = h1 @ w2 + b2
    z3 = np.maximum(z2, 0) @ w3 + b3
    p = np.exp(z3 - z3.max(-1, keepdims=True))
    p /= p.sum(-1, keepdims=True)
    expected = -np.mean(np.log(p[np.arange(16), y[:16]])) + 1e-2 * h1.sum()
    np.testing.assert_allclose(float(loss_value), expected, rtol=1e-5)
    d2 = (p - np.eye(10)[y[:16]]) / 16 @ w3.T * (z2 > 0)
    d1 = (d2 @ w2.T + 1e-2) * (z1 > 0)
    np.testing.assert_allclose(np.asarray(grads[0]), x[:16].T @ d1, rtol=1e-4, atol=1e-5)


def test_gan_training_loop_from_scratch():
    keras.utils.set_random_seed(0)
    latent_dim = 8
    discriminator = keras.Sequential(
        [
            keras.Input(shape=(8, 8, 1)),
            keras.layers.Conv2D(16, (3, 3), strides=(2, 2), padding="same"),
            keras.layers.LeakyReLU(negative_slope=0.2),
            keras.layers.Conv2D(32, (3, 3), strides=(2, 2), padding="same"),
            keras.layers.LeakyReLU(negative_slope=0.2),
            keras.layers.GlobalMaxPooling2D(),
            keras.layers.Dense(1),
        ],
        name="discriminator",
    )
    generator = keras.Sequential(
        [
            keras.Input(shape=(latent_dim,)),
            keras.layers.Dense(2 * 2 * 16),
            keras.layers.LeakyReLU(negative_slope=0.2),
            keras.layers.Reshape((2, 2, 16)),
            keras.layers.Conv2DTranspose(16, (4, 4), strides=(2, 2), padding="same"),
            keras.layers.LeakyReLU(negative_slope=0.2),
            keras.layers.Conv2DTranspose(16, (4, 4), strides=(2, 2), padding="same"),
            keras.layers.LeakyReLU(negative_slope=0.2),
            keras.layers.Conv2D(1, (7, 7), padding="same", activation="sigmoid"),
        ],
        name="generator",
    )
    d_optimizer = keras.optimizers.Adam(learning_rate=0.003)
    g_optimizer = keras.optimizers.Adam(learning_rate=0.004)
    loss_fn = keras.losses.BinaryCrossentropy(from_logits=True)

    def train_step(real_images):
        batch_size = real_images.shape[0]
        random_latent_vectors = keras.random.normal(shape=(batch_size, latent_dim))
        generated_images = generator(random_latent_vectors)
        combined_images = ops.concatenate([generated_images, real_images], axis=0)
        labels = ops.concatenate([ops.ones((batch_size, 1)), ops.zeros((batch_size, 1))], axis=0)
        labels += 0.05 * keras.random.uniform(labels.shape)
        with keras.GradientTape() as tape:
            predictions = discriminator(combined_images)
            d_loss = loss_fn(labels, predictions)
        grads = tape.gradient(d_loss, discriminator.trainable_weights)
        d_optimizer.apply(grads, discriminator.trainable_weights)

        random_latent_vectors = keras.random.normal(shape=(batch_size, latent_dim))
        misleading_labels = ops.zeros((batch_size, 1))
        before = discriminator.get_weights()
        with keras.GradientTape() as tape:
            predictions = discriminator(generator(random_latent_vectors))
            g_loss = loss_fn(misleading_labels, predictions)
        grads = tape.gradient(g_loss, generator.trainable_weights)
        g_optimizer.apply(grads, generator.trainable_weights)
        for was, now in zip(before, discriminator.get_weights(), strict=True):
            np.testing.assert_array_equal(was, now)
        return d_loss, g_loss, generated_images

    x, _ = digits(256)
    losses = []
    for _ in range(3):
        for real_images in Batched(x, 32):
            d_loss, g_loss, generated_images = train_step(real_images)
            losses.append((float(d_loss), float(g_loss)))
    assert generated_images.shape == (32, 8, 8, 1)
    assert np.isfinite(losses).all()
    # The discriminator's loss starts at log 2 (undecided) and falls as it learns to separate real and generated images.
    assert abs(losses[0][0] - np.log(2)) < 0.1
    assert min(d for d, _ in losses) < 0.5
    img = generated_images[0] * 255.0
    assert np.asarray(img).min() >= 0 and np.asarray(img).max() <= 255
