"""A fold to mono may not take more away than before."""

from controlroom.engine.guards.form import Guard

GUARD = Guard(
    name="mono-fold",
    title="loss when folded to mono",
    unit="db",
    measurement="stereo.mono_fold_loss_db",
    sense="rise",
    limit_key="guard.mono_fold_loss_db",
)
