"""One file per noun: parse, one studio call, present."""
