"""From rows to documents: rounding, the disclosure gate, tables, figures, the story, HTML."""
