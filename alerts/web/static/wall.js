// The wallboard: asks for its board every 10 s, says so when none comes, and takes a new version of itself by reloading.
"use strict";

(() => {
  const EVERY = 10000;
  const board = document.getElementById("board");
  const lamp = document.getElementById("wall-lamp");

  function show() {
    lamp.dataset.state = "alive";
    lamp.textContent = board.firstElementChild.dataset.at;
  }

  async function turn() {
    try {
      const answer = await fetch(location.pathname + "/board" + location.search, { headers: { "huiying-quiet": "1" } });
      if (answer.status === 404) location.reload(); // the address has ended: its page says so
      if (!answer.ok) throw new Error(String(answer.status));
      const fresh = document.createElement("template");
      fresh.innerHTML = await answer.text();
      if (fresh.content.firstElementChild.dataset.version !== document.body.dataset.version) location.reload();
      board.replaceChildren(fresh.content);
      show();
    } catch (failure) {
      lamp.dataset.state = "broken";
      lamp.textContent = document.body.dataset.lost + " " + board.firstElementChild.dataset.at;
    } finally {
      setTimeout(turn, EVERY);
    }
  }

  show();
  setTimeout(turn, EVERY);
})();
