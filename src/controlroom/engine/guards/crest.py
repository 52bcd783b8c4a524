"""The loudest passage may not lose its crest; one of 20 dB is one stray peak, and may be lost."""

from controlroom.engine.guards.form import Guard

GUARD = Guard(
    name="crest",
    title="crest in the loudest 8 s",
    unit="db",
    measurement="dynamics.crest_loudest_8s_db",
    sense="drop",
    limit_key="guard.crest_loss_db",
    fine_above_key="guard.crest_fine_above_db",
)
