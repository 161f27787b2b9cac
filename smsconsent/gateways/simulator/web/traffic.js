// What went over the wire, newest first.

const POLL = 1500;
const SHOWN = 100;
const at = (id) => document.getElementById(id);
const clock = new Intl.DateTimeFormat("nb-NO", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const moment = new Intl.DateTimeFormat("nb-NO", { dateStyle: "long", timeStyle: "medium" });
const KINDS = { receipt: "Kvittering", inbound: "Melding" };
const ANSWERS = { "no connection": "ingen forbindelse", "no answer in time": "ikke svar i tide", none: "intet svar" };

function element(name, text = "", className = "") {
  const made = document.createElement(name);
  made.textContent = text;
  if (className) made.className = className;
  return made;
}

function pairs(target, entries) {
  target.replaceChildren(...entries.map(([term, value]) => {
    const box = element("div");
    box.append(element("dt", term), element("dd", String(value)));
    return box;
  }));
}

function rows(target, entries, empty) {
  if (!entries.length) {
    const row = element("tr", "", "none");
    const cell = element("td", empty);
    cell.colSpan = 6;
    row.append(cell);
    target.replaceChildren(row);
    return;
  }
  target.replaceChildren(...entries.map((cells) => {
    const row = element("tr");
    row.append(...cells.map(([text, className]) => element("td", String(text), className)));
    return row;
  }));
}

const answer = (value) => ANSWERS[value] ?? value;

function show(state) {
  at("now").textContent = moment.format(new Date(state.now));
  at("speed").textContent = state.speed === 1 ? "" : ` og går ${state.speed} ganger så fort som ellers`;
  const count = (name) => state.counts[name] ?? 0;
  const failed = Object.entries(state.counts)
    .filter(([name]) => name.startsWith("Failed/")).reduce((sum, [, number]) => sum + number, 0);
  pairs(at("counts"), [
    ["Tatt imot", count("accepted")],
    ["Levert", count("Ok/Delivered")],
    ["Ikke levert", failed],
    ["Doble id-er", count("duplicates")],
    ["Kall på vei", state.callbacks.open],
    ["Av dem venter", state.waiting],
  ]);
  rows(at("callbacks"), state.callbackLog.slice(-SHOWN).reverse().map((line) => [
    [clock.format(new Date(line.time))],
    [KINDS[line.kind]],
    [line.about],
    [line.tries],
    [answer(line.answer), line.answer === "200" ? "" : "bad"],
    [line.ms, "number"],
  ]), "Ingen kall ennå.");
  rows(at("requests"), state.requests.slice(-SHOWN).reverse().map((line) => [
    [clock.format(new Date(line.time))],
    [line.method],
    [line.path],
    [line.bytes, "number"],
    [answer(line.status), line.status < 400 ? "" : "bad"],
  ]), "Ingen kall ennå.");
  at("faults").textContent = state.faults.length
    ? "Feil som er slått på: " + state.faults.map((fault) => fault.kind).join(", ")
    : "Ingen feil er slått på.";
  if (!at("switches").closest("details").open || !at("switches").childElementCount) {
    pairs(at("switches"), Object.entries(state.switches).map(([name, value]) => [name, value === "" ? "–" : value]));
  }
}

async function poll() {
  try {
    const response = await fetch("/_sim/state", { cache: "no-store" });
    show(await response.json());
    at("offline").hidden = true;
  } catch {
    at("offline").hidden = false;
  }
}

at("retry").addEventListener("click", async () => {
  const response = await fetch("/_sim/callbacks/retry", { method: "POST" });
  const { tried } = await response.json();
  at("done").textContent = tried ? `Prøver ${tried} på nytt.` : "Ingenting venter.";
  poll();
});

at("reset").addEventListener("click", async () => {
  if (!confirm("Nullstille? Alle meldinger på alle prøvetelefoner blir borte.")) return;
  await fetch("/_sim/reset", { method: "POST" });
  at("done").textContent = "Simulatoren er nullstilt.";
  poll();
});

poll();
setInterval(poll, POLL);
