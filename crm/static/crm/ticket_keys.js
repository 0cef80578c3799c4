// Keys for what agents do all day, on their desk and on a ticket's page; ? lists them. None acts while somebody types.
const help = document.querySelector("[data-keys]");
const opener = document.querySelector("[data-help]");
const items = [...document.querySelectorAll("[data-item]")];
const form = document.querySelector("[data-answer]");
let begun = "reply";

function chosen() {
  return items.find((one) => one.contains(document.activeElement));
}

function go(step) {
  const at = items.indexOf(chosen());
  const first = step > 0 ? 0 : items.length - 1;
  const next = at < 0 ? first : Math.min(Math.max(at + step, 0), items.length - 1);
  const item = items[next];
  (item?.querySelector("[data-open]") || item)?.focus();
  item?.scrollIntoView({ block: "nearest" });
}

function open() {
  const item = chosen();
  const link = item?.querySelector("[data-open]");
  if (link) link.click();
  else for (const one of item?.querySelectorAll("details") || []) one.open = !one.open;
}

function take() {
  (form ? document : chosen())?.querySelector("[data-take]")?.click();
}

function write(verb) {
  if (!form) return;
  begun = verb;
  form.classList.toggle("ticket-begun-note", verb === "note");
  form.elements.body.focus();
}

function send() {
  const button = form?.querySelector(`button[value=${begun}]`);
  if (button) form.requestSubmit(button);
}

const keys = {
  j: () => go(1),
  k: () => go(-1),
  o: open,
  t: take,
  r: () => write("reply"),
  n: () => write("note"),
  "/": () => document.querySelector("[data-search]")?.focus(),
  "?": () => help?.showModal(),
};

document.addEventListener("keydown", (event) => {
  if (event.isComposing || event.defaultPrevented || document.querySelector("dialog[open]")) return;
  const field = event.target.closest("input:not([type=checkbox]), textarea, select, [contenteditable]");
  const isSending = event.key === "Enter" && (event.ctrlKey || event.metaKey);
  if (field) {
    if (event.key === "Escape") field.blur();
    else if (isSending && field === form?.elements.body) send();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const isItem = items.includes(event.target);
  const does = event.key === "Enter" && isItem ? open : Object.hasOwn(keys, event.key) && keys[event.key];
  if (!does) return;
  event.preventDefault();
  does();
});

if (opener) {
  opener.hidden = false;
  opener.addEventListener("click", keys["?"]);
}
