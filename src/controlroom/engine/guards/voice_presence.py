"""The voice may not lose its presence: 1 to 4 kHz over what plays with it."""

from controlroom.engine.guards.form import Guard

GUARD = Guard(
    name="voice-presence",
    title="voice presence",
    unit="db",
    measurement="voice.presence_db",
    sense="drop",
    limit_key="guard.voice_presence_loss_db",
)
