// Small helps on top of pages that work without them: no double submit, dialogs, copying, leaving errors in view.
(() => {
  "use strict";

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.dataset.sent === "yes") {
      event.preventDefault();
      return;
    }
    if (form.method !== "post" || form.dataset.repeat !== undefined || form.hasAttribute("hx-post")) return;
    form.dataset.sent = "yes";
    if (event.submitter) event.submitter.setAttribute("aria-busy", "true");
  });

  // A page taken from the back-forward cache may be submitted again; the server's references keep that safe.
  window.addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) {
      delete form.dataset.sent;
      for (const button of form.querySelectorAll("[aria-busy]")) button.removeAttribute("aria-busy");
    }
  });

  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-opens]");
    if (opener) {
      const dialog = document.getElementById(opener.dataset.opens);
      if (dialog && dialog.showModal) {
        event.preventDefault();
        dialog.showModal();
      }
      return;
    }
    const closer = event.target.closest("[data-closes]");
    if (closer) {
      const dialog = closer.closest("dialog");
      if (dialog) {
        event.preventDefault();
        dialog.close();
      }
      return;
    }
    const copier = event.target.closest("[data-copies]");
    if (copier && navigator.clipboard) {
      navigator.clipboard.writeText(copier.dataset.copies).then(() => {
        copier.setAttribute("data-copied", "yes");
      });
    }
  });

  // Forms that act on a change (a quantity, a filter) need no button press where scripts run.
  document.addEventListener("change", (event) => {
    const field = event.target.closest("[data-submits]");
    if (field && field.form) field.form.requestSubmit();
  });
  document.documentElement.classList.add("has-scripts");

  const wrong = document.querySelector('[aria-invalid="true"]') || document.querySelector(".has-error :is(input, select, textarea)");
  if (wrong) wrong.focus({ preventScroll: false });
})();
