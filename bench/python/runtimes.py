"""A model that bench/cmd/bench serves through leat and through MLServer: a custom runtime as MLServer's users write one."""

from mlserver import MLModel
from mlserver.types import InferenceRequest, InferenceResponse, ResponseOutput


class EchoRuntime(MLModel):
    """Answers what it was asked."""

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        outputs = [
            ResponseOutput(name=i.name, shape=i.shape, datatype=i.datatype, data=i.data) for i in payload.inputs
        ]
        return InferenceResponse(model_name=self.name, outputs=outputs)
