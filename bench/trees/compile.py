"""Compiles the models of the tree benchmark with tl2cgen and gcc -O3.

    python compile.py --out DIR [--only NAME] [--timeout SECONDS]

For each model NAME.ubj and NAME.txt in DIR it writes NAME-xgb.so and
NAME-lgb.so, unless the compiler takes longer than the timeout. Then an empty
file NAME-xgb.none stands for it, so that it is not tried again.

Needs tl2cgen and treelite, a C compiler and make.
"""

import argparse
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile

import tl2cgen
import treelite

LOADERS = {
    ".ubj": ("xgb", lambda p: treelite.frontend.load_xgboost_model(p, format_choice="ubjson")),
    ".txt": ("lgb", treelite.frontend.load_lightgbm_model),
}


def build(model, folder, timeout):
    """Translation units of some ten thousand nodes: gcc takes more than linear
    time for one function."""
    units = max(4, pathlib.Path(model[1]).stat().st_size // 1_000_000)
    tl2cgen.generate_c_code(model[0], dirpath=folder, params={"parallel_comp": units}, verbose=False)
    sources = sorted(pathlib.Path(folder).glob("*.c"))
    rules = "".join(f"{s.stem}.o: {s.name}\n\tgcc -O3 -fPIC -c -o $@ $<\n" for s in sources)
    objects = " ".join(s.stem + ".o" for s in sources)
    pathlib.Path(folder, "Makefile").write_text(f"model.so: {objects}\n\tgcc -shared -o $@ $^ -lm\n{rules}")
    make = subprocess.Popen(["make", "-s", "-j2", "-C", folder], start_new_session=True)
    try:
        return make.wait(timeout) == 0
    except subprocess.TimeoutExpired:
        os.killpg(make.pid, signal.SIGTERM)
        make.wait()
        return False


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", required=True, type=pathlib.Path)
    parser.add_argument("--only", default=".*", help="regular expression of names")
    parser.add_argument("--timeout", type=float, default=120, help="seconds for one model")
    arguments = parser.parse_args()
    for path in sorted(arguments.out.iterdir(), key=lambda p: p.stat().st_size):
        if path.suffix not in LOADERS or not re.fullmatch(arguments.only, path.stem):
            continue
        kind, load = LOADERS[path.suffix]
        target = arguments.out / f"{path.stem}-{kind}.so"
        none = target.with_suffix(".none")
        if target.exists() or none.exists():
            continue
        print("compile", path.name, flush=True)
        with tempfile.TemporaryDirectory() as folder:
            if build((load(str(path)), str(path)), folder, arguments.timeout):
                shutil.move(pathlib.Path(folder, "model.so"), target)
            else:
                none.touch()


if __name__ == "__main__":
    main()
