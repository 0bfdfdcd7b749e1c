"""Asks two models at once, one of them an ensemble, and adds what they answer."""

import asyncio

import triton_python_backend_utils as pb_utils


class TritonPythonModel:
    async def execute(self, requests):
        return [await self.answer(request) for request in requests]

    async def answer(self, request):
        asked = [
            pb_utils.InferenceRequest(model_name=name, requested_output_names=["y"], inputs=request.inputs()).async_exec()
            for name in ("double", "pipe")
        ]
        responses = await asyncio.gather(*asked)
        for response in responses:
            if response.has_error():
                return pb_utils.InferenceResponse(error=response.error())
        parts = [pb_utils.get_output_tensor_by_name(response, "y").as_numpy() for response in responses]
        return pb_utils.InferenceResponse([pb_utils.Tensor("y", parts[0] + parts[1])])
