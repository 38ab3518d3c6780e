"""What a script does not use is not imported."""

from __future__ import annotations

from support.child import run_child


def test_a_model_imports_no_data_pipelines_and_no_architectures():
    run_child("""
        import sys
        import netlet
        assert "netlet.ops" not in sys.modules and "netlet.layers" not in sys.modules
        model = netlet.Sequential([netlet.Input((2,)), netlet.layers.Dense(1)])
        model.compile("sgd", "mse")
        model.fit([[1.0, 2.0]], [[1.0]], verbose=0)
        unused = ["netlet.data", "netlet.applications", "netlet.distillation", "netlet.visualization", "concurrent"]
        assert not [name for name in unused if name in sys.modules]
        for name in netlet.utils.__all__:
            assert name in dir(netlet.utils) and getattr(netlet.utils, name) is not None
    """)
