"""How large a share is, and how far it can be trusted: small counts must not look like certainty."""

import math
from dataclasses import dataclass

FEW = 10
"""With fewer than this a share is called no share: it would jump by more than ten points with one case."""
_Z = 1.959964
"""The 97.5th percentile of the normal distribution: a two-sided interval of 95 %."""


@dataclass(frozen=True)
class Share:
    """*part* of *whole*: 0 or more of at least as many."""

    part: int = 0
    whole: int = 0

    @property
    def value(self) -> float:
        """The share, 0-1; 0 where there is nothing to share."""
        return self.part / self.whole if self.whole else 0.0

    @property
    def few(self) -> bool:
        """Whether there are too few cases to speak of a share."""
        return self.whole < FEW

    @property
    def interval(self) -> tuple[float, float]:
        """The range in which the true share lies with 95 % confidence (see `wilson`)."""
        return wilson(self.part, self.whole)

    def __add__(self, other: "Share") -> "Share":
        """Return the share of both together."""
        return Share(self.part + other.part, self.whole + other.whole)


def wilson(part: int, whole: int) -> tuple[float, float]:
    """Return the 95 % score interval of a share: (0, 1) where nothing was counted; raises ValueError for parts that are none.

    Wilson, Journal of the American Statistical Association 22 (1927): the shares p that lie no further from the observed one
    than z of their own standard deviations, ``(part + z²/2 ± z sqrt(part (whole - part) / whole + z²/4)) / (whole + z²)``.
    Unlike the textbook's p ± z sqrt(p (1 - p) / n) it stays within 0-1 and keeps its promise where counts are small (Brown,
    Cai and DasGupta, Statistical Science 16, 2001).
    """
    if not 0 <= part <= whole:
        raise ValueError(f"{part} is no part of {whole}")
    if not whole:
        return 0.0, 1.0
    middle = part + _Z**2 / 2
    reach = _Z * math.sqrt(part * (whole - part) / whole + _Z**2 / 4)
    return max(0.0, (middle - reach) / (whole + _Z**2)), min(1.0, (middle + reach) / (whole + _Z**2))
