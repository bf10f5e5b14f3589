"""Errors about measuring and fitting."""

from stash_sense.errors.base import StashSenseError


class MeasurementError(StashSenseError):
    """Nothing can be measured with {path}."""

    code = "measurement_error"


class TruthUnusable(MeasurementError):
    """{path} does not say who is in which file ({reason}); docs/reference/truth.md shows the form."""

    code = "truth_unusable"


class FacesMissing(MeasurementError):
    """{path} holds no pictures of people; it should have one folder of pictures for each person."""

    code = "faces_missing"


class TooFewPeople(MeasurementError):
    """{path} shows too few people with two or more usable pictures: {count}, and {needed} are needed."""

    code = "too_few_people"


class ScenesTooFew(MeasurementError):
    """{scenes} generated scenes give too few right or wrong names to fit on: {count}, and {needed} are needed; ask
    for more with --scenes.
    """

    code = "scenes_too_few"
