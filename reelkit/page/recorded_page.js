// Runs in every document of a recorded page before anything of its own.
(() => {
  // The recording SDK calls client.joinRoom(), which clients of RealtimeKit have had until 2.x and have no more. Such a
  // client may be hidden in a page's bundle, so it is known by what it is like wherever it is asked for that method.
  const isClient = (value) => typeof value.join === "function" && "participants" in value && "self" in value;
  Object.defineProperty(Object.prototype, "joinRoom", {
    configurable: true,
    enumerable: false,
    get() {
      return this !== Object.prototype && isClient(this) ? () => this.join() : undefined;
    },
    set(value) {
      Object.defineProperty(this, "joinRoom", { value, writable: true, configurable: true, enumerable: true });
    },
  });

  // Nobody is there to answer: the page would stand still behind a dialog that covers it in the film.
  const answers = {
    alert: () => undefined,
    confirm: () => true,
    prompt: (_, given = "") => String(given),
    print: () => undefined,
  };
  const replace = (object, name, value) =>
    Object.defineProperty(object, name, { value, writable: true, configurable: true, enumerable: true });
  for (const [name, answer] of Object.entries(answers)) replace(window, name, answer);
  if (window.MediaDevices) {
    const refusal = () => new DOMException("Permission denied", "NotAllowedError");
    replace(MediaDevices.prototype, "getDisplayMedia", () => Promise.reject(refusal()));
  }
})();
