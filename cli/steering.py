"""`doscope steer`: orders to a training that runs, in this machine's window or anywhere else."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING

from cli.arguments import Commands, add_command
from cli.errors import UsageError
from cli.output import Result

if TYPE_CHECKING:
    from engine.steering import Order

PATIENCE_S = 10.0  # a validation between two steps can take seconds


def add_commands(commands: Commands) -> None:
    """Adds `steer`."""
    parser = add_command(
        commands,
        "steer",
        "give orders to a training that runs",
        "doscope steer --run runs/a --rate 0.5 --save",
        steer,
    )
    parser.add_argument(
        "--run",
        required=True,
        metavar="RUN",
        help="the run's directory, or its name in Doscope's folder",
    )
    parser.add_argument(
        "--rate", type=float, metavar="FACTOR", help="multiply the planned learning rate from now on"
    )
    parser.add_argument("--save", action="store_true", help="write a checkpoint now")
    parser.add_argument("--next-phase", action="store_true", help="end the present phase now")
    last = parser.add_mutually_exclusive_group()
    last.add_argument("--pause", action="store_true", help="stand still until --resume")
    last.add_argument("--resume", action="store_true", help="go on after --pause")
    last.add_argument("--stop", action="store_true", help="save a checkpoint and end; the run can be resumed")


def steer(arguments: argparse.Namespace) -> Result:
    """Leaves the orders in the run directory and waits some seconds for the training to take them."""
    from engine.run_directory import RunDirectory, resolve_run
    from engine.run_lock import owner_of
    from engine.steering import FOLDER, give_order

    run = resolve_run(arguments.run)
    orders = _orders(arguments)
    status = RunDirectory(run).status()
    if status.problem:
        raise UsageError(status.problem)
    if status.finished is not None:
        raise UsageError(
            f"{run} is not in training ({status.finished}); go on with `train --run {run} --resume`"
        )
    for order in orders:
        give_order(run, order)
    taken = _wait(run / FOLDER)
    named = [order.kind for order in orders]
    text = f"{run}: {', '.join(named).replace('_', ' ')}"
    if not taken:
        owner = owner_of(run)
        text += (
            "; no training has taken it yet, and none holds the run's lock: does one run?"
            if owner is None
            else f"; not taken yet: {owner.words} has the run and may be validating"
        )
    return Result({"run": str(run), "orders": named, "taken": taken}, text)


def _orders(arguments: argparse.Namespace) -> list[Order]:
    """What was asked for, the learning rate first and what ends the steps last."""
    from engine.steering import NEXT_PHASE, PAUSE, RATE, RESUME, SAVE, STOP, Order

    orders = [] if arguments.rate is None else [Order(RATE, arguments.rate)]
    asked = (
        (arguments.save, SAVE),
        (arguments.next_phase, NEXT_PHASE),
        (arguments.pause, PAUSE),
        (arguments.resume, RESUME),
        (arguments.stop, STOP),
    )
    orders += [Order(kind) for given, kind in asked if given]
    if not orders:
        raise UsageError("no order was given; give --rate, --save, --next-phase, --pause, --resume or --stop")
    return orders


def _wait(folder: Path) -> bool:
    """Whether all orders were taken in time."""
    until = time.monotonic() + PATIENCE_S
    while any(folder.glob("*.json")):
        if time.monotonic() > until:
            return False
        time.sleep(0.1)
    return True
