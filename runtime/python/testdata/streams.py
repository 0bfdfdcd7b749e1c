"""Models that answer any number of times."""

import mlrun


class Numbers(mlrun.serving.V2ModelServer):
    made = 0
    closed = 0

    def load(self):
        pass

    def predict(self, request):
        if request["inputs"][0] == "state":
            yield {"made": Numbers.made, "closed": Numbers.closed}
            return
        try:
            for i in range(request["inputs"][0]):
                Numbers.made += 1
                yield i
        finally:
            Numbers.closed += 1


class Padded(mlrun.serving.V2ModelServer):
    def load(self):
        pass

    async def predict(self, request):
        for i in range(request["inputs"][0]):
            yield str(i) + "x" * request["inputs"][1]


class Crashes(mlrun.serving.V2ModelServer):
    def load(self):
        pass

    def predict(self, request):
        import os

        yield 1
        os._exit(3)


class Once(mlrun.serving.V2ModelServer):
    def load(self):
        pass

    def predict(self, request):
        return request["inputs"]


def each(inputs):
    yield from inputs


def told(request):
    return [*sorted(request), request["parameters"]["t"]]
