"""Clean multitrack songs with truth, one per seed: hosts for defects, and nulls."""

from __future__ import annotations

from lab.songs.song import make_song
from lab.songs.styles import STYLES
from lab.songs.truth import SongTruth, SynthSong, sum_stems

__all__ = ["STYLES", "SongTruth", "SynthSong", "make_song", "sum_stems"]
