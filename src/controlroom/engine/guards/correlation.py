"""The sides may not drift apart."""

from controlroom.engine.guards.form import Guard

GUARD = Guard(
    name="correlation",
    title="stereo correlation",
    unit="",
    measurement="stereo.correlation",
    sense="drop",
    limit_key="guard.correlation_drop",
)
