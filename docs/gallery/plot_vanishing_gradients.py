"""
Vanishing and exploding gradients
=================================

Back-propagation multiplies by one factor per layer. Twenty factors of 0.5 make a millionth; twenty factors of 50 make
a number with 34 digits. In the first case the early layers do not learn, in the second the training blows up. You
measure the gradient of each layer, and what the remedies do: ReLU, batch normalization, residual connections and
clipping.
"""
# Lecture notes: Vanishing and exploding gradients

import matplotlib.pyplot as plt
import numpy as np

import netlet
from netlet import layers, losses, optimizers

netlet.utils.set_random_seed(0)
depth, width = 20, 64
rng = np.random.default_rng(0)
cross_entropy = losses.SparseCategoricalCrossentropy(from_logits=True)
x = rng.normal(0, 1, (256, width)).astype("float32")
y = rng.integers(0, 10, 256)


def network(activation, initializer="glorot_uniform", batch_norm=False, residual=False):
    """`depth` hidden layers of equal width, and ten classes."""
    inputs = h = netlet.Input((width,))
    for _ in range(depth):
        before = h
        h = layers.Dense(width, kernel_initializer=initializer)(h)
        if batch_norm:
            h = layers.BatchNormalization()(h)
        h = layers.Activation(activation)(h)
        if residual:
            h = layers.Add()([before, h])
    return netlet.Model(inputs, layers.Dense(10)(h))


def norms(model):
    """The norm of the gradient of each hidden layer's kernel, from the first layer to the last."""
    kernels = [layer.kernel for layer in model.layers if isinstance(layer, layers.Dense)][:depth]
    with netlet.GradientTape() as tape:
        loss = cross_entropy(y, model(x, training=True))
    return np.array([np.linalg.norm(g.numpy()) for g in tape.gradient(loss, kernels)])


# %%
# Six networks before training
# ----------------------------
# The slope of the sigmoid is at most 0.25, and each layer multiplies the gradient by this slope and by its weights.
# ReLU has the slope 1 where it is active, and He's initializer makes up for the inactive half. Batch normalization
# brings each layer's values back to where the activation is steep. A residual connection adds the input of a layer to
# its output, so the gradient has a way around the layer. With large weights, the opposite happens: each layer
# amplifies the values on the way forward and the gradient on the way back, so all gradients are enormous.

networks = {
    "sigmoid": network("sigmoid"),
    "sigmoid, batch norm": network("sigmoid", batch_norm=True),
    "sigmoid, residual": network("sigmoid", residual=True),
    "tanh": network("tanh"),
    "ReLU, He": network("relu", "he_normal"),
    "ReLU, large weights": network("relu", netlet.initializers.RandomNormal(stddev=0.5)),
}
measured = {name: norms(model) for name, model in networks.items()}
first_by_last = {name: float(n[0] / n[-1]) for name, n in measured.items()}
for name, ratio in first_by_last.items():
    print(f"{name:20} gradient of the first layer / of the last: {ratio:.1e}")
assert first_by_last["sigmoid"] < 1e-9
assert 0.1 < first_by_last["ReLU, He"] < 10
assert first_by_last["sigmoid, batch norm"] > 0.1 and first_by_last["sigmoid, residual"] > 1e-3
assert 0.5**depth < 1e-6 and 50.0**depth > 1e33  # the notes' 0.5^t and 50^t

# %%
# Clipping
# --------
# Clipping does not help against vanishing, but it makes an exploded gradient harmless: ``clipnorm=1`` scales the
# gradient of each kernel and bias to a norm of at most 1 and keeps its direction. One step of SGD with rate 1 shows
# it: the step *is* the gradient.


def longest_step(**clipping):
    model = netlet.models.clone_model(networks["ReLU, large weights"])
    model.set_weights(networks["ReLU, large weights"].get_weights())
    model.compile(optimizers.SGD(1.0, **clipping), cross_entropy)
    before = model.get_weights()
    model.train_on_batch(x, y)
    return max(float(np.linalg.norm(a - b)) for a, b in zip(model.get_weights(), before))


free, clipped = longest_step(), longest_step(clipnorm=1.0)
print(f"longest step: {free:.1e} without clipping, {clipped:.4f} with clipnorm=1")
assert free > 1e3 and abs(clipped - 1) < 1e-3

# %%
# Left: the gradient of each layer, on a logarithmic axis. A straight line that falls to the left means a constant
# factor per layer. Right: the two sequences of the notes.

figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.2), layout="constrained", width_ratios=[1.6, 1])
for (name, n), marker in zip(measured.items(), "osD^vx"):
    left.semilogy(range(1, depth + 1), n, marker=marker, markersize=4, label=name)
left.set(
    xlabel="layer (1 is next to the input)",
    ylabel="norm of the gradient",
    title="Gradients at the start",
    xticks=range(2, 21, 2),
)
left.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
t = np.arange(depth + 1)
right.semilogy(t, 50.0**t, "s-", markersize=4, label="$50^t$")
right.semilogy(t, 0.5**t, "o-", markersize=4, label="$0.5^t$")
right.set(xlabel="number of factors t", title="The same factor, t times", xticks=range(0, 21, 4))
right.legend(frameon=False)
plt.show()

# %%
# **Try:** ``depth = 60``. Which of the six networks could still be trained?
