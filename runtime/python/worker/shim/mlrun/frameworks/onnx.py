"""mlrun.frameworks.onnx."""

from __future__ import annotations

from typing import Any

from ..serving.v2_serving import V2ModelServer


class ONNXModelServer(V2ModelServer):
    """Serves ONNX files with onnxruntime. The server's own runtime does so without Python."""

    def load(self) -> None:
        import onnxruntime

        file, _ = self.get_model(".onnx")
        providers = self.get_param("execution_providers", None) or ["CPUExecutionProvider"]
        self.model = onnxruntime.InferenceSession(file, providers=providers)

    def predict(self, request: dict[str, Any]) -> Any:
        import numpy

        inputs, rows = self.model.get_inputs(), request["inputs"]
        if len(inputs) == 1:
            rows = [rows]
        given = {i.name: numpy.array(v, dtype=_dtype(i.type)) for i, v in zip(inputs, rows)}
        outputs = self.model.run(None, given)
        return outputs[0] if len(outputs) == 1 else outputs


def _dtype(kind: str) -> str:
    """numpy's name for "tensor(float)"."""
    name = kind[len("tensor(") : -1] if kind.startswith("tensor(") else kind
    return {"float": "float32", "double": "float64", "string": "object"}.get(name, name)


__all__ = ["ONNXModelServer"]
