"""A class of MLServer's."""

from mlserver import MLModel
from mlserver.types import InferenceRequest, InferenceResponse, ResponseOutput


class Threes(MLModel):
    async def load(self) -> bool:
        self.k = 3
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        x = payload.inputs[0]
        values = [v * self.k for v in list(x.data)]
        return InferenceResponse(
            model_name=self.name, outputs=[ResponseOutput(name="y", shape=x.shape, datatype=x.datatype, data=values)]
        )
