"""Short calls that together run every kernel, with sizes that leave partial vectors and tiles at every edge."""

from support.guard_cases import algebra, codes, elements, sequences, spatial, training
from support.guard_cases.table import CASES, flat

__all__ = ["CASES", "algebra", "codes", "elements", "flat", "sequences", "spatial", "training"]
