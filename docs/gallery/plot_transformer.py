"""
Self-attention: every word looks at every other
===============================================

A recurrent network passes information from step to step. In a transformer each position asks all others at once: its
*query* is compared with every *key*, and the softmax of the products says how much of each *value* it takes. Nothing
in that depends on the order, so the positions must be added as vectors of their own. This page trains one block to
reverse a sequence, and looks at whom each position looks.
"""

# Lecture notes: Transformers

# %%
# Attention by hand
# -----------------
# softmax(Q Kᵀ / √d) V, in one line for all positions. :class:`netlet.layers.MultiHeadAttention` adds projections and
# runs several heads side by side.

import matplotlib.pyplot as plt
import numpy as np

import netlet
from netlet import layers, ops, plots

rng = np.random.default_rng(0)
q, k, v = rng.normal(size=(3, 1, 6, 1, 4))  # (batch, positions, heads, size)
scores = ops.softmax(np.einsum("bqhd,bkhd->bhqk", q, k) / np.sqrt(4))
by_hand = np.einsum("bhqk,bkhd->bqhd", scores, v)
assert np.abs(np.asarray(ops.dot_product_attention(q, k, v)) - by_hand).max() < 1e-12

# %%
# Reverse a sequence
# ------------------
# Inputs are twelve letters, the target is the same letters backwards. Position 1 has to fetch what stands at position
# 12.

LENGTH, LETTERS, SIZE = 12, 26, 32
x = rng.integers(0, LETTERS, (4000, LENGTH)).astype("int32")
x_test = rng.integers(0, LETTERS, (500, LENGTH)).astype("int32")


def transformer(positions):
    netlet.utils.set_random_seed(0)
    inputs = netlet.Input((LENGTH,), dtype="int32")
    h = layers.Embedding(LETTERS, SIZE)(inputs)
    if positions:
        h = layers.Add()([h, layers.PositionEmbedding(LENGTH)(h)])
    attended, scores = layers.MultiHeadAttention(num_heads=2, key_dim=16)(h, h, return_attention_scores=True)
    h = layers.LayerNormalization()(layers.Add()([h, attended]))
    inside = layers.Dense(SIZE)(layers.Dense(64, activation="relu")(h))
    h = layers.LayerNormalization()(layers.Add()([h, inside]))
    model = netlet.Model(inputs, layers.Dense(LETTERS, activation="softmax")(h))
    model.compile(netlet.optimizers.Adam(3e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(
        x, x[:, ::-1], batch_size=64, epochs=12, validation_data=(x_test, x_test[:, ::-1]), verbose=0
    ).history
    return netlet.Model(inputs, scores), history["val_accuracy"]


looks, with_positions = transformer(positions=True)
_, without_positions = transformer(positions=False)
print(f"letters in their place: {with_positions[-1]:.3f} with positions, {without_positions[-1]:.3f} without")
assert with_positions[-1] > 0.99 and without_positions[-1] < 0.3

# %%
# The attention maps
# ------------------
# A row is a position that asks, a column one that is asked. The bright diagonal from the upper right to the lower left
# is the solution: position 1 looks at 12, position 2 at 11, and so on, all at the same time.

word = np.array([[ord(letter) - ord("a") for letter in "transformers"]], "int32")
maps = looks.predict(word, verbose=0)[0]
figure = plt.figure(figsize=(9, 4.4), layout="constrained")
plots.attention(maps, queries=list("transformers"), keys=list("transformers"), figure=figure)

found = maps.mean(axis=0).argmax(axis=-1)
print("position", np.arange(LENGTH), "looks at", found)
assert np.mean(found == np.arange(LENGTH)[::-1]) >= 0.8

# %%
# Without positions
# -----------------
# Without position vectors, permuting the input only permutes the outputs in the same way. Each position knows which
# letters there are, but not where they stand: the network can only guess among them.

figure, ax = plt.subplots(figsize=(6, 3.2), layout="constrained")
for values, colour, name in ((with_positions, "#2f6fb5", "with positions"), (without_positions, "#d9730d", "without")):
    ax.plot(range(1, len(values) + 1), values, color=colour, linewidth=2, label=name)
ax.set(xlabel="epoch", ylabel="letters in their place", ylim=(0, 1.05), title="Order must be added")
ax.legend(frameon=False, loc="center right")

# %%
# *Try:* ``layers.SinePositionEncoding()`` instead of the trained positions, as in the paper "Attention is all you
# need".
