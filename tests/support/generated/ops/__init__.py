"""Generated calls of every function of netlet.ops that Keras has, and why some have none."""

from __future__ import annotations

from support.generated.ops.algebra import ALGEBRA
from support.generated.ops.arranging import ARRANGING
from support.generated.ops.call import Call
from support.generated.ops.elementwise import ELEMENTWISE
from support.generated.ops.indexing import INDEXING
from support.generated.ops.making import MAKING
from support.generated.ops.networks import IMAGES, NETWORKS

OPS = {
    **ELEMENTWISE,
    **ARRANGING,
    **INDEXING,
    **MAKING,
    **ALGEBRA,
    **NETWORKS,
    **{f"image.{name}": s for name, s in IMAGES.items()},
}

_FUNCTIONS = "its arguments are functions: tests/ops/test_control_flow.py, test_scan.py, test_custom_gradient.py"
NOT_GENERATED = {
    **dict.fromkeys("associative_scan cond custom_gradient fori_loop map scan switch vectorize".split(), _FUNCTIONS),
    **dict.fromkeys("vectorized_map while_loop jvp".split(), _FUNCTIONS),
    "empty": "its values are arbitrary",
    "empty_like": "its values are arbitrary",
    "is_tensor": "it asks for the library's own type",
    "argpartition": "any order within the parts is right: tests/ops/test_sort.py",
    "image.perspective_transform": "solves a system of equations for corners: tests/ops/test_image_sample.py",
    "image.elastic_transform": "draws random numbers: tests/ops/test_image_sample.py",
    "image.ssim": "takes images of 11 x 11 and more: tests/ops/test_image_ops.py",
    "image.extract_patches_3d": "volumes: tests/ops/test_image_ops.py",
}

__all__ = ["NOT_GENERATED", "OPS", "Call"]
