"""How hypothesis draws: the same in every run of the checks, at random when hunting.

``pytest --hypothesis-profile=hunt`` looks where the checks have not looked yet.
"""

from hypothesis import settings

settings.register_profile("check", deadline=None, derandomize=True)
settings.register_profile("hunt", deadline=None, max_examples=1000, print_blob=True)
settings.load_profile("check")
