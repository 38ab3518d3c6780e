"""Operations on images (N, H, W, C), or one image (H, W, C), under the names of `keras.ops.image`."""

from __future__ import annotations

from .affine import affine_transform
from .resizing import resize

__all__ = ["affine_transform", "resize"]
