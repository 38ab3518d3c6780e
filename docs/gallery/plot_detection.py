"""
Finding an object: a head for boxes
===================================

A classifier says what is in an image; a detector also says where. The smallest detector is a convolutional network
with two heads: one outputs the class, the other four numbers, the box. Both are trained at once, each with its own
loss, from images in which a handwritten digit lies somewhere in the clutter.
"""

# Lecture notes: Detection and segmentation

# %%
# Images with boxes
# -----------------
# A digit of scikit-learn, enlarged up to 1.75 times, is pasted into 24 × 24 pixels, together with strokes of other
# digits. The box is (left, top, right, bottom) of the digit's ink, as fractions of the side.

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Rectangle
from sklearn.datasets import load_digits

import netlet
from netlet import layers

digits = load_digits()
rng = np.random.default_rng(0)
order = rng.permutation(len(digits.target))
SIDE = 24


def scenes(count, first, last):
    images = rng.uniform(0, 0.2, (count, SIDE, SIDE)).astype("float32")
    boxes, labels = np.zeros((count, 4), "float32"), np.zeros(count, "int32")
    for k in range(count):
        for _ in range(4):  # clutter: pieces of 3 x 3 pixels
            r, c = rng.integers(0, SIDE - 3, 2)
            images[k, r : r + 3, c : c + 3] += digits.images[order[rng.integers(last)]][2:5, 2:5] / 16
        chosen, size = order[rng.integers(first, last)], rng.integers(8, 15)
        at = np.arange(size) * 8 // size  # nearest-neighbour enlargement
        ink = digits.images[chosen][np.ix_(at, at)] / 16
        top, left = rng.integers(0, SIDE - size + 1, 2)
        patch = images[k, top : top + size, left : left + size]
        np.maximum(patch, ink, out=patch)
        rows, columns = np.flatnonzero(ink.max(axis=1) > 0.2), np.flatnonzero(ink.max(axis=0) > 0.2)
        boxes[k] = np.array([left + columns[0], top + rows[0], left + columns[-1] + 1, top + rows[-1] + 1]) / SIDE
        labels[k] = digits.target[chosen]
    return np.clip(images, 0, 1)[..., None], boxes, labels


x, boxes, labels = scenes(6000, 0, 1400)
x_test, boxes_test, labels_test = scenes(500, 1400, 1797)

# %%
# One body, two heads
# -------------------
# The features keep their places (``Flatten``, not a global average), because the box is about places.

netlet.utils.set_random_seed(0)
inputs = h = netlet.Input((SIDE, SIDE, 1))
for filters in (16, 32, 48):
    h = layers.Conv2D(filters, 3, padding="same", activation="relu")(h)
    h = layers.MaxPooling2D()(h)
h = layers.Dense(96, activation="relu")(layers.Flatten()(h))
outputs = {
    "box": layers.Dense(4, activation="sigmoid", name="box")(h),
    "label": layers.Dense(10, activation="softmax", name="label")(h),
}
model = netlet.Model(inputs, outputs)
model.compile(
    netlet.optimizers.Adam(netlet.optimizers.schedules.CosineDecay(2e-3, 12 * 188)),
    loss={"box": "huber", "label": "sparse_categorical_crossentropy"},
    loss_weights={"box": 100.0, "label": 1.0},  # the two losses have different sizes
    metrics={"label": "accuracy"},
)
model.fit(x, {"box": boxes, "label": labels}, batch_size=32, epochs=12, verbose=0)

# %%
# How good is a box?
# ------------------
# The *intersection over union* (IoU) of the true and the predicted box: 1 for a perfect box, 0 where they do not
# touch. 0.5 counts as found in many benchmarks.


def iou(a, b):
    shared = np.prod(np.clip(np.minimum(a[:, 2:], b[:, 2:]) - np.maximum(a[:, :2], b[:, :2]), 0, None), axis=1)
    areas = [np.prod(box[:, 2:] - box[:, :2], axis=1) for box in (a, b)]
    return shared / (areas[0] + areas[1] - shared)


found = model.predict(x_test, verbose=0)
overlap, named = iou(found["box"], boxes_test), found["label"].argmax(axis=1)
print(f"mean IoU {overlap.mean():.2f}; above 0.5: {np.mean(overlap > 0.5):.1%}")
print(f"right digit: {np.mean(named == labels_test):.1%}")

figure, axes = plt.subplots(2, 5, figsize=(10, 4.6), layout="constrained")
for k, ax in enumerate(axes.flat):
    ax.imshow(x_test[k, ..., 0], cmap="gray_r", extent=(0, 1, 1, 0))
    for box, colour in ((boxes_test[k], "#3a8f4d"), (found["box"][k], "#d9730d")):
        ax.add_patch(Rectangle(box[:2], *(box[2:] - box[:2]), fill=False, edgecolor=colour, linewidth=2))
    ax.set(title=f"“{named[k]}” is {labels_test[k]}, IoU {overlap[k]:.2f}", xticks=[], yticks=[])
figure.suptitle("true box green, predicted box orange")

# %%
# The predicted boxes are a little loose: the network estimates four numbers, it does not trace the ink.
#
# *Try:* set the weight of the box loss to 1. The class is learned first and the boxes stay vague.

assert overlap.mean() > 0.65 and np.mean(overlap > 0.5) > 0.85
