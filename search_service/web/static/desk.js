// The parts of a page that change: fetched again and again while the page is shown. Without this script they change with a reload.

for (const part of document.querySelectorAll("[data-live]")) {
  const wait = 1000 * Number(part.dataset.every);
  let shown = "";
  const look = async () => {
    if (!document.hidden) {
      const response = await fetch(part.dataset.live, { redirect: "manual" }).catch(() => null);
      if (response?.type === "opaqueredirect") location.reload(); // the session is over: to the login, and back here
      const text = response?.ok ? await response.text() : "";
      // What the person is using stays as it is.
      if (text && text !== shown && !part.contains(document.activeElement)) {
        const page = new DOMParser().parseFromString(text, "text/html");
        if (page.querySelector("[data-reload]")) location.reload(); // the rest of the page has changed too
        part.replaceChildren(...page.body.childNodes);
        shown = text;
      }
    }
    setTimeout(look, wait);
  };
  setTimeout(look, wait);
}
