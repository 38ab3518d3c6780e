"""Keras's "Conditional GAN": train_step concatenates labels with noise and with images."""

import numpy as np

import netlet as keras
from netlet import layers, ops
from support.small_data import Batched, digits

BATCH_SIZE, NUM_CHANNELS, NUM_CLASSES, IMAGE_SIZE, LATENT_DIM = 32, 1, 3, 8, 6
GENERATOR_IN = LATENT_DIM + NUM_CLASSES
DISCRIMINATOR_IN = NUM_CHANNELS + NUM_CLASSES


class ConditionalGAN(keras.Model):
    def __init__(self, discriminator, generator, latent_dim):
        super().__init__()
        self.discriminator = discriminator
        self.generator = generator
        self.latent_dim = latent_dim
        self.seed_generator = keras.random.SeedGenerator(1337)
        self.gen_loss_tracker = keras.metrics.Mean(name="generator_loss")
        self.disc_loss_tracker = keras.metrics.Mean(name="discriminator_loss")

    @property
    def metrics(self):
        return [self.gen_loss_tracker, self.disc_loss_tracker]

    def compile(self, d_optimizer, g_optimizer, loss_fn):
        super().compile()
        self.d_optimizer = d_optimizer
        self.g_optimizer = g_optimizer
        self.loss_fn = loss_fn

    def train_step(self, data):
        real_images, one_hot_labels = data
        image_one_hot_labels = one_hot_labels[:, :, None, None]
        image_one_hot_labels = ops.repeat(image_one_hot_labels, repeats=[IMAGE_SIZE * IMAGE_SIZE])
        image_one_hot_labels = ops.reshape(image_one_hot_labels, (-1, IMAGE_SIZE, IMAGE_SIZE, NUM_CLASSES))

        batch_size = ops.shape(real_images)[0]
        random_latent_vectors = keras.random.normal(shape=(batch_size, self.latent_dim), seed=self.seed_generator)
        random_vector_labels = ops.concatenate([random_latent_vectors, one_hot_labels], axis=1)
        generated_images = self.generator(random_vector_labels)

        fake_image_and_labels = ops.concatenate([generated_images, image_one_hot_labels], -1)
        real_image_and_labels = ops.concatenate([real_images, image_one_hot_labels], -1)
        combined_images = ops.concatenate([fake_image_and_labels, real_image_and_labels], axis=0)
        labels = ops.concatenate([ops.ones((batch_size, 1)), ops.zeros((batch_size, 1))], axis=0)

        with keras.GradientTape() as tape:
            predictions = self.discriminator(combined_images)
            d_loss = self.loss_fn(labels, predictions)
        grads = tape.gradient(d_loss, self.discriminator.trainable_weights)
        self.d_optimizer.apply_gradients(zip(grads, self.discriminator.trainable_weights))

        random_latent_vectors = keras.random.normal(shape=(batch_size, self.latent_dim), seed=self.seed_generator)
        random_vector_labels = ops.concatenate([random_latent_vectors, one_hot_labels], axis=1)
        misleading_labels = ops.zeros((batch_size, 1))
        with keras.GradientTape() as tape:
            fake_images = self.generator(random_vector_labels)
            fake_image_and_labels = ops.concatenate([fake_images, image_one_hot_labels], -1)
            predictions = self.discriminator(fake_image_and_labels)
            g_loss = self.loss_fn(misleading_labels, predictions)
        grads = tape.gradient(g_loss, self.generator.trainable_weights)
        self.g_optimizer.apply_gradients(zip(grads, self.generator.trainable_weights))

        self.gen_loss_tracker.update_state(g_loss)
        self.disc_loss_tracker.update_state(d_loss)
        return {"g_loss": self.gen_loss_tracker.result(), "d_loss": self.disc_loss_tracker.result()}


def make_networks():
    discriminator = keras.Sequential(
        [
            keras.layers.InputLayer((IMAGE_SIZE, IMAGE_SIZE, DISCRIMINATOR_IN)),
            layers.Conv2D(16, (3, 3), strides=(2, 2), padding="same"),
            layers.LeakyReLU(negative_slope=0.2),
            layers.Conv2D(32, (3, 3), strides=(2, 2), padding="same"),
            layers.LeakyReLU(negative_slope=0.2),
            layers.GlobalMaxPooling2D(),
            layers.Dense(1),
        ],
        name="discriminator",
    )
    generator = keras.Sequential(
        [
            keras.layers.InputLayer((GENERATOR_IN,)),
            layers.Dense(2 * 2 * 32),
            layers.LeakyReLU(negative_slope=0.2),
            layers.Reshape((2, 2, 32)),
            layers.Conv2DTranspose(32, (4, 4), strides=(2, 2), padding="same"),
            layers.LeakyReLU(negative_slope=0.2),
            layers.Conv2DTranspose(16, (4, 4), strides=(2, 2), padding="same"),
            layers.LeakyReLU(negative_slope=0.2),
            layers.Conv2D(1, (5, 5), padding="same", activation="sigmoid"),
        ],
        name="generator",
    )
    return discriminator, generator


def interpolate_class(generator, noise, first_number, second_number):
    count = len(noise)
    first_label = ops.cast(keras.utils.to_categorical([first_number], NUM_CLASSES), "float32")
    second_label = ops.cast(keras.utils.to_categorical([second_number], NUM_CLASSES), "float32")
    percent_second_label = ops.linspace(0, 1, count)[:, None]
    percent_second_label = ops.cast(percent_second_label, "float32")
    interpolation_labels = first_label * (1 - percent_second_label) + second_label * percent_second_label
    noise_and_labels = ops.concatenate([noise, interpolation_labels], 1)
    return generator.predict(noise_and_labels, verbose=0)


def test_the_label_decides_what_is_drawn():
    keras.utils.set_random_seed(2)
    images, numbers = digits(classes=NUM_CLASSES)
    one_hot = keras.utils.to_categorical(numbers, NUM_CLASSES)
    discriminator, generator = make_networks()
    cond_gan = ConditionalGAN(discriminator=discriminator, generator=generator, latent_dim=LATENT_DIM)
    cond_gan.compile(
        d_optimizer=keras.optimizers.Adam(learning_rate=0.0005, beta_1=0.5),
        g_optimizer=keras.optimizers.Adam(learning_rate=0.002, beta_1=0.5),
        loss_fn=keras.losses.BinaryCrossentropy(from_logits=True),
    )
    history = cond_gan.fit(Batched((images, one_hot), BATCH_SIZE), epochs=30, verbose=0).history
    assert set(history) == {"g_loss", "d_loss"}

    trained_gen = cond_gan.generator
    means = np.stack([images[numbers == k].mean(0) for k in range(NUM_CLASSES)]).reshape(NUM_CLASSES, -1)
    noise = np.random.default_rng(0).standard_normal((64, LATENT_DIM)).astype("float32")
    for k in range(NUM_CLASSES):
        labels = np.tile(np.eye(NUM_CLASSES, dtype="float32")[k], (64, 1))
        drawn = trained_gen.predict(np.concatenate([noise, labels], 1), verbose=0).mean(0).ravel()
        distance = ((means - drawn) ** 2).sum(-1)
        assert distance.argmin() == k, (k, distance)

    interpolation_noise = ops.repeat(keras.random.normal(shape=(1, LATENT_DIM)), repeats=9)
    interpolation_noise = ops.reshape(interpolation_noise, (9, LATENT_DIM))
    fake_images = interpolate_class(trained_gen, interpolation_noise, 0, 1)
    fake_images *= 255.0
    converted_images = fake_images.astype(np.uint8)
    converted_images = np.asarray(ops.image.resize(converted_images, (12, 12))).astype(np.uint8)
    assert converted_images.shape == (9, 12, 12, 1) and converted_images.max() > 100
