"""Which action turned one image into another, how sure that is, and why (docs/model.md, 7 and section 5).

found = retrieve(explorer, before, after, kept_calibration(explorer))
reason = explain(explorer, found.codes[0], int(found.order[0]))
"""

from __future__ import annotations

import numpy as np

from engine.calibration import Calibration
from engine.errors import InputError
from engine.explorer import Explorer
from engine.metrics.images import psnr_of_images
from engine.results import Codes, Explanation, Image, Retrieval


def retrieve(
    explorer: Explorer, before: Image, after: Image, calibration: Calibration | None = None
) -> Retrieval:
    """All actions ranked by how well they explain the step from `before` to `after`, uint8 [h,w,c] each.

    Raises:
        InputError: the images have different shapes, or another one than the model takes.
    """
    if before.shape != after.shape:
        raise InputError(
            f"the two images have different sizes, {before.shape} and {after.shape}; convert them to one"
        )
    images = np.stack([before, after])
    codes = explorer.encode(images)
    scores = explorer.retrieve_codes(codes[:1], codes[1:])
    probabilities = (
        np.exp(scores.log_probability) if calibration is None else calibration.probabilities(scores)
    )
    decibels = psnr_of_images(explorer.decode(codes), images)
    changed = np.array([(codes[0] != codes[1]).sum()])
    kinds = None if calibration is None else calibration.kinds_of(scores, changed, codes.shape[1])
    return Retrieval(
        action_names=explorer.info.space.action_names,
        probabilities=probabilities[0],
        cross_entropy=scores.cross_entropy[0],
        order=np.argsort(-scores.log_probability[0], kind="stable"),
        codes=codes,
        identical=bool(np.array_equal(before, after)),
        psnr=(float(decibels[0]), float(decibels[1])),
        psnr_floor=None if calibration is None else calibration.psnr_floor,
        kinds=None if kinds is None else kinds[0],
        calibrated=calibration is not None,
    )


def explain(explorer: Explorer, codes: Codes, action: int) -> Explanation:
    """What an action would have made of the image with these codes [N].

    Raises:
        InputError: the action does not exist, or a code lies outside 0..K-1.
    """
    acted, graph = explorer.apply_action(codes, action), explorer.graph(codes, action)
    return Explanation(action, acted.image, acted.moved, graph.mask, graph.edges)
