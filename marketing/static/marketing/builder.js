// The builder of segments: groups and rows in place of the text of conditions, with a count of whom they keep.
const DELAY = 500;
const text = document.querySelector("[data-builder]");
const fields = text && JSON.parse(text.dataset.builder);
const words = text && JSON.parse(text.dataset.words);
const names = text ? new Map(Object.entries(JSON.parse(text.dataset.names))) : new Map();
const ENDINGS = ["__icontains", "__istartswith", "__isnull", "__gte", "__gt", "__lte", "__lt", "__in", ""];
let waiting = null;
let asked = 0;

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

function button(label, act, name = "") {
  const made = element("button", { type: "button", class: "builder-button" }, label);
  if (name) made.setAttribute("aria-label", name);
  made.addEventListener("click", act);
  return made;
}

function choose(options, value, label) {
  const made = element("select", { class: "builder-input", "aria-label": label });
  if (!options.some(([one]) => one === value)) options = [...options, [value, value]];
  for (const [one, shown] of options) made.append(new Option(shown, one, one === value, one === value));
  return made;
}

function parse(parameter) {
  for (const ending of ENDINGS) {
    const name = ending ? parameter.slice(0, -ending.length) : parameter;
    const field = fields.find((one) => one.name === name);
    if (parameter.endsWith(ending) && field?.operators.some(([own]) => own === ending)) return [field, ending];
  }
  return [{ name: parameter, label: parameter, operators: [["", "="]], input: "text", choices: [] }, ""];
}

function chooseSeveral(options, value, label) {
  const chosen = value.split(",").filter(Boolean);
  const made = element("select", { class: "builder-input", "aria-label": label, multiple: "", size: Math.min(options.length, 5) });
  const others = chosen.filter((one) => !options.some(([known]) => known === one)).map((one) => [one, one]);
  for (const [one, shown] of [...options, ...others]) made.append(new Option(shown, one, false, chosen.includes(one)));
  return made;
}

// A record is found by a part of its name; what is kept is its id.
let lists = 0;
function searchInput(field, value) {
  const list = element("datalist", { id: `builder-list-${++lists}` });
  const made = element("input", { class: "builder-input", "aria-label": words.value, list: list.id, placeholder: words.search, autocomplete: "off" });
  const keys = new Map();
  made.value = names.get(value) ?? value;
  made.dataset.key = value;
  made.addEventListener("input", () => {
    made.dataset.key = keys.get(made.value) ?? made.value;
    if (keys.has(made.value)) return;
    clearTimeout(made.waiting);
    made.waiting = setTimeout(search, DELAY / 2);
  });
  async function search() {
    const asked = new URLSearchParams({ app_label: "customers", model_name: "customer", field_name: field.name, term: made.value });
    const sent = await fetch(`${text.dataset.search}?${asked}`).catch(() => null);
    if (!sent?.ok) return;
    const found = (await sent.json()).results;
    keys.clear();
    for (const one of found) {
      const name = keys.has(one.text) ? `${one.text} · ${one.id.slice(-6)}` : one.text;
      keys.set(name, one.id);
      names.set(one.id, name);
    }
    list.replaceChildren(...[...keys.keys()].map((name) => new Option(name, name)));
    if (keys.has(made.value)) {
      made.dataset.key = keys.get(made.value);
      write();
    }
  }
  made.beside = [list];
  return made;
}

function said(input) {
  if (input.multiple) return [...input.selectedOptions].map((one) => one.value).join(",");
  return input.dataset.key ?? input.value;
}

function valueInput(field, operator, value) {
  if (operator === "__isnull" || field.input === "boolean") {
    return choose([["true", words.yes], ["false", words.no]], value || "true", words.value);
  }
  if (field.choices.length && operator === "") return choose(field.choices, value || field.choices[0][0], words.value);
  if (field.choices.length && operator === "__in") return chooseSeveral(field.choices, value, words.value);
  if (field.input === "record" && operator === "") return searchInput(field, value);
  const made = element("input", { class: "builder-input", "aria-label": words.value, value, maxlength: 2000 });
  if (operator === "__in") made.placeholder = words.several;
  else if (field.input === "date") made.type = "date";
  else if (field.input === "moment") made.placeholder = "2026-01-31T00:00:00Z";
  else if (field.input === "number") made.inputMode = "decimal";
  return made;
}

function row(parameter, given) {
  let [field, operator] = parse(parameter);
  const made = element("li", { class: "builder-row" });
  const show = (value) => {
    const known = fields.map((one) => [one.name, one.label]);
    const first = choose(field.label === field.name ? [...known, [field.name, field.name]] : known, field.name, words.field);
    const second = choose(field.operators, operator, words.operator);
    const third = valueInput(field, operator, value);
    first.addEventListener("change", () => {
      field = fields.find((one) => one.name === first.value) ?? field;
      operator = field.operators[0][0];
      show("");
      made.querySelector("select").focus();
    });
    second.addEventListener("change", () => {
      operator = second.value;
      show(said(third));
      made.querySelectorAll("select")[1].focus();
    });
    third.addEventListener("input", write);
    made.read = () => ({ [field.name + operator]: said(third) });
    made.replaceChildren(first, second, third, ...(third.beside ?? []), remover(made));
    write();
  };
  show(given);
  return made;
}

function remover(made) {
  return button("×", () => {
    const next = made.parentElement.closest(".builder-group").querySelector(".builder-button");
    made.remove();
    next?.focus();
    write();
  }, words.remove);
}

function group(kind, children, isOuter = false) {
  const made = element("div", { class: "builder-group", role: "group", "aria-label": words.group });
  const select = choose(["all", "any", "not"].map((one) => [one, words[one]]), kind, words.group);
  const list = element("ul", { class: "builder-list" }, ...children);
  const add = (child) => {
    list.append(child);
    child.querySelector("select").focus();
    write();
  };
  select.addEventListener("change", write);
  const head = element("div", { class: "builder-head" }, select);
  const foot = element("div", { class: "builder-foot" },
    button(words.addCondition, () => add(row(fields[0].name, ""))),
    button(words.addGroup, () => add(element("li", {}, group("any", [row(fields[0].name, "")])))));
  made.append(head, list, foot);
  if (!isOuter) head.append(button("×", () => { made.parentElement.remove(); write(); }, words.remove));
  made.read = () => {
    const found = [...list.children].map((one) => (one.read ?? one.firstChild.read)());
    const filled = found.filter((one) => Object.keys(one).length);
    if (!filled.length) return {};
    if (select.value === "not") return { not: filled.length > 1 ? { any: filled } : filled[0] };
    return filled.length > 1 || select.value === "any" ? { [select.value]: filled } : filled[0];
  };
  return made;
}

function parts(node) {
  if (node.all || node.any || node.not) {
    const [kind] = Object.keys(node);
    let inner = kind === "not" ? [node.not] : node[kind];
    if (kind === "not" && inner[0].any) inner = inner[0].any;
    return [element("li", {}, group(kind, inner.flatMap(kind === "all" ? parts : whole)))];
  }
  return Object.entries(node).map(([name, value]) => row(name, value));
}

function whole(node) {
  const found = parts(node);
  return found.length > 1 ? [element("li", {}, group("all", found))] : found;
}

function outer(node) {
  const [made] = node.all || node.any || node.not ? parts(node) : [];
  if (!made) return group("all", parts(node), true);
  const kept = made.firstChild;
  kept.querySelector(".builder-head > .builder-button").remove();
  return kept;
}

let root = null;
const answer = text && element("div", { class: "builder-answer", role: "status" });

function write() {
  if (!root) return;
  text.value = JSON.stringify(root.read());
  text.dispatchEvent(new Event("change", { bubbles: true }));
  clearTimeout(waiting);
  waiting = setTimeout(count, DELAY);
}

async function count() {
  const turn = ++asked;
  const body = new FormData();
  body.set("conditions", text.value);
  body.set("csrfmiddlewaretoken", text.form.elements.csrfmiddlewaretoken.value);
  const sent = await fetch(text.dataset.preview, { method: "POST", body }).catch(() => null);
  if (turn !== asked) return;
  const found = sent?.ok ? await sent.json() : { fault: words.failed };
  if (found.fault) return answer.replaceChildren(element("p", { class: "builder-fault" }, found.fault));
  const names = found.customers.map((one) => element("li", {}, [one.name, one.email].filter(Boolean).join(" · ")));
  answer.replaceChildren(element("p", {}, `${words.counted} ${found.count}`), element("ol", {}, ...names));
}

if (text) {
  try {
    root = outer(JSON.parse(text.value || "{}"));
    text.before(root, answer);
    text.classList.add("builder-text");
    count();
  } catch {
    root = null; // what cannot be read stays a text, which the server judges
  }
}
