// Niceties of every page: times in the reader's own zone, parts that refresh themselves, small pictures enlarged.
"use strict";

function localise(root) {
  const format = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
  for (const time of root.querySelectorAll("time[datetime]")) {
    const moment = new Date(time.dateTime);
    if (!Number.isNaN(moment.getTime())) {
      time.title = time.textContent;
      time.textContent = format.format(moment);
    }
  }
}

function refresh(part) {
  const seconds = Number(part.dataset.refresh);
  if (!seconds) return;
  setTimeout(async () => {
    let fresh = null;
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html" }, redirect: "error" });
      if (answer.ok) {
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        fresh = page.getElementById(part.id);
      }
    } catch {
      // Without a connection the page stays as it is, and tries again.
    }
    if (fresh === null || part.contains(document.activeElement)) {
      refresh(part);
      return;
    }
    localise(fresh);
    part.replaceWith(fresh);
    refresh(fresh);
  }, seconds * 1000);
}

function enlarge(picture) {
  if (picture.naturalWidth > 0 && picture.naturalWidth <= 96) picture.classList.add("tiny");
}

localise(document);
document.querySelectorAll("[data-refresh][id]").forEach(refresh);
document.querySelectorAll(".contents img").forEach((picture) => {
  if (picture.complete) enlarge(picture);
  else picture.addEventListener("load", () => enlarge(picture));
});
for (const form of document.querySelectorAll("form[data-again]")) {
  setTimeout(() => form.requestSubmit(), Number(form.dataset.again) * 1000);
}
