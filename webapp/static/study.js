// Have a report made that takes a while, and show it when it is there.
import { ask } from "./fetching.js";

const part = document.getElementById("study");
const button = document.getElementById("begin");
const text = document.getElementById("study-text");
const csrf = document.querySelector("meta[name=csrf]").content;
const PAUSE_MS = 1000;

button.addEventListener("click", make);
if (part.dataset.begun === "1") make();

async function make() {
  button.disabled = true;
  text.textContent = "It is being made …";
  try {
    for (;;) {
      const { body } = await ask(part.dataset.url, { method: "POST", headers: { "X-Sonicat-Csrf": csrf } });
      if (!body.under_way) break;
      await new Promise((done) => setTimeout(done, PAUSE_MS));
    }
    location.reload();
  } catch (error) {
    text.textContent = error.message;
    button.disabled = false;
  }
}
