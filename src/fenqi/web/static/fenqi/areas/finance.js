// Installs the finance app's shell where the browser can; pages work the same without it.
(() => {
  "use strict";
  if ("serviceWorker" in navigator) navigator.serviceWorker.register("/finance/sw.js", { scope: "/finance/" });
})();
