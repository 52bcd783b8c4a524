"""The score: what its nodes are called, when they are, and what they sound like."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from controlroom.engine.desk import Handling, excerpt_with, render_stage
from controlroom.engine.player import Player, has_effect
from controlroom.engine.score import Comp, Edit, Part, Routed, Staged, Take, chain, edited, placed, staged
from controlroom.engine.timelines import SEAM_S
from controlroom.listening.known import Known, Meant
from controlroom.listening.listening import LazyListening, Listening
from controlroom.model.audio import Audio
from controlroom.model.context import Context
from controlroom.model.errors import UsageError
from controlroom.model.proposals import Stage
from controlroom.model.route import LevelPolicy, Route
from controlroom.model.song import StemTrust
from controlroom.model.timeline import Piece, Span, Timeline
from controlroom.music.correction import Mark, MusicCorrection
from controlroom.processors.dc import Dc
from controlroom.processors.fade import Fade
from controlroom.processors.gain import Gain
from controlroom.processors.level import Level
from controlroom.processors.limiter import Limiter
from controlroom.processors.rumble import Rumble
from controlroom.processors.stem_eq import StemEq
from tests.conftest import music
from tests.tolerances import EXACT, FFT32, FLOAT32

RATE_HZ = 16_000
LENGTH_S = 2.0
LEAST = 0.9
ROUTE = Route(
    name="masters",
    formats=("flac24",),
    level=LevelPolicy(quietest_lufs=-16.0, loudest_lufs=-9.0),
    ceiling_dbtp=-1.0,
    lossy_ceiling_dbtp=-0.5,
)
TRUST = StemTrust(coherence=(0.2, 1.0), coherence_edges_hz=(20.0, 500.0, 8000.0))


def noise(seed: int, channels: int = 2, rate_hz: int = RATE_HZ) -> Audio:
    samples = 0.1 * np.random.default_rng(seed).standard_normal((channels, round(LENGTH_S * rate_hz)))
    return Audio(samples.astype(np.float32), rate_hz)


def sound(clock: str = "a", seed: int = 0, roles: tuple[str, ...] = ("kick", "bass"), **known) -> Listening:
    """Return a take with stems that add up to it."""
    about = Known(clock=clock, **known)
    stems = {
        role: Listening(noise(seed + n), about, trust=TRUST if role == "bass" else None)
        for n, role in enumerate(roles, 1)
    }
    whole = sum((stem.audio.samples for stem in stems.values()), 0.5 * noise(seed).samples)
    return Listening(Audio(np.asarray(whole, np.float32), RATE_HZ), about, stems)


def span(start_s: float, end_s: float, clock: str = "a") -> Span:
    return Span(clock=clock, start_s=start_s, end_s=end_s)


def timeline(clock: str, *pieces: tuple[float, float, float], source: str = "a") -> Timeline:
    """Return an edit of (source start, source end, place in the edit)."""
    return Timeline(
        clock=clock, pieces=tuple(Piece(source=span(a, b, source), start_s=at) for a, b, at in pieces)
    )


WHOLE = timeline("e", (0.0, 2.0, 0.0))
SWAPPED = timeline("e", (1.25, 2.0, 0.0), (0.0, 1.25, 0.75))
SWAPPED_BACK = timeline("f", (0.75, 2.0, 0.0), (0.0, 0.75, 1.25), source="e")
STEPS = (
    Dc(amount=1.0).step(),
    Rumble(attenuation_db=30.0).step(),
    Level(gain_db=-3.0).step("kick"),
    StemEq(band2_gain_db=-4.0).step("bass", span(0.5, 1.25)),
)


@pytest.fixture
def take() -> Listening:
    return sound()


@pytest.fixture
def player(take: Listening) -> Player:
    return Player({Take.of(take): take})


def same(one: Audio, other: Audio) -> bool:
    return one.rate_hz == other.rate_hz and np.array_equal(one.samples, other.samples)


class TestKeys:
    def test_name_samples_stems_trust_and_what_is_known(self, take: Listening) -> None:
        node = Take.of(take)
        assert node.key == Take.of(sound()).key
        others = [
            replace(node, digest="x"),
            replace(node, known=Known(clock="b")),
            replace(node, known=Known(Meant("[Verse]"), clock="a")),
            replace(node, known=Known(said=MusicCorrection(clock="a", tempo_bpm=77.0), clock="a")),
            replace(node, parts=node.parts[:1]),
            replace(node, parts=(node.parts[0], replace(node.parts[1], trust=None))),
            replace(node, parts=(Part("drums", node.parts[0].digest), node.parts[1])),
        ]
        assert len({node.key, *(one.key for one in others)}) == len(others) + 1

    def test_do_not_name_who_said_what_is_known_and_when(self) -> None:
        one, other = (
            Take(
                "d",
                Known(said=MusicCorrection(clock="a", tempo_bpm=77.0, by=by, at=at, reason=by), clock="a"),
            )
            for by, at in (("ada", "1"), ("bob", "2"))
        )
        assert one.key == other.key

    def test_of_each_node_differ_with_all_that_it_is_made_by(self, take: Listening) -> None:
        node = Take.of(take)
        nodes = [
            node,
            staged(node, Stage.REPAIR, STEPS[:1], LEAST),
            staged(node, Stage.REPAIR, STEPS[:2], LEAST),
            staged(node, Stage.REPAIR, STEPS[:1], 0.0),
            edited(node, WHOLE),
            edited(node, SWAPPED),
            Comp((node,), SWAPPED),
            Routed(node, ROUTE, 44_100, ()),
            Routed(node, ROUTE, 48_000, ()),
            Routed(node, ROUTE, 44_100, (Gain(gain_db=1.0).step(),)),
            Routed(node, ROUTE.model_copy(update={"ceiling_dbtp": -2.0}), 44_100, ()),
        ]
        assert len({one.key for one in nodes}) == len(nodes)

    def test_of_a_master_do_not_name_what_of_its_route_moves_no_sample(self, take: Listening) -> None:
        other = ROUTE.model_copy(update={"name": "web", "formats": ("wav24",), "lossy_ceiling_dbtp": -3.0})
        assert Routed(Take.of(take), ROUTE, 44_100, ()).key == Routed(Take.of(take), other, 44_100, ()).key


class TestStages:
    def test_give_what_the_desk_gives_stage_by_stage(self, take: Listening, player: Player) -> None:
        plain = take
        for stage in Stage:
            chosen = [step for step in STEPS if step.stage is stage]
            plain = render_stage(plain, chosen, Context()).sound if chosen else plain
        made = player.listening(chain(Take.of(take), STEPS, LEAST))
        assert same(made.audio, plain.audio)
        assert all(same(made.stems[role].audio, plain.stems[role].audio) for role in plain.stems)
        assert made.known is take.known

    def test_without_steps_or_effect_are_the_very_sound(self, take: Listening, player: Player) -> None:
        node = Take.of(take)
        assert chain(node, (), LEAST) is node
        neutral = staged(node, Stage.STEMS, [Level(gain_db=0.0).step("kick")], LEAST)
        assert player.listening(neutral) is take
        assert [has_effect(one) for one in (neutral, chain(node, STEPS, LEAST), node)] == [False, True, True]

    def test_are_rendered_once(self, take: Listening, player: Player) -> None:
        assert player.listening(chain(Take.of(take), STEPS, LEAST)) is player.listening(
            chain(Take.of(sound()), STEPS, LEAST)
        )

    @pytest.mark.parametrize("made_first", [False, True])
    @pytest.mark.parametrize("count", [1, 4])
    @pytest.mark.parametrize("place", [(0.0, 0.4), (0.7, 1.1), (1.9, 2.0), (1.0, 1.0)])
    def test_of_an_excerpt_are_the_excerpt_of_the_whole(
        self, take: Listening, place: tuple[float, float], count: int, made_first: bool
    ) -> None:
        # a refused band is left out by a filter through transforms of the stretch's own length
        for steps, off in (([STEPS[0]], EXACT), ([STEPS[2]], EXACT), ([STEPS[3]], FFT32), (STEPS, EXACT))[
            :count
        ]:
            node = chain(Take.of(take), steps, LEAST)
            whole = Player({Take.of(take): take}).sound(node)
            player = Player({Take.of(take): take})
            if made_first:
                player.listening(node)
            first, last = (round(at * RATE_HZ) for at in place)
            np.testing.assert_allclose(
                player.sound(node, span(*place)).samples, whole.samples[:, first:last], rtol=0.0, atol=off
            )

    def test_of_one_step_are_what_was_auditioned(self, take: Listening, player: Player) -> None:
        before = chain(Take.of(take), STEPS[:2], LEAST)
        node = staged(before, Stage.STEMS, [STEPS[3]], LEAST)
        pair = excerpt_with(player.listening(before), STEPS[3], span(0.4, 1.0), Handling(None, LEAST))
        assert same(player.sound(before, span(0.4, 1.0)), pair.before)
        assert same(player.sound(node, span(0.4, 1.0)), pair.after)

    def test_of_a_take_that_is_not_here_say_so(self, player: Player) -> None:
        with pytest.raises(UsageError, match="the sound of z is not here"):
            player.listening(Take("nobody", Known(clock="z")))

    def test_refuse_a_step_of_another_clock(self, take: Listening) -> None:
        foreign = Dc(amount=0.5).step("mix", span(0.0, 1.0, "z"))
        with pytest.raises(UsageError, match="on the clock of z, not of a"):
            staged(Take.of(take), Stage.REPAIR, [foreign], LEAST)


class TestEdits:
    def test_that_change_nothing_have_the_same_samples(self, take: Listening, player: Player) -> None:
        made = player.listening(edited(Take.of(take), WHOLE))
        assert same(made.audio, take.audio)
        assert all(same(made.stems[role].audio, take.stems[role].audio) for role in take.stems)
        assert {made.clock, *(stem.clock for stem in made.stems.values())} == {"e"}

    def test_and_their_inverse_have_the_same_samples(self, take: Listening, player: Player) -> None:
        there = edited(Take.of(take), SWAPPED)
        back = edited(there, SWAPPED_BACK)
        assert isinstance(back, Edit)
        assert [(p.source.start_s, p.source.end_s) for p in back.timeline.pieces] == [(0.0, 2.0)]
        assert not same(player.sound(there), take.audio)
        assert same(player.sound(back), take.audio)

    def test_are_the_sources_own_samples_but_at_their_seams(self, take: Listening, player: Player) -> None:
        made = player.sound(edited(Take.of(take), SWAPPED)).samples
        seam, half, source = round(0.75 * RATE_HZ), round(SEAM_S * RATE_HZ), take.audio.samples
        assert np.array_equal(made[:, : seam - half], source[:, 20_000 : 32_000 - half])
        assert np.array_equal(made[:, seam + half :], source[:, half:20_000])
        assert made.shape == source.shape

    def test_cross_over_at_their_seams_without_a_click(self) -> None:
        at = np.arange(2 * RATE_HZ) / RATE_HZ
        tone = Audio(np.sin(2 * np.pi * 100.3 * at)[None].astype(np.float32), RATE_HZ)
        heard = Listening(tone, Known(clock="a"))
        made = Player({Take.of(heard): heard}).sound(edited(Take.of(heard), SWAPPED)).samples[0]
        assert np.abs(np.diff(made)).max() < 1.5 * np.abs(np.diff(tone.samples[0])).max()

    def test_of_a_level_that_is_the_same_on_both_sides_of_a_seam_keep_it(self) -> None:
        level = Listening(Audio(np.full((1, 2 * RATE_HZ), 0.25, np.float32), RATE_HZ), Known(clock="a"))
        made = Player({Take.of(level): level}).sound(
            edited(Take.of(level), timeline("e", (1.0, 1.5, 0.0), (0.5, 1.5, 0.5)))
        )
        assert np.all(made.samples == np.float32(0.25))

    @pytest.mark.parametrize(
        "pieces, length_s",
        [
            ([(0.5, 1.0, 0.0)], 0.5),
            ([(0.0, 1.0, 0.0), (0.0, 2.0, 1.0)], 3.0),
            ([(0.0, 0.5, 0.0), (1.0, 1.5, 1.0)], 1.5),
            ([(0.0, 1.0, 0.25)], 1.25),
            ([], 0.0),
        ],
    )
    def test_may_have_another_length(
        self, take: Listening, player: Player, pieces: list, length_s: float
    ) -> None:
        made = player.listening(edited(Take.of(take), timeline("e", *pieces)))
        assert made.audio.duration_s == length_s
        assert all(stem.audio.duration_s == length_s for stem in made.stems.values())

    def test_leave_silence_where_nothing_is(self, take: Listening, player: Player) -> None:
        made = player.sound(edited(Take.of(take), timeline("e", (0.0, 0.5, 0.25), (1.0, 1.5, 1.0)))).samples
        half = round(SEAM_S * RATE_HZ)
        for first, last in ((0, 4_000), (12_000, 16_000)):
            assert not made[:, first + (half if first else 0) : last - half].any()
        assert np.array_equal(
            made[:, 4_000 + half : 12_000 - half], take.audio.samples[:, half : 8_000 - half]
        )

    def test_of_an_excerpt_are_the_excerpt_of_the_whole(self, take: Listening, player: Player) -> None:
        node = staged(edited(Take.of(take), SWAPPED), Stage.STEMS, [STEPS[3]], LEAST)
        part = Player({Take.of(take): take}).sound(node, span(0.5, 1.5, "e"))
        np.testing.assert_allclose(
            part.samples, player.sound(node).samples[:, 8_000:24_000], rtol=0.0, atol=FFT32
        )

    def test_add_up_with_their_stems_as_the_take_did(self, take: Listening, player: Player) -> None:
        def left(heard: Listening) -> np.ndarray:
            return heard.audio.samples - sum(stem.audio.samples for stem in heard.stems.values())

        rest = Listening(Audio(left(take), RATE_HZ), take.known)
        alone = Player({Take.of(rest): rest}).sound(edited(Take.of(rest), SWAPPED))
        made = player.listening(edited(Take.of(take), SWAPPED))
        np.testing.assert_allclose(left(made), alone.samples, atol=FLOAT32)
        assert made.stems["bass"].trust == TRUST

    def test_move_a_step_to_where_its_place_went(self, take: Listening, player: Player) -> None:
        node = edited(Take.of(take), SWAPPED)
        step = Level(gain_db=-6.0).step("mix", span(1.0, 1.5))
        one, other = placed(step, node)
        assert [(s.span.clock, s.span.start_s, s.span.end_s) for s in (one, other)] == [
            ("e", 0.0, 0.25),
            ("e", 1.75, 2.0),
        ]
        then_edited = player.sound(staged(node, Stage.STEMS, [step], LEAST)).samples
        edited_then = player.sound(edited(staged(Take.of(take), Stage.STEMS, [step], LEAST), SWAPPED)).samples
        apart = np.flatnonzero(np.any(then_edited != edited_then, axis=0))
        half = round(SEAM_S * RATE_HZ)
        ends = (0, 4_000, 28_000, 32_000, 12_000)
        assert all(min(abs(at - end) for end in ends) <= half for at in apart)

    def test_drop_a_step_whose_place_was_cut_away(self, take: Listening) -> None:
        node = edited(Take.of(take), timeline("e", (0.0, 1.0, 0.0)))
        assert placed(Dc(amount=0.5).step("mix", span(1.25, 1.5)), node) == ()
        assert staged(node, Stage.REPAIR, [Dc(amount=0.5).step("mix", span(1.25, 1.5))], LEAST) is node
        whole = Dc(amount=0.5).step()
        assert placed(whole, node) == (whole,)

    def test_of_edits_map_through_both(self, take: Listening) -> None:
        later = staged(edited(Take.of(take), SWAPPED), Stage.REPAIR, STEPS[:1], LEAST)
        node = edited(later, timeline("g", (0.5, 2.0, 0.0), source="e"))
        (found,) = placed(Dc(amount=0.5).step("mix", span(0.25, 0.5)), node)
        assert (found.span.clock, found.span.start_s, found.span.end_s) == ("g", 0.5, 0.75)

    def test_are_of_the_sound_that_their_timeline_names(self, take: Listening) -> None:
        with pytest.raises(UsageError, match="on the clock of z, not of a"):
            edited(Take.of(take), timeline("e", (0.0, 1.0, 0.0), source="z"))

    def test_move_what_a_person_said(self) -> None:
        said = MusicCorrection(
            clock="a", tempo_bpm=90.0, first_downbeat_s=0.25, key="A:min",
            sections=(Mark(start_s=0.0, label="A"), Mark(start_s=1.5, label="B")),
        )  # fmt: skip
        node = edited(Take("d", Known(Meant("[Verse]"), said, "a")), SWAPPED)
        assert (node.known.clock, node.known.meant.lyrics) == ("e", "[Verse]")
        moved = node.known.said
        assert (moved.tempo_bpm, moved.key, moved.first_downbeat_s) == (90.0, "A:min", 1.0)
        assert [(m.start_s, m.label) for m in moved.sections] == [(0.0, "A"), (0.25, "B"), (0.75, "A")]


class TestComps:
    def two(self) -> tuple[Listening, Listening, Player]:
        one, other = sound("a", 0), sound("b", 50, ("kick", "keys"))
        return one, other, Player({Take.of(s): s for s in (one, other)})

    JOIN = Timeline(
        clock="c",
        pieces=(
            Piece(source=span(0.0, 1.0, "a"), start_s=0.0),
            Piece(source=span(0.5, 1.5, "b"), start_s=1.0),
            Piece(source=span(1.0, 2.0, "a"), start_s=2.0),
        ),
    )

    def test_are_spans_of_several_takes_that_cross_over(self) -> None:
        one, other, player = self.two()
        made = player.listening(Comp((Take.of(one), Take.of(other)), self.JOIN))
        half = round(SEAM_S / 2 * RATE_HZ)
        a, b, c = one.audio.samples, other.audio.samples, made.audio.samples
        assert np.array_equal(c[:, : 16_000 - half], a[:, : 16_000 - half])
        assert np.array_equal(c[:, 16_000 + half : 32_000 - half], b[:, 8_000 + half : 24_000 - half])
        assert np.array_equal(c[:, 32_000 + half :], a[:, 16_000 + half :])
        assert (made.clock, made.audio.duration_s) == ("c", 3.0)

    def test_have_the_stems_that_all_takes_have_trusted_as_the_worst(self) -> None:
        one, other, _ = self.two()
        other = other.derived(
            other.audio, stems={"kick": Listening(other.stems["kick"].audio, other.known, trust=TRUST)}
        )
        made = Player({Take.of(s): s for s in (one, other)}).listening(
            Comp((Take.of(one), Take.of(other)), self.JOIN)
        )
        assert list(made.stems) == ["kick"]
        assert made.stems["kick"].trust == TRUST
        assert made.stems["kick"].audio.frames == made.audio.frames

    def test_of_one_take_with_itself_are_that_take(self) -> None:
        one, _, player = self.two()
        halves = timeline("c", (0.0, 1.0, 0.0), (1.0, 2.0, 1.0))
        assert same(player.sound(Comp((Take.of(one),), halves)), one.audio)

    def test_take_rate_and_channels_of_another_take_in(self) -> None:
        one = sound("a")
        other = Listening(noise(9, 1, 2 * RATE_HZ), Known(clock="b"))
        player = Player({Take.of(s): s for s in (one, other)})
        made = player.sound(Comp((Take.of(one), Take.of(other)), self.JOIN))
        assert (made.rate_hz, made.channels, made.duration_s) == (RATE_HZ, 2, 3.0)

    def test_edited_are_one_comp(self) -> None:
        one, other, player = self.two()
        comp = Comp((Take.of(one), Take.of(other)), self.JOIN)
        cut = edited(comp, timeline("d", (0.0, 0.5, 0.0), (0.5, 1.0, 0.5), source="c"))
        assert isinstance(cut, Comp)
        assert same(player.sound(cut), one.audio.excerpt(0, 16_000))

    def test_map_a_step_of_any_of_their_takes(self) -> None:
        one, other, _ = self.two()
        comp = Comp((Take.of(one), Take.of(other)), self.JOIN)
        (found,) = placed(Dc(amount=0.5).step("mix", span(1.0, 1.25, "b")), comp)
        assert (found.span.clock, found.span.start_s, found.span.end_s) == ("c", 1.5, 1.75)

    def test_name_each_take_once_and_no_other(self) -> None:
        one, _, _ = self.two()
        with pytest.raises(UsageError, match="two sources of a comp are on one clock"):
            Comp((Take.of(one), Take.of(one)), self.JOIN)
        with pytest.raises(UsageError, match="on the clock of b, not of a"):
            Comp((Take.of(one),), self.JOIN)

    def test_keep_of_what_was_said_only_what_holds_for_all(self) -> None:
        first = MusicCorrection(
            clock="a", tempo_bpm=90.0, key="A:min", sections=(Mark(start_s=0.0, label="A"),)
        )
        second = MusicCorrection(clock="b", tempo_bpm=90.0, key="C:maj")
        comp = Comp(
            (Take("1", Known(said=first, clock="a")), Take("2", Known(said=second, clock="b"))), self.JOIN
        )
        assert (comp.known.said.tempo_bpm, comp.known.said.key, comp.known.said.sections) == (90.0, None, ())
        alone = Comp((Take("1", Known(said=first, clock="a")), Take("2", Known(clock="b"))), self.JOIN)
        assert alone.known.said is None


class TestRoutes:
    LEVEL = (Gain(gain_db=6.0).step(), Limiter(ceiling_dbtp=-1.0).step())

    def heard(self, channels: int = 2) -> Listening:
        return Listening(music(np.random.default_rng(3), 2.0, 32_000, channels), Known(clock="a"))

    def test_without_steps_only_bring_a_sound_to_their_rate(self) -> None:
        heard = self.heard(1)
        player = Player({Take.of(heard): heard})
        assert player.listening(Routed(Take.of(heard), ROUTE, 32_000, ())) is heard
        made = player.sound(Routed(Take.of(heard), ROUTE, 48_000, ()))
        assert (made.rate_hz, made.channels) == (48_000, 1)

    def test_limit_at_their_own_rate_and_in_two_channels(self) -> None:
        heard = self.heard(1)
        node = Routed(Take.of(heard), ROUTE, 48_000, self.LEVEL)
        made = Player({Take.of(heard): heard}).rendered(node)
        assert (made.sound.audio.rate_hz, made.sound.audio.channels) == (48_000, 2)
        assert made.told.readings

    def test_turn_down_what_no_limiter_held(self) -> None:
        from controlroom.listening.heard import loudness_of

        heard = self.heard()
        player = Player({Take.of(heard): heard})
        made = player.listening(Routed(Take.of(heard), ROUTE, 32_000, self.LEVEL[:1]))
        assert loudness_of(made).true_peak_dbtp == pytest.approx(-1.0, abs=0.01)

    def test_tell_what_all_before_them_told(self) -> None:
        heard = self.heard()
        player = Player({Take.of(heard): heard})
        before = chain(Take.of(heard), [Fade(in_ms=500.0).step()], LEAST)
        told = player.told(Routed(before, ROUTE, 32_000, self.LEVEL))
        assert "limiter.reduction_db" in told.curves

    @pytest.mark.parametrize(
        "rate_hz, goes_out_hz",
        [
            *((rate_hz, rate_hz) for rate_hz in (44_100, 48_000, 88_200, 96_000, 176_400, 192_000)),
            (22_050, 44_100),
            (11_025, 44_100),
            (8_000, 48_000),
            (16_000, 48_000),
            (24_000, 48_000),
            (32_000, 48_000),
        ],
    )
    def test_keep_a_rate_where_stores_take_it_and_go_to_its_family_else(
        self, rate_hz: int, goes_out_hz: int
    ) -> None:
        assert ROUTE.rate_of(rate_hz) == goes_out_hz
        assert ROUTE.model_copy(update={"rate_hz": 48_000}).rate_of(rate_hz) == 48_000


def test_a_lazy_take_is_named_without_being_read() -> None:
    def never() -> Audio:
        pytest.fail("it was read")

    lazy = LazyListening(never, "d", Known(clock="a"))
    assert Take.of(lazy) == Take("d", Known(clock="a"))
    assert isinstance(chain(Take.of(lazy), STEPS[:2], LEAST), Staged)
