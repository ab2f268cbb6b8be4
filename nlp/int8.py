"""Numbers in eight bits: weights with a scale for each output, and what a product reads with one scale, fixed beforehand.

One scale for all channels is too coarse where a few are ten times as loud as the others. So each channel is multiplied with a
*volume* before the product and its weights are divided by it (Xiao et al. 2023, SmoothQuant): the product stays what it was.
Where single channels are louder than any volume mends, they are left out of the int8 product and multiplied apart, in fp32.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nlp.heads import Numbers

Bytes = NDArray[np.int8]
_LITTLE = 1e-6


@dataclass(frozen=True)
class Range:
    """The lowest and the highest number that was met in each channel of what a product reads."""

    low: Numbers
    high: Numbers

    @property
    def peak(self) -> Numbers:
        """The loudest that each channel was."""
        return np.asarray(np.maximum(np.maximum(self.high, -self.low), _LITTLE), np.float32)

    def turned(self, volume: Numbers) -> "Range":
        """Return what the range is once each channel is multiplied with its volume."""
        return Range(self.low * volume, self.high * volume)

    def without(self, channels: NDArray[np.int64]) -> "Range":
        """Return the range of all other channels."""
        return Range(np.delete(self.low, channels), np.delete(self.high, channels))

    @property
    def steps(self) -> tuple[np.float32, np.uint8]:
        """How large one of the 255 steps is that cover the range and zero, and which step is zero."""
        low, high = min(float(self.low.min()), 0.0), max(float(self.high.max()), 0.0)
        step = max(high - low, _LITTLE) / 255
        return np.float32(step), np.uint8(round(-low / step))


def volumes(met: Range, weights: Sequence[Numbers], share: float) -> Numbers:
    """Return the volume of each channel for the products with *weights* (outputs x inputs).

    With *share* 1 all channels become equally loud and the weights carry all that is uneven, with 0 the other way round.
    """
    heaviest = np.maximum(np.max([np.abs(one).max(axis=0) for one in weights], axis=0), 1e-3)
    return np.asarray(heaviest ** (1 - share) / met.peak**share, np.float32)


def loudest(met: Range, weight: Numbers, count: int) -> NDArray[np.int64]:
    """Return the *count* channels that an int8 step costs most: loud, and heavily weighted (outputs x inputs)."""
    return np.sort(np.argsort(-met.peak * np.linalg.norm(weight, axis=0))[:count]).astype(np.int64)


def rounded(weight: Numbers) -> tuple[Bytes, Numbers]:
    """Return (int8, scale): a weight in whole steps, and how large one is for each row."""
    scale = np.maximum(np.abs(weight).max(axis=1), _LITTLE) / 127
    return np.rint(weight / scale[:, None]).astype(np.int8), np.asarray(scale, np.float32)
