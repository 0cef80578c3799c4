// A part of a page that renews itself: its tables are put in place of the old ones, its charts get the new figures.
const EACH = 10000;
const part = document.querySelector("[data-live]");
let tag = "";

function redraw(canvas, fresh) {
  const chart = window.Chart?.getChart(canvas);
  if (!chart || canvas.dataset.value === fresh.dataset.value) return;
  canvas.dataset.value = fresh.dataset.value;
  const data = JSON.parse(fresh.dataset.value);
  chart.data.labels = data.labels;
  data.datasets.forEach((one, place) => {
    if (chart.data.datasets[place]) chart.data.datasets[place].data = one.data;
  });
  chart.update();
}

function show(html) {
  const fresh = document.createElement("template");
  fresh.innerHTML = html;
  const drawn = part.querySelectorAll("canvas");
  const canvases = fresh.content.querySelectorAll("canvas");
  if (drawn.length !== canvases.length) {
    location.reload();
    return;
  }
  canvases.forEach((one, place) => redraw(drawn[place], one));
  for (const one of fresh.content.querySelectorAll("[data-live-part]")) {
    const old = part.querySelector(`[data-live-part="${CSS.escape(one.dataset.livePart)}"]`);
    if (old && old.innerHTML !== one.innerHTML) old.innerHTML = one.innerHTML;
  }
}

async function refresh() {
  if (document.hidden) return;
  const headers = { "X-Live": "1", "X-Background": "1", ...(tag ? { "If-None-Match": tag } : {}) };
  const answer = await fetch(location.href, { headers, cache: "no-store" }).catch(() => null);
  if (answer?.redirected) location.reload(); // to the sign-in: the session has ended
  if (!answer || answer.redirected || answer.status !== 200) return;
  tag = answer.headers.get("ETag") ?? "";
  show(await answer.text());
}

if (part) {
  setInterval(refresh, EACH);
  document.addEventListener("visibilitychange", refresh);
}
