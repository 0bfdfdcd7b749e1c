"""What one model of the grid is: its file, rows, and what the library answers.

A case is a folder-less set of files with one name: NAME.json tells what the
others are, NAME.model is what the library saved, and the arrays are as they are
in memory, little-endian. The checker (main.go) reads them.
"""
import json
import pathlib

import numpy as np

DATATYPES = {"float32": "f32", "float64": "f64", "int32": "i32", "int64": "i64"}


class Writer:
    """Writes cases to a folder."""

    def __init__(self, folder, rows, smoke):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.rows, self.smoke, self.cases, self.notes = rows, smoke, 0, []

    def array(self, name, array):
        array = np.ascontiguousarray(array)
        (self.folder / name).write_bytes(array.tobytes())
        return {"file": name, "type": DATATYPES[str(array.dtype)], "shape": list(array.shape)}

    def matrix(self, name, rows):
        """A matrix, dense or sparse. What a sparse one leaves out is absent."""
        if isinstance(rows, np.ndarray):
            return {"dense": self.array(name, rows), "columns": rows.shape[1]}
        return {
            "columns": rows.shape[1],
            "from": self.array(name + ".from", rows.indptr.astype(np.int64)),
            "column": self.array(name + ".column", rows.indices.astype(np.int32)),
            "values": self.array(name + ".values", rows.data),
        }

    def save(self, name, group, model, checks, **about):
        """Writes a case. checks are (output, rows, expected array) triples."""
        (self.folder / f"{name}.model").write_bytes(model)
        meta = {"name": name, "group": group, "model": f"{name}.model", "checks": [], **about}
        written = {}
        for number, (output, rows, expected) in enumerate(checks):
            if id(rows) not in written:
                written[id(rows)] = self.matrix(f"{name}.rows{number}", rows)
            if isinstance(expected[0], str):
                expected = {"strings": list(expected)}
            else:
                expected = self.array(f"{name}.{output}{number}", np.asarray(expected))
            meta["checks"].append({"output": output, "rows": written[id(rows)], "expected": expected})
        (self.folder / f"{name}.json").write_text(json.dumps(meta))
        self.cases += 1

    def note(self, text):
        """Keeps what a library refused, for the report."""
        self.notes.append(text)
