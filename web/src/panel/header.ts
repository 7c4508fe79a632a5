import { el, setText } from "../dom.ts";
import { type Key, lang, setLang, t, withLang } from "../i18n.ts";
import iconUrl from "../icon.svg";
import type { Store } from "../state.ts";

/** Product name, connection state and the language toggle. */
export function header(store: Store): HTMLElement {
  const live = el("span", { class: "live", "data-testid": "live-state", role: "status" });
  const showLive = () => {
    live.dataset.state = store.live;
    setText(live, t(`live.${store.live}` as Key));
  };
  store.subscribe("live", showLive);
  withLang(showLive);

  const toggle = el("button", { type: "button", class: "lang", "data-testid": "lang-toggle" });
  toggle.addEventListener("click", () => setLang(lang() === "zh" ? "en" : "zh"));
  withLang(() => {
    // Each language is written in itself: whoever needs the other one can read its name.
    const part = (name: string, on: boolean) => el("span", { "data-on": on }, name);
    toggle.replaceChildren(part("中", lang() === "zh"), part("EN", lang() === "en"));
    toggle.setAttribute("aria-label", t("lang.toggle"));
    toggle.title = t("lang.toggle");
  });

  const name = el("h1", {}, el("span", { lang: "zh" }, "智联"), " zhilian");
  return el(
    "header",
    {},
    el("img", { src: iconUrl, alt: "", width: "30", height: "30" }),
    name,
    live,
    toggle,
  );
}
