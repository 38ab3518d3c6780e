"""ONNX nodes that are netlet's layers: where an operator is a layer and its weights are constants."""
