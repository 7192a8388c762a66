"""``python -m precept_stats`` is ``precept``."""

from precept_stats.cli import main

main()
