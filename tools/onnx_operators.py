"""Writes docs/reference/onnx-operators.md: each operator of onnx, how netlet computes it, and ONNX's own cases.

    PYTHONPATH=python python tools/onnx_operators.py

Runs all cases of `onnx.backend.test` for nodes on `netlet.onnx.backend`. tests/onnx/test_node_cases.py checks the same
results, and that the page is what this writes.
"""

from __future__ import annotations

import importlib.metadata
import pathlib
import re
import warnings
from collections import defaultdict
from typing import Any, NamedTuple

import numpy as np

from netlet.onnx import backend
from netlet.onnx.operators import registry

PAGE = pathlib.Path(__file__).resolve().parents[1] / "docs" / "reference" / "onnx-operators.md"

# Cases that netlet does not pass, by pattern, with the reason. A case that passes must not be here.
NOT_PASSED = {
    r"test_dft_inverse(_opset19)?": "compares the rounding errors of zeros with an absolute tolerance of 1e-7; "
    "netlet's are below 1e-15",
    r"test_attention_4d_causal_fp16_expanded": "two of 192 results differ in the last bits of float16: netlet's "
    "products are summed in float32. The operator itself passes",
    r"test_loop16_seq_none": "ONNX's runner cannot compare sequences of numbers without axes: it fails for its own "
    "reference too",
}
# Cases that compare random numbers with those of NumPy's generator: only shapes and types can be right.
RANDOM = {
    r"test_bernoulli(_double|_seed)?(_expanded)?": "draws",
    r"test_training_dropout(_default)?(_mask)?": "drops",
}
LEFT_OUT = {
    "ai.onnx.preview.training.Gradient": "differentiates the graph around it: load the model and use GradientTape",
    "ai.onnx.ml.CastMap": "maps are no tensors",
    "ai.onnx.ml.DictVectorizer": "maps are no tensors",
    "ai.onnx.ml.ZipMap": "maps are no tensors",
}

HEAD = """# ONNX's operators in netlet

netlet computes {has} of the {all} operators of onnx {version} (opset {opset}), and passes {passed} of the {cases} node
cases of ONNX's own test suite. [onnx.md](../guides/onnx.md) says how to load models.

- *netlet* means that the operator has a handler of netlet's own, built of `netlet.ops`; *definition* that netlet
  computes the operators by which ONNX's standard defines it.
- Cases are counted with an operator if their model has it. The `_expanded` variants of a case, which replace an
  operator by its definition, count with the operator. A case counts as passed if it ran and ONNX's comparison found no
  difference.
- int16, uint16, uint32 and uint64 are computed as int32 and int64 and cast back: uint64 above 2^63 - 1 is refused.
  8-bit floats and types of 4 and 2 bits are stored, cast, quantized and dequantized; no kernel computes with them.
- Texts, sequences and the search of boxes (NonMaxSuppression) and in trees (TreeEnsemble) run in Python and NumPy.

(`tools/onnx_operators.py` writes this page from the installed onnx; do not edit it.)
"""

TABLE = "| operator | newest version | computed by | cases passed |\n|---|---|---|---|\n"


class Result(NamedTuple):
    """What became of a case: its operators, and an error or None."""

    name: str
    operators: tuple[str, ...]
    error: str | None
    random: bool


def load_cases() -> list[Any]:
    """The node cases of ONNX: models, inputs and outputs."""
    from onnx.backend.test.loader import load_model_tests

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the cases are computed while they are loaded, with overflow
        return list(load_model_tests(kind="node"))


def run_cases() -> list[Result]:
    """All node cases, run on netlet."""
    cases = load_cases()
    by_name = {case.name: case for case in cases}
    return [
        Result(case.name, _operators(case, by_name), _error_of(case), _matches(RANDOM, case.name) is not None)
        for case in cases
    ]


def _operators(case: Any, by_name: dict[str, Any]) -> tuple[str, ...]:
    """The operators of a case's model; of an expanded one, those of the case that it comes from."""
    whole = by_name.get(re.sub(r"_expanded(_ver\d+)?$", "", case.name), case)
    return tuple(sorted({_path(n.domain, n.op_type) for n in whole.model.graph.node}))


def _path(domain: str, name: str) -> str:
    return f"{domain}.{name}" if domain not in ("", "ai.onnx") else name


def _matches(patterns: dict[str, str], name: str) -> str | None:
    return next((reason for pattern, reason in patterns.items() if re.fullmatch(pattern, name)), None)


def reason_for(name: str) -> str | None:
    """Why a case is listed as one that does not pass; None if it is not listed."""
    return _matches(NOT_PASSED, name)


def _error_of(case: Any) -> str | None:
    """How a case fails, or None. Of a random case only shapes and types are compared."""
    from onnx.backend.test.runner import Runner, _normalize_tensor

    assert case.data_sets, f"{case.name} has no data"
    try:
        prepared = backend.prepare(case.model)
        for inputs, expected in case.data_sets:
            outputs = prepared.run([_normalize_tensor(x) for x in inputs])
            wanted = [_normalize_tensor(y) for y in expected]
            if _matches(RANDOM, case.name):
                assert [(y.shape, y.dtype) for y in outputs] == [(y.shape, y.dtype) for y in wanted]
                continue
            Runner.assert_similar_outputs(wanted, outputs, rtol=case.rtol, atol=case.atol)
    except Exception as error:
        return f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
    return None


def operators() -> dict[str, Any]:
    """{path: the newest schema} of all operators of the installed onnx."""
    from onnx import defs

    newest: dict[str, Any] = {}
    for schema in defs.get_all_schemas_with_history():
        path = _path(schema.domain, schema.name)
        if schema.domain != "ai.onnx.training" and (
            path not in newest or schema.since_version > newest[path].since_version
        ):
            newest[path] = schema
    return newest


def computed_by(path: str, schema: Any) -> str | None:
    """ "netlet", "definition", or None for an operator that netlet lacks."""
    version = schema.since_version - (1 if schema.deprecated else 0)
    if registry.find(schema.domain, schema.name, version) is not None:
        return "netlet"
    return "definition" if schema.has_function or schema.has_context_dependent_function else None


def page(results: list[Result]) -> str:
    """The page's text."""
    from onnx import defs

    of_operator: dict[str, list[Result]] = defaultdict(list)
    for result in results:
        for path in result.operators:
            of_operator[path].append(result)
    known = operators()
    how = {path: computed_by(path, schema) for path, schema in known.items()}
    text = HEAD.format(
        has=sum(v is not None for v in how.values()), all=len(how), version=importlib.metadata.version("onnx"),
        opset=defs.onnx_opset_version(), passed=sum(_passed(r) for r in results), cases=len(results),
    )  # fmt: skip
    parts = [text]
    for domain in sorted({schema.domain for schema in known.values()}):
        paths = sorted((p for p, s in known.items() if s.domain == domain), key=str.lower)
        parts.append(f"\n## {domain or 'ai.onnx'}\n\n{TABLE}")
        parts += [_row(path, known[path], how[path], of_operator[path]) for path in paths]
    parts.append("\n## Cases that do not pass\n\n| cases | why |\n|---|---|\n")
    parts += [f"| `{_plain(pattern)}` | {reason} |\n" for pattern, reason in NOT_PASSED.items()]
    parts += [
        f"| `{_plain(pattern)}` | {verb} other numbers at random than NumPy's generator; shapes and types are right |\n"
        for pattern, verb in RANDOM.items()
    ]
    return "".join(parts)


def _plain(pattern: str) -> str:
    return pattern.replace("|", "\\|")


def _passed(result: Result) -> bool:
    return result.error is None and not result.random


def _row(path: str, schema: Any, how: str | None, results: list[Result]) -> str:
    name = path.removeprefix(f"{schema.domain}.")
    by = how or f"not supported: {LEFT_OUT.get(path, 'not yet')}"
    cases = f"{sum(map(_passed, results))} of {len(results)}" if results else ""
    since = f"{schema.since_version}, deprecated" if schema.deprecated else str(schema.since_version)
    return f"| {name} | {since} | {by} | {cases} |\n"


if __name__ == "__main__":
    np.seterr(all="ignore")
    all_results = run_cases()
    PAGE.write_text(page(all_results), encoding="utf-8")
    lost = [r for r in all_results if r.error and reason_for(r.name) is None]
    print(f"{sum(map(_passed, all_results))} of {len(all_results)} cases pass")
    for result in lost:
        print(f"unexpected: {result.name}: {result.error}")
