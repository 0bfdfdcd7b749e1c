"""Models of the kinds that stream, for clients that are not ours."""

import numpy as np
import triton_python_backend_utils as pb_utils
from mlserver import MLModel
from mlserver.types import InferenceResponse, ResponseOutput


class TritonPythonModel:
    """Triton's example of a decoupled model: each number as often as it says, and a failure for negative ones."""

    @staticmethod
    def auto_complete_config(config):
        config.add_input({"name": "IN", "data_type": "TYPE_INT32", "dims": [1]})
        config.add_output({"name": "OUT", "data_type": "TYPE_INT32", "dims": [1]})
        config.set_max_batch_size(0)
        config.set_model_transaction_policy({"decoupled": True})
        return config

    def execute(self, requests):
        for request in requests:
            sender = request.get_response_sender()
            times = int(pb_utils.get_input_tensor_by_name(request, "IN").as_numpy()[0])
            for _ in range(abs(times)):
                if sender.is_cancelled():
                    break
                out = pb_utils.Tensor("OUT", np.array([times], np.int32))
                sender.send(pb_utils.InferenceResponse(output_tensors=[out]))
            if times < 0:
                sender.send(pb_utils.InferenceResponse(output_tensors=[], error=pb_utils.TritonError("negative")))
            sender.send(flags=pb_utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL)
        return None


class Words(MLModel):
    """MLServer's example of a text model."""

    async def predict(self, payload):
        return self._words(payload.id, payload.inputs[0].data[0])

    async def predict_stream(self, payloads):
        async for payload in payloads:
            for word in self._text(payload).split():
                yield self._words(payload.id, word)

    @staticmethod
    def _text(payload):
        text = payload.inputs[0].data[0]
        return text.decode() if isinstance(text, bytes) else text

    def _words(self, identity, word):
        return InferenceResponse(
            id=identity, model_name=self.name, outputs=[ResponseOutput(name="output", shape=[1], datatype="BYTES", data=[word])]
        )
