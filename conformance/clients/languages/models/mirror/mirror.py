"""What is asked is answered, of any datatype, element by element."""

from mlserver import MLModel
from mlserver.types import InferenceResponse, ResponseOutput


class Mirror(MLModel):
    async def predict(self, payload):
        return InferenceResponse(
            id=payload.id,
            model_name=self.name,
            outputs=[ResponseOutput(name=i.name, shape=i.shape, datatype=i.datatype, data=i.data) for i in payload.inputs],
        )
