"""A model that answers a text word by word."""

from mlserver import MLModel
from mlserver.types import InferenceResponse, ResponseOutput


class Words(MLModel):
    async def predict_stream(self, payloads):
        async for payload in payloads:
            text = payload.inputs[0].data[0]
            for word in (text.decode() if isinstance(text, bytes) else text).split():
                output = ResponseOutput(name="text_output", shape=[1], datatype="BYTES", data=[word])
                yield InferenceResponse(id=payload.id, model_name=self.name, outputs=[output])
