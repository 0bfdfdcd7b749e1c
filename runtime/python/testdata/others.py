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


class Told(MLModel):
    """Answers with what its request says of itself."""

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        asked = [f"{o.name} {o.parameters.kind if o.parameters else ''}".strip() for o in payload.outputs or []]
        mood = getattr(payload.parameters, "mood", None) if payload.parameters else None
        said = [str(payload.id), ", ".join(asked), str(mood)]
        return InferenceResponse(
            model_name=self.name, outputs=[ResponseOutput(name="said", shape=[3], datatype="BYTES", data=said)]
        )
