// The live feed: one stream a browser, in a shared worker; where a browser has none, one stream a page.
//
// EventSource /feed?after=N ─► "alive" | "event" | "broken" ─► every page that listens
//
// A stream that is silent for 12 s (heartbeats come every 5 s) is opened again from the last number seen.
"use strict";

function followFeed(after, tell) {
  const SILENCE = 12000;
  let last = after;
  let source = null;
  let watchdog = 0;

  function alive() {
    clearTimeout(watchdog);
    watchdog = setTimeout(reopen, SILENCE);
  }

  function reopen() {
    tell({ kind: "broken" });
    open();
  }

  function open() {
    if (source) source.close();
    source = new EventSource("/feed?after=" + last);
    source.addEventListener("heartbeat", (event) => {
      alive();
      tell(Object.assign({ kind: "alive" }, JSON.parse(event.data)));
    });
    source.addEventListener("event", (event) => {
      const told = JSON.parse(event.data);
      alive();
      last = Math.max(last, told.seq);
      tell(Object.assign({ kind: "event" }, told));
    });
    source.onerror = () => {
      tell({ kind: "broken" });
      // The browser itself comes back after a lost connection, but not after an answer that is no stream.
      if (source.readyState === EventSource.CLOSED) {
        clearTimeout(watchdog);
        watchdog = setTimeout(open, 1000);
      }
    };
    alive();
  }

  open();
  return { last: () => last };
}

if (typeof SharedWorkerGlobalScope !== "undefined" && self instanceof SharedWorkerGlobalScope) {
  const ports = new Set();
  let feed = null;
  self.onconnect = (connection) => {
    const port = connection.ports[0];
    port.onmessage = (message) => {
      if (message.data.kind === "leave") {
        ports.delete(port);
        return;
      }
      ports.add(port);
      const tellAll = (told) => ports.forEach((each) => each.postMessage(told));
      if (!feed) feed = followFeed(message.data.after, tellAll);
      // A page that was rendered earlier than the stream has come catches up by itself.
      else port.postMessage({ kind: "joined", head: feed.last() });
    };
    port.start();
  };
}
