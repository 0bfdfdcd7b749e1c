"""Evaluates expressions as Python does: reads JSON lines {"expr", "event"} and
writes JSON lines {"value": repr} or {"class", "text"}."""

import json
import sys

sys.set_int_max_str_digits(0)
for line in sys.stdin:
    case = json.loads(line)
    try:
        f = eval("lambda event: (" + case["expr"] + "\n)")
    except SyntaxError as e:
        out = {"syntax": str(e)}
    else:
        try:
            out = {"value": repr(f(case["event"]))}
        except Exception as e:
            out = {"class": type(e).__name__, "text": str(e)}
    print(json.dumps(out))
print(json.dumps({"version": list(sys.version_info[:2])}))
