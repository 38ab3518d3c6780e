"""Pictures of images, bounding boxes and segmentation masks, under the names of `keras.visualization`.

Galleries, and the text of boxes, need `pip install 'netlet[plot]'`.
"""

from __future__ import annotations

from netlet.base.missing import explain_missing

from .boxes import draw_bounding_boxes
from .galleries import plot_bounding_box_gallery, plot_segmentation_mask_gallery
from .gallery import plot_image_gallery
from .masks import draw_segmentation_masks

__all__ = [
    "draw_bounding_boxes",
    "draw_segmentation_masks",
    "plot_bounding_box_gallery",
    "plot_image_gallery",
    "plot_segmentation_mask_gallery",
]

explain_missing(__name__)
