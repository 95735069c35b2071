// Send a file, follow how far it is, show the verdict.
import { ask, fetchMap } from "./fetching.js";
import { PointCloud } from "./points.js";
import { follow } from "./gestures.js";
import { colouring } from "./colouring.js";

const $ = (id) => document.getElementById(id);
const form = $("upload");
const input = $("file");
const csrf = document.querySelector("meta[name=csrf]").content;
const PAUSE_MS = 300;
const percent = (share) => `${Math.round(share * 100)} %`;
const clock = (s) => `${Math.floor(s / 60)}:${String(Math.floor(s % 60)).padStart(2, "0")}`;
let cloud;

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (input.files.length) judge(input.files[0]);
  else input.focus();
});
for (const kind of ["dragenter", "dragover"]) {
  form.addEventListener(kind, (event) => { event.preventDefault(); form.classList.add("over"); });
}
form.addEventListener("dragleave", () => form.classList.remove("over"));
form.addEventListener("drop", (event) => {
  event.preventDefault();
  form.classList.remove("over");
  if (event.dataTransfer.files.length) judge(event.dataTransfer.files[0]);
});

async function judge(file) {
  $("problem").hidden = $("verdict").hidden = true;
  $("doing").hidden = false;
  $("go").disabled = true;
  try {
    if (file.size > Number(form.dataset.maxBytes)) throw new Error("it is larger than the server takes");
    let job = await send(file);
    while (!["done", "failed"].includes(job.phase)) {
      progress(job);
      await new Promise((done) => setTimeout(done, PAUSE_MS));
      job = (await ask(`/api/predict/${job.job}`)).body;
    }
    if (job.error) throw new Error(job.error);
    await show(file.name, job.verdict);
  } catch (error) {
    $("problem").hidden = false;
    $("problem-text").textContent = `${file.name}: ${error.message}`;
  } finally {
    $("doing").hidden = true;
    $("go").disabled = false;
  }
}

// XMLHttpRequest, since fetch does not tell how much has been sent
function send(file) {
  return new Promise((done, fail) => {
    const body = new FormData();
    body.append("file", file);
    const request = new XMLHttpRequest();
    request.open("POST", `/api/predict?whole=${$("whole").checked ? 1 : 0}`);
    request.setRequestHeader("X-Sonicat-Csrf", csrf);
    request.responseType = "json";
    request.upload.onprogress = (event) => doing(`Sending: ${percent(event.loaded / event.total)}`, event.loaded / event.total);
    request.onload = () => (request.status === 202 ? done(request.response) : fail(new Error(request.response?.error ?? "the server did not take it")));
    request.onerror = () => fail(new Error("the connection broke while it was sent; it may be too large"));
    doing("Sending …", null);
    request.send(body);
  });
}

function progress(job) {
  if (job.phase === "waiting") doing("Waiting for others to be judged …", null);
  else if (job.phase === "judging") doing("Judging …", null);
  else if (job.done_s === null) doing("Listening …", null);
  else doing(`Listening: ${clock(job.done_s)}${job.of_s ? ` of ${clock(job.of_s)}` : ""}`, job.of_s ? job.done_s / job.of_s : null);
}

function doing(text, share) {
  $("doing-text").textContent = text;
  if (share === null) $("doing-share").removeAttribute("value");
  else $("doing-share").value = Math.min(1, share);
}

async function show(name, verdict) {
  const { said } = verdict;
  $("verdict").hidden = false;
  $("verdict-title").textContent = said ? `${said.label === "unknown" ? "Unknown" : said.label}` : "Nearest tracks";
  $("verdict-text").textContent = said ? sentence(name, verdict) : `${name}: nothing has been learned yet, so that there is no label.`;
  $("known").hidden = !verdict.known_tracks.length;
  $("known-link").href = `/tracks/${verdict.known_tracks[0]}`;
  $("shares").replaceChildren(...(said ? shares(said) : []));
  $("strip").replaceChildren(...(said?.windows ?? []).map(piece));
  $("end").textContent = clock(verdict.duration_s);
  $("near").replaceChildren(...verdict.neighbours.map(row));
  $("verdict").focus();
  if (verdict.place) await place(verdict.place, said);
}

function sentence(name, { said }) {
  const heard = said.heard === "whole" ? "The whole track was heard." : `${said.draws.count} times, windows were drawn from its middle.`;
  const best = said.labels.indexOf(said.likeliest);
  const steady = `Of ${said.draws.count} draws ${percent(said.draws.agree)} say the same; the probability went from ${percent(said.draws.low[best])} to ${percent(said.draws.high[best])}.`;
  const what = said.label === "unknown"
    ? `${name} is like none of the labels surely enough; the likeliest is ${said.likeliest}, ${percent(said.probability)}.`
    : `${name} sounds like ${said.label}: ${percent(said.probability)}.`;
  return `${what} ${heard} ${steady}`;
}

function shares(said) {
  return said.labels.map((label, k) => {
    const line = document.createElement("div");
    const term = document.createElement("dt");
    const swatch = document.createElement("span");
    line.className = `c${k % 8}`;
    swatch.className = "swatch";
    term.append(swatch, label);
    const value = document.createElement("dd");
    const meter = document.createElement("meter");
    meter.max = 1;
    meter.value = said.probabilities[k];
    meter.setAttribute("aria-label", label);
    value.append(meter, ` ${percent(said.probabilities[k])} (${percent(said.draws.low[k])} to ${percent(said.draws.high[k])})`);
    line.append(term, value);
    return line;
  });
}

function piece(window) {
  const text = `${clock(window.start_s)}: ${window.label}, ${percent(window.probability)}`;
  const button = document.createElement("button");
  button.type = "button";
  button.disabled = true;
  button.className = `c${window.series % 8} p${Math.round(window.probability * 10)}`;
  button.title = text;
  button.append(Object.assign(document.createElement("span"), { className: "unseen", textContent: text }));
  const item = document.createElement("li");
  item.append(button);
  return item;
}

function row(one) {
  const line = document.createElement("tr");
  const link = Object.assign(document.createElement("a"), { href: `/tracks/${one.id}`, textContent: one.title });
  line.insertCell().append(link);
  for (const text of [one.artist, one.album]) line.insertCell().textContent = text;
  for (const value of [one.year ?? "", Number(one.distance.toPrecision(3))]) {
    Object.assign(line.insertCell(), { className: "number", textContent: value });
  }
  return line;
}

async function place([x, y]) {
  const map = await fetchMap("tracks", "", () => {});
  if (!cloud) {
    cloud = new PointCloud($("points"));
    follow(cloud, { hover: () => {}, click: (i) => { if (i >= 0) location.href = `/tracks/${map.tracks.id[map.points.track[i]]}`; } });
  }
  cloud.onview = () => {
    const [px, py] = cloud.pixelOf(x, y);
    $("marker").hidden = false;
    $("marker").style.transform = `translate(${px}px, ${py}px)`;
  };
  cloud.resize();
  cloud.setPoints(map.points.x, map.points.y, map.points.approximate);
  const paint = await colouring(map, map.said ? "label" : "artist", "");
  cloud.setStyle((i) => paint.style(i, paint.kind(i)));
}
