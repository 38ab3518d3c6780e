"""VGG16: stacks of 3x3 convolutions (Simonyan and Zisserman, 2014, https://arxiv.org/abs/1409.1556)."""

from .base.vgg import vgg
from .imagenet_utils import decode_predictions, preprocessing

__all__ = ["VGG16", "decode_predictions", "preprocess_input"]

VGG16 = vgg(16, (2, 2, 3, 3, 3), "64373286793e3c8b2b4e3219cbf3544b", "6d6bbae143d832006294945121d1f1fc", __name__)

preprocess_input = preprocessing("caffe", __name__)
