"""How long the properties search: quick by default, `HYPOTHESIS_PROFILE=deep` for a night."""

import os

from hypothesis import HealthCheck, settings

SLOW_IS_FINE = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]

# The quick search is the same on every run; the deep one looks elsewhere each time.
settings.register_profile(
    "quick", max_examples=60, deadline=None, suppress_health_check=SLOW_IS_FINE, derandomize=True
)
settings.register_profile("deep", max_examples=3_000, deadline=None, suppress_health_check=SLOW_IS_FINE)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))
