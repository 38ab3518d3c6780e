"""Writes ONNX files as other programs export them: tests/onnx/samples/*.onnx, of which test_samples.py knows no more.

    python tools/onnx_samples.py tests/onnx/samples
    python tools/onnx_samples.py /tmp/samples --size normal --only resnet gpt

It needs torch, onnxscript, scikit-learn and skl2onnx, which netlet's tests do not need. A file is named by its network
and its exporter: `gpt.classic.onnx` is `torch.onnx.export(..., dynamo=False)`, `gpt.dynamo.onnx` is `dynamo=True`.
Weights are random, and the same each time.
"""

from __future__ import annotations

import argparse
import pathlib
import sys
import warnings
from typing import Any

sys.path.insert(0, str(pathlib.Path(__file__).parent))

TRANSFORMERS = ["hf_bert", "hf_distilbert", "hf_gpt2", "hf_llama", "hf_vit", "hf_resnet"]


def torch_model(name: str, exporter: str, size: str, folder: pathlib.Path) -> None:
    """Exports one network of onnx_torch_models.py."""
    import torch
    from onnx_torch_models import SAMPLES

    torch.manual_seed(7)
    sample = SAMPLES[name]
    model = sample.make(getattr(sample, size))
    inputs = {k: _widened(v, sample, size) for k, v in sample.inputs.items()}
    for module in model.modules():  # statistics that are no zeros and ones
        if isinstance(module, torch.nn.modules.batchnorm._BatchNorm) and module.running_mean is not None:
            module.running_mean.normal_(0, 0.3)
            module.running_var.uniform_(0.5, 2)
    model.eval()
    export(model, inputs, sample.free, exporter, folder / f"{name}.{exporter}.onnx")


def export(model: Any, inputs: dict[str, Any], free: Any, exporter: str, path: pathlib.Path) -> None:
    """Exports a module with free axes by one of PyTorch's exporters."""
    import torch

    arguments: dict[str, Any] = {"input_names": list(inputs), "output_names": ["y"], "dynamo": exporter == "dynamo"}
    if exporter == "dynamo":
        shapes = tuple(dict.fromkeys(free.get(key, {}), torch.export.Dim.DYNAMIC) for key in inputs)
        # The forward of `Call` takes *inputs: one entry for the whole tuple.
        arguments["dynamic_shapes"] = (shapes,) if type(model).__name__ == "Call" else shapes
        arguments |= {"external_data": False, "verbose": False, "optimize": True}
    else:
        arguments["dynamic_axes"] = free
    torch.onnx.export(model, tuple(inputs.values()), str(path), **arguments)
    _without_notes(path)


def _without_notes(path: pathlib.Path) -> None:
    """Removes the call stacks that the newer exporter writes beside each node: half of a small file."""
    import onnx

    model = onnx.load(path)
    for part in (*model.graph.node, *model.graph.input, *model.graph.output, *model.graph.value_info, model.graph):
        del part.metadata_props[:]
    del model.graph.value_info[:]
    onnx.save(model, path)


def _widened(example: Any, sample: Any, size: str) -> Any:
    """An example whose last axis has the network's width, where that of the small network is its width."""
    import torch

    if size == "small" or not example.is_floating_point():
        return example
    axis = {3: 2, 4: 1}.get(example.ndim)
    if axis is None or example.shape[axis] != sample.small:
        return example
    shape = [sample.normal if i == axis else n for i, n in enumerate(example.shape)]
    return torch.randn(*shape)


def transformers_model(name: str, exporter: str, size: str, folder: pathlib.Path) -> None:
    """Exports a network of Hugging Face's transformers with random weights."""
    import torch
    import transformers as hf

    torch.manual_seed(7)
    width, layers = (16, 1) if size == "small" else (256, 4)
    vit = {"hidden_size": width, "num_attention_heads": 4}
    vit |= {"num_hidden_layers": layers, "intermediate_size": 2 * width}
    both = {**vit, "vocab_size": 50}
    gpt = {"vocab_size": 50, "n_embd": width, "n_head": 4, "n_layer": layers, "n_positions": 64, "use_cache": False}
    bert = {"vocab_size": 50, "dim": width, "n_heads": 4, "n_layers": layers, "hidden_dim": 2 * width}
    bert["max_position_embeddings"] = 64
    resnet = {"embedding_size": width, "hidden_sizes": [width, 2 * width], "depths": [1, 1], "layer_type": "basic"}
    configs: dict[str, Any] = {
        "bert": (hf.BertForSequenceClassification, hf.BertConfig(**both, max_position_embeddings=64)),
        "distilbert": (hf.DistilBertForSequenceClassification, hf.DistilBertConfig(**bert)),
        "gpt2": (hf.GPT2LMHeadModel, hf.GPT2Config(**gpt)),
        "llama": (hf.LlamaForCausalLM, hf.LlamaConfig(**both, max_position_embeddings=64, use_cache=False)),
        "vit": (hf.ViTForImageClassification, hf.ViTConfig(**vit, image_size=32, patch_size=8)),
        "resnet": (hf.ResNetForImageClassification, hf.ResNetConfig(**resnet)),
    }
    cls, config = configs[name]
    model = cls(config).eval()
    inner = torch.nn.Module()
    inner.model = model
    if name in ("vit", "resnet"):
        inner.forward = lambda pixels: model(pixel_values=pixels).logits
        inputs, free = {"pixels": torch.randn(3, 3, 32, 32)}, {"pixels": {0: "n"}}
    else:
        inner.forward = lambda ids, mask: model(input_ids=ids, attention_mask=mask).logits
        inputs = {"ids": torch.randint(0, 50, (3, 12)), "mask": torch.ones(3, 12, dtype=torch.int64)}
        free = {key: {0: "n", 1: "t"} for key in inputs}
    export(inner, inputs, free, exporter, folder / f"hf_{name}.{exporter}.onnx")


def scikit_models(folder: pathlib.Path) -> None:
    """Converts estimators by skl2onnx, without ZipMap, as its documentation advises."""
    import numpy as np
    from skl2onnx import to_onnx
    from sklearn import ensemble, linear_model, neural_network, pipeline, preprocessing, svm

    rng = np.random.default_rng(7)
    x = rng.normal(size=(200, 5)).astype("float32")
    classes, values = (x[:, 0] + x[:, 1] > 0).astype("int64") + (x[:, 2] > 1), x @ rng.normal(size=5)
    scaled, network = pipeline.make_pipeline, {"hidden_layer_sizes": (8,), "max_iter": 50}
    estimators: dict[str, tuple[Any, Any]] = {
        "logistic": (scaled(preprocessing.StandardScaler(), linear_model.LogisticRegression()), classes),
        "perceptron": (neural_network.MLPClassifier(**network), classes),
        "regressor": (scaled(preprocessing.MinMaxScaler(), neural_network.MLPRegressor(**network)), values),
        "forest": (ensemble.RandomForestClassifier(5, max_depth=4, random_state=0), classes),
        "trees": (ensemble.GradientBoostingRegressor(n_estimators=10, max_depth=3, random_state=0), values),
        "svm": (svm.SVC(), (classes > 0)),
        "ridge": (linear_model.Ridge(), values),
    }
    for name, (estimator, y) in estimators.items():
        options = None if hasattr(y, "dtype") and y.dtype.kind == "f" else {"zipmap": False}
        try:
            proto = to_onnx(estimator.fit(x, y), x[:1], options=options, target_opset={"": 18, "ai.onnx.ml": 3})
            (folder / f"sklearn_{name}.onnx").write_bytes(proto.SerializeToString())
        except Exception as error:
            print(f"sklearn_{name}: skl2onnx refuses: {type(error).__name__}: {str(error)[:300]}")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--size", choices=["small", "normal"], default="small")
    parser.add_argument("--only", nargs="*", help="names of networks; default: all")
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    warnings.simplefilter("ignore")
    from onnx_torch_models import SAMPLES

    def wanted(name: str) -> bool:
        return not given.only or name in given.only

    jobs = [(torch_model, name) for name in SAMPLES if wanted(name)]
    jobs += [(transformers_model, name[3:]) for name in TRANSFORMERS if wanted(name)]
    for job, name in jobs:
        for exporter in ("classic", "dynamo"):
            try:
                job(name, exporter, given.size, given.folder)
            except Exception as error:
                print(f"{name}.{exporter}: the exporter refuses: {type(error).__name__}: {str(error)[:300]}")
    if wanted("sklearn"):
        scikit_models(given.folder)


if __name__ == "__main__":
    main()
