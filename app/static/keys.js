// Answering by keyboard: the key printed on a choice chooses it, Enter sends the form.
"use strict";

const keyed = document.querySelector("form[data-keys]");

function typing(target) {
  return target.closest("textarea, select, input:not([type=radio]):not([type=checkbox])") !== null;
}

document.addEventListener("keydown", (event) => {
  if (!keyed || event.altKey || event.metaKey || event.defaultPrevented || event.repeat) return;
  if (event.key === "Enter") {
    const inField = typing(event.target) && !event.ctrlKey;
    if (inField || event.target.closest("button, a, summary, select")) return;
    event.preventDefault();
    keyed.requestSubmit();
    return;
  }
  if (event.ctrlKey || typing(event.target)) return;
  const choice = keyed.querySelector(`input[data-key="${CSS.escape(event.key.toLowerCase())}"]`);
  if (choice) {
    event.preventDefault();
    choice.checked = true;
    choice.focus({ preventScroll: true });
    choice.dispatchEvent(new Event("change", { bubbles: true }));
  }
});

// Sent once, however often the key is pressed.
keyed?.addEventListener("submit", (event) => {
  if (keyed.dataset.sent) event.preventDefault();
  keyed.dataset.sent = "1";
});
addEventListener("pageshow", () => keyed?.removeAttribute("data-sent"));
