import { type Alert, acknowledge, isOpen, snooze } from "../api.ts";
import { el, fact, Section, setText } from "../dom.ts";
import { clock, evidence } from "../format.ts";
import { type Key, lang, ruleName, t } from "../i18n.ts";
import type { Store } from "../state.ts";
import { badgeText } from "./badge.ts";

/** How long the button silences an alert; its label says so. */
const SNOOZE = "1h";

/**
 * One alert of the selected vehicle: what is known of it, and what an operator can do.
 *
 * Its evidence grows with every report. The buttons and the name that is being typed stay the same elements
 * meanwhile: an element replaced between pressing and releasing the mouse never hears of the click.
 */
export class AlertPart {
  readonly element = el("div", { class: "card-alert" });
  private readonly head = new Section("alert-head");
  private readonly steps = new Section("alert-steps");
  private readonly grounds = new Section("alert-grounds");

  constructor(
    private readonly store: Store,
    private readonly operator: { name: string },
  ) {
    this.element.append(this.head.element, this.steps.element, this.grounds.element);
  }

  show(alert: Alert): void {
    this.element.dataset.severity = alert.severity;
    this.element.dataset.state = alert.state;
    const since = this.since(alert);
    const badge = badgeText(alert);
    this.head.show([lang(), alert.rule, badge, alert.why, since], () => [
      el(
        "div",
        { class: "row" },
        el("strong", {}, ruleName(alert.rule)),
        el("span", { class: "badge", "data-testid": "card-badge" }, badge),
      ),
      el("p", { class: "card-why", "data-testid": "card-why" }, alert.why[lang()]),
      el("p", { class: "since" }, since),
    ]);
    const open = isOpen(alert);
    const waits = alert.state !== "acknowledged";
    this.steps.show([lang(), open, waits], () => (open ? [this.actions(alert.id, waits)] : []));
    this.grounds.show([lang(), alert.evidence], () => {
      if (alert.evidence.length === 0) return [];
      const rows = alert.evidence.map(({ name, value }) => fact(...evidence(name, value)));
      return [el("h3", {}, t("card.evidence")), el("dl", { class: "facts evidence" }, ...rows)];
    });
  }

  private since(alert: Alert): string {
    const nowMs = this.store.nowMs();
    const parts = [t("card.since", { time: clock(alert.episode_ms, nowMs) })];
    if (alert.state === "cleared" && alert.cleared_at_ms != null) {
      parts.push(t("card.cleared_at", { time: clock(alert.cleared_at_ms, nowMs) }));
    }
    if (alert.state === "snoozed" && alert.snoozed_until_ms != null) {
      parts.push(t("card.snoozed_until", { time: clock(alert.snoozed_until_ms, nowMs) }));
    }
    return parts.join(" · ");
  }

  /** What an operator can do with an open alert; `waits`: nobody has taken it on. */
  private actions(id: string, waits: boolean): HTMLElement {
    const name = el("input", {
      class: "operator",
      maxlength: "64",
      autocomplete: "name",
      "aria-label": t("action.name"),
      placeholder: t("action.name"),
    });
    name.value = this.operator.name;
    name.addEventListener("input", () => {
      this.operator.name = name.value.trim();
    });
    const failed = el("p", { class: "failed", role: "alert" });
    const button = (label: Key, testId: string, ask: () => Promise<Alert>) => {
      const element = el("button", { type: "button", class: "action", "data-testid": testId }, t(label));
      element.addEventListener("click", () => {
        element.disabled = true;
        setText(failed, "");
        ask()
          .then(
            (after) => this.store.updateAlert(after),
            (error: Error) => setText(failed, error.message),
          )
          .finally(() => {
            element.disabled = false;
          });
      });
      return element;
    };
    const buttons: HTMLElement[] = [];
    if (waits) {
      buttons.push(button("action.acknowledge", "acknowledge", () => acknowledge(id, this.operator.name)));
    }
    buttons.push(button("action.snooze", "snooze", () => snooze(id, SNOOZE, this.operator.name)));
    return el("div", { class: "actions" }, name, ...buttons, failed);
  }
}
