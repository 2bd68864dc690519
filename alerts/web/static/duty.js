// The duty page: cards come, change and go without a reload; nothing moves under a pointer; sound by level; keys.
"use strict";

(() => {
  const list = document.getElementById("cards");
  if (!list) return;
  const pill = document.getElementById("pill");
  const waiting = new Map(); // alert → card that has not been put in yet
  let pointerInside = false;
  let selected = null;

  const busy = () => pointerInside || list.contains(document.activeElement);
  const held = (alert) => list.querySelector('[data-alert="' + CSS.escape(alert) + '"]');

  function made(html) {
    const holder = document.createElement("template");
    holder.innerHTML = html;
    return holder.content.firstElementChild;
  }

  // Nearest deadline first, then the higher level: the order of the server.
  function comesBefore(card, other) {
    const apart = Number(card.dataset.until) - Number(other.dataset.until);
    return apart < 0 || (apart === 0 && Number(card.dataset.level) > Number(other.dataset.level));
  }

  function place(card) {
    const next = [...list.children].find((other) => comesBefore(card, other));
    list.insertBefore(card, next || null);
    if (window.htmx) window.htmx.process(card);
  }

  // Where the hand was, or the step that comes next: focus is never lost with the card that is replaced.
  function focusIn(card, name) {
    const again = ['[data-focus="' + name + '"]', "[data-focus=assign]", "[data-focus=open]"]
      .map((wanted) => card.querySelector(wanted)).find(Boolean);
    if (again) again.focus({ preventScroll: true });
  }

  function put(card) {
    const before = held(card.dataset.alert);
    if (before && Number(before.dataset.seq) >= Number(card.dataset.seq)) return;
    const staying = before && (busy() || before.dataset.until === card.dataset.until);
    if (before && before.contains(document.activeElement)) {
      const name = document.activeElement.dataset.focus;
      before.replaceWith(card);
      if (window.htmx) window.htmx.process(card);
      focusIn(card, name);
    } else if (staying) {
      before.replaceWith(card);
      if (window.htmx) window.htmx.process(card);
    } else {
      if (before) before.remove();
      place(card);
    }
    if (selected === card.dataset.alert) mark(card);
  }

  function drop(alert) {
    const card = held(alert);
    waiting.delete(alert);
    if (!card) return;
    const inside = card.contains(document.activeElement);
    const beside = card.nextElementSibling || card.previousElementSibling;
    card.remove();
    if (inside && beside) mark(beside);
    else if (inside) document.getElementById("page").focus({ preventScroll: true });
  }

  function showPill() {
    pill.hidden = waiting.size === 0;
    pill.textContent = desk.say("pill", { n: waiting.size });
  }

  function letIn() {
    const arrived = [...waiting.values()];
    waiting.clear();
    arrived.forEach(put);
    showPill();
    showEmpty();
  }

  function showEmpty() {
    document.getElementById("none").hidden = list.children.length > 0 || waiting.size > 0;
  }

  desk.listeners.push({
    changes(changes) {
      let loudest = 0;
      changes.cards.forEach((each) => {
        const card = made(each.html);
        const before = held(each.alert);
        if (card.dataset.finished) {
          drop(each.alert);
          return;
        }
        // A new post on an alert that somebody has taken up already raises it again.
        const again = card.dataset.raised && !(before && before.dataset.raised === card.dataset.raised);
        if (((card.dataset.waits && !before) || again) && !card.dataset.muted) {
          loudest = Math.max(loudest, Number(card.dataset.level));
          notify(card);
        }
        if (before) put(card);
        else waiting.set(each.alert, card);
      });
      if (!busy()) letIn();
      showPill();
      showEmpty();
      if (loudest) sound.play(loudest);
    },
    key,
  });

  // The card that comes back after a press takes the focus of the one that it replaces.
  let pressed = null;
  document.addEventListener("htmx:beforeSwap", (event) => {
    const card = event.target.closest ? event.target.closest("[data-alert]") : null;
    if (card && card.contains(document.activeElement)) {
      pressed = { alert: card.dataset.alert, name: document.activeElement.dataset.focus };
    }
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    const card = event.target.closest ? event.target.closest("[data-alert]") : null;
    if (!card || !list.contains(card)) return;
    if (selected === card.dataset.alert) card.setAttribute("data-selected", "");
    if (pressed && pressed.alert === card.dataset.alert) focusIn(card, pressed.name);
    pressed = null;
  });

  // What was pressed and could not be recorded is said in the card; why, in the page's notice.
  ["htmx:responseError", "htmx:sendError"].forEach((kind) => document.addEventListener(kind, (event) => {
    const card = event.target.closest ? event.target.closest("[data-alert]") : null;
    if (!card) return;
    let notice = card.querySelector("[data-not-recorded]");
    if (!notice) {
      notice = document.createElement("div");
      notice.className = "notice bad";
      notice.dataset.notRecorded = "";
      notice.setAttribute("role", "alert");
      card.append(notice);
    }
    notice.textContent = desk.say("not_recorded");
    if (window.htmx) window.htmx.trigger("#condition", "refresh");
  }));

  list.addEventListener("pointerenter", (event) => { pointerInside = event.pointerType === "mouse"; });
  list.addEventListener("pointerleave", () => { pointerInside = false; });
  pill.addEventListener("click", () => { letIn(); pill.blur(); });

  // ---- keys -----------------------------------------------------------------------------------------------------

  function mark(card) {
    list.querySelectorAll("[data-selected]").forEach((other) => other.removeAttribute("data-selected"));
    card.setAttribute("data-selected", "");
    selected = card.dataset.alert;
    const link = card.querySelector("[data-focus=open]");
    if (link) link.focus({ preventScroll: true });
    card.scrollIntoView({ block: "nearest" });
  }

  function key(event) {
    const cards = [...list.children];
    const at = cards.findIndex((card) => card.dataset.alert === selected);
    if (event.key === "j" && cards.length) mark(cards[Math.min(at + 1, cards.length - 1)]);
    else if (event.key === "k" && cards.length) mark(cards[Math.max(at - 1, 0)]);
    else if (event.key === "a" && at >= 0) {
      const button = cards[at].querySelector("[data-focus=acknowledge]");
      if (button) button.click();
    } else if (event.key === "Enter" && at >= 0 && event.target === document.body) {
      cards[at].querySelector("[data-focus=open]").click();
    }
  }

  // ---- desktop notifications: only where the browser takes the page for a secure context ---------------------------------

  const asks = document.querySelector("[data-notify]");
  const may = () => window.isSecureContext && "Notification" in window ? Notification.permission : "denied";

  function notify(card) {
    if (may() !== "granted" || document.visibilityState === "visible") return;
    const title = card.querySelector("[data-focus=open]").textContent;
    const note = new Notification(title, { body: card.querySelector(".level").textContent.trim(), tag: card.id });
    note.addEventListener("click", () => { window.focus(); note.close(); });
  }

  if (asks) {
    asks.hidden = may() !== "default";
    asks.addEventListener("click", async () => {
      await Notification.requestPermission();
      asks.hidden = may() !== "default";
      document.querySelector("[data-sound-test]").focus();
    });
  }

  // ---- sound: made here, so that no file need be fetched -----------------------------------------------------------------

  const sound = (() => {
    const bar = document.getElementById("sound");
    const state = bar.querySelector("[data-sound-state]");
    const TONES = { 1: [660], 2: [660, 660], 3: [880, 660, 880], 4: [990, 740, 990, 740, 990, 740] };
    let context = null;

    function show() {
      const on = Boolean(context && context.state === "running");
      bar.dataset.on = on ? "yes" : "no";
      state.textContent = desk.say(on ? "sound_on" : "sound_off");
    }

    async function allow() {
      context = context || new AudioContext();
      await Promise.race([context.resume(), new Promise((done) => setTimeout(done, 300))]);
      show();
    }

    function play(level) {
      if (!context || context.state !== "running") return;
      TONES[level].forEach((pitch, place) => {
        const tone = context.createOscillator();
        const volume = context.createGain();
        const start = context.currentTime + place * 0.28;
        tone.frequency.value = pitch;
        volume.gain.setValueAtTime(0.0001, start);
        volume.gain.exponentialRampToValueAtTime(0.25, start + 0.02);
        volume.gain.exponentialRampToValueAtTime(0.0001, start + 0.24);
        tone.connect(volume).connect(context.destination);
        tone.start(start);
        tone.stop(start + 0.25);
      });
    }

    bar.querySelector("[data-sound-test]").addEventListener("click", async () => {
      await allow();
      play(2);
    });
    // Browsers allow sound after the first click or key on the page.
    ["click", "keydown"].forEach((kind) => document.addEventListener(kind, allow, { once: true }));
    setInterval(() => {
      const levels = [...list.querySelectorAll("[data-waits]"), ...waiting.values()]
        .filter((card) => card.dataset.waits && !card.dataset.muted).map((card) => Number(card.dataset.level));
      if (levels.length) play(Math.max(...levels));
    }, 30000);
    show();
    return { play };
  })();
})();
