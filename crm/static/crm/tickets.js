// A ticket's page: how long is left, and replies kept ready.
const language = document.documentElement.lang || "en";
const words = new Intl.RelativeTimeFormat(language, { numeric: "always", style: "short" });

function left(milliseconds) {
  const minutes = Math.round(milliseconds / 60000);
  if (Math.abs(minutes) < 60) return words.format(minutes, "minute");
  const hours = Math.trunc(minutes / 60);
  return Math.abs(hours) < 48 ? words.format(hours, "hour") : words.format(Math.trunc(hours / 24), "day");
}

function count() {
  for (const one of document.querySelectorAll("[data-countdown]")) {
    const rest = new Date(one.dateTime) - Date.now();
    one.textContent = left(rest);
    one.classList.toggle("ticket-clock-missed", rest < 0);
  }
}

count();
setInterval(count, 20000);

const answer = document.querySelector("[data-answer]");
const canned = document.querySelector("[data-canned]");
if (canned) {
  canned.addEventListener("change", () => {
    const text = canned.selectedOptions[0].dataset.text;
    const body = answer.elements.body;
    if (text) body.value = body.value ? `${body.value}\n\n${text}` : text;
    canned.selectedIndex = 0;
    body.dispatchEvent(new Event("input", { bubbles: true }));
    body.focus();
  });
}
