"""netlet.visualization: what is drawn, against Keras where it draws without OpenCV, and errors."""

from __future__ import annotations

import io

import keras
import numpy as np
import pytest

import netlet
from netlet import visualization
from support.child import run_child

RNG = np.random.default_rng(0)
X = RNG.uniform(0, 255, (3, 12, 14, 3)).astype("float32")
MASKS = RNG.integers(0, 4, (3, 12, 14, 1))
BOXES = {
    "boxes": np.array([[[2, 3, 9, 8], [0, 0, 5, 5]]] * 3, "float32"),
    "labels": np.array([[1, -1], [2, 0], [-1, -1]]),
}


@pytest.mark.parametrize(
    "arguments",
    [
        {"num_classes": 4},
        {"num_classes": 3, "alpha": 0.3, "ignore_index": 1},
        {"num_classes": 2, "color_mapping": {0: (1, 2, 3), 1: (200, 100, 0)}},
        {"num_classes": 4, "blend": False},
    ],
)
def test_masks_against_keras(arguments):
    y = visualization.draw_segmentation_masks(X, MASKS, **arguments)
    expected = np.asarray(keras.visualization.draw_segmentation_masks(X, MASKS, **arguments))
    assert y.dtype == expected.dtype and y.shape == expected.shape
    assert np.abs(y.astype(int) - expected.astype(int)).max() <= 1  # truncated floats
    np.testing.assert_array_equal(visualization.draw_segmentation_masks(X, MASKS[..., 0], **arguments), y)
    first = [v.transpose(0, 3, 1, 2) for v in (X, MASKS)]
    np.testing.assert_array_equal(
        visualization.draw_segmentation_masks(*first, data_format="channels_first", **arguments), y
    )


def test_all_classes_are_drawn_by_default():
    y = visualization.draw_segmentation_masks(X, MASKS, blend=False)
    assert (y != X).any(axis=-1).all()
    with pytest.raises(TypeError, match="integers"):
        visualization.draw_segmentation_masks(X, MASKS * 1.0)
    with pytest.raises(ValueError, match="masks of shape"):
        visualization.draw_segmentation_masks(X, MASKS[:, :3])


@pytest.mark.parametrize("thickness", [1, 2, 3, -1])
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_rectangles(thickness, data_format):
    x = np.zeros((3, 20, 24, 3), "uint8")
    given = x if data_format == "channels_last" else x.transpose(0, 3, 1, 2)
    y = visualization.draw_bounding_boxes(
        given, BOXES, "xyxy", color=(5, 6, 7), line_thickness=thickness, data_format=data_format
    )
    assert y.dtype == "uint8" and y.shape == given.shape
    y = y if data_format == "channels_last" else y.transpose(0, 2, 3, 1)
    assert not y[2].any() and y[1, 0, 0].tolist() == [5, 6, 7]  # label -1 is not drawn, 0 is
    rows, columns = np.nonzero(y[0, ..., 0])
    before, after = (0, 0) if thickness < 0 else ((thickness - 1) // 2, thickness // 2)
    assert (rows.min(), rows.max()) == (3 - before, 8 + after)
    assert (columns.min(), columns.max()) == (2 - before, 9 + after)
    assert bool(y[0, 5, 5].any()) == (thickness < 0 or thickness > 3)


def test_boxes_of_other_inputs():
    unit = {"boxes": BOXES["boxes"] / [14, 12, 14, 12], "labels": BOXES["labels"]}
    plain = visualization.draw_bounding_boxes(X, BOXES, "xyxy")
    np.testing.assert_array_equal(visualization.draw_bounding_boxes(X, unit, "rel_xyxy"), plain)
    tensors = {k: netlet.ops.convert_to_tensor(v) for k, v in BOXES.items()}
    np.testing.assert_array_equal(visualization.draw_bounding_boxes(netlet.ops.array(X), tensors, "xyxy"), plain)
    np.testing.assert_array_equal(
        visualization.draw_bounding_boxes(X / 255, {**BOXES, "labels": -np.ones((3, 2))}, "xyxy"),
        (X / 255 * 255).astype("uint8"),
    )
    wild = {"boxes": np.array([[[np.nan, -1e30, np.inf, 1e30]]] * 3), "labels": np.zeros((3, 1))}
    visualization.draw_bounding_boxes(X, wild, "xyxy", line_thickness=1)
    assert X.max() > 200  # unchanged
    with pytest.raises(ValueError, match="rank 4"):
        visualization.draw_bounding_boxes(X[0], BOXES, "xyxy")
    with pytest.raises(ValueError, match="'boxes' and 'labels'"):
        visualization.draw_bounding_boxes(X, {"boxes": BOXES["boxes"]}, "xyxy")
    with pytest.raises(TypeError, match="dict"):
        visualization.draw_bounding_boxes(X, BOXES["boxes"], "xyxy")


def test_names_at_boxes():
    x = np.zeros((1, 80, 120, 3), "uint8")
    boxes = {"boxes": np.array([[[10, 50, 60, 70]]]), "labels": np.array([[1]]), "confidences": np.array([[0.5]])}
    bare = visualization.draw_bounding_boxes(x, boxes, "xyxy", color=(255, 0, 0))
    named = visualization.draw_bounding_boxes(x, boxes, "xyxy", {1: "cat"}, (255, 0, 0), font_scale=0.5)
    other = visualization.draw_bounding_boxes(x, boxes, "xyxy", {2: "cat"}, (255, 0, 0))
    np.testing.assert_array_equal(other, bare)
    rows, columns = np.nonzero((named != bare).any(axis=-1)[0])
    assert len(rows) > 20 and rows.max() < 50 and columns.min() >= 9 and not named[..., 1:].any()


def test_galleries():
    figure = visualization.plot_image_gallery(X, [0, 1, 2], [0, 9, 1], {0: "a", 1: "b", 2: "c"}, show=False)
    titles = [ax.get_title() for ax in figure.axes]
    assert titles == ["Label: a  Pred: a", "Label: b  Pred: Unknown", "Label: c  Pred: b", ""]
    np.testing.assert_array_equal(figure.axes[1].images[0].get_array(), X[1].astype("uint8"))
    unit = visualization.plot_image_gallery(X / 255, rows=1, value_range=(0, 1), show=False)
    assert len(unit.axes) == 3
    assert np.abs(np.asarray(unit.axes[2].images[0].get_array(), int) - X[2]).max() <= 1
    grey = visualization.plot_image_gallery(X[..., :1], cols=3, show=False)
    assert grey.axes[0].images[0].get_array().shape == (12, 14)
    first = visualization.plot_image_gallery(X.transpose(0, 3, 1, 2), show=False, data_format="channels_first")
    np.testing.assert_array_equal(first.axes[0].images[0].get_array(), X[0].astype("uint8"))
    file = io.BytesIO()
    assert visualization.plot_image_gallery(X, path=file) is None and len(file.getvalue()) > 1000
    for call, message in [
        (lambda: visualization.plot_image_gallery(X, path="x", show=True), "either `path` or show"),
        (lambda: visualization.plot_image_gallery(X, y_true=[1, 2, 3]), "label_map"),
        (lambda: visualization.plot_image_gallery(X[0]), "rank 4"),
    ]:
        with pytest.raises(ValueError, match=message):
            call()


def test_galleries_of_boxes_and_masks():
    both = visualization.plot_bounding_box_gallery(
        X / 255, "xyxy", BOXES, BOXES, value_range=(0, 1), true_color=(1, 2, 3), legend=True, rows=3, show=False
    )
    assert len(both.axes) == 3 and len(both.legends) == 1
    expected = visualization.draw_bounding_boxes(X / 255, BOXES, "xyxy", color=(255, 235, 59))
    np.testing.assert_array_equal(both.axes[0].images[0].get_array(), expected[0])
    with pytest.raises(ValueError, match="legend_handles"):
        visualization.plot_bounding_box_gallery(X, "xyxy", BOXES, legend=True, legend_handles=[1])
    masks = visualization.plot_segmentation_mask_gallery(X, 4, y_true=MASKS, y_pred=MASKS[..., 0], show=False)
    assert len(masks.axes) == 9
    drawn = visualization.draw_segmentation_masks(X, MASKS, 4)
    for i in (1, 2):
        np.testing.assert_array_equal(masks.axes[3 + i].images[0].get_array(), drawn[1])


def test_without_matplotlib():
    run_child("""
        import sys
        sys.modules["matplotlib"] = None
        import numpy as np, netlet
        try:
            netlet.visualization.plot_image_gallery(np.zeros((1, 2, 2, 3)), show=False)
        except ImportError as e:
            assert "netlet.visualization needs matplotlib" in str(e) and "netlet[plot]" in str(e)
        else:
            raise AssertionError("expected an ImportError")
    """)
