"""Names for dtype policies and loss scaling from Keras 2, which Keras 3 still has. See docs/guides/mixed-precision.md.

>>> set_global_policy("float32")
>>> global_policy()
<DTypePolicy "float32">
"""

from __future__ import annotations

from .base.missing import explain_missing
from .config import DTypePolicy, dtype_policy, set_dtype_policy
from .optimizers import LossScaleOptimizer

__all__ = [
    "DTypePolicy",
    "LossScaleOptimizer",
    "Policy",
    "dtype_policy",
    "global_policy",
    "set_dtype_policy",
    "set_global_policy",
]

Policy, global_policy, set_global_policy = DTypePolicy, dtype_policy, set_dtype_policy

explain_missing(__name__)
