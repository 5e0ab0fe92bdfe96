// Passkeys: fetch the question, let the device answer, put the answer into the form and send it as any other form.
(() => {
  "use strict";

  const bytes = (text) => {
    const padded = text.replace(/-/g, "+").replace(/_/g, "/");
    return Uint8Array.from(atob(padded), (sign) => sign.charCodeAt(0));
  };
  const text = (buffer) => {
    if (!buffer) return null;
    const signs = Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join("");
    return btoa(signs).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  };
  const named = (list) => (list || []).map((one) => ({ ...one, id: bytes(one.id) }));

  const make = (question) =>
    navigator.credentials.create({
      publicKey: {
        ...question,
        challenge: bytes(question.challenge),
        user: { ...question.user, id: bytes(question.user.id) },
        excludeCredentials: named(question.excludeCredentials),
      },
    });
  const sign = (question, how = {}) =>
    navigator.credentials.get({
      ...how,
      publicKey: { ...question, challenge: bytes(question.challenge), allowCredentials: named(question.allowCredentials) },
    });
  const written = (made) => {
    const { clientDataJSON, attestationObject, authenticatorData, signature, userHandle } = made.response;
    const response = { clientDataJSON: text(clientDataJSON) };
    if (attestationObject) {
      response.attestationObject = text(attestationObject);
      response.transports = made.response.getTransports ? made.response.getTransports() : [];
    } else {
      response.authenticatorData = text(authenticatorData);
      response.signature = text(signature);
      response.userHandle = text(userHandle);
    }
    return JSON.stringify({ id: made.id, rawId: text(made.rawId), type: made.type, response });
  };

  const tell = (form, words) => {
    const place = form.querySelector('[data-role="passkey-problem"]');
    place.textContent = words;
    place.hidden = !words;
  };

  // What stands in the way before anybody is asked; empty when nothing does.
  const obstacle = (form) => {
    if (!form.dataset.origins.split(" ").includes(location.origin)) return form.dataset.elsewhere;
    return window.PublicKeyCredential && navigator.credentials ? "" : form.dataset.none;
  };

  const ask = async (form) => {
    const answered = await fetch(form.dataset.ask, {
      method: "POST",
      headers: { "X-CSRFToken": form.querySelector('[name="csrfmiddlewaretoken"]').value },
    });
    if (answered.redirected) {
      location.assign(answered.url);
      return null;
    }
    const said = await answered.json();
    if (said.problem && !standing) tell(form, said.problem);
    return said.question || null;
  };

  // Where a form says data-offer, the browser lists passkeys among what it would fill into the page's field (autocomplete="webauthn").
  // The question is put anew before it grows stale, but not while nobody looks.
  let standing = null;
  const withdraw = () => {
    if (standing) standing.abort();
    standing = null;
  };
  const offer = async (form) => {
    if (document.hidden) {
      document.addEventListener("visibilitychange", () => offer(form), { once: true });
      return;
    }
    const own = (standing = new AbortController());
    const question = await ask(form).catch(() => null);
    if (!question || standing !== own) return;
    const renewal = setTimeout(() => {
      withdraw();
      offer(form);
    }, question.timeout);
    try {
      const made = await sign(question, { mediation: "conditional", signal: own.signal });
      form.elements.answer.value = written(made);
      form.submit();
    } catch {
      // Withdrawn, or the browser would not: the button and the code are there.
    } finally {
      clearTimeout(renewal);
    }
  };
  const canOffer = async () =>
    Boolean(PublicKeyCredential.isConditionalMediationAvailable && (await PublicKeyCredential.isConditionalMediationAvailable()));

  const go = async (form) => {
    const button = form.querySelector("button");
    withdraw();
    tell(form, "");
    button.setAttribute("aria-busy", "true");
    try {
      const question = await ask(form).catch(() => {
        tell(form, form.dataset.unanswered);
        return null;
      });
      if (!question) return;
      const made = form.dataset.passkey === "create" ? await make(question) : await sign(question);
      form.elements.answer.value = written(made);
      form.submit();
    } catch (problem) {
      tell(form, problem.name === "InvalidStateError" ? form.dataset.known : form.dataset.cancelled);
    } finally {
      button.removeAttribute("aria-busy");
    }
  };

  document.addEventListener(
    "submit",
    (event) => {
      const form = event.target.closest("form[data-passkey]");
      if (!form) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      const words = obstacle(form);
      if (words) tell(form, words);
      else if (!form.querySelector("[aria-busy]")) go(form);
    },
    true,
  );

  for (const form of document.querySelectorAll("form[data-passkey]")) {
    const words = obstacle(form);
    if (words) {
      tell(form, words);
      form.querySelector("button").disabled = true;
    } else if ("offer" in form.dataset) {
      canOffer().then((can) => can && offer(form));
    }
  }
})();
