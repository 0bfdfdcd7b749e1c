"""A model that is not done before anybody's patience ends."""

import asyncio

from mlserver import MLModel


class Slow(MLModel):
    async def predict(self, payload):
        await asyncio.sleep(60)
