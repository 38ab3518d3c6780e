"""ResNet50, under Keras's older name of the module; `applications.resnet` has the others."""

from .resnet import ResNet50, decode_predictions, preprocess_input

__all__ = ["ResNet50", "decode_predictions", "preprocess_input"]
