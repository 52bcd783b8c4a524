"""Every tolerance of the tests, named, with its reason.

A bare number in a comparison elsewhere is a mistake: name it here.
"""

from __future__ import annotations

EXACT = 0.0
"""Bit for bit: the same samples, nothing was recomputed."""

FLOAT64 = 1e-12
"""Rounding of a few float64 operations on values near 1."""

FLOAT32 = 1e-6
"""One rounding to float32 storage on values near 1 (eps is 1.2e-7), with room for a sum of a few."""

FLOAT32_TAPS = 1e-5
"""512 products summed one after the other in float32: about √512 roundings of 6e-8, with room for a few times that."""

PCM16 = 2 / 2**15
"""One LSB of quantisation and one of TPDF dither at 16 bits."""

PCM24 = 2 / 2**23
"""One LSB of quantisation and one of TPDF dither at 24 bits."""

LOUDNESS_LU = 0.1
"""EBU Tech 3341, table 1: ±0.1 LU."""

DITHER_MOMENT = 5e-3
"""Mean, variance or correlation of ≥ 2¹⁸ TPDF draws, in LSB: 5 standard errors of the mean (0.5 LSB/√2¹⁸)."""

RESAMPLER_DB = -120.0
"""Greatest error of a tone through soxr VHQ, stored as float32 on both sides (rounding alone is −144 dB)."""

K_WEIGHTING_DB = 0.02
"""Response against BS.1770-5's at 48 kHz, which the table gives to 0.001 dB; what the bilinear transform bends."""

METER_GATED_LU = 1e-6
"""Loudness is made from float64 sums; a gain that is not a power of two rounds each sample to float32 (6e-8)."""

LOUDNESS_RANGE_LU = 1.0
"""EBU Tech 3342, table 1: ±1 LU."""

TRUE_PEAK_OVER_DB = 0.2
TRUE_PEAK_UNDER_DB = 0.4
"""EBU Tech 3341, table 1, cases 15 to 23: +0.2/−0.4 dB."""

INTERPOLATOR_DB = 0.05
"""The meter's interpolator per phase, to 0.4535 of the rate: designed 0.04 dB, plus float32 coefficients."""

GRID_8X_DB = 0.14
"""20·log10(cos(π·0.4535/8)): what lies between 8 points per interval, for a tone at 20 kHz and 44.1 kHz."""

FFMPEG_INTEGRATED_LU = 0.05
"""ffmpeg's ebur128 bins loudness by 0.01 LU and has another high-pass gain than BS.1770 off 48 kHz."""

FFMPEG_RANGE_LU = 0.2
"""ffmpeg's percentiles are of bins, with another rank rule and another start of its windows."""

LOSSY_SNR_DB = 15.0
"""Least signal over error of the house's lossy formats on a glide with pulses and noise: far above a wrong channel, delay or polarity (≤ 3 dB), below every encoder (≥ 20 dB)."""

BAND_LEVEL_DB = 0.01
"""Third-octave levels of steady sounds: float32 transforms and matrix products, and the frame grid."""

NOISE_LEVEL_DB = 0.5
"""Level of one third-octave band of a few seconds of noise: about 100 independent bins, ±0.4 dB at 1 sigma."""

NOISE_CORRELATION = 0.1
"""Correlation of two unrelated noises over a few seconds of their low bands: 3 standard errors."""

FIR_DB = 0.1
"""A zero-phase response of ±85 ms against its curve, for broad bands from 60 Hz up."""

FFT_FILTER = 2e-6
"""float32 fast convolution of samples near 1: about 16 roundings through two transforms."""

OUTSIDE_DB = 0.25
"""What a fitted equaliser may add to a band outside a corridor: half its own gain step."""

ONSET_FRAMES = 3
"""A burst of noise may begin with samples near zero: its first few can't be told from the floor."""

CLAIM_ROUNDING_DB = 0.1
"""Knobs in steps of 0.1 dB, solved on envelopes in steps of 3 ms and measured on the wave."""

EXCERPT = 0.0
"""Excerpt law: the same blocks are computed, so the same bits come out."""

UNTOUCHED_DB = -60.0
"""What a repair may change of the sound that was clean, against that sound: inaudible under it."""

MASKED_TONE_DB = 1.0
"""A noise level estimated over one ERB of a few seconds of noise: Welch's spread and the band's edges."""

NOISE_SLOPE_DB = 0.1
"""Slope per octave fitted to Welch's estimate of 12 s of noise."""

MEAN_OFFSET = 0.05
"""Relative: the music's own mean beside a planted offset."""

PRINTED_INTERVAL = 0.0005
"""Half a unit of the last place of a printed table."""

LIMITER_OVERSHOOT_DB = 0.01
"""The limiter's promise over its ceiling on a 32x meter; BS.1770-5 gives such a meter 0.008 dB of under-read."""

RECOVERY_DB = 1.0
"""What may still be missing of the gain 400 ms after a burst: the least that is heard as a change of level."""

INTERMODULATION_DB = -60.0
"""Sidebands of 7 kHz under a lasting 60 Hz: a tenth of a per cent, below what is heard."""

RUNNING_SUM_DB = 1e-6
"""Rounding of running sums in float64 over a few thousand decibels."""

PLAN_READING_DB = 0.05
"""The plan reads peaks at 8 points and loudness from 10 ms gains; the trial render reads the sound."""

ROUNDED_HUNDREDTH = 0.01
"""Two figures that were each rounded to two decimals."""

TEMPO_RATIO = 0.01
"""Issue B: tempo within 1 %."""

BEAT_F = 0.95
"""Issue B: beat F-measure at ±70 ms."""

BEAT_SHIFT_S = 0.012
"""One frame of the onset envelope (11.6 ms): beats can't be placed finer where the frames fall elsewhere."""

CHORD_SHARE = 0.9
"""Of the beats of a clean synthetic band; the ends of chords ring into their neighbours."""

TUNING_CENTS = 4.0
"""Parabolic interpolation of 372 ms spectra, with drums over the partials."""

VOCAL_EDGE_S = 0.11
"""Two frames of the vocal gate (50 ms)."""

FFT32 = 8e-6
"""A float32 transform of 4096 points there and back, overlap-added, on values near 1 (a few eps each way)."""

SPIKE_FRAMES = 0.15
"""A parabola through a band-limited correlation spike is good to about a tenth of a frame."""

SHIFTED = 3e-3
"""Samples near 0.1 after a place found to less than the tenth of a frame that is left alone, and a gain to 0.1 dB."""

MOVED_FRAMES_DB = 1.5
"""Statistics over analysis frames (quantiles, floors, line levels) when the frames fall elsewhere in the sound."""

FILTER_RIPPLE_DB = 0.05
"""A Kaiser-windowed response with beta 6 ripples by 63 dB under its pass band (0.006 dB), more next to an edge."""

CARVED_DB = 0.4
"""A moving cut of a band against its depth: cells of the voice that fall short let go a little."""

PUMPING_DB = -40.0
"""Roadmap F: gain modulation above 12 Hz, re unity."""

FORECAST_DB = 0.15
"""A forecast from ERB levels every 23 ms, against the sound itself."""

BAND_GAIN = 1e-3
"""Ripple of band filters whose window has beta 6 (−63 dB), on values near 1; and what a brick wall at the lower rate's Nyquist rings."""

REFRAMED_DB = 1.5
"""The same sound in other analysis frames, or at another rate: readings of a quantile over a few dozen frames."""

SWELL_OF_NOISE_DB = 0.15
"""What noise of two dozen beats seems to swell or sink by: an upper quantile over bands of medians over beats."""

REFRAMED_SHARE = 0.25
"""The same counts in other analysis frames, or in frames of another length."""

REFRAMED_BY_UNIT = {
    "_hz": {"rel": 0.02},
    "_share": {"abs": 0.15},
    "_percent": {"abs": 1.0},
    "_cents": {"abs": 5.0},
    "_bits": {"abs": 0.25},
    "rise_s": {"abs": 0.004},
    "_s": {"abs": 0.05},
    "correlation": {"abs": 0.05},
}
"""Readings of the same sound in other analysis frames, by the end of their name: a few steps of what they are
counted in. A share of chords or bars of a song of 20 bars moves by up to three of them when the first bar is cut otherwise."""

SAME_SPAN_S = 0.02
"""A span from bar to bar, the beats found anew in samples that were rounded otherwise."""

SAME_SEVERITY = 0.05
"""Severity of the same sound louder, turned over or stored: what rounding of samples moves a reading by."""

BOOST_DB = 0.15
"""A band's curve on the sum's grid against single bins of noise through its filter (ripple, and bins between grid points)."""

TUNED = 0.015
"""A quarter of a semitone: a drum's tone is read from 100 ms, in bins of 1.25 Hz."""

LAME_BUILDS_ALIKE = 0.1
"""Error of the same sound through LAME 4.0 and 3.100: under 1 dB; and at a constant rate the size."""

TOLD_SECONDS = 1e-6
"""Lengths that are told of a file are counted in frames and divided once."""
