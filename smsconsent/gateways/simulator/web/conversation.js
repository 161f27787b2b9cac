// What a conversation looks like: pure functions from messages to elements.

const ADDRESS = /https?:\/\/[^\s<>"«»]+/g;
const CLOCK = new Intl.DateTimeFormat("nb-NO", { hour: "2-digit", minute: "2-digit" });
const DAY = new Intl.DateTimeFormat("nb-NO", { weekday: "long", day: "numeric", month: "long" });
const SHORT_DAY = new Intl.DateTimeFormat("nb-NO", { day: "numeric", month: "short" });
const STATUS = {
  waiting: "venter på systemet",
  failed: "kom ikke frem",
  nowhere: "ingen tar imot på dette nummeret",
};

export function element(name, className, ...children) {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.append(...children);
  return made;
}

/** The other party: who sent to this phone, or to whom it sent. */
export function partner(message) {
  return message.direction === "in" ? message.sender : message.to;
}

/** Only numbers can be answered; a name cannot. */
export function canAnswer(name) {
  return /^\+?\d{3,15}$/.test(name);
}

/** 900 00 001 for a Norwegian mobile number, else as it is. */
export function pretty(number) {
  return number.replace(/^(?:\+47)?(\d{3})(\d{2})(\d{3})$/, "$1 $2 $3");
}

/** Messages by partner, the most recent conversation first. */
export function group(messages) {
  const conversations = new Map();
  for (const message of messages) {
    const name = partner(message);
    const earlier = conversations.get(name) ?? [];
    conversations.delete(name);
    conversations.set(name, [...earlier, message]);
  }
  return [...conversations].reverse();
}

export function time(moment) {
  return CLOCK.format(new Date(moment));
}

export function dayOf(moment) {
  const day = new Date(moment).toDateString();
  if (day === new Date().toDateString()) return "I dag";
  const yesterday = new Date();
  yesterday.setDate(yesterday.getDate() - 1);
  if (day === yesterday.toDateString()) return "I går";
  const text = DAY.format(new Date(moment));
  return text[0].toUpperCase() + text.slice(1);
}

function when(moment) {
  const isToday = new Date(moment).toDateString() === new Date().toDateString();
  return isToday ? time(moment) : SHORT_DAY.format(new Date(moment));
}

/** Text with its addresses as links. A full stop behind an address does not belong to it. */
export function linked(text) {
  const parts = [];
  let end = 0;
  for (const match of text.matchAll(ADDRESS)) {
    const address = match[0].replace(/[.,;:!?)\]]+$/, "");
    const link = element("a", "", address);
    link.href = address;
    link.target = "_blank";
    link.rel = "noopener noreferrer";
    link.append(element("span", "hidden", " (åpnes i ny fane)"));
    parts.push(text.slice(end, match.index), link);
    end = match.index + address.length;
  }
  return [...parts, text.slice(end)];
}

export function bubble(message) {
  const isIn = message.direction === "in";
  const who = element("span", "hidden", isIn ? `Fra ${message.sender}: ` : "Du svarte: ");
  const item = element(
    "li",
    isIn ? "in" : "out",
    element("div", "bubble", who, ...linked(message.text)),
    element("div", "meta"),
  );
  item.dataset.id = message.id;
  updateMeta(item, message);
  return item;
}

/** The small line below a bubble: sender and time, and what became of what the person sent. */
export function updateMeta(item, message) {
  const isIn = message.direction === "in";
  const moment = element("time", "", time(message.time));
  moment.dateTime = message.time;
  const parts = isIn ? [`${pretty(message.sender)} · `, moment] : [moment];
  const trouble = STATUS[message.status];
  // The system usually answers at once: patience shows only after a while (handset.css).
  if (trouble) parts.push(element("span", message.status === "waiting" ? "patience" : "bad", ` · ${trouble}`));
  item.querySelector(".meta").replaceChildren(...parts);
  item.dataset.status = message.status;
}

export function conversationRow(name, messages, unread) {
  const last = messages.at(-1);
  const label = canAnswer(name) ? "#" : name[0].toUpperCase();
  const avatar = element("span", "avatar", label);
  avatar.setAttribute("aria-hidden", "true");
  const button = element(
    "button",
    "",
    avatar,
    element("span", "name", pretty(name)),
    element("span", "when", when(last.time)),
    element("span", "preview", (last.direction === "out" ? "Du: " : "") + last.text),
  );
  if (unread) {
    const badge = element("span", "unread", String(unread));
    badge.append(element("span", "hidden", unread === 1 ? " ulest" : " uleste"));
    button.append(badge);
  }
  button.dataset.partner = name;
  return element("li", "", button);
}
