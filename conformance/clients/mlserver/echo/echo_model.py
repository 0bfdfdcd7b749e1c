"""A model for MLServer that answers with its inputs, and three times in streams."""

from mlserver import MLModel
from mlserver.types import InferenceRequest, InferenceResponse, ResponseOutput


class Echo(MLModel):
    async def load(self):
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        outputs = [
            ResponseOutput(name=i.name, shape=i.shape, datatype=i.datatype, parameters=i.parameters, data=i.data)
            for i in payload.inputs
        ]
        return InferenceResponse(model_name=self.name, model_version=self.version, id=payload.id, outputs=outputs)

    async def predict_stream(self, payloads):
        async for p in payloads:
            for _ in range(3):
                yield await self.predict(p)
