"""What every test shares: hypothesis without deadlines, as machines differ in speed."""

from hypothesis import settings

settings.register_profile("precept", deadline=None, print_blob=True)
settings.load_profile("precept")
