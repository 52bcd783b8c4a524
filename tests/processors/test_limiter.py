from controlroom.dsp.limiter import LimiterSettings
from controlroom.processors.limiter import Limiter


def test_the_knobs_default_to_the_tools_own_settings():
    assert Limiter().settings() == LimiterSettings()
