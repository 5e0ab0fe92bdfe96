// Counts the reading time down beside the box. The server measures it again; without scripts the page works the same.
(() => {
  "use strict";
  const form = document.getElementById("agreement-form");
  if (!form) return;
  const shown = form.querySelector("[data-role='seconds-left']");
  const button = form.querySelector(".actionbar button");
  let left = Number(form.dataset.readingSeconds);
  const tick = () => {
    button.disabled = left > 0;
    shown.textContent = left > 0 ? `${left}` : "";
    if (left > 0) {
      left -= 1;
      setTimeout(tick, 1000);
    }
  };
  if (!form.querySelector(".has-error")) tick();
})();
