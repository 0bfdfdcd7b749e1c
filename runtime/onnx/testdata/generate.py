#!/usr/bin/env python3
"""Writes the models in this folder and what they answer, cases.json.

Run it with the packages of requirements.txt; it is deterministic:

    .venv/bin/python runtime/onnx/testdata/generate.py

The answers come from scikit-learn and NumPy, never from ONNX Runtime.
"""
import json
import pathlib

import numpy as np
import onnx
from onnx import TensorProto as T, helper, numpy_helper
from skl2onnx import to_onnx
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

HERE = pathlib.Path(__file__).parent
OPSET = 21
IR = 10

# The name in the Open Inference Protocol and ONNX's number of each datatype.
DATATYPES = {
    "bool": T.BOOL, "uint8": T.UINT8, "uint16": T.UINT16, "uint32": T.UINT32, "uint64": T.UINT64,
    "int8": T.INT8, "int16": T.INT16, "int32": T.INT32, "int64": T.INT64, "fp16": T.FLOAT16,
    "fp32": T.FLOAT, "fp64": T.DOUBLE, "bf16": T.BFLOAT16, "bytes": T.STRING,
}


def info(name, kind, shape):
    return helper.make_tensor_value_info(name, kind, shape)


def constant(name, array):
    return numpy_helper.from_array(np.asarray(array), name)


def save(name, nodes, inputs, outputs, initializers=(), ir=IR, opset=OPSET, check=True):
    graph = helper.make_graph(nodes, name, inputs, outputs, list(initializers))
    opsets = [helper.make_opsetid("", opset), helper.make_opsetid("ai.onnx.ml", 3)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=ir, producer_name="leat")
    if check:
        onnx.checker.check_model(model)
    write(name, model.SerializeToString())


def write(name, data):
    (HERE / f"{name}.onnx").write_bytes(data)


def node(op, inputs, outputs, **attributes):
    return helper.make_node(op, inputs, outputs, **attributes)


def identities():
    """One model a datatype: a matrix with a symbolic batch and a scalar."""
    for name, kind in DATATYPES.items():
        save(
            f"identity_{name}",
            [node("Identity", ["matrix"], ["matrix_out"]), node("Identity", ["scalar"], ["scalar_out"])],
            [info("matrix", kind, ["batch", 2]), info("scalar", kind, [])],
            [info("matrix_out", kind, ["batch", 2]), info("scalar_out", kind, [])],
        )


def shapes():
    save("any_rank", [node("Identity", ["x"], ["y"])], [info("x", T.FLOAT, None)], [info("y", T.FLOAT, None)], check=False)
    save("one_input", [node("Identity", ["x"], ["y"])], [info("x", T.FLOAT, ["n", 3])], [info("y", T.FLOAT, ["n", 3])])
    huge = [2**62, 2**62, 2**62]
    save("absurd_dims", [node("Identity", ["x"], ["y"])], [info("x", T.FLOAT, huge)], [info("y", T.FLOAT, huge)])
    save(
        "absurd_fill",  # constant folding would need four terabytes
        [node("ConstantOfShape", ["shape"], ["zeros"]), node("Add", ["x", "zeros"], ["y"])],
        [info("x", T.FLOAT, [1])], [info("y", T.FLOAT, ["n"])],
        [constant("shape", np.array([2**40], np.int64))],
    )
    save("nonzero", [node("NonZero", ["x"], ["y"])], [info("x", T.FLOAT, ["n"])], [info("y", T.INT64, [1, "k"])])


def many():
    save(
        "many",
        [
            node("Add", ["left", "right"], ["sum"]),
            node("Sub", ["left", "right"], ["difference"]),
            node("Shape", ["left"], ["size"]),
            node("Concat", ["words", "words"], ["twice"], axis=0),
            node("ReduceSum", ["left"], ["total"], keepdims=0),
        ],
        [info("left", T.INT32, ["batch", 2]), info("right", T.INT32, ["batch", 2]), info("words", T.STRING, ["k"])],
        [
            info("sum", T.INT32, ["batch", 2]), info("difference", T.INT32, ["batch", 2]), info("size", T.INT64, [2]),
            info("twice", T.STRING, ["m"]), info("total", T.INT32, []),
        ],
    )
    save("no_input", [node("Identity", ["c"], ["y"])], [], [info("y", T.FLOAT, [2])], [constant("c", np.float32([1, 2]))])
    save(
        "default_input",  # an initializer that is listed among the inputs may be left out
        [node("Add", ["x", "bias"], ["y"])],
        [info("x", T.FLOAT, ["n"]), info("bias", T.FLOAT, [1])], [info("y", T.FLOAT, ["n"])],
        [constant("bias", np.float32([10]))],
    )


def classifiers():
    """Logistic regression as skl2onnx exports it, probabilities as a ZipMap."""
    cases = []
    x, y = load_iris(return_X_y=True)
    x = x.astype(np.float32)
    names = np.array(["virginica", "setosa", "versicolor"])
    rows = x[[0, 60, 75, 110, 149]]
    for name, labels in [("classifier_int", y + 5), ("classifier_string", names[y])]:
        model = LogisticRegression(max_iter=1000).fit(x, labels)
        proto = to_onnx(model, x[:1], name=name, target_opset=18)
        opsets = sorted(proto.opset_import, key=lambda o: o.domain)  # skl2onnx leaves them in no order
        del proto.opset_import[:]
        proto.opset_import.extend(opsets)
        write(name, proto.SerializeToString())
        cases.append({
            "model": f"{name}.onnx", "rows": rows.tolist(), "classes": [str(c) for c in model.classes_],
            "labels": model.predict(rows).tolist(), "probabilities": model.predict_proba(rows).tolist(),
        })
    return cases


def maps():
    """A ZipMap by itself, its labels in no order, over a matrix and over one row."""
    for name, key, attribute, values in [
        ("zipmap_int", T.INT64, "classlabels_int64s", [7, 3, 5]),
        ("zipmap_string", T.STRING, "classlabels_strings", ["pear", "apple", "fig"]),
    ]:
        kind = helper.make_map_type_proto(key, helper.make_tensor_type_proto(T.FLOAT, None))
        for suffix, shape in [("", ["n", 3]), ("_vector", [3])]:
            save(
                name + suffix,
                [node("Identity", ["x"], ["p"]), node("ZipMap", ["p"], ["z"], domain="ai.onnx.ml", **{attribute: values})],
                [info("x", T.FLOAT, shape)],
                [helper.make_value_info("z", helper.make_sequence_type_proto(kind))],
            )
    # A model may import no operators of ONNX's own.
    z = helper.make_value_info("z", helper.make_sequence_type_proto(kind))
    only = [node("ZipMap", ["x"], ["z"], domain="ai.onnx.ml", classlabels_strings=["a", "b"])]
    graph = helper.make_graph(only, "alone", [info("x", T.FLOAT, ["n", 2])], [z])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("ai.onnx.ml", 3)], ir_version=IR)
    write("zipmap_alone", model.SerializeToString())


def sequences():
    for name, kind in [("sequence", T.FLOAT), ("sequence_bytes", T.STRING)]:
        tensor = helper.make_tensor_type_proto(kind, ["k", 2])
        save(
            name,
            [node("SplitToSequence", ["x", "split"], ["parts"], axis=0)],
            [info("x", kind, ["n", 2]), info("split", T.INT64, ["parts"])],
            [helper.make_value_info("parts", helper.make_sequence_type_proto(tensor))],
        )


def refused():
    tensor = helper.make_tensor_type_proto(T.FLOAT, ["n"])
    sequence = helper.make_sequence_type_proto(tensor)
    save(
        "refused_sequence_input", [node("SequenceLength", ["parts"], ["n"])],
        [helper.make_value_info("parts", sequence)], [info("n", T.INT64, [])],
    )
    save(
        "refused_optional", [node("Optional", ["x"], ["maybe"])],
        [info("x", T.FLOAT, ["n"])], [helper.make_value_info("maybe", helper.make_optional_type_proto(tensor))],
    )
    save(
        "refused_map_input", [node("DictVectorizer", ["words"], ["y"], domain="ai.onnx.ml", string_vocabulary=["a", "b"])],
        [helper.make_value_info("words", helper.make_map_type_proto(T.STRING, helper.make_tensor_type_proto(T.INT64, None)))],
        [info("y", T.INT64, ["n"])],
    )
    for name, kind in [("float8", T.FLOAT8E4M3FN), ("int4", T.INT4)]:
        save(
            f"refused_{name}", [node("Cast", ["x"], ["narrow"], to=kind)],
            [info("x", T.FLOAT, ["n"])], [info("narrow", kind, ["n"])],
        )


def slow():
    """As many matrix products as asked for: a run that can be ended early."""
    body = helper.make_graph(
        [node("MatMul", ["state", "state"], ["product"]), node("Clip", ["product", "low", "high"], ["next"]),
         node("Identity", ["go"], ["go_on"])],
        "body",
        [info("i", T.INT64, []), info("go", T.BOOL, []), info("state", T.FLOAT, [64, 64])],
        [info("go_on", T.BOOL, []), info("next", T.FLOAT, [64, 64])],
    )
    save(
        "slow",
        [node("Loop", ["rounds", "", "start"], ["end"], body=body)],
        [info("rounds", T.INT64, [])], [info("end", T.FLOAT, [64, 64])],
        [constant("start", np.full((64, 64), 0.01, np.float32)), constant("low", np.float32(0)), constant("high", np.float32(1))],
    )


def external():
    weights = np.arange(2000, dtype=np.float32)
    tensor = constant("w", weights)
    graph = helper.make_graph(
        [node("Add", ["x", "w"], ["y"])], "external", [info("x", T.FLOAT, [1])], [info("y", T.FLOAT, [2000])], [tensor]
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR)
    weights_file = HERE / "external.bin"
    weights_file.unlink(missing_ok=True)
    onnx.save_model(model, HERE / "external.onnx", save_as_external_data=True, location=weights_file.name, size_threshold=0)
    weights_file.chmod(0o644)


def mlp():
    """32-128-128-8 with fixed weights: what the benchmark runs."""
    rng = np.random.default_rng(1)
    nodes, weights, at, sizes = [], [], "x", [32, 128, 128, 8]
    for i, (rows, columns) in enumerate(zip(sizes, sizes[1:])):
        # Weights of one byte each keep the file small; they are widened once, at load.
        w = rng.integers(-127, 128, (rows, columns), dtype=np.int8)
        scale = np.float32(1 / (127 * np.sqrt(rows)))
        weights += [constant(f"q{i}", w), constant(f"s{i}", scale), constant(f"b{i}", rng.standard_normal(columns, np.float32))]
        nodes += [
            node("Cast", [f"q{i}"], [f"f{i}"], to=T.FLOAT),
            node("Mul", [f"f{i}", f"s{i}"], [f"w{i}"]),
            node("Gemm", [at, f"w{i}", f"b{i}"], [f"g{i}"]),
        ]
        at = f"g{i}"
        if i < len(sizes) - 2:
            nodes.append(node("Relu", [at], [f"r{i}"]))
            at = f"r{i}"
    nodes[-1].output[0] = "y"
    save("mlp", nodes, [info("x", T.FLOAT, ["batch", 32])], [info("y", T.FLOAT, ["batch", 8])], weights)


def trees():
    """A tree of one split."""
    lists = {"nodeids": [0, 1, 2], "treeids": [0] * 3, "featureids": [1, 0, 0], "truenodeids": [1, 0, 0], "falsenodeids": [2, 0, 0]}
    lists = {f"nodes_{name}": values for name, values in lists.items()}
    lists |= {"nodes_modes": ["BRANCH_LEQ", "LEAF", "LEAF"], "nodes_values": [0.5, 0.0, 0.0]}
    lists |= {"target_nodeids": [1, 2], "target_treeids": [0, 0], "target_ids": [0, 0], "target_weights": [-1.0, 1.0]}
    stump = helper.make_node("TreeEnsembleRegressor", ["x"], ["y"], domain="ai.onnx.ml", n_targets=1, **lists)
    save("trees", [stump], [info("x", T.FLOAT, ["batch", 3])], [info("y", T.FLOAT, ["batch", 1])])


def main():
    trees()
    identities()
    shapes()
    many()
    maps()
    sequences()
    refused()
    slow()
    external()
    mlp()
    (HERE / "cases.json").write_text(json.dumps(classifiers(), indent=1) + "\n")


if __name__ == "__main__":
    main()
