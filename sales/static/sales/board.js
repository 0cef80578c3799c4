// The pipeline board: deals are moved by mouse, finger or keyboard, and what others move is seen after a while.
const EACH = 15000;
const board = document.getElementById("board");
const dialog = document.getElementById("board-closing");
const said = document.querySelector("[data-said]");
let tag = "";
let drag = null;
let picked = null;
let isBusy = false;

const lanes = () => [...board.querySelectorAll(".board-lane")];
const cards = (lane) => [...lane.querySelectorAll(".board-card")].filter((card) => card.offsetParent !== null);
const find = (key) => board.querySelector(`[data-card="${CSS.escape(key)}"]`);

function say(...words) {
  said.textContent = words.join(" ");
}

function show(html) {
  const focused = document.activeElement?.closest?.("[data-card]")?.dataset.card;
  const opened = [...board.querySelectorAll("details[open]")].map((one) => one.dataset.lane);
  const left = board.querySelector(".board-lanes")?.scrollLeft ?? 0;
  board.innerHTML = html;
  for (const one of board.querySelectorAll("details")) one.open = opened.includes(one.dataset.lane);
  const row = board.querySelector(".board-lanes");
  if (row) row.scrollLeft = left;
  if (focused) find(focused)?.focus({ preventScroll: true });
}

async function refresh() {
  if (document.hidden || drag || picked || isBusy || dialog?.open) return;
  const headers = { "X-Live": "1", "X-Background": "1", ...(tag ? { "If-None-Match": tag } : {}) };
  const answer = await fetch(board.dataset.address, { headers, cache: "no-store" }).catch(() => null);
  if (answer?.redirected) location.reload(); // to the sign-in: the session has ended
  if (!answer || answer.redirected || answer.status !== 200) return;
  const html = await answer.text();
  if (drag || picked || isBusy || dialog?.open) return;
  tag = answer.headers.get("ETag") ?? "";
  show(html);
}

async function send(card, lane, more) {
  const token = dialog.querySelector("[name=csrfmiddlewaretoken]").value;
  const body = new URLSearchParams({ version: card.dataset.version, stage: lane.dataset.stage, ...more });
  const headers = { "X-Live": "1", "X-CSRFToken": token };
  isBusy = true;
  try {
    const answer = await fetch(card.dataset.address, { method: "POST", headers, body });
    if (!answer.ok || answer.redirected) throw new Error(answer.status);
    tag = "";
    show(await answer.text());
    say("");
    find(card.dataset.card)?.focus({ preventScroll: true });
  } catch {
    say(said.dataset.failed);
  } finally {
    isBusy = false;
  }
}

function drop(card, lane) {
  if (!lane || lane === card.closest(".board-lane")) return;
  if (lane.dataset.kind === "open") {
    send(card, lane, {});
    return;
  }
  const isLoss = lane.dataset.kind === "lost";
  dialog.querySelector("h2").textContent = lane.dataset.name;
  dialog.querySelector("[data-deal]").textContent = card.dataset.name;
  for (const part of dialog.querySelectorAll("[data-loss]")) part.hidden = !isLoss;
  const form = dialog.querySelector("form");
  form.reset();
  form.reason.required = isLoss;
  dialog.returnValue = "";
  dialog.addEventListener(
    "close",
    () => {
      const given = isLoss ? { reason: form.reason.value, note: form.note.value } : {};
      if (dialog.returnValue === "move") send(card, lane, given);
      else card.focus();
    },
    { once: true },
  );
  dialog.showModal();
}

function mark(lane) {
  for (const one of lanes()) one.classList.toggle("board-over", one === lane);
}

// By mouse, and by finger on the grip, so that a finger elsewhere scrolls.
function press(event) {
  const card = event.target.closest(".board-card");
  if (!dialog || !card || event.button !== 0) return;
  const isGrip = event.target.closest(".board-grip");
  if (!isGrip && (event.pointerType !== "mouse" || event.target.closest("small a"))) return;
  const box = card.getBoundingClientRect();
  drag = { card, x: event.clientX, y: event.clientY, dx: event.clientX - box.left, dy: event.clientY - box.top };
}

function lift() {
  drag.ghost = drag.card.cloneNode(true);
  drag.ghost.classList.add("board-ghost");
  drag.ghost.removeAttribute("data-card");
  drag.ghost.style.width = `${drag.card.offsetWidth}px`;
  document.body.append(drag.ghost);
  document.body.classList.add("board-dragging");
  drag.card.classList.add("board-picked");
}

function pull(event) {
  if (!drag) return;
  if (!drag.ghost) {
    if (Math.hypot(event.clientX - drag.x, event.clientY - drag.y) < 6) return;
    lift();
  }
  event.preventDefault();
  drag.ghost.style.transform = `translate(${event.clientX - drag.dx}px, ${event.clientY - drag.dy}px)`;
  const row = board.querySelector(".board-lanes");
  const edge = row.getBoundingClientRect();
  if (event.clientX > edge.right - 40) row.scrollLeft += 16;
  if (event.clientX < edge.left + 40) row.scrollLeft -= 16;
  drag.lane = document.elementFromPoint(event.clientX, event.clientY)?.closest(".board-lane") ?? null;
  mark(drag.lane);
}

function release(isDropped) {
  if (!drag) return;
  const { card, lane, ghost } = drag;
  drag = null;
  mark(null);
  if (!ghost) return;
  ghost.remove();
  document.body.classList.remove("board-dragging");
  card.classList.remove("board-picked");
  // The click that ends a drag opens no link.
  addEventListener("click", swallow, { capture: true, once: true });
  setTimeout(() => removeEventListener("click", swallow, { capture: true }), 0);
  if (isDropped) drop(card, lane);
}

function swallow(event) {
  event.preventDefault();
  event.stopPropagation();
}

board.addEventListener("pointerdown", press);
board.addEventListener("dragstart", (event) => event.preventDefault());
addEventListener("pointermove", pull, { passive: false });
addEventListener("pointerup", () => release(true));
addEventListener("pointercancel", () => release(false));

// By keyboard.
function put() {
  picked.card.classList.remove("board-picked");
  mark(null);
  const { card, lane } = picked;
  picked = null;
  return [card, lane];
}

function go(card, key) {
  const all = lanes();
  const lane = card.closest(".board-lane");
  const own = cards(lane);
  const at = own.indexOf(card);
  if (key === "ArrowDown") own[at + 1]?.focus();
  if (key === "ArrowUp") own[at - 1]?.focus();
  const step = { ArrowRight: 1, ArrowLeft: -1 }[key];
  for (let index = all.indexOf(lane) + step; step && all[index]; index += step) {
    const others = cards(all[index]);
    if (!others.length) continue;
    others[Math.min(at, others.length - 1)].focus();
    return;
  }
}

function choose(step) {
  const all = lanes();
  const next = all[all.indexOf(picked.lane) + step];
  if (!next) return;
  picked.lane = next;
  mark(next);
  next.scrollIntoView({ block: "nearest", inline: "nearest" });
  say(said.dataset.over, next.dataset.name);
}

function keyed(event) {
  const card = event.target;
  if (!card.matches(".board-card") || event.ctrlKey || event.altKey || event.metaKey) return;
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (picked && event.key === "Escape") {
    put();
    say(said.dataset.dropped);
  } else if (picked && step) choose(step);
  else if (event.key === " " && dialog) {
    if (picked) drop(...put());
    else {
      picked = { card, lane: card.closest(".board-lane") };
      card.classList.add("board-picked");
      say(said.dataset.picked, card.dataset.name);
    }
  } else if (!picked && event.key.startsWith("Arrow")) go(card, event.key);
  else return;
  event.preventDefault();
}

board.addEventListener("keydown", keyed);
board.addEventListener("focusout", (event) => {
  if (picked && event.target === picked.card) put();
});
setInterval(refresh, EACH);
document.addEventListener("visibilitychange", refresh);
