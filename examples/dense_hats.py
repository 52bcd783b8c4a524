"""The seed's example: dense hats mask snare and voice, the kick is soft, the bass falls apart.

    .venv/bin/python -m examples.dense_hats                    # a synthesised song, its truth known
    .venv/bin/python -m examples.dense_hats --separate         # the same song, separated instead of handed in
    .venv/bin/python -m examples.dense_hats --recorded FOLDER  # vocals, drums, bass and others as audio files

Four findings, four proposals with evidence. First all of them are rejected, and
nothing has moved; then they are accepted, and what they did is measured by the
true parts of the song.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import asdict
from pathlib import Path

from controlroom.report.step_words import proposal_sentence
from lab.seed_run import run_seed
from lab.seed_song import SeedSong, recorded_song, seed_song

from controlroom.model.context import Context
from controlroom.separation.imported import read_stems

BARS = {
    "hats": "-3 to -6 dB while voice or snare sound",
    "hat_onset_f1": "0.95 or more",
    "snare_crack": "0.5 dB or less",
    "kick_front": "+2 dB or more",
    "kick_sustain": "0.5 dB or less",
    "voice_over_backing": "+2 dB or more",
    "voice": "0 dB",
    "bass_side_mid": "-15 dB or less",
    "bass_balance": "0.5 dB or less",
}


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--recorded", type=Path, help="a folder of recorded stems")
    words.add_argument(
        "--separate", action="store_true", help="separate the take instead of handing stems in"
    )
    words.add_argument("--seed", type=int, default=7)
    given = words.parse_args()
    song = recorded(given.recorded) if given.recorded else seed_song(given.seed)
    with tempfile.TemporaryDirectory() as folder:
        done = run_seed(song, Path(folder), "spleeter" if given.separate else "")
        for proposal in done.proposals:
            print(f"{proposal_sentence(proposal)}  ({proposal.kind}, confidence {proposal.confidence:.2f})")
            for claim in proposal.claims:
                print(f"    {claim.measurement}: {claim.before:.2f} to {claim.expected:.2f}")
        print(f"\nAll rejected: {'nothing moved, bit for bit' if done.untouched() else 'SOMETHING MOVED'}")
        print("Accepted:")
        for name, value in asdict(done.changes).items():
            print(f"    {name:20s}{value:8.2f}   bar: {BARS[name]}")
        print(f"    {'kick in the master':20s}{done.kick_in_master_db:8.2f}   bar: +1 dB or more")
        for outcome in done.accepted.walk.outcomes:
            kept = "kept" if outcome.kept else "NOT KEPT"
            print(f"    claim {outcome.claim.measurement}: {outcome.after_stage:.2f}, {kept}")


def recorded(folder: Path) -> SeedSong:
    """Read recorded stems, one sound per role, cut to their common length and below full scale."""
    stems = {}
    for stem in read_stems(folder, Context()):
        if stem.audio is not None and stem.role.role:
            stems[stem.role.role] = stem.audio
    return recorded_song(stems)


if __name__ == "__main__":
    main()
