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
    streams: object = None  # of the worker; set once the object is made
    rows_together = 0  # how many rows of calls that wait may be answered together; 0: none

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

    def rows(self, frame: Frame, meta: dict[str, object]) -> object:
        """The rows of a call, as an array: what `run_rows` takes. None if it must be run alone."""
        return None

    def run_rows(self, frame: Frame, rows: object) -> object:
        """The results of rows, an array with one for each. None if it cannot be taken apart."""
        raise NotImplementedError

    def sure(self, rows: object) -> object:
        """For each row whether its result is the same without the others, an array of booleans; None for yes."""
        return None

    def close(self) -> None:
        """Lets go of the object."""
