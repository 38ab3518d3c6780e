"""The `.netlet` file: a model or its weights as safetensors bytes, with one JSON document.

docs/reference/file-format.md describes it.
"""
