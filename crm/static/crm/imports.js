// Shows how far an import is, each second, until it has ended.
const state = document.querySelector("[data-progress]");

async function look() {
  const answer = await fetch(state.dataset.progress, { headers: { Accept: "application/json", "X-Background": "1" } });
  if (!answer.ok) return;
  const now = await answer.json();
  state.querySelector("progress").value = now.percent;
  for (const place of state.querySelectorAll("[data-show]")) place.textContent = now[place.dataset.show];
  if (now.is_going) setTimeout(look, 1000);
  else location.reload();
}

if (state) setTimeout(look, 500);
