// Tells the server that a reader opened this article. No answer is waited for. Without this script nothing is counted, and everything
// works. A page that the browser prepares before anybody asked for it is reported when it is shown.
"use strict";

function reportView() {
  navigator.sendBeacon(document.querySelector("[data-view]").dataset.view);
}

if (document.prerendering) document.addEventListener("prerenderingchange", reportView, { once: true });
else reportView();
