"""The models as MLServer has them."""

import compute
import numpy as np
from mlserver import MLModel
from mlserver.codecs import NumpyCodec, StringCodec
from mlserver.types import InferenceRequest, InferenceResponse


class Model(MLModel):
    async def load(self) -> bool:
        return self.name != "unready"  # one that raises here ends MLServer

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        parameters = payload.parameters.model_dump() if payload.parameters else {}
        outputs = compute.run(self.name, {i.name: decoded(i) for i in payload.inputs}, parameters)
        return InferenceResponse(model_name=self.name, outputs=[encoded(name, array) for name, array in outputs.items()])


def decoded(tensor):
    if tensor.datatype != "BYTES":
        return NumpyCodec.decode_input(tensor)
    texts = [v.encode() if isinstance(v, str) else v for v in tensor.data.root]
    return np.array(texts, dtype=object).reshape(tensor.shape)


def encoded(name, array):
    if array.dtype != object:
        return NumpyCodec.encode_output(name, array)
    output = StringCodec.encode_output(name, list(array.reshape(-1)))
    output.shape = list(array.shape)
    return output
