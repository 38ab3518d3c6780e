"""
Convolutional networks: kernels, feature maps, pooling
======================================================

A convolution slides a small kernel over the picture and writes down, at each place, how well the kernel fits. The
result is a *feature map*. The same few weights are used everywhere, so a shape is found wherever it is. Pooling then
keeps the best fit of each neighbourhood, and the network learns its kernels by itself.
"""
# Lecture notes: CNN: kernels 2×2, 3×3, 5×5

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_sample_image

import netlet
from netlet import datasets, layers, ops, plots

netlet.utils.set_random_seed(0)

# %%
# Kernels by hand
# ---------------
# A kernel that subtracts the left from the right neighbours answers to vertical edges; its transpose, to horizontal
# ones. A kernel of equal weights blurs. ``ops.conv`` takes pictures (n, height, width, channels) and kernels (height,
# width, channels in, channels out).

temple = ops.image.rgb_to_grayscale(load_sample_image("china.jpg")[40:300:2, 180:520:2] / 255.0).numpy()[None]
sobel = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]], "float64")
kernels = {"vertical edges": sobel, "horizontal edges": sobel.T, "blur, 5 × 5": np.full((5, 5), 1 / 25)}
figure, axes = plt.subplots(1, 4, figsize=(11, 2.4), layout="constrained")
axes[0].imshow(temple[0, ..., 0], cmap="gray")
axes[0].set_title("picture")
for ax, (name, kernel) in zip(axes[1:], kernels.items()):
    fit = ops.conv(temple, kernel[..., None, None])[0, ..., 0]
    ax.imshow(fit if "blur" in name else np.abs(fit), cmap="gray")
    ax.set_title(name)
for ax in axes:
    ax.axis("off")
plt.show()

# %%
# Sizes
# -----
# A row of :math:`n` pixels has :math:`\lfloor (n - k + 2p) / s \rfloor + 1` places for a kernel of :math:`k`, with
# :math:`p` zeros of padding on each side and the stride :math:`s`. So 6×6 becomes 4×4 under a 3×3 kernel, and 5×4
# padded by 1 is 7×6.


def size(n, k, p=0, s=1):
    return (n - k + 2 * p) // s + 1


def output_shape(n, m, k, p=0, s=1):
    padded = layers.ZeroPadding2D(p)(np.zeros((1, n, m, 1), "float32"))
    return layers.Conv2D(1, k, strides=s)(padded).shape[1:3]


assert output_shape(6, 6, 3) == (4, 4)
assert layers.ZeroPadding2D(1)(np.zeros((1, 5, 4, 1))).shape[1:3] == (7, 6)
for k in (2, 3, 5):
    for p in (0, 1, 2):
        for s in (1, 2, 3):
            assert output_shape(9, 12, k, p, s) == (size(9, k, p, s), size(12, k, p, s))

block = np.array([[1, 3, 2, 0], [5, 7, 1, 1], [0, 2, 9, 4], [2, 0, 3, 8]], "float32")[None, ..., None]
print("max pooling:", layers.MaxPooling2D((2, 2))(block)[0, ..., 0].numpy().tolist())
print("average pooling:", layers.AveragePooling2D((2, 2))(block)[0, ..., 0].numpy().tolist())

# %%
# The notes' first layer, ``Conv2D(32, (3, 3), activation="relu", input_shape=(32, 32, 3))``, has 3 · 3 · 3 · 32
# weights and 32 biases. Write the shape of the input as ``Input``: ``input_shape`` works as in Keras, with a warning.
# Videos have one axis more: ``Conv3D`` slides over time too, and ``ConvLSTM2D`` remembers from picture to picture.

first = netlet.Sequential(
    [netlet.Input((32, 32, 3)), layers.Conv2D(32, (3, 3), activation="relu"), layers.MaxPooling2D((2, 2))]
)
assert first.count_params() == 896 and first.output_shape == (None, 15, 15, 32)
video = np.zeros((2, 8, 16, 16, 3), "float32")  # 2 videos of 8 pictures
assert layers.Conv3D(4, 3)(video).shape == (2, 6, 14, 14, 4)
assert layers.ConvLSTM2D(4, 3, return_sequences=True)(video).shape == (2, 8, 14, 14, 4)

# %%
# A network that learns its kernels
# ---------------------------------
# The kernels start at random. Training shapes them, because it needs them to tell the digits apart.

(x_train, y_train), (x_test, y_test) = datasets.digits.load_data()
model = netlet.Sequential(
    [
        netlet.Input((8, 8, 1)),
        layers.Conv2D(16, (3, 3), padding="same", activation="relu", name="first"),
        layers.Conv2D(32, (3, 3), activation="relu", name="second"),
        layers.MaxPooling2D((2, 2)),
        layers.Flatten(),
        layers.Dense(10, activation="softmax"),
    ]
)
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x_train[..., None], y_train, batch_size=32, epochs=15, verbose=0)
accuracy = model.evaluate(x_test[..., None], y_test, verbose=0)[1]
print(f"test accuracy: {accuracy:.3f}")
assert accuracy > 0.95

# %%
# The learned kernels of the first layer, and what it sees in one digit. Compare a kernel with the map at the same
# place: some answer to edges, some to strokes in one direction.

figure = plt.figure(figsize=(11, 2.3), layout="constrained")
left, right = figure.subfigures(1, 2)
plots.filters(model.get_layer("first"), figure=left)
plots.feature_maps(model, x_test[:1, ..., None], "first", figure=right)
plt.show()

# %%
# **Try:** ``plots.feature_maps(model, x_test[:1, ..., None], "second")``, and a network with average in place of max
# pooling.
