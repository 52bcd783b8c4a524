from __future__ import annotations

import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from controlroom.model.audio import Audio
from controlroom.model.parts import ROLES
from controlroom.separation.roles import role_by_sound, roles_by_name

RATE_HZ = 44_100


def told(*names: str) -> list[str | None]:
    return [guess.role for guess in roles_by_name(names)]


def test_the_twelve_of_suno_are_known_by_their_brackets():
    stems = [
        "Vocals",
        "Backing Vocals",
        "Drums",
        "Bass",
        "Guitar",
        "Keyboard",
        "Strings",
        "Brass",
        "Woodwinds",
        "Percussion",
        "Synth",
        "FX/Other",
    ]
    names = [f"Drums of War ({stem.replace('/', '_')}).mp3" for stem in stems]
    roles = [
        *[
            "vocals",
            "backing-vocals",
            "drums",
            "bass",
            "guitar",
            "keyboard",
            "strings",
            "brass",
            "woodwinds",
            "percussion",
            "synth",
            "fx",
        ]
    ]
    assert told(*names) == roles


def test_studio_multitracks_and_legacy_pairs():
    assert told("1 Lead Vocals.wav", "2 Bass.wav", "10 Drums.wav") == ["vocals", "bass", "drums"]
    assert told("Night (Vocals).wav", "Night (Instrumental).wav") == ["vocals", "accompaniment"]


def test_the_four_of_udio_and_ace_step():
    assert told("vocals.wav", "bass.wav", "drums.wav", "other.wav") == ["vocals", "bass", "drums", "other"]
    assert told("song_vocals.flac", "song_drums.flac", "song_bass.flac") == ["vocals", "drums", "bass"]


@pytest.mark.parametrize(
    "name, role",
    [
        ("Bass Guitar.wav", "bass"),
        ("bass drum.wav", "kick"),
        ("LeadVox.wav", "vocals"),
        ("BGV.wav", "backing-vocals"),
        ("Hi-Hat 01.wav", "hats"),
        ("3_Kick 01.flac", "kick"),
        ("folder/Acoustic Guitar L.wav", "guitar"),
        ("808.wav", "bass"),
        ("BassDrums30.mp3", None),
        ("GuitarPiano.mp3", None),
        ("Audio 7.wav", None),
    ],
)
def test_daw_names(name, role):
    assert told(name) == [role]


def test_a_title_that_all_share_does_not_decide():
    assert told("Bass Queen - kick.wav", "Bass Queen - pad.wav", "Bass Queen - foo.wav") == [
        "kick",
        "synth",
        None,
    ]
    assert told("foo (Bass Mix).wav", "bar (Bass Mix).wav")[0] is None


def test_every_role_that_a_name_tells_is_a_role():
    assert set(told("vox.wav", "keys.wav", "gtr.wav", "mixdown.wav", "rest.wav")) <= set(ROLES)


@pytest.mark.parametrize(
    "name, role",
    [
        ("no_bass.wav", "other"),
        ("1_song_(No Drums).wav", "other"),
        ("song no-vocals.mp3", "accompaniment"),
        ("novocals.wav", "accompaniment"),
        ("NoBass.wav", "other"),
        ("without drums.wav", "other"),
        ("minus one.wav", "accompaniment"),
        ("minus bass.wav", "other"),
        ("ex bass.wav", "other"),
        ("sans voix.wav", "accompaniment"),
        ("ohne Bass.wav", "other"),
        ("drumless.wav", "other"),
        ("ボーカルなし.wav", "accompaniment"),
        ("everything but drums.wav", "other"),
        ("instrumental no drums.wav", "other"),
        ("no drums and bass.wav", "other"),
        ("no_other.wav", "rest"),
        ("no_bass/loop.wav", "other"),
        ("-bass.wav", None),
        ("Drums no bass.wav", None),
        # no negations
        ("Noah - bass.wav", "bass"),
        ("No - Bass.wav", "bass"),
        ("no1 drums.wav", "drums"),
        ("No. 1 Drums.wav", "drums"),
        ("snow drums.wav", "drums"),
        ("Without You - drums.wav", "drums"),
        ("Drums (no reverb).wav", "drums"),
        ("Lead Vocals no harmonies.wav", "vocals"),
        ("piano.wav", "keyboard"),
        ("minuscule.wav", None),
        # others' ways of naming
        ("[Vocals] song.mp3", "vocals"),
        ("song_(Vocals)_UVR-MDX-NET-Inst_HQ_3.wav", "vocals"),
        ("song_no_vocals_split_by_lalalai.wav", "accompaniment"),
        ("Song - Drums (Bounced).wav", "drums"),
        ("acapella.wav", "vocals"),
        ("music only.wav", "accompaniment"),
        ("drums/loop.wav", "drums"),
        ("Vocals/Lead.wav", "vocals"),
        ("Drums/Kick.wav", "kick"),
        ("ベース.wav", "bass"),
        ("01.bass", "bass"),
    ],
)
def test_what_is_missing_and_what_is_not(name, role):
    assert told(name) == [role]


def test_what_a_rest_lacks_is_known():
    (guess,) = roles_by_name(["no drums and bass.wav"])
    assert guess.without == ("bass", "drums")


def test_a_set_of_rests_is_no_set_of_parts():
    assert told("no_bass.wav", "no_drums.wav", "no_vocals.wav") == ["other", "other", "accompaniment"]
    assert told("No - Bass.wav", "No - Drums.wav") == ["bass", "drums"]  # a song called No
    assert told("No Bass No Party - drums.wav", "No Bass No Party - bass.wav") == ["drums", "bass"]


def test_a_file_that_is_called_as_the_song_has_no_role():
    assert told("Bass Queen.wav", "Bass Queen - Drums.wav", "Bass Queen - Vocals.wav") == [
        None,
        "drums",
        "vocals",
    ]


_NEGATED = st.sampled_from(
    ["no {}", "without {}", "minus {}", "ex {}", "sans {}", "ohne {}", "no{}", "senza {}"]
)
_PART = st.sampled_from(
    ["bass", "drums", "guitar", "piano", "strings", "kick", "vocals", "backing vocals", "synth"]
)
_STYLE = st.sampled_from(["{}", "01 {}", "Song - {}", "Song ({})", "Song_{}_44k", "{} (Bounced)", "x/{}"])


@given(_NEGATED, _PART, _STYLE, st.sampled_from([str.lower, str.upper, str.title]), st.sampled_from(" _-"))
def test_a_negated_part_is_never_that_part(negation, part, style, case, space):
    name = style.format(case(negation.format(part)).replace(" ", space))
    (guess,) = roles_by_name([f"{name}.wav"])
    (plain,) = roles_by_name([f"{part}.wav"])
    assert guess.role != plain.role
    assert plain.role in guess.without
    assert guess.role in ROLES


@given(_PART, _STYLE, st.sampled_from(["NFC", "NFD"]), st.sampled_from([str.lower, str.upper, str.title]))
def test_a_part_is_told_in_every_style_and_form(part, style, form, case):
    (plain,) = roles_by_name([f"{part}.wav"])
    name = unicodedata.normalize(form, style.format(case(part)).replace("Song", "Für Élise"))
    assert roles_by_name([f"{name}.wav"]) == [plain]


def tone(hz: float, seconds: float = 4.0) -> np.ndarray:
    t = np.arange(int(seconds * RATE_HZ)) / RATE_HZ
    return 0.3 * np.sin(2 * np.pi * hz * t)


def sound(samples: np.ndarray) -> str | None:
    return role_by_sound(Audio(samples[None].astype(np.float32), RATE_HZ)).role


def test_a_plain_bass_and_plain_drums_are_heard_and_nothing_else_is_claimed():
    rng = np.random.default_rng(6)
    t = np.arange(4 * RATE_HZ) / RATE_HZ
    beats = np.exp(-((t * 4) % 1) * 15) * rng.standard_normal(t.size) * 0.3
    kick = np.exp(-((t * 2) % 1) * 12) * np.sin(2 * np.pi * 60 * t) * 0.5
    assert sound(tone(55) + 0.3 * tone(110)) == "bass"
    assert sound(beats + kick) == "drums"
    assert sound(sum(tone(f) for f in (220, 277, 330))) is None
    assert sound(rng.standard_normal(4 * RATE_HZ) * 0.1) is None
    assert sound(np.zeros(4 * RATE_HZ)) is None
    assert sound(tone(55, 0.3)) is None
