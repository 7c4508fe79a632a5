import { type Alert, isOpen, type Severity, type Stats, type Vehicle, type VehicleBatch } from "./api.ts";

export type Live = "connecting" | "live" | "reconnecting";

export interface Selection {
  vin: string;
  /** The alert it was selected through, shown first on the card. */
  alertId: string | null;
}

interface Events {
  /** Vehicles that changed; `reset` when they are all there is. */
  vehicles: { changed: Vehicle[]; reset: boolean };
  /** The alert that changed, or null when all did. */
  alerts: Alert | null;
  stats: Stats;
  live: Live;
  selection: Selection | null;
}

type Topic = keyof Events;
type Listener<T extends Topic> = (event: Events[T]) => void;

/** Alerts kept in memory; the oldest cleared ones go first. */
const ALERTS_KEPT = 500;
const SEVERITY_RANK: Record<Severity, number> = { info: 1, warning: 2, critical: 3 };

/** What the page knows of the fleet. Views subscribe to a topic and read the rest from here. */
export class Store {
  readonly vehicles = new Map<string, Vehicle>();
  readonly alerts = new Map<string, Alert>();
  stats: Stats | null = null;
  live: Live = "connecting";
  selection: Selection | null = null;

  private clockAheadMs = 0;
  private readonly listeners: { [T in Topic]: Set<Listener<T>> } = {
    vehicles: new Set(),
    alerts: new Set(),
    stats: new Set(),
    live: new Set(),
    selection: new Set(),
  };

  subscribe<T extends Topic>(topic: T, listener: Listener<T>): void {
    this.listeners[topic].add(listener);
  }

  /** Now on the collector's clock, which may be a simulated one. */
  nowMs(): number {
    return Date.now() + this.clockAheadMs;
  }

  replaceVehicles(batch: VehicleBatch): void {
    this.clockAheadMs = batch.now_ms - Date.now();
    this.vehicles.clear();
    for (const vehicle of batch.vehicles) this.vehicles.set(vehicle.vin, vehicle);
    this.emit("vehicles", { changed: batch.vehicles, reset: true });
  }

  updateVehicles(batch: VehicleBatch): void {
    this.clockAheadMs = batch.now_ms - Date.now();
    for (const vehicle of batch.vehicles) this.vehicles.set(vehicle.vin, vehicle);
    this.emit("vehicles", { changed: batch.vehicles, reset: false });
  }

  replaceAlerts(alerts: Alert[]): void {
    this.alerts.clear();
    for (const alert of alerts) this.alerts.set(alert.id, alert);
    this.emit("alerts", null);
  }

  /** The answer to an operator's step may be overtaken by what the stream tells of later ones. */
  updateAlert(alert: Alert): void {
    const known = this.alerts.get(alert.id);
    if (known && stepsOf(alert) < stepsOf(known)) return;
    this.alerts.set(alert.id, alert);
    this.forgetOldAlerts();
    this.markVehicle(alert);
    this.emit("alerts", alert);
  }

  setStats(stats: Stats): void {
    this.stats = stats;
    this.clockAheadMs = stats.now_ms - Date.now();
    this.emit("stats", stats);
  }

  setLive(live: Live): void {
    if (live === this.live) return;
    this.live = live;
    this.emit("live", live);
  }

  select(selection: Selection | null): void {
    this.selection = selection;
    this.emit("selection", selection);
  }

  newestAlerts(): Alert[] {
    return [...this.alerts.values()].sort((a, b) => b.at_ms - a.at_ms);
  }

  openAlertsOf(vin: string): Alert[] {
    return this.newestAlerts().filter((alert) => alert.vin === vin && isOpen(alert));
  }

  openAlertCount(): number {
    let count = 0;
    for (const alert of this.alerts.values()) if (isOpen(alert)) count++;
    return count;
  }

  /** The worst severity of a vehicle's open alerts; null when all is well. */
  severityOf(vehicle: Vehicle): Severity | null {
    if (vehicle.alerts.length === 0) return null;
    // A rule whose alert we have not seen yet still deserves a ring.
    let worst: Severity = "info";
    let known = false;
    for (const alert of this.alerts.values()) {
      if (alert.vin !== vehicle.vin || !isOpen(alert)) continue;
      known = true;
      if (SEVERITY_RANK[alert.severity] > SEVERITY_RANK[worst]) worst = alert.severity;
    }
    return known ? worst : "warning";
  }

  /** An alert is told at once and the vehicle's own summary only later, so the summary is brought up here. */
  private markVehicle(alert: Alert): void {
    const vehicle = this.vehicles.get(alert.vin);
    if (!vehicle) return;
    const others = vehicle.alerts.filter((rule) => rule !== alert.rule);
    vehicle.alerts = isOpen(alert) ? [...others, alert.rule] : others;
    this.emit("vehicles", { changed: [vehicle], reset: false });
  }

  private forgetOldAlerts(): void {
    if (this.alerts.size <= ALERTS_KEPT) return;
    const oldestCleared = this.newestAlerts().findLast((alert) => !isOpen(alert));
    if (oldestCleared) this.alerts.delete(oldestCleared.id);
  }

  private emit<T extends Topic>(topic: T, event: Events[T]): void {
    for (const listener of this.listeners[topic]) listener(event);
  }
}

const stepsOf = (alert: Alert): number => alert.history?.length ?? 0;
