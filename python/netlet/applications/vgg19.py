"""VGG19: stacks of 3x3 convolutions (Simonyan and Zisserman, 2014, https://arxiv.org/abs/1409.1556)."""

from .base.vgg import vgg
from .imagenet_utils import decode_predictions, preprocessing

__all__ = ["VGG19", "decode_predictions", "preprocess_input"]

VGG19 = vgg(19, (2, 2, 4, 4, 4), "cbe5617147190e668d6c5d5026f83318", "253f8cb515780f3b799900260a226db6", __name__)

preprocess_input = preprocessing("caffe", __name__)
