"""Whether probabilities mean what they say: reliability, on the whole and class by class, and how to mend it."""

from crowdqc.quality.calibration.classes import ClassCalibration, class_calibration
from crowdqc.quality.calibration.curves import Calibration, InvalidConfidences, calibration
from crowdqc.quality.calibration.samples import IN_SAMPLE, seems_in_sample
from crowdqc.quality.calibration.temperature import (
    Temperature,
    fit_floor,
    fit_temperature,
    tempered,
    weights_by_likelihood,
)

__all__ = [
    "IN_SAMPLE",
    "Calibration",
    "ClassCalibration",
    "InvalidConfidences",
    "Temperature",
    "calibration",
    "class_calibration",
    "fit_floor",
    "fit_temperature",
    "seems_in_sample",
    "tempered",
    "weights_by_likelihood",
]
