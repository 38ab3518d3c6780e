"""Distillation against Keras: losses, training and what is saved."""

from __future__ import annotations

import keras
import numpy as np
import pytest

import netlet
from netlet import ops
from netlet.distillation import DistillationLoss, Distiller, FeatureDistillation, LogitsDistillation

RNG = np.random.default_rng(0)
A, B = RNG.normal(size=(6, 4)).astype("float32"), RNG.normal(size=(6, 4)).astype("float32")
X = RNG.normal(size=(24, 5)).astype("float32")
Y = RNG.integers(0, 3, 24).astype("int32")

LOSSES = {
    "logits": lambda d, k: d.LogitsDistillation(4.0, k.losses.KLDivergence()),
    "crossentropy": lambda d, k: d.LogitsDistillation(2.0, k.losses.CategoricalCrossentropy(from_logits=True)),
    "features": lambda d, k: d.FeatureDistillation(),
    "cosine": lambda d, k: d.FeatureDistillation("cosine_similarity"),
}


@pytest.mark.parametrize("name", LOSSES)
def test_losses_like_keras(name):
    ours = LOSSES[name](netlet.distillation, netlet).compute_loss(ops.convert_to_tensor(A), ops.convert_to_tensor(B))
    theirs = LOSSES[name](keras.distillation, keras).compute_loss(A, B)
    assert float(ours) == pytest.approx(float(theirs), rel=1e-5)


def test_several_outputs():
    loss = FeatureDistillation(["mse", None])
    loss.validate_outputs([A, A], [B, B])
    assert float(loss.compute_loss([A, A], [B, B])) == pytest.approx(np.mean((A - B) ** 2), rel=1e-5)
    both = LogitsDistillation(3.0, {"a": "kl_divergence", "b": "mse"})
    expected = keras.distillation.LogitsDistillation(3.0, {"a": keras.losses.KLDivergence(), "b": "mse"})
    pairs = {"a": A, "b": B}, {"a": B, "b": A}
    assert float(both.compute_loss(*pairs)) == pytest.approx(float(expected.compute_loss(*pairs)), rel=1e-5)


def models(library):
    def model(units, name):
        hidden = library.layers.Dense(units, activation="tanh", name="hidden")
        last = library.layers.Dense(3, name="last")
        return library.Sequential(
            [library.Input((5,)), hidden, library.layers.Dense(4, name="middle"), last], name=name
        )

    return model(16, "teacher"), model(8, "student")


def distiller(library, weights=None):
    teacher, student = models(library)
    if weights is not None:
        teacher.set_weights(weights[0])
        student.set_weights(weights[1])
    d = library.distillation
    features = d.FeatureDistillation("mse", teacher_layer_name="middle", student_layer_name="middle")
    made = d.Distiller(
        teacher,
        student,
        [d.LogitsDistillation(2.0, library.losses.KLDivergence()), features],
        [1.0, 0.5],
        student_loss_weight=0.3,
    )
    made.compile(library.optimizers.SGD(0.1), library.losses.SparseCategoricalCrossentropy(from_logits=True))
    return made


def test_training_like_keras():
    netlet.utils.set_random_seed(0)
    ours = distiller(netlet)
    frozen = ours.teacher.get_weights()
    theirs = distiller(keras, (frozen, ours.student.get_weights()))
    found = ours.fit(X, Y, batch_size=8, epochs=2, shuffle=False, verbose=0).history
    expected = theirs.fit(X, Y, batch_size=8, epochs=2, shuffle=False, verbose=0).history
    assert set(found) == set(expected)
    for name in expected:
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-4)
    for got, want in zip(ours.student.get_weights(), theirs.student.get_weights(), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-3, atol=1e-5)
    for got, want in zip(ours.teacher.get_weights(), frozen, strict=True):
        np.testing.assert_array_equal(got, want)
    np.testing.assert_array_equal(ours.predict(X, verbose=0), ours.student.predict(X, verbose=0))
    assert ours.evaluate(X, Y, verbose=0, return_dict=True)["student_loss"] > 0


def test_saved(tmp_path):
    made = distiller(netlet)
    made.fit(X, Y, verbose=0)
    for end in (".netlet", ".keras"):
        made.save(tmp_path / f"model{end}")
        again = netlet.models.load_model(tmp_path / f"model{end}", compile=False)
        np.testing.assert_array_equal(again.predict(X, verbose=0), made.predict(X, verbose=0))
        assert again.distillation_loss_weights == [1.0, 0.5] and again.student_loss_weight == 0.3


def test_a_loss_of_ones_own():
    class Vector(DistillationLoss):
        def compute_loss(self, teacher_outputs, student_outputs, **kwargs):
            return teacher_outputs - student_outputs

    made = Distiller(*models(netlet), Vector())
    made.compile(loss="sparse_categorical_crossentropy")
    with pytest.raises(ValueError, match=r"Vector.compute_loss: expected a scalar"):
        made.fit(X, Y, verbose=0)


def test_errors():
    teacher, student = models(netlet)
    other = netlet.Sequential([netlet.Input((5,)), netlet.layers.Dense(2)])
    for arguments, message in [
        ((1, student, LogitsDistillation()), "expected a Model as teacher"),
        ((teacher, other, LogitsDistillation()), "expected outputs of the student like"),
        ((teacher, student, None), "expected a DistillationLoss"),
        ((teacher, student, [LogitsDistillation()], [1.0, 2.0]), "expected a weight for each of 1"),
        ((teacher, student, LogitsDistillation(), None, 1.5), "student_loss_weight from 0 to 1"),
        ((teacher, student, FeatureDistillation("mse", "none", "middle")), "In teacher model"),
    ]:
        with pytest.raises(ValueError, match=message):
            Distiller(*arguments)
    with pytest.raises(ValueError, match="at least one loss"):
        FeatureDistillation(None)
    with pytest.raises(ValueError, match="temperature to be positive"):
        LogitsDistillation(0.0)
    with pytest.raises(ValueError, match="expected `loss`"):
        Distiller(teacher, student, LogitsDistillation()).compile("sgd")
    with pytest.raises(ValueError, match="structure of the teacher's outputs"):
        LogitsDistillation().validate_outputs([A], A)


def test_evaluation_leaves_the_student_as_it_is():
    """Keras runs the student's features in training mode there too, which moves batch normalizations."""

    def model():
        return netlet.Sequential(
            [netlet.Input((5,)), netlet.layers.BatchNormalization(name="middle"), netlet.layers.Dense(3)]
        )

    features = FeatureDistillation("mse", teacher_layer_name="middle", student_layer_name="middle")
    made = Distiller(model(), model(), features)
    made.compile("sgd", netlet.losses.SparseCategoricalCrossentropy(from_logits=True))
    before = made.student.get_weights()
    made.evaluate(np.ones((8, 5), "float32"), np.zeros(8, "int32"), verbose=0)
    for got, want in zip(made.student.get_weights(), before, strict=True):
        np.testing.assert_array_equal(got, want)
