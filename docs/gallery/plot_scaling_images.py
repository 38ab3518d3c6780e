"""
Scaling pixels: 0..255 to 0..1, colour and grey
===============================================

Pixels are whole numbers from 0 to 255. A network trains better on small numbers around zero, so the first step of
every picture network is to scale. ``Rescaling`` and ``Normalization`` do it inside the model, where nobody can forget
it.
"""
# Lecture notes: Min-max scaling 0..255 → 0..1, RGB and grey

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits, load_sample_image

import netlet
from netlet import layers, ops, optimizers

flower = load_sample_image("flower.jpg")  # (427, 640, 3), red, green, blue
print(flower.shape, flower.dtype, flower.min(), flower.max())

# %%
# Three ways to scale
# -------------------
# - Min-max: :math:`(x - \min) / (\max - \min)`. For pixels the limits are 0 and 255, whatever a single picture
#   contains, so it is ``Rescaling(1 / 255)``.
# - The same to −1..1: ``Rescaling(1 / 127.5, offset=-1)``.
# - Standardizing: subtract the mean and divide by the deviation of each channel. ``Normalization`` learns both by
#   ``adapt``.

unit = layers.Rescaling(1 / 255)(flower).numpy()
symmetric = layers.Rescaling(1 / 127.5, offset=-1)(flower).numpy()
standardize = layers.Normalization(axis=-1)
standardize.adapt(flower[None])
standard = standardize(flower[None]).numpy()[0]

assert np.allclose(unit, (flower - 0.0) / (255 - 0), atol=1e-6)
assert unit.min() == 0 and unit.max() == 1
assert symmetric.min() == -1 and symmetric.max() == 1
assert np.allclose(standard.mean(axis=(0, 1)), 0, atol=1e-3) and np.allclose(standard.std(axis=(0, 1)), 1, atol=1e-3)

# %%
# Grey
# ----
# A grey picture has one channel. The eye is most sensitive to green, so grey is not the mean of the three channels
# but 0.299 red + 0.587 green + 0.114 blue.

grey = ops.image.rgb_to_grayscale(unit).numpy()
assert grey.shape == (427, 640, 1)
assert np.allclose(grey[..., 0], unit @ [0.299, 0.587, 0.114], atol=1e-3)

figure, axes = plt.subplots(2, 4, figsize=(11, 4.6), layout="constrained")
axes[0, 0].imshow(flower)
axes[0, 0].set_title("RGB")
for i, name in enumerate(["red", "green", "blue"]):
    alone = np.zeros_like(flower)
    alone[..., i] = flower[..., i]
    axes[0, i + 1].imshow(alone)
    axes[0, i + 1].set_title(f"{name} alone")
axes[1, 0].imshow(grey[..., 0], cmap="gray", vmin=0, vmax=1)
axes[1, 0].set_title("grey")
for ax in [*axes[0], axes[1, 0]]:
    ax.axis("off")
scaled = {"Rescaling(1 / 255)": unit, "Rescaling(1 / 127.5, -1)": symmetric, "Normalization": standard}
for ax, (name, picture) in zip(axes[1, 1:], scaled.items()):
    for channel, (colour, style) in enumerate([("red", "-"), ("green", "--"), ("blue", ":")]):
        values = picture[..., channel].ravel()
        ax.hist(values, bins=40, histtype="step", color=f"tab:{colour}", linestyle=style, label=colour)
    ax.set(xlabel="value", title=name, yscale="log")
axes[1, 3].legend(frameon=False, loc="upper right", fontsize=8)
axes[1, 1].set_ylabel("number of pixels")
plt.show()

# %%
# Why it matters
# --------------
# The same network on the same digits, as 0..255 and as 0..1. Gradients are proportional to the inputs: 255 times as
# large inputs make 255 times as large steps, and a rate that suits one range is wrong for the other. The large inputs
# also saturate the units before training begins.

digits, labels = load_digits(return_X_y=True)
pixels = np.round(digits * 255 / 16).astype("float32")  # 0..255, like a file
histories = {}
for name, scaling in {"0..255": layers.Rescaling(1), "0..1": layers.Rescaling(1 / 255)}.items():
    netlet.utils.set_random_seed(0)
    model = netlet.Sequential(
        [netlet.Input((64,)), scaling, layers.Dense(32, activation="tanh"), layers.Dense(10, activation="softmax")]
    )
    model.compile(optimizers.SGD(0.1), "sparse_categorical_crossentropy", metrics=["accuracy"])
    histories[name] = model.fit(pixels, labels, validation_split=0.25, epochs=30, verbose=0).history
accuracy = {name: history["val_accuracy"][-1] for name, history in histories.items()}
print("accuracy on new digits:", accuracy)
assert accuracy["0..1"] > 0.88 and accuracy["0..1"] > accuracy["0..255"] + 0.1

figure, ax = plt.subplots(figsize=(7, 3.8), layout="constrained")
for (name, history), style in zip(histories.items(), ["--", "-"]):
    ax.plot(range(1, 31), history["val_accuracy"], style, linewidth=2, label=f"inputs {name}")
ax.set(xlabel="epoch", ylabel="validation accuracy", title="The same network, two ranges", ylim=(0, 1))
ax.legend(frameon=False)
plt.show()

# %%
# **Try:** a rate of 0.1 / 255² for the inputs of 0..255, and the optimizer Adam, which divides by the size of the
# gradient.
