"""A window: one file per verb; parse, one studio call, present."""
