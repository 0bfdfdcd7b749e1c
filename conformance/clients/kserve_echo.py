"""A server of KServe's whose model echo answers with its inputs, for client/ to ask.

    python kserve_echo.py --http_port 8080 --grpc_port 8081
"""

from kserve import InferOutput, InferResponse, Model, ModelServer


class Echo(Model):
    def __init__(self):
        super().__init__("echo")
        self.load()

    def load(self):
        self.ready = True
        return True

    async def predict(self, request, headers=None, response_headers=None):
        outputs = []
        for i in request.inputs:
            o = InferOutput(name=i.name, shape=i.shape, datatype=i.datatype)
            o.set_data_from_numpy(i.as_numpy(), binary_data=i.datatype != "BYTES")
            outputs.append(o)
        return InferResponse(response_id=request.id, model_name=self.name, infer_outputs=outputs, use_binary_outputs=request.use_binary_outputs)


if __name__ == "__main__":
    ModelServer(enable_docs_url=False).start([Echo()])
