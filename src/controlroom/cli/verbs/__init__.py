"""One file per verb: parse, one studio call, present."""
