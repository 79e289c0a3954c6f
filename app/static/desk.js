// Niceties of the desk: the draft is kept, the lease is prolonged while somebody looks, the time spent is measured.
"use strict";

const form = document.querySelector("form[data-draft]");
const state = document.querySelector("[data-draft-state]");
// What is typed is sent one draft after another, so that an older one never overtakes a newer one.
let waiting = null;
let underway = false;
// Which draft this page has seen: it does not overwrite what another window saved since.
let version = Number(form.dataset.version);

function say(words) {
  state.textContent = words;
}

function later(delay) {
  clearTimeout(waiting);
  waiting = setTimeout(keepDraft, delay);
}

function send(leaving) {
  const values = new FormData(form);
  const draft = { label: values.get("label"), comment: values.get("comment") };
  return fetch(form.dataset.draft, {
    method: "PUT",
    headers: { "Content-Type": "application/json", "X-CSRF-Token": form.dataset.csrf },
    body: JSON.stringify({ draft, version }),
    keepalive: leaving,
  });
}

async function keepDraft() {
  if (underway) {
    later(200);
    return;
  }
  waiting = null;
  underway = true;
  try {
    const answer = await send(false);
    if (answer.ok) version = (await answer.json()).draft_version;
    if (waiting !== null) return;
    if (answer.ok) say("Draft saved");
    else if (answer.status === 409) say("Another window has this item: load this page again to see what it saved.");
    else if (answer.status === 401) say("You were signed out. Submit all the same: you can sign in again, and nothing is lost.");
    else say("The draft is not saved");
  } catch {
    say("No connection: the draft is not saved yet");
    if (waiting === null) later(5000);
  } finally {
    underway = false;
  }
}

function changed(delay) {
  say("");
  later(delay);
}

form.addEventListener("change", () => changed(400));
form.addEventListener("input", () => changed(800));
form.addEventListener("submit", () => {
  clearTimeout(waiting);
  waiting = null;
});
addEventListener("pagehide", () => {
  if (waiting !== null) send(true).catch(() => {});
});

// The time spent counts while the page is looked at.
let spent = 0;
let since = document.hidden ? null : performance.now();
function tally() {
  if (since !== null) spent += performance.now() - since;
  since = document.hidden ? null : performance.now();
}
document.addEventListener("visibilitychange", tally);
form.addEventListener("submit", () => {
  tally();
  form.elements.seconds.value = (spent / 1000).toFixed(1);
});

const left = document.querySelector("[data-left]");
let end = performance.now() + Number(left.dataset.left) * 1000;

// Half of the lease is over and the page is looked at: the worker is still at it.
async function beat() {
  const wait = Math.max(5000, (end - performance.now()) / 2);
  setTimeout(beat, wait);
  if (document.hidden) return;
  try {
    const answer = await fetch(form.dataset.heartbeat, { method: "POST", headers: { "X-CSRF-Token": form.dataset.csrf } });
    if (answer.ok) end = performance.now() + (await answer.json()).seconds_left * 1000;
  } catch {
    // Without a connection the lease goes on as it was.
  }
}
setTimeout(beat, Math.max(5000, (end - performance.now()) / 2));

function countDown() {
  const seconds = Math.max(0, Math.round((end - performance.now()) / 1000));
  const minutes = Math.floor(seconds / 60);
  left.textContent = seconds
    ? `${minutes}:${String(seconds % 60).padStart(2, "0")} left`
    : "the time is over; you can submit all the same";
  setTimeout(countDown, 1000);
}
countDown();

// Guidelines that were read and closed, or answered under, stay closed until there is a new version of them.
const guidelines = document.querySelector("details[data-guidelines]");
if (guidelines) {
  const [project, version] = guidelines.dataset.guidelines.split("/");
  const key = `guidelines:${project}`;
  let read = null;
  try {
    read = localStorage.getItem(key);
  } catch {
    // Without a memory they open as the page says.
  }
  if (read !== null) guidelines.open = read !== version;
  const remember = () => {
    try {
      localStorage.setItem(key, version);
    } catch {
      // As above.
    }
  };
  form.addEventListener("submit", remember);
  guidelines.addEventListener("toggle", () => {
    if (!guidelines.open) remember();
  });
}
