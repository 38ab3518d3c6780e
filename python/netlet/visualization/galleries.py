"""Galleries of images with bounding boxes or segmentation masks."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet.plots.style import pyplot

from .arrays import channels_last, in_bytes_range
from .boxes import draw_bounding_boxes
from .gallery import plot_image_gallery
from .masks import draw_segmentation_masks


def plot_bounding_box_gallery(
    images: Any,
    bounding_box_format: str,
    y_true: dict[str, Any] | None = None,
    y_pred: dict[str, Any] | None = None,
    value_range: Any = (0, 255),
    true_color: Any = (0, 188, 212),
    pred_color: Any = (255, 235, 59),
    line_thickness: int = 2,
    font_scale: float = 1.0,
    text_thickness: int | None = None,
    class_mapping: dict[int, str] | None = None,
    ground_truth_mapping: dict[int, str] | None = None,
    prediction_mapping: dict[int, str] | None = None,
    legend: bool = False,
    legend_handles: Any = None,
    rows: int | None = None,
    cols: int | None = None,
    data_format: str | None = None,
    **kwargs: Any,
) -> Any:
    """Plots images in rows and columns with their true and predicted bounding boxes.

    Args:
        images: (N, H, W, C).
        bounding_box_format: see `netlet.utils.bounding_boxes`.
        y_true: true boxes {"boxes": (N, boxes, 4), "labels": (N, boxes)}; None by default.
        y_pred: predicted boxes, maybe with "confidences"; None by default.
        value_range: smallest and largest value of the images; (0, 255) by default.
        true_color: red, green and blue of true boxes; (0, 188, 212) by default.
        pred_color: colour of predicted boxes; (255, 235, 59) by default.
        line_thickness: pixels; 2 by default.
        font_scale: 1.0 by default: letters of about 22 pixels.
        text_thickness: pixels; None (the default): `line_thickness`.
        class_mapping: {label: name}, which are written at the boxes; None by default.
        ground_truth_mapping: the same for true boxes only; None by default.
        prediction_mapping: the same for predicted boxes only; None by default.
        legend: whether to plot a legend; False by default.
        legend_handles: matplotlib artists for the legend, in place of `legend`; None by default.
        rows: number of rows; None by default, as for `plot_image_gallery`.
        cols: number of columns; None by default.
        data_format: "channels_last" (None, the default) or "channels_first" (N, C, H, W).
        **kwargs: the other arguments of `plot_image_gallery`.

    Returns:
        What `plot_image_gallery` returns.

    Raises:
        ValueError: images of another rank, or both `legend` and `legend_handles`.
        ImportError: matplotlib is not installed.

    >>> boxes = {"boxes": np.array([[[1, 1, 5, 6]]]), "labels": np.array([[0]])}
    >>> figure = plot_bounding_box_gallery(np.zeros((1, 8, 8, 3)), "xyxy", boxes, legend=True, show=False)
    >>> [text.get_text() for text in figure.legends[0].get_texts()]
    ['Ground Truth', 'Prediction']
    """
    name = "plot_bounding_box_gallery"
    drawn: Any = channels_last(name, images, data_format)
    if tuple(value_range) != (0, 255):  # boxes are drawn into bytes
        drawn = np.clip(in_bytes_range(drawn, value_range), 0, 255).astype("uint8")
    for boxes, color, mapping in (
        (y_true, true_color, ground_truth_mapping or class_mapping),
        (y_pred, pred_color, prediction_mapping or class_mapping),
    ):
        if boxes is not None:
            drawn = draw_bounding_boxes(
                drawn, boxes, bounding_box_format, mapping, color, line_thickness, text_thickness, font_scale
            )
    if legend:
        if legend_handles:
            raise ValueError(f"{name}: expected at most one of `legend` and `legend_handles`.")
        patch = pyplot("netlet.visualization").matplotlib.patches.Patch
        legend_handles = [
            patch(color=np.asarray(color) / 255.0, label=label)
            for color, label in ((true_color, "Ground Truth"), (pred_color, "Prediction"))
        ]
    return plot_image_gallery(drawn, legend_handles=legend_handles, rows=rows, cols=cols, **kwargs)


def plot_segmentation_mask_gallery(
    images: Any,
    num_classes: int,
    value_range: Any = (0, 255),
    y_true: Any = None,
    y_pred: Any = None,
    color_mapping: dict[int, Any] | None = None,
    blend: bool = True,
    alpha: float = 0.8,
    ignore_index: int = -1,
    data_format: str | None = None,
    **kwargs: Any,
) -> Any:
    """Plots images beside themselves with their true and predicted segmentation masks, one row for each image.

    Args:
        images: (N, H, W, 3).
        num_classes: number of classes.
        value_range: smallest and largest value of the images; (0, 255) by default.
        y_true: true masks (N, H, W, 1) or (N, H, W); None by default.
        y_pred: predicted masks; None by default.
        color_mapping: {class: (red, green, blue)}; None (the default): a palette.
        blend: whether colours are mixed with the images; True by default.
        alpha: opacity of the colours in [0, 1]; 0.8 by default.
        ignore_index: class whose pixels are not drawn; -1 by default.
        data_format: "channels_last" (None, the default) or "channels_first": images (N, 3, H, W), masks (N, 1, H, W).
        **kwargs: the other arguments of `plot_image_gallery`.

    Returns:
        What `plot_image_gallery` returns.

    Raises:
        ValueError: images of another rank.
        ImportError: matplotlib is not installed.

    >>> masks = np.ones((2, 8, 8, 1), int)
    >>> figure = plot_segmentation_mask_gallery(np.zeros((2, 8, 8, 3)), 2, y_true=masks, show=False)
    >>> len(figure.axes)
    4
    """
    x = in_bytes_range(channels_last("plot_segmentation_mask_gallery", images, data_format), value_range)
    columns = [x.astype("float32")]
    for masks in (y_true, y_pred):
        if masks is not None:
            masks = np.asarray(masks).astype("int32")
            if data_format == "channels_first" and masks.ndim == 4:
                masks = masks.transpose(0, 2, 3, 1)
            drawn = draw_segmentation_masks(x, masks, num_classes, color_mapping, alpha, blend, ignore_index)
            columns.append(drawn.astype("float32"))
    beside = np.stack(columns, axis=1).reshape(-1, *x.shape[1:])
    return plot_image_gallery(beside, rows=len(x), cols=len(columns), **kwargs)
