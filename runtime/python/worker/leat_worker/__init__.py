"""The worker: runs a user's Python models and steps for the server.

One process with the user's interpreter and code, speaking the frames of
PROTOCOL.md on descriptor 3. Standard library only; whatever is heavy (asyncio,
inspect, numpy) is imported when it is first needed, if ever.
"""

PROTOCOL = 1  # of the frames; the server refuses another
