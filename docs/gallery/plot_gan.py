"""
A generative adversarial network
================================

Two networks train against each other. The *generator* turns random numbers into samples, the *discriminator* learns
to tell them from real data, and the generator learns from the discriminator's gradient what would have looked more
real. With data of two coordinates you can watch the samples move towards the data.
"""

# Lecture notes: GAN

# %%
# The data
# --------
# Points on two half moons. The generator never sees them; it sees only the discriminator's opinion.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import make_moons
from sklearn.neighbors import NearestNeighbors

import netlet
from netlet import layers, ops

real, _ = make_moons(4096, noise=0.05, random_state=0)
real = ((real - real.mean(axis=0)) / real.std(axis=0)).astype("float32")
NOISE = 4

# %%
# Two models, one training step
# -----------------------------
# As in Keras, a model that overrides ``train_step`` trains in any way you like, and ``fit`` does the rest. netlet
# records the step once and replays it natively.


class GAN(netlet.Model):
    def __init__(self, generator, discriminator):
        super().__init__()
        self.generator, self.discriminator = generator, discriminator
        self.seed = netlet.random.SeedGenerator(1)

    def compile(self, generator_optimizer, discriminator_optimizer):
        super().compile()
        self.g_optimizer, self.d_optimizer = generator_optimizer, discriminator_optimizer
        self.loss_fn = netlet.losses.BinaryCrossentropy(from_logits=True)

    def train_step(self, data):
        batch = ops.shape(data)[0]
        ones, zeros = ops.ones((batch, 1)), ops.zeros((batch, 1))
        # 1. The discriminator: real points are 1, generated points 0.
        fake = self.generator(netlet.random.normal((batch, NOISE), seed=self.seed))
        with netlet.GradientTape() as tape:
            d_loss = self.loss_fn(ones, self.discriminator(data)) + self.loss_fn(zeros, self.discriminator(fake))
        weights = self.discriminator.trainable_weights
        self.d_optimizer.apply_gradients(zip(tape.gradient(d_loss, weights), weights))
        # 2. The generator: the discriminator should take its points for real ones.
        noise = netlet.random.normal((batch, NOISE), seed=self.seed)
        with netlet.GradientTape() as tape:
            g_loss = self.loss_fn(ones, self.discriminator(self.generator(noise)))
        weights = self.generator.trainable_weights
        self.g_optimizer.apply_gradients(zip(tape.gradient(g_loss, weights), weights))
        return {"discriminator": d_loss / 2, "generator": g_loss}


netlet.utils.set_random_seed(0)


def network(inputs, outputs):
    hidden = [layers.Dense(64, "leaky_relu"), layers.Dense(64, "leaky_relu")]
    return netlet.Sequential([netlet.Input((inputs,)), *hidden, layers.Dense(outputs)])


generator, discriminator = network(NOISE, 2), network(2, 1)
gan = GAN(generator, discriminator)
gan.compile(netlet.optimizers.Adam(5e-4, beta_1=0.5), netlet.optimizers.Adam(1e-3, beta_1=0.5))

# %%
# Samples over time
# -----------------
# The same noise goes through the generator at several moments of the training. The shading is the discriminator's
# opinion at that moment: blue is "real", red "generated", white "I cannot tell".

noise, moments = np.asarray(netlet.random.normal((1000, NOISE), seed=0)), (0, 2, 8, 30, 120)
history = {"discriminator": [], "generator": []}
grid = np.stack(np.meshgrid(*2 * [np.linspace(-2.6, 2.6, 80, dtype="float32")]), axis=-1).reshape(-1, 2)
figure, axes = plt.subplots(1, len(moments), figsize=(11, 2.6), layout="constrained", sharey=True)
for ax, moment, before in zip(axes, moments, (0, *moments)):
    if moment > before:
        logs = gan.fit(real, batch_size=128, epochs=moment - before, verbose=0).history
        history = {name: history[name] + logs[name] for name in history}
    opinion = 1 / (1 + np.exp(-discriminator.predict(grid, batch_size=6400, verbose=0).reshape(80, 80)))
    samples = generator.predict(noise, verbose=0)
    ax.imshow(opinion, extent=(-2.6, 2.6, -2.6, 2.6), origin="lower", cmap="RdBu", vmin=0.25, vmax=0.75, alpha=0.5)
    for points, colour in ((real, "0.6"), (samples, "#d9730d")):
        ax.plot(*points[:500].T, ".", color=colour, markersize=2)
    ax.set(title=f"after {moment} epochs", xlim=(-2.6, 2.6), ylim=(-2.6, 2.6), xticks=[], yticks=[])

# %%
# The two losses
# --------------
# They do not fall as in other trainings: each network makes the task of the other harder. At the balance the
# discriminator can only guess, and its loss is log 2.

figure, ax = plt.subplots(figsize=(6.5, 3), layout="constrained")
for name, values in history.items():
    ax.plot(range(1, len(values) + 1), values, label=name)
ax.axhline(np.log(2), color="0.5", linestyle=":", label="log 2: guessing")
ax.set(xlabel="epoch", ylabel="loss")
ax.legend()

# %%
# Are all samples near the data, and do all data have samples nearby? The second fails in a *mode collapse*.

close = np.mean(NearestNeighbors().fit(real).kneighbors(samples, 1)[0] < 0.15)
covered = np.mean(NearestNeighbors().fit(samples).kneighbors(real, 1)[0] < 0.15)
print(f"samples within 0.15 of the data: {close:.0%}; data within 0.15 of a sample: {covered:.0%}")
assert close > 0.8 and covered > 0.8

# %%
# *Try:* ``NOISE = 1``. All samples then lie on one curve, which bends along both moons and crosses their gap.
