"""Augmentation layers: given the random numbers, the images are Keras's.

The random numbers have the right distribution, depend on the seed only, and are new in each recorded step and for each
image, with any number of threads.
"""

from __future__ import annotations

import warnings

import keras
import numpy as np
import pytest
from scipy import ndimage, stats

import netlet
from netlet import layers

X = np.random.default_rng(0).uniform(0, 1, (3, 7, 6, 3)).astype("float32")
ALL = {
    "RandomFlip": {},
    "RandomRotation": {"factor": 0.2},
    "RandomZoom": {"height_factor": 0.3, "width_factor": 0.2},
    "RandomTranslation": {"height_factor": 0.3, "width_factor": 0.2},
    "RandomShear": {"x_factor": 0.3, "y_factor": 0.2},
    "RandomBrightness": {"factor": 0.3, "value_range": (0, 1)},
    "RandomContrast": {"factor": 0.3, "value_range": (0, 1)},
    "RandomCrop": {"height": 5, "width": 4},
    "RandomPerspective": {"factor": (1.0, 1.0), "scale": 0.6},
    "RandomElasticTransform": {"factor": (1.0, 1.0), "scale": (0.8, 1.0), "value_range": (0, 1)},
}


def make(name, **more):
    return getattr(layers, name)(**{**ALL[name], **more})


def keras_layer(name, **arguments):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return getattr(keras.layers, name)(**arguments)


# ---- images for fixed parameters, against Keras ----------------------------------------------------------------------
@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        # Equal bounds make the layer deterministic.
        ("RandomRotation", {"factor": (0.07, 0.07)}),
        ("RandomRotation", {"factor": (-0.4, -0.4), "fill_mode": "constant", "fill_value": 0.5}),
        ("RandomRotation", {"factor": (0.3, 0.3), "fill_mode": "nearest", "interpolation": "nearest"}),
        ("RandomZoom", {"height_factor": (-0.4, -0.4)}),
        ("RandomZoom", {"height_factor": (0.5, 0.5), "width_factor": (-0.2, -0.2), "fill_mode": "wrap"}),
        ("RandomTranslation", {"height_factor": (0.3, 0.3), "width_factor": (-0.2, -0.2)}),
        ("RandomTranslation", {"height_factor": (-0.5, -0.5), "width_factor": (0.9, 0.9), "fill_mode": "constant"}),
        ("RandomBrightness", {"factor": (0.4, 0.4), "value_range": (0, 1)}),
        ("RandomBrightness", {"factor": (-0.001, -0.001)}),
        ("RandomRotation", {"factor": (0.07, 0.07), "data_format": "channels_first"}),
    ],
)
def test_forced_by_equal_bounds(name, arguments):
    x = X.transpose(0, 3, 1, 2).copy() if arguments.get("data_format") == "channels_first" else X
    ours, theirs = getattr(layers, name)(**arguments), keras_layer(name, **arguments)
    for images in (x, x[0]):
        y, expected = ours(images, training=True).numpy(), np.asarray(theirs(images, training=True))
        assert y.dtype == np.float32
        np.testing.assert_allclose(y, expected, rtol=0, atol=2e-5)


@pytest.mark.parametrize(
    ("name", "arguments", "draw"),
    [
        ("RandomFlip", {"mode": mode}, {"flips": np.array([1, 0, 1], bool).reshape(3, 1, 1, 1)})
        for mode in ("horizontal", "vertical", "horizontal_and_vertical")
    ]
    + [
        ("RandomFlip", {"data_format": "channels_first"}, {"flips": np.array([1, 0, 1], bool).reshape(3, 1, 1, 1)}),
        ("RandomShear", {}, {"shear_factor": np.array([[0.3, -0.2], [0, 0.1], [0.5, 0]], "float32")}),
        (
            "RandomContrast",
            {"factor": 0.5, "value_range": (0, 1)},
            {"contrast_factor": np.array([0.5, 1, 1.5], "float32").reshape(3, 1, 1, 1)},
        ),
        (
            "RandomTranslation",
            {"height_factor": 0, "width_factor": 0, "fill_mode": "nearest"},
            {"translations": np.array([[1, 0.5], [-2, 0], [0, 3]], "float32")},
        ),
        (
            "RandomZoom",
            {"height_factor": 0, "width_factor": 0},
            {
                "height_zoom": np.array([[0.5], [1.3], [1]], "float32"),
                "width_zoom": np.array([[1.5], [0.7], [1]], "float32"),
            },
        ),
        (
            "RandomPerspective",
            {"fill_value": 0.5},
            {
                "apply_perspective": np.array([True, False, True]),
                "start_points": np.tile(np.array([[0, 0], [5, 0], [0, 6], [5, 6]], "float32"), (3, 1, 1)),
                "end_points": np.array([[[0, 1], [4, 0.5], [1, 5], [4.5, 6]]] * 3, "float32"),
            },
        ),
    ],
)
def test_forced_by_a_given_transformation(name, arguments, draw):
    y = getattr(layers, name)(**arguments).transform_images(X, draw)
    expected = keras_layer(name, **arguments).transform_images(X, draw, training=True)
    np.testing.assert_allclose(np.asarray(y), np.asarray(expected), rtol=0, atol=2e-5)


def test_a_crop_is_a_window_and_all_of_a_batch_share_it():
    layer = make("RandomCrop")
    found = set()
    for _ in range(60):
        y = layer(X, training=True).numpy()
        places = [(i, j) for i in range(3) for j in range(3) if np.array_equal(y, X[:, i : i + 5, j : j + 4])]
        assert len(places) == 1
        found.update(places)
    assert len(found) == 9
    whole = layers.RandomCrop(7, 6)
    np.testing.assert_array_equal(whole(X, training=True).numpy(), X)
    first = layers.RandomCrop(5, 4, data_format="channels_first")(X.transpose(0, 3, 1, 2).copy(), training=True)
    assert first.shape == (3, 3, 5, 4)


def test_a_crop_outside_of_training_comes_from_the_middle():
    np.testing.assert_array_equal(layers.RandomCrop(5, 6)(X[:, :, :], training=False).shape, (3, 5, 6, 3))
    square = layers.RandomCrop(6, 6)(X, training=False).numpy()
    np.testing.assert_array_equal(square, X[:, :6])


def test_elastic_distances_against_scipy():
    """The layer's random numbers, drawn again here, smoothed by SciPy."""
    layer = layers.RandomElasticTransform((0.5, 0.5), (0.7, 0.7), seed=5)
    draw = layer.get_random_transformation(np.zeros((6, 40, 60, 1), "float32"))
    seeds = netlet.random.SeedGenerator(5)
    uniform, normal = netlet.random.uniform, netlet.random.normal
    flags = uniform((6,), 0.5, 0.5, seed=seeds).numpy() > uniform((6,), seed=seeds).numpy()
    np.testing.assert_array_equal(draw["apply_transform"], flags)
    assert 0 < flags.sum() < 6
    scale = float(uniform((), 0.7, 0.7, seed=seeds))
    alpha, sigma = 0.1 * scale * 60, 0.05 * scale * 40
    noise = normal((2, 6, 40, 60), seed=seeds).numpy() * sigma * alpha
    fields = [[ndimage.gaussian_filter(f, sigma, mode="constant", radius=int(3 * sigma)) for f in p] for p in noise]
    expected = np.array(fields) * flags[:, None, None]
    np.testing.assert_allclose(draw["distances"], expected, rtol=0, atol=1e-5 * np.abs(expected).max())
    x = np.random.default_rng(0).uniform(0, 1, (6, 40, 60, 2)).astype("float32")
    y = layer.transform_images(x, draw).numpy()
    np.testing.assert_array_equal(y[~flags], x[~flags])
    assert all(np.abs(a - b).max() > 0.1 for a, b in zip(y[flags], x[flags], strict=True))
    assert layers.RandomElasticTransform(0.0)(x).numpy() is not None
    np.testing.assert_array_equal(layers.RandomElasticTransform(scale=0.0)(x), x)


# ---- random numbers --------------------------------------------------------------------------------------------------
MANY = np.zeros((20_000, 2, 5, 1), "float32")


@pytest.mark.parametrize(
    ("name", "arguments", "key", "low", "high"),
    [
        ("RandomRotation", {"factor": 0.25}, "angle", -90, 90),
        ("RandomRotation", {"factor": (-0.5, 0.1)}, "angle", -180, 36),
        ("RandomZoom", {"height_factor": (0.1, 0.4), "width_factor": 0.5}, "height_zoom", 1.1, 1.4),
        ("RandomZoom", {"height_factor": (0.1, 0.4), "width_factor": 0.5}, "width_zoom", 0.5, 1.5),
        ("RandomTranslation", {"height_factor": 0.5, "width_factor": 0}, 1, -1, 1),
        ("RandomTranslation", {"height_factor": 0, "width_factor": (-0.2, 0.4)}, 0, -1, 2),
        ("RandomBrightness", {"factor": 0.1}, "rgb_delta", -25.5, 25.5),
        ("RandomBrightness", {"factor": (-0.5, 0.25), "value_range": (1, -1)}, "rgb_delta", -1, 0.5),
        ("RandomContrast", {"factor": 0.4}, "contrast_factor", 1, 1.4),
        ("RandomContrast", {"factor": (0.2, 0.4)}, "contrast_factor", 0.8, 1.4),
    ],
)
def test_ranges(name, arguments, key, low, high):
    draw = getattr(layers, name)(**arguments, seed=1).get_random_transformation(MANY)
    values = np.asarray(draw["translations"])[:, key] if isinstance(key, int) else np.asarray(draw[key])
    assert values.size == len(MANY)
    assert values.min() >= low - 1e-5 and values.max() <= high + 1e-5
    assert stats.kstest(values.ravel().astype("float64"), stats.uniform(low, high - low).cdf).pvalue > 1e-3


def test_half_of_the_images_are_flipped_and_zoom_keeps_the_aspect_ratio_by_default():
    flips = np.asarray(layers.RandomFlip(seed=1).get_random_transformation(MANY)["flips"])
    assert abs(flips.mean() - 0.5) < 5 * 0.5 / np.sqrt(len(MANY))
    draw = layers.RandomZoom(0.3).get_random_transformation(MANY)
    np.testing.assert_array_equal(draw["height_zoom"], draw["width_zoom"])
    shear = np.asarray(
        layers.RandomShear((0.2, 0.4), (0.1, 0.1), seed=1).get_random_transformation(MANY)["shear_factor"]
    )
    assert (np.sign(shear[:, 0]) == np.sign(shear[:, 1])).all() and abs((shear[:, 0] > 0).mean() - 0.5) < 0.02
    assert np.abs(shear[:, 0]).min() >= 0.2 and np.abs(shear[:, 0]).max() <= 0.4


@pytest.mark.parametrize("name", ALL)
def test_seeds_and_threads(name, threads):
    """The same seed gives the same sequence; each call and each image of a batch has new random numbers."""
    a, b = make(name, seed=5), make(name, seed=5)
    x = np.repeat(X[:1], 40, axis=0)
    first, second = a(x, training=True).numpy(), a(x, training=True).numpy()
    np.testing.assert_array_equal(first, b(x, training=True).numpy())
    np.testing.assert_array_equal(second, b(x, training=True).numpy())
    netlet._core.set_num_threads(1)
    np.testing.assert_array_equal(make(name, seed=5)(x, training=True).numpy(), first)
    if name == "RandomCrop":
        assert len({make(name)(x, training=True).numpy().tobytes() for _ in range(30)}) > 1
    else:
        assert not np.array_equal(first, second)
        assert len(np.unique(first, axis=0)) > (1 if name == "RandomFlip" else 30)


# ---- in models and in pipelines --------------------------------------------------------------------------------------
class Keep(netlet.layers.Layer):
    """Stores the last batch in a weight."""

    def build(self, input_shape):
        self.last = self.add_weight(shape=(8, *input_shape[1:]), initializer="zeros", trainable=False, name="last")

    def call(self, x, training=False):
        if training and x.shape[0] == 8:
            self.last.assign(x)
        return x


@pytest.mark.parametrize("name", ALL)
def test_in_a_recorded_training_step(name, threads):
    x = np.repeat(X[:1], 8, axis=0)
    y = np.zeros((8, 1), "float32")

    def steps():
        netlet.utils.set_random_seed(3)
        model = netlet.Sequential([netlet.Input(X.shape[1:]), make(name), Keep(), layers.Flatten(), layers.Dense(1)])
        model.compile("sgd", "mse")
        found = []
        for _ in range(6):
            model.train_on_batch(x, y)
            found.append(model.layers[1].last.numpy().copy())
        return model, found

    model, found = steps()
    assert len({images.tobytes() for images in found}) > 3
    for a, b in zip(found, steps()[1], strict=True):
        np.testing.assert_array_equal(a, b)
    if name not in ("RandomFlip", "RandomCrop"):
        assert len(np.unique(found[0], axis=0)) == 8
    if name == "RandomCrop":  # each is a window of the image
        windows = [X[0, i : i + 5, j : j + 4] for i in range(3) for j in range(3)]
        assert all(any(np.array_equal(images[0], w) for w in windows) for images in found)
    if name == "RandomFlip":
        assert all(np.array_equal(im, X[0]) or np.array_equal(im, X[0, ::-1, ::-1]) for im in found[0])
    # Without training the layer returns the image unchanged, in a model and on its own.
    if name != "RandomCrop":
        plain = netlet.Sequential(model.layers[2:])
        np.testing.assert_array_equal(model.predict(x, verbose=0), plain.predict(x, verbose=0))
        np.testing.assert_array_equal(make(name)(X, training=False).numpy(), X)


def test_gradients_pass_through_to_what_stands_before():
    """Gradients reach a layer with weights in front of the augmentation."""
    x, y = X.astype("float64"), np.zeros((3, 1))
    for name in ALL:
        netlet.utils.set_random_seed(3)
        stages = [layers.Dense(3), make(name, seed=2), layers.Flatten(), layers.Dense(1)]
        model = netlet.Sequential([netlet.Input(X.shape[1:]), *stages])
        model.compile(netlet.optimizers.SGD(0.01), "mse")
        before = model.layers[0].kernel.numpy().copy()
        model.train_on_batch(x, y)
        assert np.abs(model.layers[0].kernel.numpy() - before).max() > 0, name


@pytest.mark.parametrize("name", ALL)
def test_inputs_of_all_kinds(name):
    layer = make(name)
    out = (5, 4) if name == "RandomCrop" else (7, 6)
    bytes_ = (X * 255).astype("uint8")
    assert layer(bytes_).dtype == "float32" and layer(bytes_, training=False).dtype == "float32"
    assert layer(X[0]).shape == (*out, 3) and layer(X[0], training=False).shape == (*out, 3)
    assert layer(np.zeros((0, 7, 6, 3), "float32")).shape == (0, *out, 3)
    assert make(name, dtype="float64")(X).dtype == "float64"
    assert layer(netlet.Input((7, 6, 3))).shape == (None, *out, 3)
    assert layer(netlet.Input((None, None, 3))).shape == (None, *((5, 4) if name == "RandomCrop" else (None, None)), 3)
    small = make(name, **({"height": 1, "width": 1} if name == "RandomCrop" else {}))
    assert np.isfinite(small(np.full((2, 1, 1, 2), 0.5, "float32")).numpy()).all()
    with pytest.raises(ValueError, match=r"\(H, W, C\)"):
        layer(np.ones((3, 4), "float32"))
    with pytest.raises(ValueError, match="images"):
        layer({"pictures": X})
    labelled = layer({"images": X, "labels": np.ones(3, "float32")})
    assert labelled["images"].shape == (3, *out, 3) and labelled["labels"].tolist() == [1, 1, 1]


# ---- arguments -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", ALL)
def test_configs(name):
    ours, theirs = make(name, seed=4), keras_layer(name, **ALL[name], seed=4)
    assert set(ours.get_config()) == set(theirs.get_config())
    same = {k: v for k, v in ours.get_config().items() if k not in ("name", "dtype")}
    assert same == {k: v for k, v in theirs.get_config().items() if k in same}
    assert type(ours).from_config(ours.get_config()).get_config() == ours.get_config()
    assert type(ours).from_config(theirs.get_config()).get_config()["seed"] == 4


GOOD = {
    "RandomRotation": [0, 0.5, -0.5, 1, (-0.2, 0.3), [0.3, -0.2], (-3, 0.5)],
    "RandomBrightness": [0, 0.5, -0.5, (0.1, 0.2), [1, -1]],
    "RandomContrast": [0, 0.5, 1.0, (0.2, 0.3), (-1, 0.5)],
    "RandomZoom": [0, 0.5, -0.5, 1.0, (0.3, -0.2), [-0.99, 1]],
    "RandomTranslation": [0, 0.5, -1.0, 1.0, (0.3, -0.2), [-1, 1]],
    "RandomShear": [0, 0.5, 1.0, (0.3, 0.2)],
}
BAD = {
    "RandomRotation": [1.5, -2, (1, 2, 3), "a", (2, 3), (0.1,)],
    "RandomBrightness": [1.5, (2, 3), "a", {"low": 0}],
    "RandomContrast": [1.5, -0.5, (2, 3), "a", None],
    "RandomZoom": [-1.0, 1.5, (-1.0, 0.5), (0.1, 0.2, 0.3), "a", None],
    "RandomTranslation": [-1.5, 1.5, (-2.0, 0.5), (0.1, 0.2, 0.3), "a", None],
    "RandomShear": [1.5, (0.5, 1.5), "a", None],  # Keras refuses negative numbers too, but its configs have them
}


def both(name, value, cls):
    arguments = {
        "RandomZoom": {"height_factor": value},
        "RandomTranslation": {"height_factor": value, "width_factor": 0.1},
        "RandomShear": {"x_factor": value},
    }.get(name, {"factor": value})
    return cls(name)(**arguments)


@pytest.mark.parametrize(("name", "value"), [(n, v) for n, values in GOOD.items() for v in values])
def test_factors_mean_what_they_mean_in_keras(name, value):
    ours = both(name, value, lambda n: getattr(layers, n))
    theirs = both(name, value, lambda n: getattr(keras.layers, n))
    for key in ("factor", "x_factor", "height_factor"):
        assert ours.get_config().get(key) == theirs.get_config().get(key)
    if name in ("RandomZoom", "RandomTranslation"):
        assert ours._height == (theirs.height_lower, theirs.height_upper)


@pytest.mark.parametrize(("name", "value"), [(n, v) for n, values in BAD.items() for v in values])
def test_wrong_factors(name, value):
    with pytest.raises((ValueError, TypeError)):
        both(name, value, lambda n: getattr(keras.layers, n))
    with pytest.raises(ValueError, match=r"expected `\w*factor` to be a number, or a pair of them, in .*, received"):
        both(name, value, lambda n: getattr(layers, n))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: layers.RandomFlip("diagonal"), ValueError, "diagonal"),
        (lambda: layers.RandomRotation(0.1, fill_mode="mirror"), NotImplementedError, "`fill_mode`.*'mirror'"),
        (lambda: layers.RandomZoom(0.1, interpolation="cubic"), NotImplementedError, "`interpolation`.*'cubic'"),
        (lambda: layers.RandomBrightness(0.1, value_range=255), ValueError, "value_range"),
        (lambda: layers.RandomContrast(0.1, value_range=(1, 2, 3)), ValueError, "value_range"),
        (lambda: layers.RandomCrop(0, 3), ValueError, "at least 1"),
        (lambda: layers.RandomFlip(data_format="NCHW"), ValueError, "data_format"),
        (
            lambda: layers.RandomFlip()({"images": X, "bounding_boxes": {"boxes": X[0, :3, :4, 0], "labels": X[0, 0]}}),
            ValueError,
            "bounding_box_format",
        ),
        (lambda: layers.RandomRotation(float("nan")), ValueError, "factor"),
    ],
)
def test_wrong_arguments(call, error, message):
    with pytest.raises(error, match=message):
        call()
