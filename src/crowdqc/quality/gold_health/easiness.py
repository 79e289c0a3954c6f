"""How much easier each gold item is than its look-alikes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from crowdqc.quality.arrays import Floats, brief
from crowdqc.quality.gold_health.answers import GoldAnswers
from crowdqc.quality.gold_health.chances import sigmoid

#: Log odds beyond which an item is not thought to be easier or harder than its look-alikes.
FAR = 6.0
#: Steps of Newton's method, which doubles the digits at each.
STEPS = 12


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Easiness:
    """One entry a gold item.

    Attributes
    ----------
    ease, doubt
        float64[G], log odds by which it is answered better than look-alikes, and their variance.
    """

    ease: Floats
    doubt: Floats

    @classmethod
    def of(cls, answers: GoldAnswers, odds: Floats, weight: Floats, usual: float, width: float) -> Self:
        """Take the likeliest ease of each item, which is normal about the usual one, with the variance `width`.

        Parameters
        ----------
        odds, weight
            float64[n], log odds that an answer to a look-alike is right, and 1 or 0: whether the answer counts.
        """
        ease = np.full(answers.n_items, usual)
        if width <= 0:
            return cls(ease, np.zeros(answers.n_items))
        right = answers.per_item(answers.right * weight)
        noise = np.zeros(answers.n_items)
        for _ in range(STEPS):
            chance = sigmoid(odds + ease[answers.place]) * weight
            noise = answers.per_item(chance * (1 - chance))
            step = (right - answers.per_item(chance) - (ease - usual) / width) / (noise + 1 / width)
            ease = np.clip(ease + np.clip(step, -1, 1), -2 * FAR, 2 * FAR)
        return cls(ease, 1 / (noise + 1 / width))

    def others(self, answers: GoldAnswers, odds: Floats, weight: Floats) -> Floats:
        """Give the ease of each answer's item had its worker not answered it, float64[n], by one Newton step."""
        ease, doubt = self.ease[answers.place], self.doubt[answers.place]
        chance = sigmoid(odds + ease)
        own = np.minimum(chance * (1 - chance) * doubt, 0.9)
        return np.asarray(ease - np.clip((answers.right - chance) * weight * doubt / (1 - own), -1, 1))
