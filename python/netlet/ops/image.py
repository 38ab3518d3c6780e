"""Operations on images (N, H, W, C), or on one image (H, W, C), under Keras's names."""

from __future__ import annotations

from .affine import affine_transform
from .resizing import resize

__all__ = ["affine_transform", "resize"]
