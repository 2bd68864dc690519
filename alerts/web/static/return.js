// A page that could not be shown while a backend was away: asks every 3 s and comes back by itself.
"use strict";

(() => {
  async function ask() {
    try {
      const answer = await fetch(location.href, { headers: { "huiying-quiet": "1" }, redirect: "manual" });
      if (answer.status !== 503) location.reload();
      else setTimeout(ask, 3000);
    } catch (failure) {
      setTimeout(ask, 3000);
    }
  }

  setTimeout(ask, 3000);
})();
