// The keyboard of the queues: J and K move, A and R decide. Every key has a link or button that does the same.
(() => {
  "use strict";

  const rows = [...document.querySelectorAll("[data-role='queue-row']")];
  const form = document.getElementById("decision-form");
  const reason = form && form.elements.reason;

  // The menu is longer than a screen: the desk one is at is in sight.
  document.querySelector(".console-nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

  const typing = (target) => target.closest("input, textarea, select") !== null;

  const move = (step) => {
    const at = rows.findIndex((row) => row.hasAttribute("aria-current"));
    const next = rows[at + step];
    if (next) next.click();
  };

  // The first press writes the usual reason for the decision, the second sends it.
  const decide = (decision) => {
    const button = form.querySelector(`button[name="decision"][value="${decision}"]`);
    if (reason.value.trim()) {
      button.focus();
      button.click();
      return;
    }
    const stock = form.querySelector(`[data-for="${decision}"]`);
    if (stock) reason.value = stock.dataset.reason;
    reason.focus();
    reason.select();
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape" && typing(event.target)) event.target.blur();
    if (typing(event.target)) return;
    const key = event.key.toLowerCase();
    if (key === "j") move(1);
    else if (key === "k") move(-1);
    else if (form && key === "a") { event.preventDefault(); decide("approve"); }
    else if (form && key === "r") { event.preventDefault(); decide("refuse"); }
  });

  document.addEventListener("click", (event) => {
    const stock = event.target.closest("[data-reason]");
    if (stock && reason) reason.value = stock.dataset.reason;
  });
})();
