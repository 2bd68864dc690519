// What every page does: server clock, countdowns, lamp, count in title and icon, help and keys, drafts, account menu.
"use strict";

const desk = (() => {
  const body = document.body;
  const words = JSON.parse(body.dataset.words || "{}");
  const title = document.title;
  let offset = Date.parse(body.dataset.now || new Date().toISOString()) - Date.now();
  let cursor = Number(body.dataset.cursor || 0);
  let lastAlive = 0;
  let everAlive = false;
  let brokenSince = 0;
  let syncing = false;
  let again = false;
  const listeners = [];

  const say = (key, fields) =>
    Object.entries(fields || {}).reduce((text, [name, value]) => text.replace("{" + name + "}", value), words[key] || key);
  const now = () => Date.now() + offset;

  function span(milliseconds) {
    const minutes = Math.max(1, Math.floor(Math.abs(milliseconds) / 60000));
    const days = Math.floor(minutes / 1440);
    const hours = Math.floor((minutes % 1440) / 60);
    const parts = [];
    if (days) parts.push(say("days", { n: days }));
    if (hours) parts.push(say("hours", { n: hours }));
    if (!days && (minutes % 60 || !hours)) parts.push(say("minutes", { n: minutes % 60 }));
    return parts.join(" ");
  }

  function tickCountdowns() {
    document.querySelectorAll("time[data-until]").forEach((element) => {
      const left = Date.parse(element.dataset.until) - now();
      const state = left < 0 ? "late" : left < 3600000 ? "soon" : "calm";
      const text = say(left < 0 ? "late" : "left", { span: span(left) });
      if (element.dataset.state !== state) element.dataset.state = state;
      if (element.textContent !== text) element.textContent = text;
    });
  }

  // ---- the feed -------------------------------------------------------------------------------------------------

  function heard(told) {
    if (told.kind === "broken") {
      brokenSince = brokenSince || Date.now();
      return;
    }
    lastAlive = Date.now();
    everAlive = true;
    brokenSince = 0;
    if (told.at) offset = Date.parse(told.at) - Date.now();
    if (told.kind === "event") listeners.forEach((listener) => listener.event && listener.event(told));
    if (Math.max(told.seq || 0, told.head || 0) > cursor) sync();
  }

  function connect() {
    if (!body.dataset.cursor) return;
    if (typeof SharedWorker === "undefined") {
      followFeed(cursor, heard);
      return;
    }
    const worker = new SharedWorker(body.dataset.feed, { name: body.dataset.session });
    worker.onerror = () => followFeed(cursor, heard);
    worker.port.onmessage = (message) => heard(message.data);
    worker.port.postMessage({ kind: "join", after: cursor });
    window.addEventListener("pagehide", () => worker.port.postMessage({ kind: "leave" }));
    window.addEventListener("pageshow", (event) => {
      if (event.persisted) worker.port.postMessage({ kind: "join", after: cursor });
    });
  }

  // Asks for everything above the page's number. What the stream says is only a hint that something is there.
  async function sync() {
    if (syncing) {
      again = true;
      return;
    }
    syncing = true;
    again = false;
    try {
      const answer = await fetch("/duty/changes?after=" + cursor, { headers: { "huiying-quiet": "1" } });
      if (answer.status === 401) location.reload();
      if (answer.ok) {
        const changes = await answer.json();
        cursor = Math.max(cursor, changes.head);
        showCount(changes.waiting);
        listeners.forEach((listener) => listener.changes && listener.changes(changes));
      }
    } catch (failure) {
      brokenSince = brokenSince || Date.now();
    } finally {
      syncing = false;
      if (again) setTimeout(sync, 50);
    }
  }

  function tickLamp() {
    const lamp = document.getElementById("lamp");
    if (!lamp || !body.dataset.cursor) return;
    const silent = everAlive ? Date.now() - lastAlive : 0;
    const broken = brokenSince && Date.now() - brokenSince > 1500;
    lamp.dataset.state = broken || silent > 12000 ? "broken" : everAlive ? "alive" : "opening";
    const text = { alive: "lamp_alive", broken: "lamp_broken", opening: "lamp_opening" }[lamp.dataset.state];
    const line = say(text, { n: Math.floor(silent / 1000) });
    if (lamp.lastElementChild.textContent !== line) lamp.lastElementChild.textContent = line;
    // A page whose feed does not come back asks by itself, and so finds out about a log-in that has ended.
    if (lamp.dataset.state === "broken" && Math.floor(Date.now() / 1000) % 5 === 0) sync();
  }

  // ---- count in title and icon ------------------------------------------------------------------------------------

  function showCount(waiting) {
    document.title = waiting ? "(" + waiting + ") " + title : title;
    document.querySelectorAll("[data-badge]").forEach((badge) => {
      badge.textContent = waiting;
      badge.hidden = !waiting;
    });
    const icon = document.getElementById("icon");
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = 32;
    const pen = canvas.getContext("2d");
    if (!icon || !pen) return;
    pen.fillStyle = waiting ? "#b3261e" : "#17528c";
    pen.beginPath();
    pen.arc(16, 16, 16, 0, 7);
    pen.fill();
    pen.fillStyle = "#fff";
    pen.font = "bold 20px sans-serif";
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    pen.fillText(waiting ? String(Math.min(waiting, 99)) : "回", 16, 17);
    icon.href = canvas.toDataURL();
  }

  // ---- drafts: typed text survives a reload -------------------------------------------------------------------------

  const draftKey = (field) => "draft:" + body.dataset.account + ":" + field.closest("form").dataset.draft + ":" + field.name;
  const draftFields = (root) => root.querySelectorAll("form[data-draft] textarea, form[data-draft] input[type=text], form[data-draft] input[type=url]");

  function restoreDrafts(root) {
    draftFields(root).forEach((field) => {
      const kept = localStorage.getItem(draftKey(field));
      if (kept && !field.value) {
        field.value = kept;
        for (let folded = field.closest("details"); folded; folded = folded.parentElement.closest("details")) {
          folded.open = true;
        }
      }
    });
  }

  document.addEventListener("input", (event) => {
    const field = event.target;
    if (!field.name || !field.closest("form[data-draft]") || !field.matches("textarea, [type=text], [type=url]")) return;
    if (field.value) localStorage.setItem(draftKey(field), field.value);
    else localStorage.removeItem(draftKey(field));
  });

  // A form that was recorded names itself in the answer; only then is its draft forgotten.
  function forgetDrafts(root) {
    const done = root.querySelector("[data-recorded]");
    if (!done) return;
    const prefix = "draft:" + body.dataset.account + ":" + done.dataset.recorded + ":";
    Object.keys(localStorage).filter((key) => key.startsWith(prefix)).forEach((key) => localStorage.removeItem(key));
  }

  // ---- what is wider than its place can be reached by key; files are named in the account's language -------------------

  function markScrollers() {
    document.querySelectorAll(".scroll").forEach((box) => {
      if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
      else box.removeAttribute("tabindex");
    });
  }

  document.addEventListener("change", (event) => {
    if (event.target.type !== "file") return;
    const told = event.target.closest(".files").querySelector("output");
    told.textContent = [...event.target.files].map((file) => file.name).join(" · ") || told.dataset.none;
  });

  // ---- keys -----------------------------------------------------------------------------------------------------

  function typing(event) {
    const at = event.target;
    return event.isComposing || event.keyCode === 229 || event.ctrlKey || event.metaKey || event.altKey ||
      at.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(at.tagName);
  }

  document.addEventListener("keydown", (event) => {
    if (typing(event)) return;
    const help = document.getElementById("help");
    if (event.key === "?" && help) {
      event.preventDefault();
      if (help.open) help.close();
      else help.showModal();
    } else if (event.key === "/") {
      event.preventDefault();
      const field = document.getElementById("search-words");
      if (field) field.focus();
      else location.href = "/search";
    } else {
      listeners.forEach((listener) => listener.key && listener.key(event));
    }
  });

  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-opens]");
    if (opener) document.getElementById(opener.dataset.opens).showModal();
    if (event.target.closest("[data-closes]")) event.target.closest("dialog").close();
    if (event.target.closest("[data-reload]")) location.reload();
    if (event.target.closest("[data-prints]")) window.print();
  });

  // ---- the alert page: say when somebody else has acted ---------------------------------------------------------------

  listeners.push({
    event(told) {
      const page = document.querySelector("[data-alert-page]");
      if (!page || told.alert !== page.dataset.alertPage || told.seq <= Number(page.dataset.seq)) return;
      const note = document.getElementById("moved-on");
      if (note) note.hidden = false;
    },
  });

  // The same sentences again would be read out again.
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target.id !== "condition" || event.detail.xhr.status !== 200) return;
    const fresh = document.createElement("template");
    fresh.innerHTML = event.detail.serverResponse;
    if (fresh.content.textContent.trim() === event.detail.target.textContent.trim()) event.detail.shouldSwap = false;
  });

  document.addEventListener("htmx:afterSettle", (event) => {
    forgetDrafts(document);
    restoreDrafts(document);
    tickCountdowns();
    markScrollers();
    const notice = document.querySelector("[data-notice]");
    if (notice && event.target.id === "page") notice.focus();
  });

  document.addEventListener("DOMContentLoaded", () => {
    showCount(Number(body.dataset.waiting || 0));
    forgetDrafts(document);
    restoreDrafts(document);
    tickCountdowns();
    markScrollers();
    window.addEventListener("resize", markScrollers);
    document.addEventListener("toggle", markScrollers, true);
    connect();
    setInterval(tickCountdowns, 1000);
    setInterval(tickLamp, 500);
  });

  return { listeners, say, now, showCount };
})();
