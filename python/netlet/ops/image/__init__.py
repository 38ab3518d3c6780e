"""Operations on images (N, H, W, C), or one image (H, W, C), under the names of `keras.ops.image`."""

from __future__ import annotations

from .affine import affine_transform
from .blur import gaussian_blur
from .color import hsv_to_rgb, rgb_to_grayscale, rgb_to_hsv
from .resizing import resize

__all__ = ["affine_transform", "gaussian_blur", "hsv_to_rgb", "resize", "rgb_to_grayscale", "rgb_to_hsv"]
