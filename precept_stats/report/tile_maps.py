"""Where the regions of England stand on a map of tiles: the seven of the NHS, the nine statistical ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

Place = tuple[int, int, str]
"""Column and row from the top left, and the name that is shown."""

NHS_REGIONS: Mapping[str, Place] = {
    "Y63": (1, 0, "North East and Yorkshire"),
    "Y62": (0, 0, "North West"),
    "Y60": (0, 1, "Midlands"),
    "Y61": (1, 1, "East of England"),
    "Y56": (1, 2, "London"),
    "Y58": (0, 3, "South West"),
    "Y59": (1, 3, "South East"),
}
"""By the code of the organisation (NHS England, Organisation Data Service)."""

STATISTICAL_REGIONS: Mapping[str, Place] = {
    "North East": (2, 0, "North East"),
    "North West": (1, 1, "North West"),
    "Yorkshire and The Humber": (2, 1, "Yorkshire and The Humber"),
    "West Midlands": (1, 2, "West Midlands"),
    "East Midlands": (2, 2, "East Midlands"),
    "East of England": (3, 2, "East of England"),
    "South West": (0, 3, "South West"),
    "London": (2, 3, "London"),
    "South East": (3, 3, "South East"),
}


def places_of(areas: Iterable[str]) -> Mapping[str, Place] | None:
    """The map whose regions these areas are, all of them, by code or name; None where there is none."""
    asked = tuple(areas)
    for layout in (NHS_REGIONS, STATISTICAL_REGIONS):
        by_name = {code.casefold(): place for code, place in layout.items()}
        by_name |= {place[2].casefold(): place for place in layout.values()}
        found = {area: by_name[area.casefold()] for area in asked if area.casefold() in by_name}
        if len(found) == len(asked) == len(set(found.values())) == len(layout):
            return found
    return None
