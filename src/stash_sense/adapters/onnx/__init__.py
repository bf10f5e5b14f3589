"""Face models run by onnxruntime."""
