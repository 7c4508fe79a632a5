import { expect, test } from "vitest";
import { type Alert, isLoud, type Vehicle } from "../src/api.ts";
import { Store } from "../src/state.ts";

const vehicle = (vin: string, alerts: string[] = []): Vehicle => ({
  vin,
  ts_ms: 0,
  seen_ms: 0,
  mode: "parked",
  online: true,
  alerts,
});

const alert = (id: string, change: Partial<Alert> = {}): Alert => ({
  id,
  vin: "A",
  rule: "theft.tow",
  severity: "critical",
  state: "raised",
  episode_ms: 0,
  at_ms: 0,
  why: { en: "", zh: "" },
  evidence: [],
  ...change,
});

test("an alert marks its vehicle at once and clearing it unmarks it", () => {
  const store = new Store();
  store.replaceVehicles({ now_ms: 0, vehicles: [vehicle("A")] });
  store.updateAlert(alert("1"));
  expect(store.severityOf(store.vehicles.get("A")!)).toBe("critical");
  expect(store.openAlertCount()).toBe(1);
  store.updateAlert(alert("1", { state: "cleared" }));
  expect(store.severityOf(store.vehicles.get("A")!)).toBeNull();
  expect(store.openAlertCount()).toBe(0);
});

test("an alert that somebody took on or put off is still open", () => {
  for (const state of ["acknowledged", "snoozed", "escalated", "reopened"] as const) {
    const store = new Store();
    store.replaceVehicles({ now_ms: 0, vehicles: [vehicle("A")] });
    store.updateAlert(alert("1", { state }));
    expect(store.openAlertCount(), state).toBe(1);
    expect(store.severityOf(store.vehicles.get("A")!), state).toBe("critical");
    expect(isLoud(alert("1", { state })), state).toBe(state === "escalated" || state === "reopened");
  }
});

test("an answer that was overtaken by the stream does not turn an alert back", () => {
  const store = new Store();
  store.updateAlert(alert("1", { history: [1] }));
  store.updateAlert(alert("1", { state: "cleared", history: [1, 2, 3] }));
  store.updateAlert(alert("1", { state: "acknowledged", history: [1, 2] }));
  expect(store.alerts.get("1")?.state).toBe("cleared");
});

test("a rule whose alert is not known yet is a warning", () => {
  expect(new Store().severityOf(vehicle("A", ["theft.tow"]))).toBe("warning");
});

test("a snapshot drops vehicles that are gone", () => {
  const store = new Store();
  store.replaceVehicles({ now_ms: 0, vehicles: [vehicle("A"), vehicle("B")] });
  store.replaceVehicles({ now_ms: 0, vehicles: [vehicle("B")] });
  expect([...store.vehicles.keys()]).toEqual(["B"]);
});

test("alerts come newest first, and old cleared ones make room", () => {
  const store = new Store();
  store.updateAlert(alert("open", { at_ms: 1 }));
  for (let i = 2; i <= 600; i++) store.updateAlert(alert(`${i}`, { at_ms: i, state: "cleared" }));
  const ids = store.newestAlerts().map(({ id }) => id);
  expect(ids[0]).toBe("600");
  expect(ids.at(-1)).toBe("open");
  expect(ids).toHaveLength(500);
});
