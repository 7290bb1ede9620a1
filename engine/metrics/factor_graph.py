"""Which factor causes which, read off a trained model: do actions on one move another one?

An edge i -> j is there when the model's actions on factor i change what the probes read of factor j more
often than reading alone does (docs/model.md, section 4):

moved[i, j]   share of the pairs with an action on i of which the probes read another value of j in the result
              than in the reconstruction of the image before.
noise[j]      share of the pairs between whose true images j does not differ of which the probes read another
              value of j in the reconstruction after than in that before.
edge          moved[i, j] - noise[j] is above LEAST, with 95 % certainty over all edges together: the lower
              end of the interval of a difference of two shares, Newcombe 1998 ("Interval estimation for the
              difference between independent proportions", method 10), at 5 % over the number of edges asked.

The distance of two graphs is the structural Hamming distance (Tsamardinos et al. 2006): the number of edges
to add, to remove, or to turn round.

Legend: P pairs, F factors. numpy only.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from statistics import NormalDist
from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Edge = tuple[str, str]

LEAST = 0.1  # what fewer actions than this share move beyond the noise is imprecision, no cause
ERROR = 0.05  # chance of any wrong edge, where there is none


def factor_graph(
    read: tuple[Ints, Ints, Ints],
    values: tuple[Ints, Ints],
    target: Ints,
    names: Sequence[str],
    known: Sequence[Edge] | None,
    factors: npt.NDArray[np.bool_],
) -> dict[str, Any]:
    """The learned graph of factors as a figure.

    Args:
        read: factor values that the probes read of the reconstructions of the images before and after, and
            of the results of the actions, [P,F] each.
        values: the true factor values before and after, [P,F] each.
        target: the factors of the actions, [P].
        names: of the factors.
        known: the true edges, (cause, effect) by name; None where they are not known.
        factors: which factors are read, bool [F].

    Returns:
        `factors` (names of those that are read), `moved` (rows causes, columns effects, over `factors`; None
        on the diagonal and where there are no pairs), `noise` (one a factor, None where no pair leaves it
        alone), `edges` (list of `cause`, `effect`, `moved`, `noise`, `at_least`: the lower end), `found` (how
        many), `known`.
    """
    before, after, acted = read
    still = values[0] == values[1]
    shown = np.flatnonzero(factors).tolist()
    differs, disturbed = acted != before, (after != before) & still
    z = NormalDist().inv_cdf(1 - ERROR / max(1, len(shown) * (len(shown) - 1)))
    moved: list[list[float | None]] = []
    edges = []
    for i in shown:
        row: list[float | None] = []
        for j in shown:
            tries, rests = int((target == i).sum()), int(still[:, j].sum())
            if i == j or not tries:
                row.append(None)
                continue
            share = float(differs[target == i, j].mean())
            row.append(share)
            if not rests:
                continue
            noise = float(disturbed[:, j].sum() / rests)
            least = difference_at_least(share, tries, noise, rests, z)
            if least > LEAST:
                pair = {"cause": names[i], "effect": names[j]}
                edges.append({**pair, "moved": share, "noise": noise, "at_least": least})
        moved.append(row)
    rests_F = still.sum(axis=0)
    return {
        "factors": [names[f] for f in shown],
        "moved": moved,
        "noise": [float(disturbed[:, f].sum() / rests_F[f]) if rests_F[f] else None for f in shown],
        "edges": edges,
        "found": len(edges),
        "known": None if known is None else [list(edge) for edge in known],
    }


def difference_at_least(first: float, tries: int, second: float, others: int, z: float) -> float:
    """Lower end of the interval of first - second, shares of so many tries each; z standard errors wide."""
    low, high = wilson(first, tries, z)[0], wilson(second, others, z)[1]
    return first - second - float(np.hypot(first - low, high - second))


def wilson(share: float, tries: int, z: float) -> tuple[float, float]:
    """Wilson's interval of a share of so many tries, z standard errors wide."""
    centre = (share + z * z / (2 * tries)) / (1 + z * z / tries)
    half = z / (1 + z * z / tries) * np.sqrt(share * (1 - share) / tries + z * z / (4 * tries * tries))
    return float(centre - half), float(centre + half)


def hamming_distance(learned: Collection[Edge], known: Collection[Edge]) -> int:
    """Edges to add, to remove or to turn round (counted once) to make the one graph the other."""
    first, second = set(learned), set(known)
    pairs = {frozenset(edge) for edge in first ^ second}
    extra = [sum(frozenset(edge) == pair for edge in first - second) for pair in pairs]
    missing = [sum(frozenset(edge) == pair for edge in second - first) for pair in pairs]
    return sum(map(max, extra, missing))


def learned_edges(graph: Mapping[str, Any]) -> list[Edge]:
    """The edges of `factor_graph`, by name."""
    return [(str(edge["cause"]), str(edge["effect"])) for edge in graph["edges"]]


def distance_to_known(graph: Mapping[str, Any]) -> int | None:
    """The structural Hamming distance of `factor_graph` to the true graph; None where that is not known."""
    known = graph["known"]
    return None if known is None else hamming_distance(learned_edges(graph), [(c, e) for c, e in known])


def edge_states(graph: Mapping[str, Any]) -> dict[Edge, str]:
    """Each edge that was found or is known: "right", "missing" or "extra"; "found" where none is known."""
    learned = learned_edges(graph)
    if graph["known"] is None:
        return dict.fromkeys(learned, "found")
    known = [(str(cause), str(effect)) for cause, effect in graph["known"]]
    states = {edge: "right" if edge in learned else "missing" for edge in known}
    return states | {edge: "extra" for edge in learned if edge not in known}


def moved_share(graph: Mapping[str, Any], edge: Edge) -> float | None:
    """`moved` of an edge, also of one that was not found; None for a factor that is not read."""
    names = list(graph["factors"])
    if edge[0] not in names or edge[1] not in names:
        return None
    share = graph["moved"][names.index(edge[0])][names.index(edge[1])]
    return None if share is None else float(share)


def columns(graph: Mapping[str, Any]) -> list[list[str]]:
    """The factors in columns for a drawing, causes left of their effects, by the known edges if any."""
    depth = dict.fromkeys([*graph["factors"], *(name for edge in edge_states(graph) for name in edge)], 0)
    edges = graph["known"] or learned_edges(graph)
    for _ in depth:  # as many rounds as the longest way can have edges; in a circle it ends anyhow
        for cause, effect in edges:
            depth[effect] = min(max(depth[effect], depth[cause] + 1), len(depth) - 1)
    levels = sorted(set(depth.values()))
    return [[name for name in depth if depth[name] == level] for level in levels]
