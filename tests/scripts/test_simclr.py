"""Keras's "contrastive pretraining with SimCLR": nested batches, own augmentation, two optimizers, integer labels."""

import math

import numpy as np
import pytest

import netlet as keras
from netlet import layers, ops
from support.small_data import digits

NUM_EPOCHS, WIDTH, TEMPERATURE = 15, 32, 0.1
CONTRASTIVE = {"min_area": 0.6, "brightness": 0.5, "jitter": 0.2}
CLASSIFICATION = {"min_area": 0.9, "brightness": 0.3, "jitter": 0.1}


class RandomColorAffine(layers.Layer):
    def __init__(self, brightness=0, jitter=0, **kwargs):
        super().__init__(**kwargs)
        self.seed_generator = keras.random.SeedGenerator(1337)
        self.brightness = brightness
        self.jitter = jitter

    def get_config(self):
        config = super().get_config()
        config.update({"brightness": self.brightness, "jitter": self.jitter})
        return config

    def call(self, images, training=True):
        if training:
            batch_size = ops.shape(images)[0]
            brightness_scales = 1 + keras.random.uniform(
                (batch_size, 1, 1, 1), minval=-self.brightness, maxval=self.brightness, seed=self.seed_generator
            )
            jitter_matrices = keras.random.uniform(
                (batch_size, 1, 3, 3), minval=-self.jitter, maxval=self.jitter, seed=self.seed_generator
            )
            color_transforms = ops.tile(ops.expand_dims(ops.eye(3), axis=0), (batch_size, 1, 1, 1))
            color_transforms = color_transforms * brightness_scales + jitter_matrices
            images = ops.clip(ops.matmul(images, color_transforms), 0, 1)
        return images


def get_augmenter(min_area, brightness, jitter):
    zoom_factor = 1.0 - math.sqrt(min_area)
    return keras.Sequential(
        [
            layers.Rescaling(1 / 255),
            layers.RandomTranslation(zoom_factor / 2, zoom_factor / 2),
            layers.RandomZoom((-zoom_factor, 0.0), (-zoom_factor, 0.0)),
            RandomColorAffine(brightness, jitter),
        ]
    )


def get_encoder():
    return keras.Sequential(
        [
            layers.Conv2D(WIDTH, kernel_size=3, strides=2, activation="relu"),
            layers.Conv2D(WIDTH, kernel_size=3, strides=2, activation="relu"),
            layers.Flatten(),
            layers.Dense(WIDTH, activation="relu"),
        ],
        name="encoder",
    )


class ContrastiveModel(keras.Model):
    def __init__(self):
        super().__init__()
        self.temperature = TEMPERATURE
        self.contrastive_augmenter = get_augmenter(**CONTRASTIVE)
        self.classification_augmenter = get_augmenter(**CLASSIFICATION)
        self.encoder = get_encoder()
        self.projection_head = keras.Sequential(
            [keras.Input(shape=(WIDTH,)), layers.Dense(WIDTH, activation="relu"), layers.Dense(WIDTH)],
            name="projection_head",
        )
        self.linear_probe = keras.Sequential([layers.Input(shape=(WIDTH,)), layers.Dense(10)], name="linear_probe")

    def compile(self, contrastive_optimizer, probe_optimizer, **kwargs):
        super().compile(**kwargs)
        self.contrastive_optimizer = contrastive_optimizer
        self.probe_optimizer = probe_optimizer
        self.probe_loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        self.contrastive_loss_tracker = keras.metrics.Mean(name="c_loss")
        self.contrastive_accuracy = keras.metrics.SparseCategoricalAccuracy(name="c_acc")
        self.probe_loss_tracker = keras.metrics.Mean(name="p_loss")
        self.probe_accuracy = keras.metrics.SparseCategoricalAccuracy(name="p_acc")

    @property
    def metrics(self):
        return [
            self.contrastive_loss_tracker,
            self.contrastive_accuracy,
            self.probe_loss_tracker,
            self.probe_accuracy,
        ]

    def contrastive_loss(self, projections_1, projections_2):
        projections_1 = ops.normalize(projections_1, axis=1)
        projections_2 = ops.normalize(projections_2, axis=1)
        similarities = ops.matmul(projections_1, ops.transpose(projections_2)) / self.temperature
        batch_size = ops.shape(projections_1)[0]
        contrastive_labels = ops.arange(batch_size)
        self.contrastive_accuracy.update_state(contrastive_labels, similarities)
        self.contrastive_accuracy.update_state(contrastive_labels, ops.transpose(similarities))
        loss_1_2 = keras.losses.sparse_categorical_crossentropy(contrastive_labels, similarities, from_logits=True)
        loss_2_1 = keras.losses.sparse_categorical_crossentropy(
            contrastive_labels, ops.transpose(similarities), from_logits=True
        )
        return (loss_1_2 + loss_2_1) / 2

    def train_step(self, data):
        (unlabeled_images, _), (labeled_images, labels) = data
        images = ops.concatenate((unlabeled_images, labeled_images), axis=0)
        augmented_images_1 = self.contrastive_augmenter(images, training=True)
        augmented_images_2 = self.contrastive_augmenter(images, training=True)
        with keras.GradientTape() as tape:
            features_1 = self.encoder(augmented_images_1, training=True)
            features_2 = self.encoder(augmented_images_2, training=True)
            projections_1 = self.projection_head(features_1, training=True)
            projections_2 = self.projection_head(features_2, training=True)
            contrastive_loss = self.contrastive_loss(projections_1, projections_2)
        variables = self.encoder.trainable_weights + self.projection_head.trainable_weights
        gradients = tape.gradient(contrastive_loss, variables)
        self.contrastive_optimizer.apply_gradients(zip(gradients, variables))
        self.contrastive_loss_tracker.update_state(contrastive_loss)

        preprocessed_images = self.classification_augmenter(labeled_images, training=True)
        with keras.GradientTape() as tape:
            features = self.encoder(preprocessed_images, training=False)
            class_logits = self.linear_probe(features, training=True)
            probe_loss = self.probe_loss(labels, class_logits)
        gradients = tape.gradient(probe_loss, self.linear_probe.trainable_weights)
        self.probe_optimizer.apply_gradients(zip(gradients, self.linear_probe.trainable_weights))
        self.probe_loss_tracker.update_state(probe_loss)
        self.probe_accuracy.update_state(labels, class_logits)
        return {m.name: m.result() for m in self.metrics}

    def test_step(self, data):
        labeled_images, labels = data
        preprocessed_images = self.classification_augmenter(labeled_images, training=False)
        features = self.encoder(preprocessed_images, training=False)
        class_logits = self.linear_probe(features, training=False)
        probe_loss = self.probe_loss(labels, class_logits)
        self.probe_loss_tracker.update_state(probe_loss)
        self.probe_accuracy.update_state(labels, class_logits)
        return {m.name: m.result() for m in self.metrics[2:]}


class Dataset:
    """An iterable that restarts in each epoch, like tf.data.Dataset."""

    def __init__(self, batches):
        self.batches = batches

    def __iter__(self):
        return iter(self.batches)


@pytest.fixture(scope="module")
def datasets():
    images, labels = digits(800)
    images = np.repeat((images * 255).astype("uint8"), 3, axis=-1)
    train, labeled = [], []
    for i in range(8):
        few = slice(480 + i * 20, 500 + i * 20)
        labeled.append((images[few], labels[few]))
        train.append(((images[i * 60 : i * 60 + 60], labels[i * 60 : i * 60 + 60]), labeled[-1]))
    return Dataset(train), Dataset(labeled), Dataset([(images[640:], labels[640:])])


@pytest.fixture(scope="module")
def pretrained(datasets):
    keras.utils.set_random_seed(0)
    train_dataset, _, test_dataset = datasets
    model = ContrastiveModel()
    model.compile(contrastive_optimizer=keras.optimizers.Adam(0.003), probe_optimizer=keras.optimizers.Adam(0.03))
    history = model.fit(train_dataset, epochs=NUM_EPOCHS, validation_data=test_dataset, verbose=0)
    return model, history.history


def test_contrastive_pretraining(pretrained):
    _, history = pretrained
    assert set(history) == {"c_loss", "c_acc", "p_loss", "p_acc", "val_p_loss", "val_p_acc"}
    assert history["c_loss"][-1] < 0.8 * history["c_loss"][0]
    assert history["c_acc"][-1] > 0.2 > 1 / 80  # 1 / 80 is chance
    assert history["p_loss"][-1] < history["p_loss"][0]
    assert max(history["val_p_acc"]) > 0.5


def test_the_contrastive_loss_is_the_formula(pretrained):
    model = pretrained[0]
    a, b = np.random.default_rng(0).standard_normal((2, 5, WIDTH)).astype("float32")
    model.contrastive_accuracy.reset_state()
    got = np.asarray(model.contrastive_loss(ops.convert_to_tensor(a), ops.convert_to_tensor(b)))
    unit = [x / np.linalg.norm(x, axis=1, keepdims=True) for x in (a.astype(np.float64), b)]
    s = unit[0] @ unit[1].T / TEMPERATURE
    rows = np.log(np.exp(s).sum(1)) - np.diag(s)
    columns = np.log(np.exp(s).sum(0)) - np.diag(s)
    np.testing.assert_allclose(got, (rows + columns) / 2, rtol=1e-4)
    right = np.mean([s.argmax(0) == np.arange(5), s.argmax(1) == np.arange(5)])
    assert float(model.contrastive_accuracy.result()) == pytest.approx(right)


def test_supervised_finetuning_of_the_pretrained_encoder(pretrained, datasets):
    _, labeled_train_dataset, test_dataset = datasets
    model, _ = pretrained
    finetuning_model = keras.Sequential(
        [get_augmenter(**CLASSIFICATION), model.encoder, layers.Dense(10)], name="finetuning_model"
    )
    finetuning_model.compile(
        optimizer=keras.optimizers.Adam(0.003),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=[keras.metrics.SparseCategoricalAccuracy(name="acc")],
    )
    history = finetuning_model.fit(labeled_train_dataset, epochs=10, validation_data=test_dataset, verbose=0).history
    assert max(history["val_acc"]) > 0.7
