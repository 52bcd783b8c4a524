"""``make mutants``: what the tests do not see."""
