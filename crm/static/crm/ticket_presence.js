// Tells the server that the page is open and what is typed, and shows which colleagues are here too.
const place = document.querySelector("[data-presence]");
const draft = document.querySelector("[data-draft]");
const body = draft?.elements.body;
const note = document.querySelector("[data-saved]");
const discard = document.querySelector("[data-discard]");
const LEFT = `draft ${draft?.dataset.author} ${draft?.dataset.draft}`;
const HERE = 10000;
const PAUSE = 3000;
const BUSY = 60000;
let typedAt = 0;
let kept = body?.value;
let sent = kept;
let waiting = 0;
let isLeaving = false;

function said(values) {
  const data = new FormData();
  data.set("csrfmiddlewaretoken", document.querySelector("[name=csrfmiddlewaretoken]")?.value || "");
  for (const [name, value] of Object.entries(values)) data.set(name, value);
  return data;
}

// What the server has not confirmed stays in this tab, whatever becomes of the page, the network or the order of requests.
function remember() {
  try {
    if (isLeaving || body.value === kept) sessionStorage.removeItem(LEFT);
    else sessionStorage.setItem(LEFT, JSON.stringify({ text: body.value, known: [kept, sent] }));
  } catch {
    // A browser without storage has drafts on the server only.
  }
}

function recall() {
  try {
    const left = JSON.parse(sessionStorage.getItem(LEFT));
    if (!left || left.text === kept) return;
    // Where the server has what was written elsewhere meanwhile, both stay.
    body.value = left.known.includes(kept) || !kept ? left.text : `${kept}\n\n${left.text}`;
    keep();
  } catch {
    // Nothing that can be read was left.
  }
}

async function beat() {
  if (!place || document.hidden) return;
  const isReplying = body?.value.trim() && (document.activeElement === body || Date.now() - typedAt < BUSY);
  try {
    const headers = { "X-Background": "1" };
    const values = said(isReplying ? { is_replying: 1 } : {});
    const answer = await fetch(place.dataset.presence, { method: "POST", headers, body: values });
    if (!answer.ok) return;
    const { others } = await answer.json();
    const text = others.join(" · ");
    if (place.textContent !== text) place.textContent = text;
    place.hidden = !text;
  } catch {
    // Without a network nobody is seen; the next beat tries again.
  }
}

function bring() {
  navigator.sendBeacon(draft.dataset.draft, said({ body: body.value }));
}

async function keep() {
  clearTimeout(waiting);
  waiting = 0;
  if (!body || isLeaving || body.value === kept) return;
  const text = (sent = body.value);
  remember();
  try {
    const answer = await fetch(draft.dataset.draft, { method: "POST", body: said({ body: text }) });
    if (!answer.ok) return;
    kept = text;
    remember();
    discard.hidden = !text.trim();
    note.textContent = text.trim() ? note.dataset.words : "";
  } catch {
    // What is typed stays in the field; the next change tries again.
  }
}

if (place) {
  beat();
  setInterval(beat, HERE);
  document.addEventListener("visibilitychange", beat);
}
if (body) {
  recall();
  body.addEventListener("input", () => {
    remember();
    const isFirst = Date.now() - typedAt > BUSY;
    typedAt = Date.now();
    if (isFirst) beat();
    waiting ||= setTimeout(keep, PAUSE);
  });
  // unfold would write a name into a field that only its own file fields have; the browser shows the names itself.
  draft.addEventListener("change", (event) => event.target.type === "file" && event.stopPropagation(), true);
  draft.addEventListener("submit", () => {
    isLeaving = true;
    clearTimeout(waiting);
    remember();
  });
}
addEventListener("pagehide", () => {
  if (body && !isLeaving && body.value !== kept) bring();
  if (place) navigator.sendBeacon(place.dataset.presence, said({ leaves: 1 }));
});
