"""Orders to a training that runs: from this process, or from another one through the run directory.

    orders/*.json     one file an order, removed when it is heeded: {"order": "rate", "value": 0.5}

Orders are heeded between two optimizer steps, in the order in which they were given.
"""

from __future__ import annotations

import contextlib
import json
import math
import secrets
import time
from dataclasses import dataclass
from pathlib import Path

from engine.errors import InputError, RunError
from engine.whole_files import whole

NEXT_PHASE, SAVE, RATE, PAUSE, RESUME, STOP = "next_phase", "save", "rate", "pause", "resume", "stop"
ORDERS = (NEXT_PHASE, SAVE, RATE, PAUSE, RESUME, STOP)
LEAST_RATE, MOST_RATE = 0.001, 100.0
FOLDER = "orders"
LOOK_EVERY_S = 0.2


class StopOrdered(Exception):
    """Inside a training: the order to stop was given."""


@dataclass(frozen=True)
class Order:
    """What a training is to do.

    Attributes:
        kind: "next_phase" ends the present phase, "save" writes the last checkpoint, "rate" multiplies the
            planned learning rate by `value` from now on, "pause" and "resume", "stop" saves and ends.
        value: of "rate", 0.001 to 100; 1 is the rate as planned.

    Raises:
        InputError: an unknown kind, or a rate out of range.
    """

    kind: str
    value: float = 1.0

    def __post_init__(self) -> None:
        if self.kind not in ORDERS:
            raise InputError(f"a training knows no order '{self.kind}'; choose one of {', '.join(ORDERS)}")
        if not (math.isfinite(self.value) and LEAST_RATE <= self.value <= MOST_RATE):
            raise InputError(
                f"the learning rate can be multiplied by {LEAST_RATE:g} to {MOST_RATE:g}, not {self.value:g}"
            )


class Steering:
    """The orders of one training, waiting to be heeded.

    Args:
        run: the run directory. None: orders of this process alone count.
    """

    def __init__(self, run: Path | None) -> None:
        self._folder = None if run is None else run / FOLDER
        self._asked: list[Order] = []
        self._looked_s = 0.0

    def begin(self) -> None:
        """The run is this training's now: orders that an earlier one left there are forgotten."""
        self._read()

    def ask(self, order: Order) -> None:
        """An order from this process."""
        self._asked.append(order)

    def take(self) -> list[Order]:
        """The orders since the last call; the folder is looked into five times a second at most."""
        orders, self._asked = self._asked, []
        now = time.perf_counter()
        if now - self._looked_s >= LOOK_EVERY_S:
            self._looked_s = now
            orders += self._read()
        return orders

    def _read(self) -> list[Order]:
        """The orders in the folder, which are removed; what is no order is removed as well."""
        if self._folder is None:
            return []
        try:
            files = sorted(self._folder.glob("*.json"))
        except OSError:
            return []
        orders = []
        for file in files:
            with contextlib.suppress(OSError, ValueError, TypeError, KeyError, InputError):
                data = json.loads(file.read_text(encoding="utf-8"))
                orders.append(Order(str(data["order"]), float(data.get("value", 1.0))))
            with contextlib.suppress(OSError):
                file.unlink()
        return orders


def give_order(run: Path, order: Order) -> None:
    """Leave an order for the training of a run, in whatever process or on whatever machine it runs.

    Raises:
        RunError: it cannot be written there.
    """
    folder = run / FOLDER
    try:
        with whole(folder / f"{time.time_ns()}-{secrets.token_hex(4)}.json", make_folders=True) as part:
            part.write_text(json.dumps({"order": order.kind, "value": order.value}), encoding="utf-8")
    except OSError as error:
        raise RunError(
            f"the order could not be written to {folder} ({error.strerror or error}); check its permissions"
        ) from error
