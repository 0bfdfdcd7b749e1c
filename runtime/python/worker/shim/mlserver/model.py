"""MLModel: the base of MLServer's runtimes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from . import codecs, types
from .settings import ModelSettings


class MLModel:
    """A model. A subclass has predict, and load where there is something to be loaded."""

    def __init__(self, settings: ModelSettings) -> None:
        self._settings = settings
        self._inputs_index = {i.name: i for i in settings.inputs}
        self._outputs_index = {o.name: o for o in settings.outputs}
        self.ready = False

    @property
    def settings(self) -> ModelSettings:
        return self._settings

    @property
    def name(self) -> str:
        return self._settings.name  # type: ignore[no-any-return]

    @property
    def version(self) -> str | None:
        return self._settings.version

    @property
    def inputs(self) -> list[types.MetadataTensor]:
        return self._settings.inputs  # type: ignore[no-any-return]

    @inputs.setter
    def inputs(self, value: list[types.MetadataTensor]) -> None:
        self._settings.inputs = value
        self._inputs_index = {i.name: i for i in value}

    @property
    def outputs(self) -> list[types.MetadataTensor]:
        return self._settings.outputs  # type: ignore[no-any-return]

    @outputs.setter
    def outputs(self, value: list[types.MetadataTensor]) -> None:
        self._settings.outputs = value
        self._outputs_index = {o.name: o for o in value}

    async def load(self) -> bool:
        return True

    async def predict(self, payload: types.InferenceRequest) -> types.InferenceResponse:
        raise NotImplementedError("predict() method not implemented")

    async def predict_stream(self, payloads: AsyncIterator[types.InferenceRequest]) -> AsyncIterator[types.InferenceResponse]:
        yield await self.predict(await payloads.__anext__())

    async def metadata(self) -> types.MetadataModelResponse:
        return types.MetadataModelResponse(name=self.name, inputs=self.inputs, outputs=self.outputs)

    async def unload(self) -> bool:
        return True

    def decode(self, request_input: types.RequestInput, default_codec: Any = None) -> Any:
        """An input as its content type says, else as the codec given, else as its datatype says."""
        return codecs.decode_request_input(_told(request_input, self._inputs_index.get(request_input.name)), default_codec)

    def decode_request(self, inference_request: types.InferenceRequest, default_codec: Any = None) -> Any:
        for one in inference_request.inputs:
            _told(one, self._inputs_index.get(one.name))
        return codecs.decode_inference_request(_told(inference_request, self._settings), default_codec)

    def encode(self, payload: Any, request_output: types.RequestOutput, default_codec: Any = None) -> types.ResponseOutput:
        codec = default_codec or codecs.codec_for(payload)
        return codec.encode_output(request_output.name, payload)  # type: ignore[no-any-return]

    def encode_response(self, payload: Any, default_codec: Any = None) -> types.InferenceResponse:
        return codecs.encode_inference_response(payload, self.name, self.version, default_codec)


def _told(said: Any, settings: Any) -> Any:
    """A request or an input, whose content type is that of the settings unless it says one itself."""
    wanted = getattr(settings, "parameters", None) and settings.parameters.content_type
    if wanted and not (said.parameters and said.parameters.content_type):
        said.parameters = said.parameters or types.Parameters()
        said.parameters.content_type = wanted
    return said
