// <license-banner src="/api/banner">: what there is to know of the license.
// Shows text alone, whatever it is told. Dismissed for the session, unless it is
// critical, until something else is to be known.
const SHEET = new CSSStyleSheet();
SHEET.replaceSync(`
:host { display: block; position: static; }
:host([hidden]) { display: none; }
div { display: flex; gap: 1rem; align-items: start; padding: .75rem 1rem; border-inline-start: .25rem solid; font: inherit; line-height: 1.45; }
ul { flex: 1; margin: 0; padding: 0; list-style: none; }
button { font: inherit; padding: .25rem .75rem; min-height: 2rem; border: 1px solid; border-radius: .375rem; background: transparent; color: inherit; cursor: pointer; }
button:focus-visible { outline: 3px solid; outline-offset: 2px; }
.info { background: #e8f1fb; color: #0a3a6b; }
.warning { background: #fdf3d8; color: #5c3d00; }
.critical { background: #fde8e8; color: #7a1010; }
@media (prefers-color-scheme: dark) {
  .info { background: #12283f; color: #cfe5ff; }
  .warning { background: #33270a; color: #ffe2a0; }
  .critical { background: #3c1414; color: #ffd4d4; }
}
@media print { button { display: none; } }
`);

class LicenseBanner extends HTMLElement {
  static observedAttributes = ["src"];
  #root = this.attachShadow({ mode: "open" });

  connectedCallback() {
    this.#root.adoptedStyleSheets = [SHEET];
    // Until it is known better, what the server wrote inside.
    if (!this.#root.hasChildNodes()) {
      const written = [...this.querySelectorAll("[data-code]")].map((item) => item.dataset.code);
      const stays = this.querySelector(".critical") || this.#dismissed() !== written.join(" ");
      if (stays) this.#root.append(document.createElement("slot"));
    }
    this.#load();
  }

  attributeChangedCallback() {
    if (this.isConnected) this.#load();
  }

  #key() {
    return `license-banner ${this.getAttribute("src")}`;
  }

  // The codes of what was dismissed.
  #dismissed() {
    try { return sessionStorage.getItem(this.#key()); } catch { return null; }
  }

  async #load() {
    const src = this.getAttribute("src");
    if (!src) return;
    try {
      const headers = { accept: "application/json" };
      if (document.documentElement.lang) headers["accept-language"] = document.documentElement.lang;
      const response = await fetch(src, { credentials: "same-origin", headers });
      if (response.ok) this.#show(await response.json());
    } catch {
      // What the server wrote stays.
    }
  }

  #show({ level = "none", warnings = [] }) {
    const codes = warnings.map((warning) => warning.code).join(" ");
    if (level === "none" || (level !== "critical" && this.#dismissed() === codes)) {
      this.#root.replaceChildren();
      this.hidden = true;
      return;
    }
    const box = document.createElement("div");
    box.className = level;
    box.setAttribute("role", level === "critical" ? "alert" : "status");
    const list = document.createElement("ul");
    for (const { code, text } of warnings) {
      const item = document.createElement("li");
      item.dataset.code = code;
      item.textContent = text;
      list.append(item);
    }
    box.append(list);
    if (level !== "critical") {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = this.getAttribute("dismiss") ?? "Dismiss";
      button.addEventListener("click", () => {
        try { sessionStorage.setItem(this.#key(), codes); } catch { /* Until the next page. */ }
        this.#root.replaceChildren();
        this.hidden = true;
      });
      box.append(button);
    }
    this.hidden = false;
    this.#root.replaceChildren(box);
  }
}

customElements.define("license-banner", LicenseBanner);
