"""ONNX's operators, a family a file: functions of `netlet.ops` that compute a node."""
