"""THE WORDS: audio, frozen models, errors; no I/O, no DSP."""
