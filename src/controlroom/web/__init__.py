"""A window: one file per noun, templates, ES modules."""
