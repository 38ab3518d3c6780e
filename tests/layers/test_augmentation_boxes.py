"""Boxes, masks and labels in the geometric image layers, against Keras and against the images themselves."""

from __future__ import annotations

import warnings

import keras
import numpy as np
import pytest

import netlet
from netlet import layers

SQUARE = (3, 16, 16, 1)
RNG = np.random.default_rng(0)
BOXES = np.array([[[2, 3, 7, 8], [9, 1, 15, 6]], [[0, 0, 16, 16], [4, 4, 5, 12]], [[1, 9, 3, 15], [20, 20, 25, 25]]])
CASES = {
    "RandomFlip": ({"mode": "horizontal_and_vertical"}, {"flips": np.array([1, 0, 1], bool).reshape(3, 1, 1, 1)}),
    "RandomRotation": ({"factor": 0.1}, {"angle": np.array([30, -90, 5], "float32")}),
    "RandomTranslation": (
        {"height_factor": 0.1, "width_factor": 0.1},
        {"translations": np.array([[1, 2], [-3, 0.5], [4, -9]], "float32")},
    ),
    "RandomZoom": (
        {"height_factor": 0.1},
        {
            "height_zoom": np.array([[0.5], [1.5], [1]], "float32"),
            "width_zoom": np.array([[0.7], [1.2], [1]], "float32"),
        },
    ),
    "RandomShear": ({"x_factor": 0.1}, {"shear_factor": np.array([[0.3, 0], [0, -0.2], [0.1, 0.2]], "float32")}),
    "RandomPerspective": (
        {},
        {
            "apply_perspective": np.array([True, True, False]),
            "start_points": np.tile(np.array([[[0, 0], [15, 0], [0, 15], [15, 15]]], "float32"), (3, 1, 1)),
            "end_points": np.array([[[1, 0], [12, 2], [0, 14], [15, 13]]] * 3, "float32"),
        },
    ),
}


def drawn(name):
    """The transformation with the sizes that Keras stores in it."""
    sizes = {"image_height": 16, "image_width": 16, "batch_size": 3}
    return {**CASES[name][1], "input_shape": SQUARE, **(sizes if name == "RandomRotation" else {})}


def both(name, **more):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        arguments = {**CASES[name][0], "bounding_box_format": "xyxy", **more}
        return getattr(layers, name)(**arguments), getattr(keras.layers, name)(**arguments)


def given(box_format="xyxy"):
    size = {"height": 16, "width": 16}
    boxes = netlet.utils.bounding_boxes.convert_format(BOXES, "xyxy", box_format, **size).numpy()
    return {"boxes": boxes, "labels": np.array([[1, 2], [3, 4], [5, 6]])}


@pytest.mark.parametrize("name", CASES)
def test_boxes_against_keras(name):
    mine, other = both(name)
    y = mine.transform_bounding_boxes(given(), drawn(name), training=True)
    inside = given()
    if name == "RandomFlip":  # Keras clips flipped boxes to no border
        inside["boxes"] = np.clip(inside["boxes"], 0, 16)
    expected = other.transform_bounding_boxes(inside, drawn(name), training=True)
    np.testing.assert_allclose(y["boxes"], np.asarray(expected["boxes"]), rtol=1e-4, atol=2e-4)
    np.testing.assert_array_equal(y["labels"], np.asarray(expected["labels"]))
    assert y["labels"].numpy()[2, 1] == -1  # outside of the image
    same = mine.transform_bounding_boxes(given(), None, training=False)
    np.testing.assert_array_equal(same["boxes"], given()["boxes"])


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("box_format", ["rel_xyxy", "center_xywh", "rel_yxyx"])
def test_boxes_in_other_formats(name, box_format):
    """The same boxes in another format, which Keras gets right for some layers only."""
    plain, other = both(name)[0], both(name, bounding_box_format=box_format)[0]
    expected = plain.transform_bounding_boxes(given(), drawn(name))
    y = other.transform_bounding_boxes(given(box_format), drawn(name))
    back = netlet.utils.bounding_boxes.convert_format(y, box_format, "xyxy", 16, 16)
    np.testing.assert_allclose(back["boxes"], expected["boxes"], rtol=1e-4, atol=1e-4)
    np.testing.assert_array_equal(back["labels"], expected["labels"])


ALL = {**{name: arguments for name, (arguments, _) in CASES.items()}, "RandomCrop": {"height": 12, "width": 20}}
ALL["RandomPerspective"] = {"scale": 0.3}


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_boxes_follow_the_images(name, data_format, threads):
    """A bright rectangle in an image that is not square, its mask and its box move together."""
    x = np.zeros((6, 18, 26, 1), "float32")
    x[:, 7:12, 9:17] = 1
    box = {"boxes": np.tile(np.array([[[9, 7, 17, 12]]], "float32"), (6, 1, 1)), "labels": np.full((6, 1), 4)}
    layer = getattr(layers, name)(**ALL[name], bounding_box_format="xyxy", seed=2, data_format=data_format)
    if name in ("RandomRotation", "RandomZoom", "RandomTranslation", "RandomShear"):
        layer.fill_mode = "constant"
    first = data_format == "channels_first"
    image = x.transpose(0, 3, 1, 2).copy() if first else x
    y = layer({"images": image, "labels": np.arange(6), "bounding_boxes": box, "segmentation_masks": image})
    assert y["labels"].tolist() == list(range(6))
    found, masks = (
        v.numpy().transpose(0, 2, 3, 1) if first else v.numpy() for v in (y["images"], y["segmentation_masks"])
    )
    assert not np.array_equal(found, x[:, : found.shape[1], : found.shape[2]])
    assert set(np.unique(masks)) <= {0, 1}
    for i in range(6):
        x1, y1, x2, y2 = y["bounding_boxes"]["boxes"].numpy()[i, 0]
        rows, columns = np.nonzero(masks[i, ..., 0])
        assert np.abs(masks[i] - (found[i] > 0.5)).mean() < 0.05
        if len(rows) == 0:
            continue
        # Boxes around turned or sheared boxes are larger; pixels are areas here and points there.
        assert x1 - 1.01 <= columns.min() and columns.max() + 1 <= x2 + 1.01
        assert y1 - 1.01 <= rows.min() and rows.max() + 1 <= y2 + 1.01
        slack = {"RandomShear": 2.0, "RandomPerspective": 3.0, "RandomRotation": 3.0}.get(name, 1.01)
        assert columns.min() <= x1 + slack and rows.min() <= y1 + slack
    assert set(y["bounding_boxes"]["labels"].numpy().ravel()) <= {4, -1}


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("Resizing", {"height": 8, "width": 24}),
        ("Resizing", {"height": 8, "width": 24, "crop_to_aspect_ratio": True}),
        ("Resizing", {"height": 8, "width": 24, "pad_to_aspect_ratio": True}),
        ("CenterCrop", {"height": 8, "width": 10}),
        ("CenterCrop", {"height": 24, "width": 12}),
    ],
)
@pytest.mark.parametrize("box_format", ["xyxy", "rel_xywh"])
def test_boxes_of_resized_images_against_keras(name, arguments, box_format):
    x = RNG.uniform(0, 255, SQUARE).astype("float32")
    arguments = {**arguments, "bounding_box_format": box_format}
    boxes = {**given(box_format), "boxes": given(box_format)["boxes"].copy()}
    if name == "Resizing":
        boxes["boxes"][0, 0] = 0
    data = {"images": x, "labels": np.arange(3), "segmentation_masks": (x > 128).astype("float32")}
    y, expected = (
        getattr(module, name)(**arguments)({**data, "bounding_boxes": dict(boxes)}) for module in (layers, keras.layers)
    )
    np.testing.assert_allclose(y["images"], np.asarray(expected["images"]), rtol=1e-4, atol=1e-3)
    for key in ("boxes", "labels"):
        np.testing.assert_allclose(
            y["bounding_boxes"][key], np.asarray(expected["bounding_boxes"][key]), rtol=1e-4, atol=1e-4
        )
    if name == "Resizing" or arguments["height"] == 8:  # else Keras interpolates masks
        np.testing.assert_allclose(y["segmentation_masks"], np.asarray(expected["segmentation_masks"]))
    assert set(np.unique(y["segmentation_masks"])) <= {0, 1}
    one = getattr(layers, name)(**arguments)({"images": x[0], "bounding_boxes": {k: v[0] for k, v in boxes.items()}})
    np.testing.assert_array_equal(one["bounding_boxes"]["boxes"], y["bounding_boxes"]["boxes"].numpy()[0])


def test_the_number_of_boxes():
    data = {"images": np.zeros(SQUARE, "float32"), "bounding_boxes": given()}
    for number in (1, 2, 5):
        arguments = {"max_number": number, "fill_value": -2, "bounding_box_format": "xyxy"}
        mine, other = layers.MaxNumBoundingBoxes(**arguments), keras.layers.MaxNumBoundingBoxes(**arguments)
        y, expected = mine(data)["bounding_boxes"], other({**data, "bounding_boxes": given()})["bounding_boxes"]
        for key in ("boxes", "labels"):
            np.testing.assert_array_equal(y[key], np.asarray(expected[key]))
        assert type(mine).from_config(mine.get_config()).get_config() == mine.get_config()
    one = mine({"images": data["images"][0], "bounding_boxes": {k: v[0] for k, v in given().items()}})
    assert one["bounding_boxes"]["boxes"].shape == (5, 4)


def test_dicts_in_models_and_recorded_steps(threads):
    """A functional model of dicts; the same boxes for any number of threads."""
    inputs = {
        "images": netlet.Input((16, 16, 1), name="images"),
        "bounding_boxes": {"boxes": netlet.Input((2, 4)), "labels": netlet.Input((2,))},
    }
    y = inputs
    for name in ALL:
        arguments = {"height": 12, "width": 12} if name == "RandomCrop" else ALL[name]
        y = getattr(layers, name)(**arguments, bounding_box_format="xyxy", seed=3)(y)
    assert y["images"].shape == (None, 12, 12, 1) and y["bounding_boxes"]["boxes"].shape == (None, 2, 4)
    model = netlet.Model(inputs, y)
    boxes = {"boxes": BOXES.astype("float32"), "labels": np.ones((3, 2), "float32")}
    out = model({"images": np.ones(SQUARE, "float32"), "bounding_boxes": boxes}, training=True)
    assert out["bounding_boxes"]["boxes"].numpy().max() <= 12


def test_boxes_that_cannot_be_transformed():
    with pytest.raises(NotImplementedError, match="RandomElasticTransform cannot transform bounding boxes"):
        layers.RandomElasticTransform(bounding_box_format="xyxy")(
            {"images": np.zeros(SQUARE, "float32"), "bounding_boxes": given()}
        )
    with pytest.raises(ValueError, match="bounding_box_format"):
        layers.RandomFlip()({"images": np.zeros(SQUARE, "float32"), "bounding_boxes": given()})
