// The page of one alert: who else has it open, and official pages that the crawler finds while a form stands open.
"use strict";

(() => {
  const EVERY = 10000;
  const quiet = { headers: { "huiying-quiet": "1" } };

  async function ask(address) {
    try {
      const answer = await fetch(address, quiet);
      return answer.ok ? await answer.text() : null;
    } catch (failure) {
      return null; // the lamp says so already
    }
  }

  // The same words again would be read out again.
  async function showPresent() {
    const place = document.querySelector("[data-present]");
    const html = place && await ask(place.dataset.present);
    if (html === null || html === false) return;
    const fresh = document.createElement("template");
    fresh.innerHTML = html;
    if (fresh.content.textContent.trim() !== place.textContent.trim()) place.replaceChildren(fresh.content);
  }

  const listed = (root) => [...root.querySelectorAll("[type=radio]")].map((radio) => radio.value).sort().join(" ");

  // Nothing moves under a hand: while the focus or the pointer is in the list, the new page waits.
  async function showPages(list) {
    const chosen = list.querySelector("[type=radio]:checked");
    const typed = list.querySelector("[name=address_typed]");
    const asked = new URLSearchParams({ address: chosen ? chosen.value : "", address_typed: typed.value });
    const html = await ask(list.dataset.pages + "&" + asked);
    if (!html || list.matches(":focus-within, :hover")) return;
    const fresh = document.createElement("template");
    fresh.innerHTML = html;
    if (listed(fresh.content) === listed(list)) return;
    list.replaceChildren(fresh.content);
    const told = list.parentElement.querySelector("[data-found]");
    told.textContent = told.dataset.found;
  }

  function turn() {
    showPresent();
    document.querySelectorAll("details[open] > form [data-pages]").forEach(showPages);
  }

  turn();
  setInterval(turn, EVERY);
})();
