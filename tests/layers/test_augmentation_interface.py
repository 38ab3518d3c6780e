"""The interface of image layers: own classes in Keras's style, dicts, labels, boxes and masks."""

from __future__ import annotations

import numpy as np
import pytest

import netlet
from netlet import layers
from netlet.layers.preprocessing.image.base import BaseImagePreprocessingLayer
from support.child import run_child

X = np.random.default_rng(0).uniform(0, 1, (4, 5, 6, 3)).astype("float32")


class Shift(BaseImagePreprocessingLayer):
    """An own class, written as for Keras: overrides the methods, and uses `self.backend` and `self.generator`."""

    def __init__(self, factor, seed=None, **kwargs):
        super().__init__(factor=factor, **kwargs)
        self.seed = seed
        self.generator = netlet.random.SeedGenerator(seed)

    def get_random_transformation(self, data, training=True, seed=None):
        images = data["images"] if isinstance(data, dict) else data
        shape = self.backend.shape(images)
        count = 1 if len(shape) == 3 else shape[0]
        seed = seed or self._get_seed_generator(self.backend._backend)
        return {"add": self.backend.random.uniform((count, 1, 1, 1), *self.factor, seed=seed)}

    def transform_images(self, images, transformation, training=True):
        images = self.backend.cast(images, self.compute_dtype)
        return self.backend.numpy.add(images, transformation["add"]) if training else images

    def transform_labels(self, labels, transformation, training=True):
        return labels + 1 if training else labels

    def transform_bounding_boxes(self, bounding_boxes, transformation, training=True):
        return {**bounding_boxes, "boxes": bounding_boxes["boxes"] * 2}

    def transform_segmentation_masks(self, segmentation_masks, transformation, training=True):
        return segmentation_masks * 0

    def compute_output_shape(self, input_shape):
        return input_shape


def test_an_own_class_in_keras_style(threads):
    layer = Shift(0.5, seed=3, bounding_box_format="xyxy")
    assert layer.factor == (-0.5, 0.5) and Shift.from_config(Shift(0.5).get_config() | {"factor": 0.5})
    added = layer(X, training=True).numpy() - X
    assert len(np.unique(added.mean(axis=(1, 2, 3)).round(4))) == 4 and added.std(axis=(1, 2, 3)).max() < 1e-6
    np.testing.assert_array_equal(layer(X, training=False).numpy(), X)
    assert layer(X[0]).shape == X.shape[1:] and layer(netlet.Input((5, 6, 3))).shape == (None, 5, 6, 3)
    boxes = {"boxes": np.ones((4, 2, 4), "float32"), "labels": np.ones((4, 2), "int32")}
    given = {"images": X, "labels": np.arange(4.0), "bounding_boxes": boxes, "segmentation_masks": X[..., :1]}
    y = layer(given)
    assert y["labels"].tolist() == [1, 2, 3, 4] and y["bounding_boxes"]["boxes"].numpy().min() == 2
    assert not y["segmentation_masks"].numpy().any() and not np.array_equal(y["images"].numpy(), X)
    assert given["labels"].tolist() == [0, 1, 2, 3]  # the given dict is unchanged
    one = layer({"images": X[0], "labels": np.float32(3), "bounding_boxes": {k: v[0] for k, v in boxes.items()}})
    assert one["images"].shape == (5, 6, 3) and one["bounding_boxes"]["boxes"].shape == (2, 4)
    assert one["labels"].numpy() == 4


def test_an_own_class_in_a_recorded_step(threads):
    def losses():
        netlet.utils.set_random_seed(1)
        model = netlet.Sequential([netlet.Input((5, 6, 3)), Shift(0.5, seed=3), layers.Flatten(), layers.Dense(1)])
        model.compile("sgd", "mse")
        return model.fit(X, np.zeros((4, 1)), batch_size=2, epochs=3, verbose=0).history["loss"]

    assert losses() == losses() and len(set(losses())) == 3


def test_a_class_without_a_method_says_so():
    class Plain(BaseImagePreprocessingLayer):
        _USE_BASE_FACTOR = False

        def transform_images(self, images, transformation, training=True):
            return images

    np.testing.assert_array_equal(Plain()(X).numpy(), X)
    with pytest.raises(NotImplementedError, match="Plain cannot transform labels"):
        Plain()({"images": X, "labels": X[:, 0, 0, 0]})
    with pytest.raises(ValueError, match="does not take `factor`"):
        Plain(factor=0.5)
    boxes = {"boxes": X[:, 0, :, :1], "labels": X[:, 0, :, 0]}
    with pytest.raises(ValueError, match=r"boxes \(N, boxes, 4\)"):
        Shift(0.1, bounding_box_format="xyxy")({"images": X, "bounding_boxes": boxes})


def test_colour_layers_leave_labels_boxes_and_masks():
    layer = layers.RandomBrightness(0.5, value_range=(0, 1), bounding_box_format="xyxy")
    boxes = {"boxes": np.ones((4, 2, 4), "float32"), "labels": np.ones((4, 2), "int32")}
    y = layer({"images": X, "labels": np.arange(4), "bounding_boxes": boxes, "segmentation_masks": X})
    assert y["labels"].tolist() == [0, 1, 2, 3] and (y["bounding_boxes"]["boxes"].numpy() == 1).all()
    np.testing.assert_array_equal(y["segmentation_masks"].numpy(), X)
    assert layer.get_config()["bounding_box_format"] == "xyxy"


def test_dicts_in_a_functional_model():
    inputs = {"images": netlet.Input((5, 6, 3), name="images"), "labels": netlet.Input((2,), name="labels")}
    y = layers.RandomBrightness(0.5, value_range=(0, 1))(inputs)
    assert y["images"].shape == (None, 5, 6, 3) and y["labels"].shape == (None, 2)
    model = netlet.Model(inputs, y)
    z = model({"images": X, "labels": np.ones((4, 2), "float32")}, training=True)
    assert not np.array_equal(z["images"].numpy(), X)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: layers.RandomHue("a"), "RandomHue: expected `factor`"),
        (lambda: layers.RandomPosterization(9), "RandomPosterization: expected `factor`"),
        (lambda: layers.RandomBrightness(0.1, value_range=3), "RandomBrightness: expected `value_range`"),
        (lambda: layers.RandomErasing(scale=2.0), "RandomErasing: expected `scale`"),
        (lambda: layers.RandAugment(num_ops=-1), "RandAugment: expected `num_ops`"),
        (lambda: layers.AugMix(num_chains=0), "AugMix: expected `num_chains`"),
        (lambda: layers.AugMix(chain_depth=1.5), "AugMix: expected `chain_depth`"),
    ],
)
def test_errors_name_the_layer_and_the_argument(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_bfloat16_in_a_new_process():
    """NumPy knows the name of the dtype only after ml_dtypes is imported."""
    run_child("""
        import numpy as np
        from netlet import layers
        images = np.full((2, 8, 8, 3), 0.5, "float32")
        policy = layers.RandAugment(value_range=(0, 1), dtype="bfloat16")
        more = [layers.CutMix(dtype="bfloat16"), layers.RandomPerspective(dtype="bfloat16")]
        more.append(layers.Rescaling([2.0] * 3, dtype="bfloat16"))
        for layer in [*(getattr(policy, name) for name in policy._AUGMENT_LAYERS), *more]:
            assert layer(images, training=True).dtype == "bfloat16", layer
    """)
