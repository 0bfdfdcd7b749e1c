"""A runtime of one's own, as the guide of MLServer has it."""

import numpy as np
from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceRequest, InferenceResponse


class Scale(MLModel):
    async def load(self) -> bool:
        self.factor = self.settings.parameters.extra["factor"]
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        x = self.decode(payload.inputs[0], default_codec=NumpyCodec)
        return InferenceResponse(model_name=self.name, model_version=self.version, outputs=[NumpyCodec.encode_output("scaled", np.asarray(x) * self.factor)])
