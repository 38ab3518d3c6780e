"""
Deep Q-learning finds a way
===========================

An agent walks on a grid without a map. Each step costs a little, the goal pays, pits end the walk. A network learns
*Q(state, action)*: what will be earned in all, if the agent does this now and the best afterwards. Two ideas make the
training stable: a *replay memory* of past steps to draw batches from, and a *target network* that changes only now
and then.
"""

# Lecture notes: GAN

# %%
# The world
# ---------
# ``G`` is the goal (+1), ``o`` a pit (-1), ``#`` a wall. Each step costs 0.04, and walking into a wall leaves the
# agent where it is.

import matplotlib.pyplot as plt
import numpy as np

import netlet
from netlet import layers

WORLD = [".....#", ".##.o.", "...#..", ".o...#", ".#.#..", "...o.G"]
MOVES = np.array([(-1, 0), (0, 1), (1, 0), (0, -1)])  # up, right, down, left
SIDE, DISCOUNT = 6, 0.97
free = [(r, c) for r in range(SIDE) for c in range(SIDE) if WORLD[r][c] == "."]


def step(place, action):
    """Returns the new place, the reward, and whether the walk has ended."""
    r, c = (int(k) for k in np.add(place, MOVES[action]))
    if not (0 <= r < SIDE and 0 <= c < SIDE) or WORLD[r][c] == "#":
        r, c = place
    return (r, c), {"G": 1.0, "o": -1.0, ".": 0.0}[WORLD[r][c]] - 0.04, WORLD[r][c] in "Go"


def state(place):  # what the network sees: one-hot row and column
    return np.r_[np.eye(SIDE)[place[0]], np.eye(SIDE)[place[1]]].astype("float32")


def network():
    model = netlet.Sequential(
        [netlet.Input((2 * SIDE,)), layers.Dense(64, "relu"), layers.Dense(64, "relu"), layers.Dense(4)]
    )
    model.compile(netlet.optimizers.Adam(2e-3), "huber")
    return model


# %%
# The loop
# --------
# The agent acts at random with probability ε, which falls over time, and otherwise takes the action with the largest
# Q. Every step trains on 64 remembered ones. The target for the action that was taken is the reward plus the
# discounted best Q of the next state, by the target network; for the other actions it is the prediction itself, so
# that they do not change.

netlet.utils.set_random_seed(0)
rng = np.random.default_rng(0)
online, target, memory, returns = network(), network(), [], []
while len(returns) < 400:
    place, end, total, start = free[rng.integers(len(free))], False, 0.0, len(memory)  # begin anywhere
    while not end and len(memory) < start + 40:
        epsilon = max(0.1, 1 - len(memory) / 3000)
        q = online.predict_on_batch(state(place)[None])[0]
        action = rng.integers(4) if rng.random() < epsilon else q.argmax()
        new, reward, end = step(place, action)
        memory.append((state(place), action, reward, state(new), end))
        place, total = new, total + reward
        if len(memory) % 250 == 0:
            target.set_weights(online.get_weights())
        if len(memory) >= 250:
            rows = rng.integers(max(0, len(memory) - 5000), len(memory), 64)
            before, actions, rewards, after, ended = (np.array(part) for part in zip(*(memory[k] for k in rows)))
            wanted = online.predict_on_batch(before)
            best = target.predict_on_batch(after).max(axis=1)
            wanted[np.arange(64), actions] = rewards + DISCOUNT * ~ended * best
            online.train_on_batch(before, wanted)
    returns.append(total)

# %%
# The policy
# ----------
# Dynamic programming, which knows the map, gives the exact values to compare with. The arrows show the best action in
# each place, the shade what can still be earned from there.


def worth(place, action):
    new, reward, end = step(place, action)
    return reward if end else reward + DISCOUNT * exact[new]


exact = dict.fromkeys(free, 0.0)
for _ in range(100):
    exact = {place: max(worth(place, action) for action in range(4)) for place in free}

q = dict(zip(free, online.predict(np.stack([state(place) for place in free]), verbose=0)))
optimal = np.mean([worth(place, q[place].argmax()) > exact[place] - 1e-9 for place in free])
print(f"the learned policy is optimal in {optimal:.0%} of {len(free)} places")

figure, (ax, curve) = plt.subplots(1, 2, figsize=(10, 4.2), layout="constrained")
values = np.array([[q[r, c].max() if (r, c) in q else np.nan for c in range(SIDE)] for r in range(SIDE)])
figure.colorbar(ax.imshow(values, cmap="Blues", vmin=-0.2, vmax=1.2), ax=ax, label="what can still be earned")
for r, c in np.ndindex(SIDE, SIDE):
    if (r, c) in q:
        dr, dc = 0.3 * MOVES[q[r, c].argmax()]
        ax.annotate("", (c + dc, r + dr), (c - dc, r - dr), arrowprops={"arrowstyle": "->", "lw": 1.6})
    else:
        ax.text(c, r, {"G": "goal", "o": "pit", "#": "wall"}[WORLD[r][c]], ha="center", va="center", color="#d9730d")
ax.set(xticks=[], yticks=[], title="Learned policy")
curve.plot(returns, color="0.8", label="each walk")
curve.plot(range(24, 400), np.convolve(returns, np.ones(25) / 25, "valid"), color="#2f6fb5", label="mean of 25")
curve.set(xlabel="walk", ylabel="reward")
curve.legend(loc="lower right")

# %%
# *Try:* take ``best`` from ``online``, without a target network. The targets then move with every step.

assert optimal == 1.0
