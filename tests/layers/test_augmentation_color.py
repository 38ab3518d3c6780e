"""Layers that change colours, blur and mix: given the random numbers, the images are Keras's.

The random numbers have the right distribution, depend on the seed only, and are new in each recorded step.
"""

from __future__ import annotations

import json
import warnings

import keras
import numpy as np
import pytest
from scipy import stats

import netlet
from netlet import layers

RNG = np.random.default_rng(0)
X = RNG.uniform(0, 255, (3, 7, 6, 3)).astype("float32")
X[0, 0] = [[0, 0, 0], [255, 255, 255], [90, 90, 90], [255, 0, 0], [0, 255, 0], [10, 10, 200]]
FLAGS = np.array([True, False, True])
N = {"a": np.array([0.2, 0.5, 0.9], "float32")}
RECTANGLE = np.zeros((3, 7, 6, 3), bool)
RECTANGLE[0, 2:4, 1:5] = RECTANGLE[1] = RECTANGLE[2, :, 3:] = True


def at(values):
    return np.asarray(values, "float32").reshape(3, 1, 1, 1)


CASES = [
    ("RandomBrightness", {"factor": 0.3}, {"rgb_delta": at([20, -50, 0])}),
    ("RandomContrast", {"factor": 0.3}, {"contrast_factor": at([0.5, 1, 1.6])}),
    ("RandomInvert", {}, {"apply_inversion": FLAGS}),
    ("RandomInvert", {"value_range": (-1, 1)}, {"apply_inversion": FLAGS}),
    ("Solarization", {}, {"additions": at([0, 30, 10]), "thresholds": at([0, 128, 255])}),
    ("Solarization", {"value_range": (-1, 1)}, {"additions": at([0, 30, 10]), "thresholds": at([0, 128, 255])}),
    ("RandomPosterization", {"factor": 4}, {"shift_factor": np.array([0, 3, 7], "uint8")}),
    ("RandomPosterization", {"factor": 4, "value_range": (0, 1)}, {"shift_factor": np.array([1, 4, 6], "uint8")}),
    ("RandomColorDegeneration", {"factor": 0.5}, {"factor": at([0, 0.4, 1])}),
    ("RandomGrayscale", {}, FLAGS.reshape(3, 1, 1, 1)),
    ("RandomSaturation", {"factor": 0.5}, {"factor": np.array([0, 0.7, 1.8], "float32")}),
    ("RandomSaturation", {"factor": 0.5, "value_range": (0, 1)}, {"factor": np.array([1, 3, -0.5], "float32")}),
    ("RandomSaturation", {"factor": 0.5, "value_range": (0.2, 1)}, {"factor": np.array([1, 3, 0.1], "float32")}),
    ("RandomHue", {"factor": 0.5}, {"factor": np.array([0, 0.3, -0.5], "float32")}),
    ("RandomHue", {"factor": 0.5, "value_range": (0, 1)}, {"factor": np.array([0.1, -0.2, 0.4], "float32")}),
    ("RandomHue", {"factor": 0.5, "value_range": (-1, 1)}, {"factor": np.array([0.1, -0.2, 0.4], "float32")}),
    ("RandomGaussianBlur", {}, {"should_apply_blur": FLAGS, "blur_factor": np.array([0.7, 0.3], "float32")}),
    ("RandomGaussianBlur", {"kernel_size": (5, 3)}, {"should_apply_blur": FLAGS, "blur_factor": N["a"][:2]}),
    ("RandomSharpness", {"factor": 0.5}, {"factor": np.array([0, 0.5, 1], "float32")}),
    (
        "RandomErasing",
        {},
        {"apply_erasing": FLAGS, "batch_masks": RECTANGLE, "fill_value": X[::-1].copy()},
    ),
    ("MixUp", {}, {"mix_weight": N["a"], "permutation_order": np.array([2, 0, 1])}),
    (
        "CutMix",
        {},
        {"mix_weight": at(N["a"]), "permutation_order": np.array([2, 0, 1]), "batch_masks": RECTANGLE},
    ),
]


def scaled(x, value_range):
    return (x / 255 * (value_range[1] - value_range[0]) + value_range[0]).astype("float32")


def first(values):
    """Arrays of images with the channels first, in a transformation."""
    if isinstance(values, dict):
        return {k: first(v) for k, v in values.items()}
    return values.transpose(0, 3, 1, 2).copy() if np.ndim(values) == 4 else values


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize(("name", "arguments", "draw"), CASES, ids=[c[0] for c in CASES])
def test_images_are_keras_s(name, arguments, draw, data_format):
    low, high = arguments.get("value_range", (0, 255))
    x = scaled(X, (low, high))
    if data_format == "channels_first":
        if name in ("RandomContrast", "RandomSaturation", "RandomHue", "RandomSharpness"):
            pytest.skip("one case with the channels last is enough: the same code after a transpose")
        x, draw = first(x), first(draw)
    theirs = getattr(keras.layers, name)(**arguments, data_format=data_format)
    expected = np.asarray(theirs.transform_images(x, draw, training=True))
    y = getattr(layers, name)(**arguments, data_format=data_format).transform_images(x, draw)
    assert y.dtype == "float32"
    np.testing.assert_allclose(y.numpy(), expected, rtol=2e-6, atol=3e-6 * (high - low))


def test_mixed_labels_are_keras_s():
    labels = np.eye(3, 4, dtype="float32")
    for name, draw in [("MixUp", CASES[-2][2]), ("CutMix", CASES[-1][2])]:
        ours, theirs = getattr(layers, name)(), getattr(keras.layers, name)()
        np.testing.assert_allclose(
            ours.transform_labels(labels, draw).numpy(), np.asarray(theirs.transform_labels(labels, draw)), atol=1e-7
        )
        masks = ours.transform_segmentation_masks(X[..., :1], {**draw, "batch_masks": RECTANGLE[..., :1]})
        assert masks.shape == (3, 7, 6, 1)
        np.testing.assert_array_equal(ours.transform_labels(labels, draw, training=False), labels)


# ---- random numbers --------------------------------------------------------------------------------------------------
MANY = np.zeros((20_000, 2, 5, 3), "float32")


def uniform(low, high):
    return stats.uniform(low, high - low).cdf


@pytest.mark.parametrize(
    ("name", "arguments", "key", "law"),
    [
        ("RandomColorDegeneration", {"factor": 0.4}, "factor", uniform(-0.4, 0.4)),
        ("RandomSaturation", {"factor": (0.2, 0.5)}, "factor", lambda y: uniform(0.2, 0.5)(y / (1 + y))),
        ("RandomHue", {"factor": 0.4}, "factor", uniform(-0.2, 0.2)),
        ("RandomSharpness", {"factor": (0.1, 0.7)}, "factor", uniform(0.1, 0.7)),
        ("Solarization", {"addition_factor": 0.2}, "additions", uniform(0, 51)),
        ("Solarization", {"threshold_factor": (0.5, 0.8)}, "thresholds", uniform(0.5, 204)),
        ("MixUp", {"alpha": 0.4}, "mix_weight", stats.beta(0.4, 0.4).cdf),
    ],
)
def test_ranges(name, arguments, key, law):
    layer = getattr(layers, name)(**arguments, seed=1)
    values = np.asarray(layer.get_random_transformation(MANY)[key], "float64").ravel()
    assert len(values) == len(MANY) and stats.kstest(values, law).pvalue > 1e-3


@pytest.mark.parametrize(
    ("name", "arguments", "key", "probability"),
    [
        ("RandomInvert", {"factor": (0.2, 0.6)}, "apply_inversion", 0.4),
        ("RandomInvert", {"factor": 0.6}, "apply_inversion", 0.3),
        ("RandomGaussianBlur", {"factor": (0.8, 0.8)}, "should_apply_blur", 0.8),
        ("RandomErasing", {"factor": (0.1, 0.3)}, "apply_erasing", 0.2),
        ("RandomGrayscale", {"factor": 0.3}, None, 0.3),
    ],
)
def test_probabilities(name, arguments, key, probability):
    drawn = getattr(layers, name)(**arguments, seed=1).get_random_transformation(MANY)
    values = np.asarray(drawn if key is None else drawn[key])
    assert values.size == len(MANY)
    assert abs(values.mean() - probability) < 5 * np.sqrt(probability * (1 - probability) / len(MANY))


def test_bits_and_rectangles():
    shifts = np.asarray(layers.RandomPosterization((2, 5), seed=1).get_random_transformation(MANY)["shift_factor"])
    assert set(shifts.tolist()) == {4, 5, 6} and abs((shifts == 4).mean() - 1 / 3) < 0.02
    assert set(np.asarray(layers.RandomPosterization((3, 3)).get_random_transformation(MANY)["shift_factor"])) == {5}
    many = np.zeros((4000, 32, 32, 1), "float32")
    cut = layers.CutMix(seed=2).get_random_transformation(many)
    mask, kept = np.asarray(cut["batch_masks"]), np.asarray(cut["mix_weight"]).ravel()
    assert abs(mask.mean() - (1 - kept).mean()) < 0.03 and (mask.any(axis=(2, 3)).sum(axis=1) > 0).mean() > 0.7
    assert sorted(np.asarray(cut["permutation_order"]).tolist()) == list(range(4000))
    theirs = np.asarray(keras.layers.CutMix(seed=2).get_random_transformation(many)["mix_weight"]).ravel()
    # a differs between batches, but the mean does not, and both are symmetric
    assert abs(kept.mean() - 0.5) < 0.03 and abs(theirs.mean() - 0.5) < 0.03
    erase = layers.RandomErasing(scale=(0.25, 0.25), seed=2).get_random_transformation(many)
    height = np.asarray(erase["batch_masks"]).any(axis=(2, 3)).sum(axis=1)
    assert set(height.tolist()) <= {15, 16, 17} and abs(height.mean() - 16) < 0.05
    fill = np.asarray(erase["fill_value"])
    assert fill.min() == 0 and fill.max() == 255 and abs((fill == 0).mean() - 0.5) < 0.01


# ---- in models and in pipelines --------------------------------------------------------------------------------------
ALL = {
    "RandomInvert": {"factor": (0.5, 0.5)},
    "Solarization": {"addition_factor": 0.3, "threshold_factor": 0.8},
    "RandomPosterization": {"factor": (1, 8)},
    "RandomColorDegeneration": {"factor": (0.2, 1.0)},
    "RandomGrayscale": {},
    "RandomSaturation": {"factor": (0.1, 0.4)},
    "RandomHue": {"factor": 0.8},
    "RandomColorJitter": {
        "brightness_factor": 0.2,
        "contrast_factor": 0.3,
        "saturation_factor": 0.4,
        "hue_factor": 0.5,
    },
    "RandomGaussianBlur": {"factor": (0.6, 0.9)},
    "RandomSharpness": {"factor": 0.9},
    "RandomErasing": {"factor": (0.6, 0.9)},
    "MixUp": {"alpha": 0.8},
    "CutMix": {},
}


def make(name, **more):
    return getattr(layers, name)(**{**ALL[name], **more})


def runs(name):
    netlet.utils.set_random_seed(3)
    model = netlet.Sequential([netlet.Input(X.shape[1:]), make(name), layers.Flatten(), layers.Dense(1)])
    model.compile(netlet.optimizers.SGD(0.0), "mse")
    return [model.train_on_batch(np.repeat(X, 2, axis=0), np.zeros((6, 1))) for _ in range(5)]


@pytest.mark.parametrize("name", ALL)
def test_seeds_and_recorded_steps(name, threads):
    """The same seed gives the same sequence for any number of threads; each call and each step has new numbers."""
    a, b = make(name, seed=5), make(name, seed=5)
    x = np.concatenate([X, X[::-1] * 0.5, X * 0.3], axis=0)
    one, two = a(x, training=True).numpy(), a(x, training=True).numpy()
    assert not np.array_equal(one, two) and one.shape == x.shape and np.isfinite(one).all()
    losses = runs(name)
    assert len(set(losses)) > 2
    netlet._core.set_num_threads(1)
    np.testing.assert_array_equal(one, b(x, training=True).numpy())
    np.testing.assert_array_equal(two, b(x, training=True).numpy())
    assert runs(name) == losses


@pytest.mark.parametrize("name", ALL)
def test_inputs_of_all_kinds(name):
    layer = make(name, bounding_box_format="xyxy")
    np.testing.assert_array_equal(layer(X, training=False).numpy(), X)
    assert layer(X.astype("uint8")).dtype == "float32" and layer(X[0]).shape == X.shape[1:]
    assert layer(np.zeros((0, 7, 6, 3), "float32")).shape == (0, 7, 6, 3)
    assert make(name, dtype="float64")(X).dtype == "float64"
    half = make(name, dtype="float16")(X)
    assert half.dtype == "float16" and np.isfinite(half.numpy()).all()
    assert layer(netlet.Input((7, 6, 3))).shape == (None, 7, 6, 3)
    channels_first = make(name, data_format="channels_first")
    assert channels_first(first(X)).shape == (3, 3, 7, 6) and channels_first(first(X)[0]).shape == (3, 7, 6)
    boxes = {"boxes": np.ones((3, 2, 4), "float32"), "labels": np.ones((3, 2), "int32")}
    data = {"images": X, "labels": np.eye(3, dtype="float32"), "segmentation_masks": np.ones((3, 7, 6, 1), "float32")}
    y = layer(data if name == "CutMix" else {**data, "bounding_boxes": boxes})
    np.testing.assert_allclose(y["labels"].numpy().sum(axis=1), 1, rtol=1e-6)
    np.testing.assert_allclose(y["segmentation_masks"].numpy(), 1, rtol=1e-6)
    if name == "MixUp":
        assert y["bounding_boxes"]["boxes"].shape == (3, 4, 4) and y["bounding_boxes"]["labels"].shape == (3, 4)
    elif name != "CutMix":
        np.testing.assert_array_equal(y["bounding_boxes"]["boxes"].numpy(), boxes["boxes"])
    with pytest.raises(ValueError, match=r"\(H, W, C\)"):
        layer(np.ones((3, 4), "float32"))


@pytest.mark.parametrize("name", ALL)
def test_configs(name, tmp_path):
    ours, theirs = make(name, seed=4), getattr(keras.layers, name)(**ALL[name], seed=4)
    config, wanted = ours.get_config(), theirs.get_config()
    assert set(config) - {"seed"} == set(wanted) - {"seed", "factor" if name in ("MixUp",) else ""}
    for key in set(config) & set(wanted) - {"name", "dtype", "seed"}:
        assert config[key] == wanted[key] or list(config[key]) == list(wanted[key]), key
    assert type(ours).from_config(config).get_config() == config
    assert type(ours).from_config(wanted).get_config().keys() == config.keys()
    model = netlet.Sequential([netlet.Input((7, 6, 3)), ours, layers.Flatten(), layers.Dense(1)])
    for ending in ("netlet", "keras"):
        model.save(tmp_path / f"m.{ending}")
        again = netlet.models.load_model(tmp_path / f"m.{ending}")
        assert json.dumps(again.layers[0].get_config()) == json.dumps(config)
        np.testing.assert_allclose(again.predict(X, verbose=0), model.predict(X, verbose=0), rtol=1e-6)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert keras.saving.load_model(tmp_path / "m.keras").layers[0].get_config()["name"] == ours.name


def test_jitter_uses_its_parts():
    layer = layers.RandomColorJitter(brightness_factor=(0.1, 0.1), hue_factor=0.2, seed=1)
    drawn = layer.get_random_transformation(X)
    assert set(drawn) == {"random_brightness", "random_hue"} and layer.random_contrast is None
    y = layer.transform_images(X, drawn).numpy()
    bright = layer.random_brightness.transform_images(X, drawn["random_brightness"])
    np.testing.assert_array_equal(y, layer.random_hue.transform_images(bright, drawn["random_hue"]).numpy())
    assert layer.transform_images(X, None).shape == X.shape  # draws by itself, as in Keras


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: layers.RandomInvert(1.5), "`factor` to be a number"),
        (lambda: layers.RandomHue(-0.5), "factor"),
        (lambda: layers.RandomGrayscale(2), "factor"),
        (lambda: layers.RandomPosterization(9), "factor"),
        (lambda: layers.Solarization(1.5), "addition_factor"),
        (lambda: layers.Solarization(threshold_factor="a"), "threshold_factor"),
        (lambda: layers.RandomGaussianBlur(kernel_size=4), "odd integer"),
        (lambda: layers.RandomGaussianBlur(sigma=2.0), "sigma"),
        (lambda: layers.RandomErasing(scale=(2, 3)), "scale"),
        (lambda: layers.RandomErasing(fill_value="red"), "fill_value"),
        (lambda: layers.RandomSharpness(0.5, value_range=1), "value_range"),
        (lambda: layers.RandomHue(0.5)(np.ones((1, 4, 4, 2), "float32")), "3"),
        (lambda: layers.RandomColorDegeneration(0.5)(np.ones((1, 4, 4, 2), "float32")), "channels"),
    ],
)
def test_errors(call, message):
    with pytest.raises(ValueError, match=message):
        call()
