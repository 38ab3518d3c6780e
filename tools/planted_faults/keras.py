"""Faults that break the agreement with Keras."""

from __future__ import annotations

from .fault import Fault

FAULTS = [
    Fault(
        0,
        "BatchNormalization: masked steps count in the variance",
        "python/netlet/layers/normalization/batch_normalization.py",
        "ops.square(ops.where(there, ops.subtract(x, mean), 0.0))",
        "ops.square(ops.subtract(ops.where(there, x, 0.0), mean))",
        "tests/layers/test_normalization.py tests/layers/test_against_keras.py",
    ),
    Fault(
        0,
        "Bidirectional: the layers get each other's initial states",
        "python/netlet/layers/rnn/bidirectional.py",
        "return given[:half], given[half:]",
        "return given[half:], given[:half]",
        "tests/layers/test_rnn_wrappers.py",
    ),
    Fault(
        0,
        "losses: masked values count in the number of samples",
        "python/netlet/losses/masked.py",
        'if reduction in ("mean", "sum_over_batch_size"):',
        'if reduction in ("mean",):',
        "tests/losses/test_masks.py",
    ),
    Fault(
        0,
        "categorical cross-entropy: no label smoothing",
        "python/netlet/losses/crossentropy.py",
        "bool(from_logits), float(label_smoothing or 0.0), config.epsilon()",
        "bool(from_logits), 0.0, config.epsilon()",
        "tests/losses/test_against_keras.py",
        "-k smoothed",
    ),
    Fault(
        0,
        "optimizers: `clipnorm` clips the norm of all gradients together",
        "python/netlet/optimizers/base/gradients.py",
        "_core.clip_gradient_norm(each, each, float(optimizer.clipnorm), False)",
        "_core.clip_gradient_norm(each, each, float(optimizer.clipnorm), True)",
        "tests/optimizers/test_against_keras.py",
        "-k clipnorm",
    ),
    Fault(
        0,
        "CosineDecay: the warm-up shortens the decay",
        "python/netlet/optimizers/schedules/cosine_schedules.py",
        "at = np.minimum(as_steps(step), self.decay_steps + warmup)",
        "at = np.minimum(as_steps(step), self.decay_steps)",
        "tests/optimizers/test_optimizer.py",
    ),
    Fault(
        0,
        "saving: `load_weights` forgets the optimizer's state",
        "python/netlet/saving/netlet_file/weights_file.py",
        "assign(file, [*chosen, *slots])",
        "assign(file, chosen)",
        "tests/saving/test_weights.py tests/saving/test_resume.py",
    ),
]
