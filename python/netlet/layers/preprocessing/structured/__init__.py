"""Structured data: columns of numbers, categories and texts, encoded as one vector. It is `utils.FeatureSpace`."""

from .feature_space import FeatureSpace

__all__ = ["FeatureSpace"]
