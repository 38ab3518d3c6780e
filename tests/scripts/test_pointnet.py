"""Keras's "Point cloud classification with PointNet": T-nets in the graph, an own regularizer, augmentation."""

import numpy as np
import pytest

import netlet as keras
from netlet import layers, ops

POINTS, CLASSES, BATCH = 64, 3, 16


def clouds(count, seed):
    """Points on spheres, on cubes' surfaces and on rings."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, CLASSES, count)
    normal = rng.normal(size=(count, POINTS, 3))
    sphere = normal / np.linalg.norm(normal, axis=-1, keepdims=True)
    cube = normal / np.abs(normal).max(-1, keepdims=True)
    ring = normal * [1, 1, 0.05]
    ring /= np.linalg.norm(ring[..., :2], axis=-1, keepdims=True)
    return np.choose(labels[:, None, None], [sphere, cube, ring]).astype("float32"), labels


def conv_bn(x, filters):
    x = layers.Conv1D(filters, kernel_size=1, padding="valid")(x)
    x = layers.BatchNormalization(momentum=0.0)(x)
    return layers.Activation("relu")(x)


def dense_bn(x, filters):
    x = layers.Dense(filters)(x)
    x = layers.BatchNormalization(momentum=0.0)(x)
    return layers.Activation("relu")(x)


@keras.saving.register_keras_serializable("pointnet")
class OrthogonalRegularizer(keras.regularizers.Regularizer):
    def __init__(self, num_features, l2reg=0.001):
        self.num_features, self.l2reg = num_features, l2reg
        self.eye = ops.eye(num_features)

    def __call__(self, x):
        x = ops.reshape(x, (-1, self.num_features, self.num_features))
        xxt = ops.tensordot(x, x, axes=(2, 2)) if x.shape[0] == 1 else ops.matmul(x, ops.swapaxes(x, 1, 2))
        return ops.sum(self.l2reg * ops.square(xxt - self.eye))

    def get_config(self):
        return {"num_features": self.num_features, "l2reg": self.l2reg}


def tnet(inputs, num_features):
    bias = keras.initializers.Constant(np.eye(num_features).flatten())
    x = conv_bn(conv_bn(inputs, 8), 16)
    x = dense_bn(layers.GlobalMaxPooling1D()(x), 16)
    x = layers.Dense(
        num_features * num_features,
        kernel_initializer="zeros",
        bias_initializer=bias,
        activity_regularizer=OrthogonalRegularizer(num_features),
    )(x)
    transform = layers.Reshape((num_features, num_features))(x)
    return layers.Dot(axes=(2, 1))([inputs, transform])


def build():
    keras.utils.set_random_seed(1)
    inputs = keras.Input(shape=(POINTS, 3))
    x = tnet(inputs, 3)
    x = conv_bn(x, 16)
    x = tnet(x, 16)
    x = conv_bn(conv_bn(x, 16), 32)
    x = layers.GlobalMaxPooling1D()(x)
    x = layers.Dropout(0.1)(dense_bn(x, 16))
    return keras.Model(inputs, layers.Dense(CLASSES, activation="softmax")(x), name="pointnet")


@pytest.fixture(scope="module")
def trained():
    x, y = clouds(256, 0)
    seeds = keras.random.SeedGenerator(0)

    def augment(points, label):
        points = points + keras.random.uniform(points.shape, -0.005, 0.005, seed=seeds)
        return keras.random.shuffle(points, seed=seeds), label

    train = keras.data.Dataset.from_tensor_slices((x, y)).shuffle(len(x), seed=0).map(augment).batch(BATCH)
    test = keras.data.Dataset.from_tensor_slices(clouds(64, 1)).batch(BATCH)
    model = build()
    model.compile(
        loss="sparse_categorical_crossentropy",
        optimizer=keras.optimizers.Adam(learning_rate=0.005),
        metrics=["sparse_categorical_accuracy"],
    )
    return model, model.fit(train, epochs=6, validation_data=test, verbose=0).history


def test_it_tells_spheres_cubes_and_rings_apart(trained):
    _, history = trained
    assert history["val_sparse_categorical_accuracy"][-1] > 0.75
    assert history["loss"][-1] < history["loss"][0]


def test_the_order_of_points_does_not_matter(trained):
    model, _ = trained
    x, _ = clouds(8, 2)
    shuffled = x[:, np.random.default_rng(0).permutation(POINTS)]
    np.testing.assert_allclose(model.predict(shuffled, verbose=0), model.predict(x, verbose=0), rtol=1e-4, atol=1e-6)


def test_the_regularizer_is_saved_with_the_model(trained, tmp_path):
    model, _ = trained
    model.save(tmp_path / "pointnet.keras")
    loaded = keras.models.load_model(tmp_path / "pointnet.keras")
    x, y = clouds(32, 3)
    assert loaded.evaluate(x, y, verbose=0) == pytest.approx(model.evaluate(x, y, verbose=0), rel=1e-5)
