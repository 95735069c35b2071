// How points are coloured: what kind a point is of, what each kind looks like, what the legend says.
import { GREY, SERIES, SHAPES, ramp, series } from "./palette.js";
import { ask } from "./fetching.js";

const NONE = -1;
const LIMIT = SERIES.length * SHAPES;

// through: the last year of the first era
export async function colouring(map, choice, run, through) {
  const track = map.points.track;
  if (choice.startsWith("feature:")) return feature(map, choice.slice(8), run);
  if (choice === "year") return measured(map.tracks.year, (i) => track[i], "year", String);
  if (choice === "confidence") return measured(map.said.p_label, (i) => track[i], "probability", (p) => `${Math.round(p * 100)} %`);
  if (choice === "decade") {
    const decades = map.tracks.year.map((year) => (year === null ? null : `${Math.floor(year / 10) * 10}s`));
    return named(track, decades, [...new Set(decades.filter(Boolean))].sort(), []);
  }
  if (choice === "era") {
    const eras = [`through ${through}`, `after ${through}`];
    return named(track, map.tracks.year.map((year) => (year === null ? null : eras[Number(year > through)])), eras, []);
  }
  if (choice === "right") {
    const words = map.said.right.map((right) => (right === null ? null : right ? "right" : "wrong"));
    return named(track, words, ["right", "wrong"], []);
  }
  if (choice === "label") {
    const names = [...map.said.labels, "unknown"];
    return named(track, map.said.label.map((k) => names[k] ?? null), names, names);
  }
  const column = map.tracks[choice];
  const names = column.names;
  return named(track, column.of.map((k) => names[k] ?? null), names, map.said?.labels ?? []);
}

// A name that is a label of the run has that label's colour everywhere.
function named(track, values, names, labels) {
  const counts = new Map();
  for (const t of track) if (values[t] !== null) counts.set(values[t], (counts.get(values[t]) ?? 0) + 1);
  const place = new Map();
  for (const name of names) if (labels.includes(name)) place.set(name, labels.indexOf(name));
  const taken = new Set(place.values());
  let free = 0;
  for (const name of names) {
    if (place.has(name)) continue;
    while (taken.has(free)) free++;
    taken.add(free);
    place.set(name, free);
  }
  const others = names.some((name) => place.get(name) >= LIMIT);
  const kindOf = new Map([...place].map(([name, k]) => [name, k < LIMIT ? k : LIMIT]));
  const entries = names
    .filter((name) => counts.get(name) && place.get(name) < LIMIT)
    .map((name) => ({ kind: place.get(name), name, count: counts.get(name), look: series(place.get(name)) }));
  const rest = (kind, name, count) => count && entries.push({ kind, name, count, look: GREY });
  if (others) rest(LIMIT, "all others", names.reduce((sum, name) => sum + (place.get(name) >= LIMIT ? counts.get(name) ?? 0 : 0), 0));
  rest(NONE, "none", track.reduce((sum, t) => sum + (values[t] === null), 0));
  return {
    entries,
    kind: (i) => kindOf.get(values[track[i]]) ?? NONE,
    style: (_i, kind) => series(kind),
  };
}

async function feature(map, name, run) {
  const query = new URLSearchParams({ level: map.level, name, ...(run ? { run } : {}) });
  const { body } = await ask(`/api/map/values?${query}`);
  if (body.chart !== map.chart) throw new Error("the library has changed since this map came; load the page again");
  return measured(body.values, (i) => i, name.replaceAll("_", " "), (value) => String(Number(value.toPrecision(3))));
}

// The middle 96 % spans the scale: one wild value must not turn all others one colour.
function measured(values, at, name, text) {
  const known = values.filter((value) => value !== null).sort((a, b) => a - b);
  const low = known[Math.floor(known.length * 0.02)] ?? 0;
  const high = known[Math.ceil(known.length * 0.98) - 1] ?? 1;
  const missing = values.length - known.length;
  return {
    entries: missing ? [{ kind: NONE, name: "not known", count: missing, look: GREY }] : [],
    range: [`${name} ${text(low)}`, text(high)],
    kind: (i) => (values[at(i)] === null ? NONE : 0),
    style: (i, kind) => (kind === NONE ? GREY : ramp((values[at(i)] - low) / (high - low || 1))),
    told: (i) => (values[at(i)] === null ? "" : `${name} ${text(values[at(i)])}`),
  };
}
