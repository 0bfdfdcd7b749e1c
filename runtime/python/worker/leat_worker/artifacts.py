"""Model files and data, which the server finds and brings where they can be opened."""

from __future__ import annotations

import os
from typing import IO

from . import link

STORE = "store://"


class Schema(list):  # type: ignore[type-arg]
    """The features of a model: objects with a name, in order; `to_dict` gives them as MLRun writes them."""

    def __init__(self, features: list[dict[str, object]]) -> None:
        super().__init__(Feature(f) for f in features)

    def to_dict(self) -> list[dict[str, object]]:
        return [dict(vars(f)) for f in self]

    def __getitem__(self, key: object) -> object:  # type: ignore[override]
        if isinstance(key, str):
            return next(f for f in self if f.name == key)
        return super().__getitem__(key)  # type: ignore[index]


class Feature:
    """One input or output of a model."""

    name = value_type = None

    def __init__(self, said: dict[str, object]) -> None:
        vars(self).update(said)

    def to_dict(self) -> dict[str, object]:
        return dict(vars(self))


class ModelSpec:
    """What is written about a model, as MLRun's ModelArtifact has it."""

    kind = "model"

    def __init__(self, said: dict[str, object]) -> None:
        self.inputs = Schema(said.get("inputs") or [])  # type: ignore[arg-type]
        self.outputs = Schema(said.get("outputs") or [])  # type: ignore[arg-type]
        self.parameters = dict(said.get("parameters") or {})  # type: ignore[call-overload]
        self.metrics = dict(said.get("metrics") or {})  # type: ignore[call-overload]
        self.labels = dict(said.get("labels") or {})  # type: ignore[call-overload]
        self.extra_data = dict(said.get("extra") or {})  # type: ignore[call-overload]
        for name in ("framework", "algorithm", "key", "tag", "iter", "tree", "model_file", "target_path", "feature_stats"):
            setattr(self, name, said.get(name))
        self.spec = self.metadata = self  # where newer versions keep these


def get_model(model_dir: object, suffix: str = "") -> tuple[str, ModelSpec | None, dict[str, DataItem]]:
    """The model's file on this machine, what is written about it, and the files beside it by key."""
    path = str(getattr(model_dir, "artifact_url", model_dir) or "")
    suffix = suffix or ".pkl"
    said = link.ask({"ask": "artifact", "path": path, "suffix": suffix})
    extra = {k: DataItem(v, key=k) for k, v in (said.get("extra") or {}).items()}  # type: ignore[attr-defined]
    spec = ModelSpec(said) if _written(said) else None
    return str(said["file"]), spec, extra


def _written(said: dict[str, object]) -> bool:
    """Whether the model has a document, rather than being a mere file."""
    return any(said.get(k) for k in ("key", "tag", "inputs", "outputs", "parameters", "metrics", "framework", "algorithm"))


class DataItem:
    """Data at a URL. What is not a file of this machine the server brings here, once."""

    def __init__(self, url: object, key: str = "") -> None:
        self.url = self.artifact_url = str(url)
        self.key = key or os.path.basename(self.url)
        self.meta = None
        self._local = ""

    @property
    def kind(self) -> str:
        scheme, found, _ = self.url.partition("://")
        return scheme if found else "file"

    @property
    def suffix(self) -> str:
        return os.path.splitext(self.url)[1]

    def local(self) -> str:
        """The path of a local copy."""
        if not self._local:
            path = self.url[len("file://") :] if self.url.startswith("file://") else self.url
            if "://" not in path and os.path.exists(path):
                self._local = path
            else:
                self._local = str(link.ask({"ask": "dataitem", "url": self.url})["file"])
        return self._local

    def get(self, size: int | None = None, offset: int = 0, encoding: str | None = None) -> bytes | str:
        """The content, or a part of it; text if an encoding is given."""
        with open(self.local(), "rb") as file:
            file.seek(offset or 0)
            data = file.read(size if size else -1)
        return data.decode(encoding) if encoding else data

    def download(self, target_path: str) -> None:
        import shutil

        shutil.copyfile(self.local(), target_path)

    def open(self, mode: str = "rb") -> IO[bytes]:
        return open(self.local(), mode)

    def stat(self) -> os.stat_result:
        return os.stat(self.local())

    def listdir(self) -> list[str]:
        return os.listdir(self.local())

    ls = listdir

    def exists(self) -> bool:
        try:
            return os.path.exists(self.local())
        except link.NotGiven:
            return False

    def as_df(self, columns: list[str] | None = None, df_module: object = None, format: str = "", **options: object) -> object:
        """The data as a DataFrame: CSV, Parquet or JSON, by the format given or the suffix."""
        if df_module is None:
            import pandas as df_module
        path = self.local()
        kind = (format or self.suffix or os.path.splitext(path)[1]).lstrip(".").lower()
        if kind in ("csv", ""):
            return df_module.read_csv(path, usecols=columns, **options)  # type: ignore[attr-defined]
        if kind in ("parquet", "pq"):
            return df_module.read_parquet(path, columns=columns, **options)  # type: ignore[attr-defined]
        if kind == "json":
            return df_module.read_json(path, lines=options.pop("lines", True), **options)  # type: ignore[attr-defined]
        raise ValueError(f"{self.url}: no DataFrame is made of files of kind {kind}")

    def put(self, data: object, append: bool = False) -> None:
        raise NotImplementedError("a model server does not write data: the code runs where it is served")

    upload = delete = rm = put

    def __str__(self) -> str:
        return self.url

    def __repr__(self) -> str:
        return f"'{self.url}'"
