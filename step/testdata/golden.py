"""Writes storey.json: what storey makes of sequences of events.

    python -m venv venv && venv/bin/pip install storey==1.14.1 packaging
    TZ=UTC venv/bin/python step/testdata/golden.py > step/testdata/storey.json

Each case names a class, its arguments as a spec has them and the events; the
outputs are the bodies that reach the next step, in their order, those of
termination included.
"""

import datetime
import json
import math
import random
import sys
import warnings

import storey
from storey import build_flow, SyncEmitSource
from storey.steps import EmitPeriod

warnings.simplefilter("ignore")
BASE = datetime.datetime(2026, 3, 1, 12, 0, 0, tzinfo=datetime.timezone.utc)


class Sink(storey.Flow):
    def __init__(self, out, **kwargs):
        super().__init__(**kwargs)
        self.out = out

    async def _do(self, event):
        if event is storey.dtypes._termination_obj:
            return await self._do_downstream(event)
        self.out.append(json.loads(json.dumps(clean(event.body))))
        return None


def clean(v):
    if isinstance(v, float) and (math.isnan(v) or math.isinf(v)):
        return None
    if isinstance(v, dict):
        return {k: clean(x) for k, x in v.items()}
    if isinstance(v, (list, tuple)):
        return [clean(x) for x in v]
    return v


def fn(text):
    return eval("lambda event: " + text)


def functions(args):
    return {k[1:] if k[0] == "_" else k: fn(v) if k[0] == "_" else v for k, v in args.items()}


def build(cls, args):
    kwargs = functions(args)
    if cls == "SampleWindow":
        if "emit_period" in kwargs:
            kwargs["emit_period"] = EmitPeriod[kwargs["emit_period"].upper()]
        return storey.SampleWindow(**kwargs)
    if cls == "Flatten":
        return storey.Flatten()
    if cls == "Batch":
        return storey.Batch(full_event=False, **kwargs)
    if cls == "AggregateByKey":
        return storey.AggregateByKey(table=storey.Table("t", storey.NoopDriver()), **kwargs)
    if cls == "Reduce":
        text = args["_fn"]
        return storey.Reduce(args["initial_value"], lambda state, event: eval(text, {"event": {"state": state, "event": event}}))
    if cls == "MapWithState":
        text = args["_fn"]
        return storey.MapWithState(args["initial_state"], lambda event, state: tuple(eval(text, {"event": {"state": state, "event": event}})))
    return getattr(storey.flow, cls)(**kwargs)


class Chooser(storey.Choice):
    def __init__(self, array, default, **kwargs):
        super().__init__(**kwargs)
        self.array = [(name, fn(cond)) for name, cond in array]
        self.default = default

    def select_outlets(self, event):
        for name, cond in self.array:
            if cond(event):
                return [name]
        return [self.default] if self.default else []


def run(cls, args, events):
    out = []
    if cls == "Choice":
        outs = {name: [] for name in ["a", "b", "c"]}
        array = [(name, cond) for name, cond in args["choice_array"]]
        flow = [SyncEmitSource(), Chooser(array, args.get("default")), *[[Sink(outs[n], name=n)] for n in outs]]
        controller = build_flow(flow).run()
        for ev in events:
            controller.emit(ev["body"])
        controller.terminate()
        controller.await_termination()
        return outs
    step = build(cls, args)
    flow = [SyncEmitSource(), step] + ([] if cls == "Reduce" else [Sink(out)])
    controller = build_flow(flow).run()
    for ev in events:
        body = json.loads(json.dumps(ev["body"]))
        time = BASE + datetime.timedelta(seconds=ev["at"]) if "at" in ev else BASE
        controller.emit(storey.Event(body, key=ev.get("key"), processing_time=time))
    controller.terminate()
    result = controller.await_termination()
    return [clean(result)] if cls == "Reduce" else out


def bodies(*values):
    return [{"body": v} for v in values]


def stream(seed, n, keys, gap, columns=("v",)):
    """Random events in the order of their times."""
    rnd = random.Random(seed)
    at, events = 0, []
    for _ in range(n):
        at += rnd.choice(gap)
        body = {c: rnd.choice([rnd.randint(-50, 50), round(rnd.uniform(-5, 5), 3)]) for c in columns}
        events.append({"key": rnd.choice(keys), "at": at, "body": body})
    return events


OPS = ["count", "sum", "sqr", "avg", "min", "max", "last", "stddev", "stdvar"]


def agg(windows, period=None, ops=OPS, name="v", column="v", **more):
    a = {"name": name, "column": column, "operations": ops, "windows": windows, **more}
    if period:
        a["period"] = period
    return a


CASES = [
    ("Map", {"_fn": "event['x'] * 2"}, bodies({"x": 1}, {"x": 2.5}, {"x": "a"})),
    ("Filter", {"_fn": "event"}, bodies(0, 1, "", "a", [], [0], {}, {"a": 0}, None, False, True, 0.0, 0.5)),
    ("FlatMap", {"_fn": "[event, event + 1]"}, bodies(1, 2)),
    ("Flatten", {}, bodies([1, 2], [], [[1, 2], [3]], [{"a": 1}, None])),
    ("Extend", {"_fn": "{'y': event['x'] + 1, 'z': 0}"}, bodies({"x": 1}, {"x": 2, "z": 5, "w": 1})),
    ("Rename", {"mapping": {"a": "b"}}, bodies({"a": 1, "c": 2}, {"c": 2}, {"a": 1, "b": 2})),
    ("DropColumns", {"columns": ["a", "b"]}, bodies({"a": 1, "c": 2}, {"c": 2}, {"a": 1, "b": 2})),
    ("DropColumns", {"columns": "a"}, bodies({"a": 1, "c": 2})),
    ("Reduce", {"initial_value": 10, "_fn": "event['state'] + event['event']"}, bodies(1, 2, 3)),
    ("Reduce", {"initial_value": [], "_fn": "event['state'] + [event['event']]"}, bodies("a", None)),
    ("MapWithState", {"initial_state": 100, "_fn": "[event['event'] - event['state'], event['event']]"}, bodies(1, 5, 3)),
    ("Choice", {"choice_array": [["a", "event > 10"], ["b", "event % 2 == 0"]], "default": "c"}, bodies(12, 4, 3)),
    ("Choice", {"choice_array": [["a", "event > 10"], ["b", "event % 2 == 0"], ["c", "event == 7"]]}, bodies(12, 4, 7, 11)),
    ("Batch", {"max_events": 2}, bodies(1, 2, 3, 4, 5)),
    ("Batch", {"max_events": 2, "key_field": "k"}, bodies({"k": "a", "n": 1}, {"k": "b", "n": 2}, {"k": "a", "n": 3}, {"k": "a", "n": 4})),
    ("Batch", {"max_events": 2, "key_field": "k", "drop_key_field": True}, bodies({"k": "a", "n": 1}, {"k": "a", "n": 3})),
    ("Batch", {"max_events": 2, "key_field": "$key"}, [{"key": "a", "body": 1}, {"key": "b", "body": 2}, {"key": "a", "body": 3}]),
    ("SampleWindow", {"window_size": 3}, bodies(*range(8))),
    ("SampleWindow", {"window_size": 3, "emit_period": "last"}, bodies(*range(8))),
    ("SampleWindow", {"window_size": 3, "emit_before_termination": True}, bodies(*range(8))),
    ("SampleWindow", {"window_size": 3, "emit_before_termination": True}, bodies(*range(7))),
    ("SampleWindow", {"window_size": 2, "emit_period": "last", "emit_before_termination": True}, bodies(*range(5))),
    ("SampleWindow", {"window_size": 2, "key": "k"}, bodies(*[{"k": "ab"[i % 2], "n": i} for i in range(9)])),
    ("SampleWindow", {"window_size": 2, "key": "$key", "emit_period": "last"}, [{"key": "ab"[i // 3 % 2], "body": i} for i in range(9)]),
    ("AggregateByKey", {"aggregates": [agg(["1h", "2h", "24h"], "10m")]}, stream(1, 60, "ab", [7, 60, 600, 3000])),
    ("AggregateByKey", {"aggregates": [agg(["1h", "2h"], "10m", ["count", "sum", "min", "max", "stddev"])]}, stream(11, 60, "ab", [0, 60, 600, 3000])),
    ("AggregateByKey", {"aggregates": [agg(["5m", "1h"], "5m", ["count", "avg"])]}, stream(2, 60, "abc", [1, 30, 200, 900])),
    ("AggregateByKey", {"aggregates": [agg(["30s"], "10s")]}, stream(3, 60, "a", [1, 5, 11, 40])),
    ("AggregateByKey", {"aggregates": [agg(["1d", "7d"], "1d", ["sum", "min", "max"])]}, stream(4, 40, "a", [3600, 40000, 90000])),
    ("AggregateByKey", {"aggregates": [agg(["1h"], "1m", ["first", "last"])]}, stream(5, 20, "a", [1, 60])),
    ("AggregateByKey", {"aggregates": [agg(["1h"], "10m", ["sum"]), agg(["2h"], "10m", ["max"], "w", "w")]}, stream(6, 30, "ab", [60, 600], ("v", "w"))),
    ("AggregateByKey", {"aggregates": [agg(["1h"], "10m", ["sum", "count"], _aggregation_filter="event['v'] > 0")]}, []),
    ("AggregateByKey", {"aggregates": [agg(["1h", "3h"], None, ["count", "sum", "min", "max", "avg"])]}, stream(7, 40, "a", [60, 600, 1500])),
    ("AggregateByKey", {"aggregates": [agg(["1h"], "10m", ["sum"])], "aliases": {"v_sum_1h": "total"}}, stream(8, 5, "a", [60])),
    ("AggregateByKey", {"aggregates": [agg(["1h"], "10m", ["sum", "count", "max"], max_value=40)]}, stream(9, 0, "a", [60])),
    ("AggregateByKey", {"aggregates": [agg(["1h"], "10m", ["sum"])], "key_field": "k", "time_field": "t"},
     bodies({"k": "a", "t": "2026-03-01T10:00:00", "v": 1}, {"k": "a", "t": "2026-03-01T10:30:00+00:00", "v": 2}, {"k": "a", "t": "2026-03-01 11:05:00", "v": 4})),
    ("AggregateByKey", {"aggregates": [agg(["1h"], "10m", ["sum"])], "key_field": ["k", "l"], "time_field": "t"},
     bodies({"k": "a", "l": 1, "t": 1000000, "v": 1}, {"k": "a", "l": 2, "t": 2000000, "v": 2}, {"k": "a", "l": 1, "t": 3000000, "v": 4}, {"k": "a", "l": 1, "t": 4700000, "v": 4})),
    ("AggregateByKey", {"aggregates": [agg(["1h"], "10m", ["sum"])], "emit_policy": {"mode": "maxEvents", "maxEvents": 2}}, stream(10, 9, "ab", [60])),
]

# Functions within arguments are not in the cases: storey takes them as Python
# objects only.
CASES = [c for c in CASES if not any("_aggregation_filter" in a for a in c[1].get("aggregates", [])) and c[2]]

golden = []
for cls, args, events in CASES:
    outputs = run(cls, json.loads(json.dumps(args)), events)
    golden.append({"class": cls, "args": args, "events": events, "outputs": outputs})
    print(cls, len(events), file=sys.stderr)
lines = ",\n".join(json.dumps(c, separators=(",", ":")) for c in golden)
print('{"storey":"%s","base":"%s","cases":[\n%s\n]}' % (storey.__version__, BASE.isoformat(), lines))
