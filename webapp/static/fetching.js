// Ask the server; wait while it draws a map.
const PAUSE_MS = 400;

export async function ask(url, options) {
  const answer = await fetch(url, options);
  let body;
  try {
    body = await answer.json();
  } catch {
    throw new Error("the server does not answer as it should; is it still running?");
  }
  if (!answer.ok) throw new Error(body.error ?? "that did not work");
  return { status: answer.status, body };
}

export async function fetchMap(level, run, told) {
  const query = new URLSearchParams({ level, ...(run ? { run } : {}) });
  for (;;) {
    const { status, body } = await ask(`/api/map?${query}`);
    if (status !== 202) return body;
    told(body.drawing);
    await new Promise((done) => setTimeout(done, PAUSE_MS));
  }
}
