"""Operations on images (N, H, W, C), or one image (H, W, C), under the names of `keras.ops.image`."""

from __future__ import annotations

from netlet.base.missing import explain_missing

from .affine import affine_transform
from .blur import gaussian_blur
from .color import hsv_to_rgb, rgb_to_grayscale, rgb_to_hsv
from .coordinates import elastic_transform, map_coordinates, perspective_transform
from .cropping import crop_images, pad_images
from .edges import sobel_edges, ssim
from .patches import extract_patches, extract_patches_3d
from .resizing import resize
from .scaling import scale_and_translate

__all__ = [
    "affine_transform",
    "crop_images",
    "elastic_transform",
    "extract_patches",
    "extract_patches_3d",
    "gaussian_blur",
    "hsv_to_rgb",
    "map_coordinates",
    "pad_images",
    "perspective_transform",
    "resize",
    "rgb_to_grayscale",
    "rgb_to_hsv",
    "scale_and_translate",
    "sobel_edges",
    "ssim",
]

explain_missing(__name__)
