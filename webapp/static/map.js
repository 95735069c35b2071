import { PointCloud } from "./points.js";
import { follow } from "./gestures.js";
import { fetchMap } from "./fetching.js";
import { colouring } from "./colouring.js";

const $ = (id) => document.getElementById(id);
const canvas = $("points");
const run = $("map").dataset.run;
const FOUND = 30;

let map;
let cloud;
let chosen = -1;
let hidden = new Set();
let paint;
let turn = 0;

start().catch((error) => say(error.message));

async function start() {
  const begun = { at: performance.now(), share: null };
  map = await fetchMap($("level")?.value ?? "tracks", run, (share) => drawing(share, begun));
  cloud ??= connect();
  cloud.setPoints(map.points.x, map.points.y, map.points.approximate);
  canvas.cloud = cloud;
  $("drawing").hidden = true;
  offerColours();
  $("through").value ||= middle(map.tracks.year);
  await colour();
  fromAddress();
}

// Say how far the drawing is, and from its pace how long it still takes.
function drawing(share, begun) {
  if (begun.share === null) Object.assign(begun, { at: performance.now(), share });
  const done = share - begun.share;
  const left = ((performance.now() - begun.at) / 60_000) * ((1 - share) / done);
  const rest = done < 0.05 ? "" : left < 1 ? ", less than a minute more" : `, about ${Math.round(left)} min more`;
  $("drawing").hidden = false;
  $("drawing-text").textContent = `Drawing the map: ${Math.round(share * 100)} %${rest}`;
  $("drawing-share").hidden = false;
  $("drawing-share").value = share;
}

function say(text) {
  $("drawing").hidden = false;
  $("drawing-share").hidden = true;
  $("drawing-text").textContent = text;
}

function connect() {
  const made = new PointCloud(canvas);
  made.onview = mark;
  follow(made, { hover: (i) => describe(i < 0 ? chosen : i), click: (i) => i >= 0 && open(i) });
  canvas.addEventListener("keydown", keys);
  return made;
}

function offerColours() {
  const select = $("colour");
  const before = select.value;
  select.replaceChildren();
  const group = (name, options) => {
    const part = document.createElement("optgroup");
    part.label = name;
    for (const [value, text] of options) part.append(new Option(text, value));
    select.append(part);
  };
  const said = map.said
    ? [["label", "what it sounds like"], ["right", "right or wrong"], ["confidence", "how sure"]]
    : [];
  group("Track", [["artist", "artist"], ["album", "album"], ["year", "year"], ["decade", "decade"], ["era", "era: before and after a year"], ["genre", "genre"], ["codec", "codec"], ...said]);
  group("Feature", map.features.map((name) => [`feature:${name}`, name.replaceAll("_", " ")]));
  if (before) select.value = before;
}

// where the years part the tracks in two halves
function middle(years) {
  const known = years.filter((year) => year !== null).sort((a, b) => a - b);
  return known[Math.floor((known.length - 1) / 2)] ?? "";
}

async function colour() {
  const choice = $("colour").value;
  $("era").hidden = choice !== "era";
  const mine = ++turn;
  const made = await colouring(map, choice, run, Number($("through").value));
  if (mine !== turn) return; // another was chosen while this one was fetched
  hidden = new Set();
  paint = made;
  restyle();
  legend();
}

function restyle() {
  let shown = 0;
  cloud.setStyle((i) => {
    const kind = paint.kind(i);
    if (hidden.has(kind)) return null;
    shown++;
    return paint.style(i, kind);
  });
  $("count").textContent = `${shown} of ${cloud.n} ${map.level} shown`;
  $("all").hidden = !hidden.size;
}

function legend() {
  const list = $("legend");
  list.replaceChildren();
  if (paint.range) {
    const item = document.createElement("li");
    const bar = document.createElement("span");
    bar.className = "scale";
    const ends = document.createElement("p");
    ends.className = "ends";
    for (const end of paint.range) ends.append(Object.assign(document.createElement("span"), { textContent: end }));
    item.append(bar, ends);
    list.append(item);
  }
  for (const { kind, name, count, look } of paint.entries) {
    const button = document.createElement("button");
    button.type = "button";
    button.setAttribute("aria-pressed", "true");
    button.dataset.kind = kind;
    button.append(swatch(look), document.createTextNode(name), Object.assign(document.createElement("span"), { className: "n", textContent: count }));
    button.title = "Hide or show; with Shift or Alt only this";
    button.addEventListener("click", (event) => toggle(kind, event.shiftKey || event.altKey));
    const item = document.createElement("li");
    item.append(button);
    list.append(item);
  }
}

function toggle(kind, only) {
  if (only) hidden = new Set(paint.entries.map((one) => one.kind).filter((one) => one !== kind));
  else if (!hidden.delete(kind)) hidden.add(kind);
  for (const button of $("legend").querySelectorAll("button")) button.setAttribute("aria-pressed", String(!hidden.has(Number(button.dataset.kind))));
  restyle();
}

$("all").addEventListener("click", () => {
  hidden = new Set();
  for (const button of $("legend").querySelectorAll("button")) button.setAttribute("aria-pressed", "true");
  restyle();
});

const PATHS = ["M7 1a6 6 0 1 0 .01 0z", "M2 2h10v10H2z", "M7 1.500L13 12H1z", "M7 .5L13.500 7 7 13.500.5 7z"];

function swatch({ css, shape }) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("width", "14");
  svg.setAttribute("height", "14");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(svg.namespaceURI, "path");
  path.setAttribute("d", PATHS[shape]);
  path.setAttribute("fill", css);
  svg.append(path);
  return svg;
}

function describe(i) {
  const card = $("card");
  card.hidden = i < 0;
  if (i < 0) return;
  const t = map.points.track[i];
  const of = (column) => column.names[column.of[t]];
  const lines = [
    map.tracks.title[t],
    [of(map.tracks.artist), of(map.tracks.album), map.tracks.year[t]].filter(Boolean).join(" · "),
  ];
  if (map.points.start_s) lines.push(`from second ${Math.round(map.points.start_s[i])}`);
  const best = map.said?.best[t];
  if (best) lines.push("sounds like " + best.map(([k, share]) => `${map.said.labels[k]} ${Math.round(share * 100)} %`).join(", "));
  if (paint.told) lines.push(paint.told(i));
  if (cloud.looks[4 * i + 1]) lines.push("placed approximately");
  card.replaceChildren(...lines.filter(Boolean).map((text, k) => {
    const line = document.createElement("p");
    const inner = k ? line : line.appendChild(document.createElement("strong"));
    inner.textContent = text;
    return line;
  }));
}

function mark() {
  const marker = $("marker");
  marker.hidden = chosen < 0;
  if (chosen < 0) return;
  const [x, y] = cloud.pixel(chosen);
  marker.style.transform = `translate(${x}px, ${y}px)`;
}

function choose(i) {
  chosen = i;
  if (i >= 0) cloud.reveal(i);
  mark();
  describe(i);
}

function open(i) {
  location.href = `/tracks/${map.tracks.id[map.points.track[i]]}${run ? `?run=${run}` : ""}`;
}

const DIRECTIONS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

function keys(event) {
  const way = DIRECTIONS[event.key];
  if (way && event.shiftKey) cloud.pan(-60 * way[0], 60 * way[1]);
  else if (way) {
    const next = cloud.next(chosen, ...way);
    if (next >= 0) choose(next);
  } else if (event.key === "+" || event.key === "=") cloud.zoomAt(cloud.width / 2, cloud.height / 2, 1.4);
  else if (event.key === "-") cloud.zoomAt(cloud.width / 2, cloud.height / 2, 1 / 1.4);
  else if (event.key === "0") cloud.reset();
  else if (event.key === "Enter" && chosen >= 0) open(chosen);
  else if (event.key === "Escape") choose(-1);
  else return;
  event.preventDefault();
}

function fromAddress() {
  const found = /^#track-(\d+)$/.exec(location.hash);
  if (!found) return;
  const t = map.tracks.id.indexOf(Number(found[1]));
  if (t >= 0) choose(map.points.track.indexOf(t));
}

for (const id of ["colour", "through"]) $(id).addEventListener("change", () => colour().catch((error) => say(error.message)));
$("level")?.addEventListener("change", () => {
  chosen = -1;
  start().catch((error) => say(error.message));
});

$("find").addEventListener("input", () => {
  const wanted = $("find").value.trim().toLowerCase();
  const list = $("found");
  list.replaceChildren();
  if (!map || wanted.length < 2) return;
  const { id, title, artist, album } = map.tracks;
  let count = 0;
  for (let t = 0; t < id.length && count < FOUND; t++) {
    const text = [title[t], artist.names[artist.of[t]], album.names[album.of[t]]].filter(Boolean).join(" · ");
    if (!text.toLowerCase().includes(wanted)) continue;
    count++;
    const link = document.createElement("a");
    link.href = `/tracks/${id[t]}`;
    link.textContent = text;
    const show = () => choose(map.points.track.indexOf(t));
    link.addEventListener("focus", show);
    link.addEventListener("pointerenter", show);
    const item = document.createElement("li");
    item.append(link);
    list.append(item);
  }
  if (!count) list.append(Object.assign(document.createElement("li"), { textContent: "nothing found" }));
});
