"""Networks for images with Keras's names, layers and weights, trained on ImageNet or not.

>>> import netlet
>>> features = netlet.applications.MobileNetV2(input_shape=(32, 32, 3), alpha=0.35, include_top=False, weights=None)
>>> features.output_shape
(None, 1, 1, 1280)

Its modules are imported at their first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from netlet.base.lazy import names_in
from netlet.base.missing import explain_missing

if TYPE_CHECKING:
    from . import (
        convnext,
        densenet,
        efficientnet,
        efficientnet_v2,
        imagenet_utils,
        inception_resnet_v2,
        inception_v3,
        mobilenet,
        mobilenet_v2,
        mobilenet_v3,
        nasnet,
        resnet,
        resnet50,
        resnet_v2,
        vgg16,
        vgg19,
        xception,
    )
    from .convnext import ConvNeXtBase, ConvNeXtLarge, ConvNeXtSmall, ConvNeXtTiny, ConvNeXtXLarge
    from .densenet import DenseNet121, DenseNet169, DenseNet201
    from .efficientnet import (
        EfficientNetB0,
        EfficientNetB1,
        EfficientNetB2,
        EfficientNetB3,
        EfficientNetB4,
        EfficientNetB5,
        EfficientNetB6,
        EfficientNetB7,
    )
    from .efficientnet_v2 import (
        EfficientNetV2B0,
        EfficientNetV2B1,
        EfficientNetV2B2,
        EfficientNetV2B3,
        EfficientNetV2L,
        EfficientNetV2M,
        EfficientNetV2S,
    )
    from .inception_resnet_v2 import InceptionResNetV2
    from .inception_v3 import InceptionV3
    from .mobilenet import MobileNet
    from .mobilenet_v2 import MobileNetV2
    from .mobilenet_v3 import MobileNetV3Large, MobileNetV3Small
    from .nasnet import NASNetLarge, NASNetMobile
    from .resnet import ResNet50, ResNet101, ResNet152
    from .resnet_v2 import ResNet50V2, ResNet101V2, ResNet152V2
    from .vgg16 import VGG16
    from .vgg19 import VGG19
    from .xception import Xception

_FILES = {
    "convnext": "ConvNeXtBase ConvNeXtLarge ConvNeXtSmall ConvNeXtTiny ConvNeXtXLarge",
    "densenet": "DenseNet121 DenseNet169 DenseNet201",
    "efficientnet": " ".join(f"EfficientNetB{i}" for i in range(8)),
    "efficientnet_v2": " ".join(f"EfficientNetV2{i}" for i in ("B0", "B1", "B2", "B3", "L", "M", "S")),
    "imagenet_utils": "",
    "inception_resnet_v2": "InceptionResNetV2",
    "inception_v3": "InceptionV3",
    "mobilenet": "MobileNet",
    "mobilenet_v2": "MobileNetV2",
    "mobilenet_v3": "MobileNetV3Large MobileNetV3Small",
    "nasnet": "NASNetLarge NASNetMobile",
    "resnet": "ResNet101 ResNet152 ResNet50",
    "resnet50": "",
    "resnet_v2": "ResNet101V2 ResNet152V2 ResNet50V2",
    "vgg16": "VGG16",
    "vgg19": "VGG19",
    "xception": "Xception",
}

__all__ = sorted([*_FILES, *names_in(_FILES)])

explain_missing(__name__, _FILES)
