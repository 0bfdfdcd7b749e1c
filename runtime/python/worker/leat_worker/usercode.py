"""The user's modules: imported once, looked up by the names that a spec uses."""

from __future__ import annotations

import importlib
import os
import sys
from importlib.machinery import SourceFileLoader
from types import CodeType, ModuleType

from .failures import OURS, Refused

modules: dict[str, ModuleType] = {}  # by the name that specs use
failed: dict[str, BaseException] = {}  # modules of a folder that could not be imported
_folders: list[str] = []  # where the user's code is
_files: set[str] = set()
_NOT_USERS = (OURS + os.sep, os.path.dirname(os.path.abspath(os.__file__)) + os.sep)


def owns(file: str) -> bool:
    """Whether a source file is the user's, rather than a library's or ours."""
    file = os.path.abspath(file)
    if file in _files:
        return True
    if "site-packages" in file or file.startswith(_NOT_USERS):
        return False
    return any(file.startswith(f + os.sep) for f in _folders)


def add(path: str, name: str = "") -> None:
    """Imports a file, under its stem or the name given, or the modules of a folder."""
    path = os.path.abspath(path)
    if os.path.isdir(path):
        _add_folder(path)
        return
    _files.add(path)
    folder = os.path.dirname(path)
    if folder not in sys.path:
        sys.path.insert(0, folder)
        _folders.append(folder)  # of what it imports from beside it
    name = name or os.path.splitext(os.path.basename(path))[0]
    if name not in modules:
        modules[name] = _import_file(path, name)


def _add_folder(folder: str) -> None:
    _folders.append(folder)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    for entry in sorted(os.listdir(folder)):
        name = _module_name(folder, entry)
        if not name or name in modules:
            continue
        try:
            if os.path.isdir(os.path.join(folder, entry)):
                modules[name] = importlib.import_module(name)
            else:
                modules[name] = _import_file(os.path.join(folder, entry), name)
        except (Exception, SystemExit) as exc:  # a script beside the models; what needs it says so
            failed[name] = exc


_NOT_SERVED = ("setup", "conftest")


def _module_name(folder: str, entry: str) -> str:
    """The module that an entry of a folder is, or nothing."""
    name, ext = os.path.splitext(entry)
    if entry.startswith((".", "_")) or name in _NOT_SERVED or name.startswith("test_") or name.endswith("_test"):
        return ""
    if ext == ".py":
        return name
    return entry if os.path.isfile(os.path.join(folder, entry, "__init__.py")) else ""


def _import_file(path: str, name: str) -> ModuleType:
    """Imports by path. A file named like a module of Python's does not take that module's place."""
    known = sys.modules.get(name)
    if known is not None and getattr(known, "__file__", None) and os.path.abspath(known.__file__) == path:
        return known  # the user's other module has imported it
    if known is not None or name in getattr(sys, "stdlib_module_names", sys.builtin_module_names):
        name = "leat_user_" + name
    import importlib.util

    loader = _Loader(name, path) if path.endswith(".py") else None
    spec = importlib.util.spec_from_file_location(name, path, loader=loader)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        sys.modules.pop(name, None)
        raise
    return module


def files() -> list[str]:
    """The source files of the user's code that are imported by now."""
    found = (getattr(m, "__file__", None) for m in list(sys.modules.values()))
    return sorted({os.path.abspath(f) for f in found if f and owns(f)} | _files)


class _Loader(SourceFileLoader):
    """Reads a source anew each time, which leaves nothing in the user's folder."""

    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        return self.source_to_code(_marked(self.get_data(path)), path)  # type: ignore[no-any-return]


_START, _END = (b"mlrun: start-code", b"nuclio: start-code"), (b"mlrun: end-code", b"nuclio: end-code")


def _marked(source: bytes) -> bytes:
    """The part between MLRun's marks, which is what MLRun would deploy; lines keep their numbers."""
    if not any(mark in source for mark in _START + _END):
        return source
    lines, first, last = source.split(b"\n"), 0, None
    for i, line in enumerate(lines):
        if line.lstrip().startswith(b"#"):
            if any(mark in line for mark in _START):
                first = i
            elif any(mark in line for mark in _END):
                last = i
                break
    return b"\n".join([b""] * first + lines[first:last])


def from_any_module(name: str) -> object:
    """What a bare name means in the first of the user's modules that has it."""
    for module in modules.values():
        if name in vars(module):
            return vars(module)[name]
    raise AttributeError(f"none of the user's modules has {name}")


def resolve(name: str) -> object:
    """The class or function that a spec names: bare, `module.name`, or in an installed package."""
    name = name.strip()
    if name.startswith("("):
        return expression(name)
    if "." not in name:
        try:
            return from_any_module(name)
        except AttributeError:
            raise Refused(_unknown(name)) from None
    module, _, member = name.rpartition(".")
    if module in modules and hasattr(modules[module], member):
        return getattr(modules[module], member)
    return _installed(name)


def _installed(name: str) -> object:
    """A dotted name: the longest beginning that is a module, then attributes."""
    parts = name.split(".")
    for n in range(len(parts) - 1, 0, -1):
        module = ".".join(parts[:n])
        try:
            found: object = modules.get(module) or importlib.import_module(module)
        except ModuleNotFoundError as exc:
            if exc.name and (module == exc.name or module.startswith(exc.name + ".")):
                continue
            raise
        for part in parts[n:]:
            if not hasattr(found, part):
                raise Refused(f"{name}: {module} has no {part}")
            found = getattr(found, part)
        return found
    raise Refused(_unknown(name))


def expression(text: str) -> object:
    """`(event["x"] + 1)` as a function of the event."""
    if not text.endswith(")"):
        raise Refused(f'{text}: an expression begins with "(" and ends with ")"')
    return eval("lambda event: " + text[1:-1], {})  # noqa: S307 - the user's code, as everything here


def _unknown(name: str) -> str:
    said = f"{name} is in none of the user's modules ({', '.join(modules) or 'there are none'})"
    for module, exc in failed.items():
        said += f"; {module} could not be imported: {type(exc).__name__}: {exc}"
    return said
