import { type Alert, type Battery, fetchVehicle, type Vehicle, type VehicleDetail } from "../api.ts";
import { el, fact, Section, setText } from "../dom.ts";
import { age, count, quantity } from "../format.ts";
import { type Key, lang, t, withLang } from "../i18n.ts";
import type { Store } from "../state.ts";
import { AlertPart } from "./alert.ts";
import { cellStrip, temperatureStrip } from "./battery.ts";

const REFRESH_MS = 3_000;
const TICK_MS = 1_000;

/** The card of the selected vehicle: why its alerts were raised, what it does, how its battery is. */
export class Card {
  readonly element = el("article", {
    class: "card",
    "data-testid": "card",
    "aria-labelledby": "card-title",
    tabindex: "-1",
    hidden: true,
  });
  private readonly title = el("h2", { class: "vin", id: "card-title" });
  private readonly closer = el("button", { type: "button", class: "close" }, "×");
  private readonly body = el("div", { class: "card-body" });
  private readonly alerts = new Section("card-alerts");
  private readonly facts = new Section("card-facts");
  private readonly battery = new Section("card-battery");
  private detail: VehicleDetail | null = null;
  private gone = false;
  /** Who works here, as typed: it goes with every step and stays on the page. */
  private readonly operator = { name: "" };
  private parts = new Map<string, AlertPart>();
  private loading: AbortController | null = null;
  /** What had the focus before the card opened, and gets it back. */
  private opener: Element | null = null;

  constructor(private readonly store: Store) {
    this.body.append(this.alerts.element, this.facts.element, this.battery.element);
    this.element.append(el("header", {}, this.title, this.closer), this.body);
    this.closer.addEventListener("click", () => store.select(null));
    addEventListener("keydown", (event) => {
      if (event.key === "Escape" && store.selection) store.select(null);
    });
    store.subscribe("selection", () => this.open());
    store.subscribe("alerts", () => this.show());
    setInterval(() => this.show(), TICK_MS);
    setInterval(() => this.load(), REFRESH_MS);
    withLang(() => {
      this.closer.setAttribute("aria-label", t("card.close"));
      this.show();
    });
  }

  private open(): void {
    const { selection } = this.store;
    this.element.hidden = selection === null;
    this.loading?.abort();
    this.detail = null;
    this.gone = false;
    if (!selection) {
      if (this.opener instanceof HTMLElement) this.opener.focus();
      return;
    }
    if (!this.element.contains(document.activeElement)) this.opener = document.activeElement;
    this.body.scrollTop = 0;
    this.show();
    this.element.focus({ preventScroll: true });
    this.load();
  }

  private load(): void {
    const vin = this.store.selection?.vin;
    if (!vin || document.hidden) return;
    this.loading?.abort();
    const loading = new AbortController();
    this.loading = loading;
    fetchVehicle(vin, loading.signal).then(
      (detail) => {
        if (loading.signal.aborted) return;
        this.detail = detail;
        this.gone = false;
        this.show();
      },
      () => {
        if (loading.signal.aborted) return;
        this.gone = !this.store.vehicles.has(vin);
        this.show();
      },
    );
  }

  private show(): void {
    const { selection } = this.store;
    if (!selection) return;
    setText(this.title, selection.vin);
    this.showAlerts(this.shownAlerts(selection.vin, selection.alertId));

    const vehicle = this.store.vehicles.get(selection.vin) ?? this.detail?.vehicle;
    const facts = vehicle ? this.factsOf(vehicle) : [];
    this.facts.show([lang(), facts, this.gone], () => {
      if (!vehicle) return this.gone ? [el("p", { class: "empty" }, t("card.gone"))] : [];
      return [el("dl", { class: "facts" }, ...facts.map(([key, text]) => fact(t(key), text)))];
    });
    const battery = this.detail?.report?.battery;
    this.battery.show([lang(), battery], () => (battery ? batteryParts(battery) : []));
  }

  /** An alert keeps its part of the page while it changes: see {@link AlertPart}. */
  private showAlerts(alerts: Alert[]): void {
    const parts = new Map<string, AlertPart>();
    for (const alert of alerts) {
      const part = this.parts.get(alert.id) ?? new AlertPart(this.store, this.operator);
      part.show(alert);
      parts.set(alert.id, part);
    }
    this.parts = parts;
    this.alerts.show([...parts.keys()], () => [...parts.values()].map((part) => part.element));
  }

  /** The alert it was opened through, then the vehicle's other open ones. */
  private shownAlerts(vin: string, alertId: string | null): Alert[] {
    const chosen = alertId === null ? undefined : this.store.alerts.get(alertId);
    const others = this.store.openAlertsOf(vin).filter((alert) => alert.id !== alertId);
    return chosen ? [chosen, ...others] : others;
  }

  private factsOf(vehicle: Vehicle): [Key, string][] {
    const yesNo = (family: "locked" | "key", value: boolean | null | undefined) =>
      value == null ? t("unknown") : t(`${family}.${value}` as Key);
    const mode = t(`mode.${vehicle.mode}` as Key);
    const odometerM = this.detail?.report?.motion?.odo_m;
    const silence: [Key, string][] = vehicle.silence
      ? [["fact.silence", t(`silence.${vehicle.silence}` as Key)]]
      : [];
    return [
      ["fact.mode", vehicle.online ? mode : `${mode} · ${t("offline")}`],
      ...silence,
      ["fact.charge", quantity(vehicle.soc_pct, "%", 1)],
      ["fact.lock", yesNo("locked", vehicle.locked)],
      ["fact.key", yesNo("key", vehicle.key_near)],
      ["fact.speed", quantity(vehicle.speed_mps == null ? null : vehicle.speed_mps * 3.6, "km/h", 1)],
      ["fact.odometer", quantity(odometerM == null ? null : odometerM / 1000, "km", 0)],
      ["fact.report", age(this.store.nowMs() - vehicle.seen_ms)],
    ];
  }
}

function batteryParts(battery: Battery): HTMLElement[] {
  const facts = el(
    "dl",
    { class: "facts" },
    fact(t("fact.pack"), `${quantity(battery.pack_v, "V", 1)}, ${quantity(battery.pack_a, "A", 1)}`),
    fact(t("fact.health"), quantity(battery.soh_pct, "%", 1)),
    fact(t("fact.insulation"), quantity(battery.insulation_kohm, "kΩ")),
  );
  const lowestMv = Math.min(...battery.cells_mv);
  const highestMv = Math.max(...battery.cells_mv);
  const summary = t("cells.summary", {
    min: (lowestMv / 1000).toFixed(3),
    max: (highestMv / 1000).toFixed(3),
    spread: count(highestMv - lowestMv),
  });
  const parts: HTMLElement[] = [facts];
  if (battery.cells_mv.length > 0) {
    parts.push(heading(t("cells.title"), summary), cellStrip(battery.cells_mv, battery.chemistry, summary));
  }
  if (battery.temps_c.length > 0) parts.push(heading(t("temps.title")), temperatureStrip(battery.temps_c));
  return parts;
}

const heading = (title: string, note = ""): HTMLElement =>
  el("h3", { class: "row" }, el("span", {}, title), el("span", { class: "note" }, note));
