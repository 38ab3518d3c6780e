"""The native module's classes: what Python can pass as the object of a method."""

from __future__ import annotations

from support.child import run_child


def test_none_as_the_object_of_a_method_is_an_error_and_does_not_end_the_process():
    """pybind11 passes None to a method pointer as address 0: every method takes a reference instead."""
    child = run_child(
        """
        import inspect
        from netlet import _core

        called = 0
        for owner in (value for value in vars(_core).values() if inspect.isclass(value)):
            for name, member in vars(owner).items():
                function = getattr(member, "fget", member)
                if name.startswith("__") or not callable(function) or isinstance(member, staticmethod):
                    continue
                print(owner.__name__, name, flush=True)  # the last line names the one that ends the process
                called += 1
                for count in range(6):
                    try:
                        function(None, *[None] * count)
                    except (TypeError, ValueError, RuntimeError):
                        continue
                    raise AssertionError(f"{owner.__name__}.{name}: expected an error")
        assert called > 30, called
        """
    )
    assert "Tape recording" in child.stdout
