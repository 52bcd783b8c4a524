// Names of keys and chords, as they are stored (A:min) and as a person reads them.
export const TONICS = ["C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"];
const FLATS = { "C#": "D♭", "D#": "E♭", "F#": "G♭", "G#": "A♭", "A#": "B♭" };

export const tonicName = (tonic) => (FLATS[tonic] ? `${tonic.replace("#", "♯")} / ${FLATS[tonic]}` : tonic);
export const symbol = (label) =>
  label === "N"
    ? "no chord"
    : label.replace(":maj", "").replace(":min", "m").replace("b", "♭").replace("#", "♯");
export const spoken = (key) => key.replace("#", "♯").replace(":maj", " major").replace(":min", " minor");

/** Fill a list of tonics. */
export const offerTonics = (select, ...first) =>
  select.replaceChildren(...first, ...TONICS.map((one) => new Option(tonicName(one), one)));
