"""Tempo, beats, key, chords, sections: pure functions."""
