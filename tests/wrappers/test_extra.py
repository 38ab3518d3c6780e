"""Without scikit-learn the package can be imported, and its classes say what to install."""

from __future__ import annotations

from support.child import run_child


def test_the_error_names_the_extra() -> None:
    run_child("""
        import sys
        sys.modules["sklearn"] = None
        import netlet.wrappers
        assert "MLPClassifier" in dir(netlet.wrappers)
        try:
            from netlet.wrappers import MLPClassifier
        except ImportError as error:
            message = str(error)
        assert message == "netlet.wrappers.MLPClassifier needs scikit-learn: pip install 'netlet[sklearn]'", message
    """)


def test_a_model_does_not_import_scikit_learn() -> None:
    run_child("""
        import sys
        import netlet
        netlet.Sequential([netlet.layers.Dense(1)]).predict([[1.0]], verbose=0)
        assert netlet.wrappers and "sklearn" not in sys.modules
    """)
