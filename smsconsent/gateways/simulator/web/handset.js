// The phone: which number it has, which view is open, and what arrives meanwhile.

import {
  bubble, canAnswer, conversationRow, dayOf, element, group, partner, pretty, updateMeta,
} from "./conversation.js";

const POLL = 1000;
const POLL_HIDDEN = 5000;
const FIRST_NUMBER = "+4790000001";

const at = (id) => document.getElementById(id);
const state = { number: "", messages: [], partner: "", view: "list", seen: new Set(), raw: "", known: null };
let shortNumbers = [];
let timer = 0;

function tidy(typed) {
  const digits = typed.replace(/[\s().-]/g, "").replace(/^00/, "+");
  if (/^\d{8}$/.test(digits)) return "+47" + digits;
  if (/^\d{9,15}$/.test(digits)) return "+" + digits;
  return /^\+\d{6,15}$/.test(digits) ? digits : "";
}

// -- server ---------------------------------------------------------------------------------------

async function ask(path, options) {
  const response = await fetch(path, { cache: "no-cache", ...options });
  if (!response.ok) throw new Error((await response.json()).Message);
  return response.text();
}

async function poll() {
  clearTimeout(timer);
  const number = state.number;
  try {
    const raw = await ask(`/handset/${encodeURIComponent(number)}.json`);
    if (number === state.number && raw !== state.raw) {
      state.raw = raw;
      take(JSON.parse(raw));
    }
    at("offline").hidden = true;
  } catch {
    at("offline").hidden = false;
  }
  clearTimeout(timer);
  timer = setTimeout(poll, document.hidden ? POLL_HIDDEN : POLL);
}

async function showRecent() {
  const found = JSON.parse(await ask("/handset/numbers.json"));
  shortNumbers = found.shortNumbers;
  const items = found.phones.map(({ number }) => {
    const button = element("button", "", pretty(number));
    if (number === state.number) button.setAttribute("aria-current", "true");
    button.addEventListener("click", () => use(number));
    return element("li", "", button);
  });
  at("recent-list").replaceChildren(...items);
  at("recent").hidden = found.phones.every(({ number }) => number === state.number);
  return found.phones[0]?.number;
}

async function send(to, text) {
  await ask(`/handset/${encodeURIComponent(state.number)}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ to, text }),
  });
  await poll();
}

// -- what arrives ---------------------------------------------------------------------------------

function take(messages) {
  const isFirst = state.known === null;
  const fresh = isFirst ? [] : messages.filter((message) => !state.known.has(message.id));
  state.known = new Set(messages.map((message) => message.id));
  state.messages = messages;
  const news = fresh.filter((message) => message.direction === "in");
  // On opening, only what came since the last look counts as unread.
  if (isFirst) restoreSeen();
  render();
  for (const message of news) announce(`Ny melding fra ${pretty(message.sender)}: ${message.text}`);
  if (fresh.length) showRecent();
}

function announce(text) {
  at("announcer").textContent = text;
}

function restoreSeen() {
  const kept = sessionStorage.getItem("seen " + state.number);
  state.seen = new Set(kept ? JSON.parse(kept) : []);
}

function markSeen(messages) {
  for (const message of messages) state.seen.add(message.id);
  sessionStorage.setItem("seen " + state.number, JSON.stringify([...state.seen].slice(-500)));
}

const isUnread = (message) => message.direction === "in" && !state.seen.has(message.id);

// -- views ----------------------------------------------------------------------------------------

function render() {
  if (state.view === "thread") renderThread();
  renderList();
  const unread = state.messages.filter(isUnread).length;
  document.title = (unread ? `(${unread}) ` : "") + "Prøvetelefon";
}

function renderList() {
  const focused = document.activeElement?.dataset?.partner;
  const rows = group(state.messages).map(([name, messages]) =>
    conversationRow(name, messages, messages.filter(isUnread).length));
  at("conversations").replaceChildren(...rows);
  at("empty").hidden = rows.length > 0;
  if (focused) at("conversations").querySelector(`[data-partner="${CSS.escape(focused)}"]`)?.focus();
}

function renderThread() {
  const messages = state.messages.filter((message) => partner(message) === state.partner);
  const list = at("bubbles");
  const scroller = at("scroller");
  const isAtEnd = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 60;
  const known = new Map([...list.children].map((item) => [item.dataset.id, item]));
  let day = list.dataset.day ?? "";
  for (const message of messages) {
    const item = known.get(message.id);
    if (item) {
      if (item.dataset.status !== message.status) updateMeta(item, message);
      continue;
    }
    if (dayOf(message.time) !== day) {
      day = dayOf(message.time);
      list.append(element("li", "day", day));
    }
    const made = bubble(message);
    if (known.size) made.classList.add("fresh");
    list.append(made);
  }
  list.dataset.day = day;
  if (isAtEnd || !known.size) scroller.scrollTop = scroller.scrollHeight;
  if (!document.hidden) markSeen(messages);
}

function show(view, { focus = true } = {}) {
  state.view = view;
  for (const name of ["list", "thread", "new"]) at(`${name}-view`).hidden = name !== view;
  render();
  remember();
  if (focus) (view === "list" ? at("screen") : at(`${view}-title`)).focus();
}

function openThread(name, options) {
  state.partner = name;
  at("bubbles").replaceChildren();
  delete at("bubbles").dataset.day;
  at("thread-title").textContent = pretty(name);
  at("answer").hidden = !canAnswer(name);
  at("no-reply").hidden = canAnswer(name);
  show("thread", options);
}

function openNew(to = shortNumbers[0] ?? "", text = "", options) {
  at("to").value = to;
  at("text").value = text;
  at("compose-error").textContent = "";
  show("new", options);
}

function remember() {
  const query = new URLSearchParams({ number: state.number.replace(/^\+47/, "") });
  if (state.view === "thread") query.set("to", state.partner);
  history.replaceState(null, "", "?" + query);
}

async function use(number) {
  Object.assign(state, { number, messages: [], raw: "", known: null, partner: "" });
  at("owner").textContent = pretty(number);
  at("number").value = pretty(number);
  at("number-error").textContent = "";
  show("list", { focus: false });
  await poll();
  await showRecent();
}

// -- what the person does -------------------------------------------------------------------------

at("pick").addEventListener("submit", (event) => {
  event.preventDefault();
  const number = tidy(at("number").value);
  at("number").setAttribute("aria-invalid", String(!number));
  if (number) use(number);
  else at("number-error").textContent = "Skriv et mobilnummer med åtte siffer, for eksempel 900 00 001.";
});

at("conversations").addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button) openThread(button.dataset.partner);
});

at("back").addEventListener("click", () => show("list"));
at("cancel").addEventListener("click", () => show("list"));
at("new-message").addEventListener("click", () => openNew());

for (const button of document.querySelectorAll("[data-reply]")) {
  button.addEventListener("click", () => reply(button.dataset.reply));
}

async function reply(text) {
  try {
    await send(state.partner, text);
    at("scroller").scrollTop = at("scroller").scrollHeight;
    announce(`Sendt: ${text}`);
    return true;
  } catch (error) {
    announce("Svaret ble ikke sendt.");
    at("offline").hidden = false;
    return false;
  }
}

at("reply").addEventListener("submit", async (event) => {
  event.preventDefault();
  const field = at("reply-text");
  const text = field.value.trim();
  if (text && (await reply(text))) field.value = "";
  field.focus();
});

at("reply-text").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    at("reply").requestSubmit();
  }
});

at("compose").addEventListener("submit", async (event) => {
  event.preventDefault();
  const to = at("to").value.replace(/\s/g, "");
  const text = at("text").value.trim();
  const trouble = !/^\+?\d{3,15}$/.test(to) ? "Skriv nummeret du sender til, bare siffer."
    : !text ? "Skriv en melding." : "";
  at("compose-error").textContent = trouble;
  if (trouble) return;
  try {
    await send(to, text);
    openThread(to);
  } catch {
    at("compose-error").textContent = "Meldingen ble ikke sendt. Prøv en gang til.";
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && state.view !== "list") show("list");
});
document.addEventListener("visibilitychange", () => { if (!document.hidden) poll(); });

function tick() {
  at("clock").textContent = new Intl.DateTimeFormat("nb-NO", { hour: "2-digit", minute: "2-digit" })
    .format(new Date());
}

// -- start ----------------------------------------------------------------------------------------

async function start() {
  tick();
  setInterval(tick, 10_000);
  const query = new URLSearchParams(location.search);
  const last = await showRecent().catch(() => undefined);
  // A + in an address is a space unless it is escaped.
  await use(tidy((query.get("number") ?? "").trim()) || last || FIRST_NUMBER);
  const to = (query.get("to") ?? "").trim();
  const text = query.get("text") ?? "";
  if (!to) return;
  const isKnown = state.messages.some((message) => partner(message) === to);
  if (!isKnown) {
    openNew(to, text);
    return;
  }
  openThread(to, { focus: !text });
  at("reply-text").value = text;
  if (text) at("reply-text").focus();
}

start();
