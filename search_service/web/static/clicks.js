// Tells the server which hit a reader opened. It is never in the way: a beacon is sent and no answer is waited for, and
// links stay plain links. Without this script nothing is counted, and everything works.
"use strict";

function reportClick(event) {
  if (event.button > 1) return; // the right button opens a menu; the middle one opens a tab
  const link = event.target.closest("h2 a");
  const hit = event.target.closest("li[data-article]");
  if (!link || !hit) return;
  const { clicks, queryId } = event.currentTarget.dataset;
  const click = {
    query_id: queryId,
    article_id: hit.dataset.article,
    position: Number(hit.dataset.position),
  };
  navigator.sendBeacon(clicks, new Blob([JSON.stringify(click)], { type: "application/json" }));
}

for (const hits of document.querySelectorAll("ol[data-clicks]")) {
  hits.addEventListener("click", reportClick);
  hits.addEventListener("auxclick", reportClick);
}
