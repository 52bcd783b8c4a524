"""The words by which a file's name tells a part, and those that turn it into the rest of the mix."""

from __future__ import annotations

import re
import unicodedata

from controlroom.model.parts import BACKING, DRUMS, KIT, VOICES

BREAK = "|"
"""Stands between words that no phrase spans: ``Song - Bass``, ``Song (Bass)``."""

_PHRASES: dict[str, str] = {
    "backing-vocals": "backing vocals|backing vocal|backing vox|backing voice|background vocals|background vocal|"
    "bg vocals|bgv|bgvs|bv|bvs|harmony vocals|harmonies|choir|backing voices|vocal harmonies|vocal chops|"
    "backup vocals|choeurs|chor|coros|cori|コーラス",
    "vocals": "lead vocals|lead vocal|main vocals|main vocal|lead vox|vocals|vocal|vox|voice|voices|acapella|"
    "a cappella|a capella|acappella|accapella|acapela|singing|rap|voix|chant|gesang|stimme|stimmen|voz|voces|voce|"
    "voci|ボーカル|ヴォーカル|歌|人声|보컬",
    "kick": "kick|kicks|kick drum|bass drum|bd|grosse caisse",
    "snare": "snare|snares|snare drum|sd|caisse claire",
    "hats": "hi hat|hi hats|hihat|hihats|hats|hat|hh|cymbals|cymbal|overheads|overhead|ride",
    "drums": "drums|drum|drum kit|drumkit|drum bus|beat|beats|batterie|schlagzeug|bateria|batteria|"
    "ドラム|ドラムス|鼓|드럼",
    "percussion": "percussion|percussions|perc|percs|clap|claps|shaker|tambourine|congas|bongos|perkussion|percusion",
    "bass": "bass|bass guitar|sub|sub bass|808|808s|synth bass|bassline|basse|bajo|basso|baixo|ベース|贝斯|베이스",
    "guitar": "guitar|guitars|acoustic guitar|electric guitar|rhythm guitar|lead guitar|gtr|gtrs|guitare|guitares|"
    "gitarre|gitarren|guitarra|guitarras|chitarra|chitarre|ギター|吉他|기타",
    "keyboard": "keyboard|keyboards|keys|piano|pianos|organ|rhodes|electric piano|epiano|clavier|claviers|klavier|"
    "teclado|teclados|tastiera|tastiere|ピアノ|キーボード|钢琴|피아노",
    "strings": "strings|string|violin|violins|viola|cello|orchestra|cordes|streicher|cuerdas|archi|ストリングス",
    "brass": "brass|trumpet|trombone|horns|horn|cuivres|blaser|metales|ottoni|ブラス",
    "woodwinds": "woodwinds|woodwind|flute|clarinet|sax|saxophone|oboe",
    "synth": "synth|synths|synthesizer|pad|pads|lead|arp|pluck|leads|シンセ",
    "fx": "fx|sfx|effects|effect|fx other|risers|riser|noise",
    BACKING: "accompaniment|instrumental|instrumentals|backing track|backing tracks|music|karaoke|play back|playback|"
    "off vocal|off vocals|カラオケ|オフボーカル|伴奏|반주",
    "other": "other|others|rest|residual|remainder|everything else|autres|andere|otros|altro|その他|其他|그외",
    "mix": "mix|full mix|mixdown|master|full song|stereo mix|original mix|mixed|premaster",
}  # fmt: skip
BY_PHRASE = {phrase: role for role, phrases in _PHRASES.items() for phrase in phrases.split("|")}
LONGEST = max(len(phrase.split()) for phrase in BY_PHRASE)

WEAK = frozenset(("lead", "leads", "music", "noise", "rest", "chant", "mixed"))
"""Words that mean other things too: what a folder or a plainer word says stands before them."""

NEGATIONS = frozenset(
    [
        "no",
        "non",
        "without",
        "minus",
        "ex",
        "except",
        "excluding",
        "excl",
        "but",
        "sans",
        "ohne",
        "senza",
        "sem",
        "sin",
        "zonder",
        "utan",
        "uden",
        "bez",
        "без",
    ]
)
_JOINED = ("no", "minus", "without")
_AND = frozenset(("and", "or", "nor", "n", "und", "et", "y", "e", "oder"))
_FILLERS = frozenset(("the", "any", "le", "la", "les", "der", "die", "das"))
_AFTER = frozenset(("removed", "muted"))
_AFTER_JOINED = ("なし", "無し", "抜き", "ぬき", "less")
_HOLDERS = frozenset(("mix", BACKING, "other"))
"""What a name may call the whole that a part was taken out of."""

_WORD = re.compile(r"[^\W\d_]+|\d+|[&+]")
_HARD = re.compile(r"[()\[\]{},;|/]|\s[-–—]\s|__")


def folded(text: str) -> str:
    """Return text in one Unicode form, without the accents of Latin letters; case is kept."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not "\u0300" <= c <= "\u036f")
    return unicodedata.normalize("NFC", plain)


def words_of(text: str) -> list[str]:
    """Return a name's words in lower case, with ``BREAK`` where a bracket or a spaced dash parts them.

    Numbers are left out (``no 1`` is a number, no negation), all but 808.
    """
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", folded(text))  # BassDrums30 → Bass Drums 30
    spaced = re.sub(r"(?i)(?<![a-z])w[/_]o(?![a-z])", "without", spaced)
    found: list[str] = []
    last = 0
    for match in _WORD.finditer(spaced):
        if found and found[-1] != BREAK and _HARD.search(spaced[last : match.start()]):
            found.append(BREAK)
        last = match.end()
        word = match[0].casefold()
        if word.isdigit() and word != "808":
            if found and found[-1] == "minus" and word == "1":
                found.append("one")
            elif found and found[-1] in NEGATIONS:
                found.pop()
            continue
        found.append("and" if word in "&+" else word)
    return found


def told_by(words: list[str]) -> tuple[str | None, tuple[str, ...], bool]:
    """Return the role that words tell, the roles that they say are *not* in it, and whether they are plain.

    A role and nothing missing is that part; something missing is the rest of the
    mix (``_rest``); both at once where neither holds the other tells nothing.
    """
    positive, without = _parted(words)
    role, plain = _longest(positive)
    if not without:
        return role, (), plain
    if role in VOICES and without == (BACKING,):
        return role, (), plain
    if role and all(_inside(one, role) for one in without):
        return role, (), plain
    if role and role not in _HOLDERS:
        return None, (), True
    if role is None and any(word in BY_PHRASE for word in positive):
        return None, (), True
    missing = tuple(sorted({*without, *(("vocals",) if role == BACKING else ())}))
    return rest_role(missing), missing, True


def rest_role(without: tuple[str, ...]) -> str:
    """Return what is left of a mix without some of its parts is called."""
    if set(without) <= set(VOICES):
        return BACKING
    if without == (BACKING,):
        return "vocals"
    return "rest" if "other" in without else "other"


def _inside(part: str, role: str) -> bool:
    return (role == DRUMS and part in KIT) or (role == "vocals" and part == "backing-vocals")


def _parted(words: list[str]) -> tuple[list[str], tuple[str, ...]]:
    """Return the words that tell what is there, and the roles that are said to be missing."""
    positive: list[str] = []
    without: list[str] = []
    n = 0
    while n < len(words):
        missing, length = _missing_at(words, n)
        without += missing
        if not length:
            positive.append(words[n])
        n += max(1, length)
    return positive, tuple(without)


def _missing_at(words: list[str], n: int) -> tuple[list[str], int]:
    """Return which roles are said to be missing from word ``n`` on, and in how many words."""
    word = words[n]
    if word == "minusone" or words[n : n + 2] == ["minus", "one"]:
        return ["vocals"], 1 if word == "minusone" else 2
    if word not in BY_PHRASE:
        for head in _JOINED:  # novocals
            role, length = _phrase_at([word.removeprefix(head), *words[n + 1 :]], 0)
            if role and word.startswith(head):
                return [role], length
        for tail in _AFTER_JOINED:  # drumless, ボーカルなし
            if word.endswith(tail) and word.removesuffix(tail) in BY_PHRASE:
                return [BY_PHRASE[word.removesuffix(tail)]], 1
    if word in NEGATIONS:
        return _listed_from(words, n + 1, n)
    phrase, length = _phrase_at(words, n)
    if phrase and words[n + length : n + length + 1] and words[n + length] in _AFTER:
        return [phrase], length + 1
    return [], 0


def _listed_from(words: list[str], at: int, start: int) -> tuple[list[str], int]:
    """Return the roles of ``no drums and bass`` behind its first word; nothing for ``no reverb``."""
    roles: list[str] = []
    end = at
    while True:
        if words[at : at + 1] and words[at] in _FILLERS:
            at += 1
        role, length = _phrase_at(words, at)
        if not role:
            return roles, end - start if roles else 0
        roles.append(role)
        end = at = at + length
        if words[at : at + 1] and words[at] in _AND:
            at += 1
        else:
            return roles, end - start


def _phrase_at(words: list[str], n: int) -> tuple[str | None, int]:
    for length in range(min(LONGEST, len(words) - n), 0, -1):
        if (span := " ".join(words[n : n + length])) in BY_PHRASE:
            return BY_PHRASE[span], length
    return None, 0


def _longest(words: list[str]) -> tuple[str | None, bool]:
    """Return the role of the longest phrase, None where two differ, and whether its word is plain."""
    for length in range(min(LONGEST, len(words)), 0, -1):
        spans = {" ".join(words[n : n + length]) for n in range(len(words) - length + 1)}
        found = {span for span in spans if span in BY_PHRASE}
        strong = {BY_PHRASE[span] for span in found - WEAK}
        roles = strong or {BY_PHRASE[span] for span in found}
        if roles & set(KIT):
            roles -= {DRUMS}  # "Drums Kick" is the kick
        if roles:
            return (min(roles) if len(roles) == 1 else None), bool(strong)
    return None, False
