"""The base of everything that is declared in a file: frozen, and closed to unknown fields."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Declared(BaseModel):
    """A value read from a plan or a schema. Unknown fields are errors; nothing can be changed."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, str_max_length=4000)
