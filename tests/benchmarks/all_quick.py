"""Runs several benchmarks with tiny sizes in one process, which loads torch and Qt only once.

    python -m tests.benchmarks.all_quick NAME ...

One JSON line a benchmark: its name, exit code and what it printed.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import sys

if __name__ == "__main__":
    for name in sys.argv[1:]:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            code = importlib.import_module(f"benchmarks.{name}").main(["--quick", "--json", "--threads", "1"])
        sys.stdout.write(json.dumps({"name": name, "code": code, "printed": printed.getvalue()}) + "\n")
        sys.stdout.flush()
