"""The low end may neither grow nor go."""

from controlroom.engine.guards.form import Guard

GUARD = Guard(
    name="low-end",
    title="low-end level",
    unit="db",
    measurement="lowend.level_db",
    sense="move",
    limit_key="guard.low_end_change_db",
)
