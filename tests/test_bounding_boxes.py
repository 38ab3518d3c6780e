"""utils.bounding_boxes against Keras: all pairs of formats, clipping, changes, deltas, overlap."""

from __future__ import annotations

import itertools

import keras
import numpy as np
import pytest

import netlet
from netlet.utils import bounding_boxes as ours
from netlet.utils.bounding_boxes.formats import FORMATS

theirs = keras.utils.bounding_boxes
RNG = np.random.default_rng(0)


def boxes(*shape, height=20, width=30):
    """Boxes in "xyxy", some partly outside of the image."""
    x, y = RNG.uniform(-5, width + 5, (2, *shape, 1)), RNG.uniform(-5, height + 5, (2, *shape, 1))
    return np.concatenate([x.min(0), y.min(0), x.max(0), y.max(0)], -1).astype("float32")


def close(a, b, **keywords):
    a, b = np.asarray(a), np.asarray(b)
    assert a.shape == b.shape
    np.testing.assert_allclose(a, b, **{"rtol": 1e-5, "atol": 1e-4, **keywords})


@pytest.mark.parametrize("source", FORMATS)
def test_formats(source):
    size = {"height": 20, "width": 30}
    given = np.asarray(theirs.convert_format(boxes(2, 3), "xyxy", source, **size))
    for target in FORMATS:
        expected = theirs.convert_format(given, source, target, **size)
        close(ours.convert_format(given, source, target.upper(), **size), expected)
        close(ours.convert_format({"boxes": given[0], "labels": 1}, source, target, **size)["boxes"], expected[0])
    assert ours.convert_format(given, source, source, **size, dtype="float64").dtype == "float64"


def test_formats_of_other_inputs():
    assert ours.convert_format([[1, 2, 3, 4]], "xyxy", "xywh").numpy().tolist() == [[1, 2, 2, 2]]
    assert ours.convert_format(netlet.Input((3, 4)), "xyxy", "xywh").shape == (None, 3, 4)
    given = {"boxes": boxes(2), "labels": np.zeros(2)}
    before = given["boxes"].copy()
    ours.convert_format(given, "xyxy", "xywh")
    np.testing.assert_array_equal(given["boxes"], before)
    for call, message in [
        (lambda: ours.convert_format(np.ones((2, 3)), "xyxy", "xywh"), r"boxes \(\.\.\., 4\)"),
        (lambda: ours.convert_format(boxes(2), "xyxy", "xxyy"), "'xxyy'"),
        (lambda: ours.convert_format(boxes(2), "xyxy", "rel_xyxy"), "`height` and `width`"),
    ]:
        with pytest.raises(ValueError, match=message):
            call()


def test_clipping():
    given = {
        "boxes": np.concatenate([boxes(2, 5), np.full((2, 1, 4), 99, "float32")], 1),
        "labels": np.arange(12).reshape(2, 6),
    }
    relative = {**given, "boxes": given["boxes"] / [30, 20, 30, 20]}
    for data, arguments in [(given, (20, 30)), (relative, (None, None, "rel_xyxy"))]:
        y, expected = ours.clip_to_image_size(data, *arguments), theirs.clip_to_image_size(dict(data), *arguments)
        close(y["boxes"], expected["boxes"])
        np.testing.assert_array_equal(y["labels"], expected["labels"])
    assert list(ours.clip_to_image_size({"boxes": given["boxes"]}, 20, 30)) == ["boxes"]
    with pytest.raises(ValueError, match="`height` and `width`"):
        ours.clip_to_image_size(given)
    with pytest.raises(NotImplementedError):
        ours.clip_to_image_size(given, 20, 30, "xywh")


def test_cropping_padding_and_affine_transforms():
    b = boxes(3, 4)
    close(ours.crop(b, 3, 5, 10, 12), theirs.crop(b, 3, 5, 10, 12))
    close(ours.pad(b, 3, 5), theirs.pad(b, 3, 5))
    numbers = [
        RNG.uniform(low, high, 3).astype("float32")
        for low, high in [(-90, 90), (-1, 1), (-1, 1), (0.5, 2), (-30, 30), (-30, 30)]
    ]
    for centre in [{}, {"center_x": 0.25, "center_y": 0.0}]:
        expected = theirs.affine_transform(b, *numbers, 20, 30, **centre)
        close(ours.affine_transform(b, *numbers, 20, 30, **centre), expected, rtol=1e-4, atol=1e-3)
    for call in [
        lambda f: ours.crop(b, 0, 0, 1, 1, f),
        lambda f: ours.pad(b, 0, 0, bounding_box_format=f),
        lambda f: ours.affine_transform(b, *numbers, 20, 30, bounding_box_format=f),
    ]:
        with pytest.raises(NotImplementedError, match="xywh"):
            call("xywh")


def test_deltas():
    anchors, b = boxes(4), boxes(2, 4)
    anchors[..., 2:] += 4
    b[..., 2:] += 4
    for encoding, variance, (box, shape) in itertools.product(
        ("center_yxhw", "center_xywh"), (None, [0.1, 0.1, 0.2, 0.2]), (("xyxy", None), ("rel_xyxy", (20, 30, 3)))
    ):
        keywords = {"variance": variance, "image_shape": shape}
        given = b / [30, 20, 30, 20] if shape else b
        deltas = ours.encode_box_to_deltas(anchors, given, "xyxy", box, encoding, **keywords)
        close(deltas, theirs.encode_box_to_deltas(anchors, given, "xyxy", box, encoding, **keywords), rtol=1e-4)
        back = ours.decode_deltas_to_boxes(anchors, deltas, "xyxy", box, encoding, **keywords)
        close(
            back, theirs.decode_deltas_to_boxes(anchors, deltas.numpy(), "xyxy", box, encoding, **keywords), rtol=1e-4
        )
        close(back, given, rtol=1e-4, atol=1e-3)
    levels = ours.decode_deltas_to_boxes({1: anchors}, {1: deltas.numpy() * 0}, "xyxy", "xyxy", image_shape=(20, 30, 3))
    close(levels[1], np.broadcast_to(anchors, (2, 4, 4)), atol=1e-3)
    with pytest.raises(ValueError, match="four numbers"):
        ours.encode_box_to_deltas(anchors, b, "xyxy", "xyxy", variance=[1.0])
    with pytest.raises(ValueError, match="encoding"):
        ours.decode_deltas_to_boxes(anchors, b, "xyxy", "xyxy", "xyxy")


def test_overlap():
    a, b = boxes(2, 3), boxes(2, 4)
    b[0, 0] = a[0, 0]
    b[0, 1] = -1
    for x, y in [(a, b), (a[0], b)]:
        close(ours.compute_iou(x, y, "xyxy"), theirs.compute_iou(x, y, "xyxy"))
    np.testing.assert_array_equal(ours.compute_iou(a, b[0], "xyxy")[1], ours.compute_iou(a[1], b[0], "xyxy"))
    close(ours.compute_iou(a, b, "xyxy", True, -2), theirs.compute_iou(a, b, "xyxy", True, -2))
    shape = (20, 30, 3)
    close(
        ours.compute_iou(a / 30, b / 30, "rel_xywh", image_shape=shape),
        theirs.compute_iou(a / 30, b / 30, "rel_xywh", image_shape=shape),
    )
    close(ours.compute_ciou(a, b[:, :3], "xyxy"), theirs.compute_ciou(a, b[:, :3], "xyxy"), atol=1e-5)
    with pytest.raises(ValueError, match="in pixels"):
        ours.compute_ciou(a, b, "rel_xyxy")
    with pytest.raises(ValueError, match="image_shape"):
        ours.compute_iou(a, b, "rel_xyxy")
    with pytest.raises(ValueError, match="rank 2 or 3"):
        ours.compute_iou(a[0, 0], b, "xyxy")
