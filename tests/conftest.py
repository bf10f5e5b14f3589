"""What holds for every test: that a machine is busy is no reason to fail."""

from hypothesis import HealthCheck, settings

# How long an example takes says nothing about what is tested, nor how fast examples are made up. All else is as it is
# by itself: where `CI` is in the environment, the examples are the same in every run.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")
