"""
Autoencoders, and PCA beside them
=================================

An autoencoder squeezes its input through a few numbers, the *code*, and must restore the input from them. What it
keeps is what matters most. With linear layers it finds the same subspace as principal component analysis (PCA); with
hidden layers and activations it can bend that subspace and separate more with the same two numbers.
"""

# Lecture notes: Autoencoder, PCA

# %%
# A linear autoencoder is PCA
# ---------------------------
# Five numbers for the 64 pixels of a digit. PCA computes its axes with linear algebra; the autoencoder finds them by
# gradient descent. The columns of the decoder need not be PCA's axes one by one, but they must span the same space.
# The angles between two subspaces say whether they do.

import matplotlib.pyplot as plt
import numpy as np
from scipy.linalg import subspace_angles
from sklearn.cluster import KMeans
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.metrics import adjusted_rand_score

import netlet
from netlet import layers

digits = load_digits()
x = (digits.data / 16).astype("float32")
x -= x.mean(axis=0)
train, test = np.arange(1400), np.arange(1400, 1797)

netlet.utils.set_random_seed(0)
linear = netlet.Sequential([netlet.Input((64,)), layers.Dense(5, use_bias=False), layers.Dense(64, use_bias=False)])
linear.compile(netlet.optimizers.Adam(netlet.optimizers.schedules.CosineDecay(1e-2, 3000)), "mse")
linear.fit(x, x, batch_size=len(x), epochs=3000, verbose=0)
decoder = linear.layers[1].get_weights()[0]  # (5, 64)
pca = PCA(5).fit(x)
angle = np.degrees(subspace_angles(decoder.T, pca.components_.T).max())
print(f"largest angle between the decoder's space and PCA's: {angle:.3f} degrees")
error = linear.evaluate(x, x, verbose=0)
pca_error = np.mean((pca.inverse_transform(pca.transform(x)) - x) ** 2)
print(f"mean squared error: autoencoder {error:.6f}, PCA {pca_error:.6f}")
assert angle < 0.5 and abs(error / pca_error - 1) < 1e-3

# %%
# Two numbers for a digit
# -----------------------
# Now hidden layers with an activation, and a code of two numbers that we can draw.

netlet.utils.set_random_seed(1)
encoder = netlet.Sequential(
    [netlet.Input((64,)), layers.Dense(96, "relu"), layers.Dense(32, "relu"), layers.Dense(2)], name="encoder"
)
decoder = netlet.Sequential(
    [netlet.Input((2,)), layers.Dense(32, "relu"), layers.Dense(96, "relu"), layers.Dense(64)], name="decoder"
)
autoencoder = netlet.Sequential([encoder, decoder])
autoencoder.compile(netlet.optimizers.Adam(2e-3), "mse")
autoencoder.fit(x[train], x[train], batch_size=32, epochs=80, verbose=0)

pca = PCA(2).fit(x[train])
codes = {"PCA": pca.transform(x), "autoencoder": encoder.predict(x, verbose=0)}
restored = {"PCA": pca.inverse_transform(codes["PCA"]), "autoencoder": decoder.predict(codes["autoencoder"], verbose=0)}

figure, axes = plt.subplots(1, 2, figsize=(10, 4.6), layout="constrained")
for ax, (name, code) in zip(axes, codes.items()):
    points = ax.scatter(*code[test].T, c=digits.target[test], cmap="tab10", s=14)
    ax.set(title=f"{name}: test digits", xlabel="first number of the code", ylabel="second number")
figure.colorbar(points, ax=axes, ticks=range(10), label="digit")

# %%
# What comes back
# ---------------

figure, axes = plt.subplots(3, 8, figsize=(8, 3.4), layout="constrained")
mean = (digits.data / 16).mean(axis=0)
errors = {name: np.mean((values[test] - x[test]) ** 2) for name, values in restored.items()}
rows = {"input": x, **restored}
for row, (name, values) in zip(axes, rows.items()):
    for ax, image in zip(row, values[test[:8]]):
        ax.imshow((image + mean).reshape(8, 8), cmap="gray_r", vmin=0, vmax=1)
        ax.set(xticks=[], yticks=[])
    row[0].set_ylabel(name, rotation=0, ha="right", va="center")
print("error of the test digits:", {name: round(float(error), 4) for name, error in errors.items()})

# %%
# k-means on the codes
# --------------------
# The codes are coordinates that other methods can use. k-means looks for ten clusters in them without seeing a label;
# the adjusted Rand index says how well they match the digits (0 is chance, 1 is perfect).

for name, code in codes.items():
    clusters = KMeans(10, n_init=10, random_state=0).fit_predict(code)
    errors[name, "rand"] = adjusted_rand_score(digits.target, clusters)
    print(f"k-means on the two numbers of {name}: adjusted Rand index {errors[name, 'rand']:.2f}")

# %%
# *Try:* a code of 8 numbers. PCA catches up: the fewer numbers, the more the bend matters.

assert errors["autoencoder"] < 0.75 * errors["PCA"]
assert errors["autoencoder", "rand"] > errors["PCA", "rand"]
