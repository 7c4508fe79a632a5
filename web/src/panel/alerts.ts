import { type Alert, isLoud, isOpen } from "../api.ts";
import { el, setText } from "../dom.ts";
import { clock } from "../format.ts";
import { lang, ruleName, t, withLang } from "../i18n.ts";
import type { Store } from "../state.ts";
import { badgeText } from "./badge.ts";

const SHOWN = 100;

/** The alerts: what is still open before what is over, the newest first. New ones are told to screen readers. */
export function alerts(store: Store, open: (alert: Alert) => void): HTMLElement {
  const title = el("h2");
  const empty = el("p", { class: "empty" });
  const list = el("ol", { "data-testid": "alert-list" });
  const spoken = el("p", { class: "visually-hidden", "aria-live": "polite" });
  const items = new Map<string, Item>();

  const show = () => {
    setText(title, t("alerts.title"));
    const newest = store.newestAlerts().sort(openFirst).slice(0, SHOWN);
    const shown = newest.map((alert) => {
      const item = items.get(alert.id) ?? new Item(alert.id, () => open(store.alerts.get(alert.id) ?? alert));
      items.set(alert.id, item);
      item.show(alert, store);
      return item.element;
    });
    arrange(list, shown);
    for (const id of items.keys()) if (!newest.some((alert) => alert.id === id)) items.delete(id);
    empty.hidden = newest.length > 0;
    setText(empty, t(store.live === "connecting" ? "alerts.loading" : "alerts.none"));
  };
  store.subscribe("alerts", (alert) => {
    if (alert && isLoud(alert)) {
      setText(spoken, `${t(`severity.${alert.severity}`)}. ${ruleName(alert.rule)}. ${alert.why[lang()]}`);
    }
    show();
  });
  store.subscribe("selection", show);
  store.subscribe("live", show);
  withLang(show);
  return el("section", { class: "alerts" }, title, empty, list, spoken);
}

const openFirst = (a: Alert, b: Alert) => Number(isOpen(b)) - Number(isOpen(a));

/** Puts children in order, moving only those out of place: a moved button would lose the keyboard focus. */
function arrange(list: HTMLElement, children: HTMLElement[]): void {
  const wanted = new Set<Element>(children);
  for (const child of [...list.children]) if (!wanted.has(child)) child.remove();
  children.forEach((child, i) => {
    if (list.children[i] !== child) list.insertBefore(child, list.children[i] ?? null);
  });
}

/** One alert, a button that keeps its element while the alert changes. */
class Item {
  readonly element: HTMLLIElement;
  private readonly button = el("button", { type: "button", class: "alert", "data-testid": "alert-item" });
  private readonly rule = el("strong");
  private readonly badge = el("span", { class: "badge" });
  private readonly time = el("time");
  private readonly why = el("span", { class: "why" });
  private readonly vin = el("span", { class: "vin" });

  constructor(id: string, open: () => void) {
    this.button.dataset.id = id;
    this.button.append(
      el("span", { class: "row" }, this.rule, this.badge),
      this.why,
      el("span", { class: "row" }, this.vin, this.time),
    );
    this.button.addEventListener("click", open);
    this.element = el("li", {}, this.button);
  }

  show(alert: Alert, store: Store): void {
    this.button.dataset.severity = alert.severity;
    this.button.dataset.state = alert.state;
    this.button.dataset.vin = alert.vin;
    this.button.setAttribute("aria-pressed", String(store.selection?.alertId === alert.id));
    setText(this.rule, ruleName(alert.rule));
    setText(this.badge, badgeText(alert));
    setText(this.why, alert.why[lang()]);
    setText(this.vin, alert.vin);
    setText(this.time, clock(alert.at_ms, store.nowMs()));
    this.time.dateTime = new Date(alert.at_ms).toISOString();
  }
}
