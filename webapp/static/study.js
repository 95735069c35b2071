// Have a report made that takes a while, and show it when it is there.
import { ask } from "./fetching.js";

const part = document.getElementById("study");
const button = document.getElementById("begin");
const text = document.getElementById("study-text");
const csrf = document.querySelector("meta[name=csrf]").content;
const PAUSE_MS = 1000;

button.addEventListener("click", () => make(true));
if (part.dataset.begun === "1") make(false);

async function make(begin) {
  button.disabled = true;
  text.textContent = "It is being made …";
  try {
    if (begin) await ask(part.dataset.url, { method: "POST", headers: { "X-Sonicat-Csrf": csrf } });
    while ((await ask(part.dataset.url)).status === 202) await new Promise((done) => setTimeout(done, PAUSE_MS));
    location.reload();
  } catch (error) {
    text.textContent = error.message;
    button.disabled = false;
  }
}
