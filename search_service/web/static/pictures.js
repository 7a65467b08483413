// Takes pictures that cannot be loaded from the page, so that no empty frame stays. Without this script the frame stays.
"use strict";

for (const picture of document.querySelectorAll("img.picture")) {
  if (picture.complete && !picture.naturalWidth) picture.remove();
  else picture.addEventListener("error", () => picture.remove());
}
