"""What all hosts of the user's objects have in common."""

from __future__ import annotations

from . import answers
from .answers import Answer
from .wire import Frame


class Host:
    """Puts calls to one object of the user's.

    `run` gives what the user's code gave: a result, a coroutine or a generator.
    `answer` makes the answer of a result, `part` of an element of a generator.
    """

    object: object = None
    is_async = False  # whether calls may be beside each other
    whole = False  # whether it gets the event, rather than its body
    hooks: list[str] = []

    @property
    def on_loop(self) -> bool:
        """Whether all that the object does is done by coroutines, so that nothing of it holds up others."""
        return self.is_async

    def load(self) -> dict[str, object]:
        """Loads the object; what is known of it then."""
        return {}

    def run(self, frame: Frame, meta: dict[str, object]) -> object:
        raise NotImplementedError

    def answer(self, result: object, frame: Frame, meta: dict[str, object]) -> Answer:
        return answers.of_call(result, meta)

    def part(self, element: object, frame: Frame, meta: dict[str, object]) -> Answer:
        return answers.of_call(element, meta)

    def close(self) -> None:
        """Lets go of the object."""
