"""What every test shares: hypothesis without deadlines, as machines differ in speed.

Where CI is set the generated examples are the same at every run; elsewhere they differ, to look further.
"""

import os

from hypothesis import settings

settings.register_profile("precept", deadline=None, print_blob=True, derandomize="CI" in os.environ)
settings.load_profile("precept")
