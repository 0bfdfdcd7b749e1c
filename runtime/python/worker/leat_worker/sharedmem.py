"""The file that the server shares with the worker, for large payloads. The server decides of every byte in it."""

from __future__ import annotations

import mmap
import os


class Shared:
    """The mapped file. Offsets and lengths are checked, since what is outside would end the process."""

    def __init__(self, file: str, size: int) -> None:
        fd = os.open(file, os.O_RDWR | getattr(os, "O_CLOEXEC", 0))
        try:
            if os.fstat(fd).st_size < size:
                raise ValueError(f"the shared file has {os.fstat(fd).st_size} bytes, not {size}")
            self._map = mmap.mmap(fd, size)
        finally:
            os.close(fd)
        self._view = memoryview(self._map)

    def words(self) -> memoryview:
        """The beginning, which payloads do not use."""
        return self._view[:4096]

    def _part(self, place: object) -> memoryview:
        if not isinstance(place, list) or len(place) != 2 or not all(type(n) is int and n >= 0 for n in place):
            raise ValueError(f"{place!r} is no place in the shared file")
        offset, length = place
        if offset + length > len(self._view):
            raise ValueError(f"{length} bytes at {offset} are not in the shared file of {len(self._view)}")
        return self._view[offset : offset + length]

    def read(self, place: object) -> bytes:
        """A copy of what is there: the user's code may keep it, the place is used again."""
        return bytes(self._part(place))

    def write(self, room: object, buffers: list[bytes | memoryview], size: int) -> bool:
        """Puts the buffers into the room one after another. False if they do not fit."""
        part = self._part(room)
        if size > len(part):
            return False
        at = 0
        for buffer in buffers:
            part[at : at + len(buffer)] = buffer
            at += len(buffer)
        return True
