// The collector's HTTP contract as the dashboard sees it. Addresses are relative to the page, so that a
// reverse proxy may serve the collector under a prefix.

export type Mode = "parked" | "riding" | "charging";
export type Severity = "info" | "warning" | "critical";

/** Why nothing is heard of a vehicle, or not where it is. */
export type Silence = "withheld" | "outage" | "power_off" | "faded" | "sudden";

export interface Vehicle {
  vin: string;
  ts_ms: number;
  seen_ms: number;
  lat_deg?: number | null;
  lon_deg?: number | null;
  speed_mps?: number | null;
  heading_deg?: number | null;
  mode: Mode;
  locked?: boolean | null;
  key_near?: boolean | null;
  soc_pct?: number | null;
  hottest_c?: number | null;
  online: boolean;
  silence?: Silence | null;
  /** Rules of the vehicle's open alerts. */
  alerts: string[];
}

export interface Evidence {
  name: string;
  value: number;
}

/** Raised, escalated and reopened ones wait for somebody. */
export type AlertState =
  | "raised"
  | "acknowledged"
  | "snoozed"
  | "escalated"
  | "reopened"
  | "suppressed"
  | "cleared"
  | "withdrawn";

export interface Alert {
  id: string;
  vin: string;
  rule: string;
  severity: Severity;
  state: AlertState;
  episode_ms: number;
  at_ms: number;
  cleared_at_ms?: number | null;
  snoozed_until_ms?: number | null;
  /** Told long after it happened. */
  late?: boolean;
  lat_deg?: number | null;
  lon_deg?: number | null;
  why: { en: string; zh: string };
  evidence: Evidence[];
  /** What happened to it, oldest first: it only grows. */
  history?: unknown[];
}

export interface Stats {
  now_ms: number;
  vehicles: number;
  online: number;
  reports: number;
  reports_per_s: number;
  lost: number;
  duplicates: number;
  rejected: number;
  open_alerts: number;
}

export interface Battery {
  pack: string;
  chemistry: string;
  soh_pct: number;
  pack_v: number;
  pack_a: number;
  cells_mv: number[];
  temps_c: number[];
  insulation_kohm: number;
}

export interface VehicleDetail {
  vehicle: Vehicle;
  report: { battery?: Battery | null; motion?: { odo_m: number } | null } | null;
  alerts: Alert[];
}

export interface VehicleBatch {
  now_ms: number;
  vehicles: Vehicle[];
}

export interface Place {
  place: {
    name: string;
    zh: string;
    en: string;
    center: [number, number];
    zoom: number;
    schematic: boolean;
    attribution?: string;
  };
  type: "FeatureCollection";
  features: GeoJSON.Feature[];
}

/** Whether the claim stands. */
export const isOpen = ({ state }: Alert): boolean =>
  state !== "cleared" && state !== "withdrawn" && state !== "suppressed";

/** Whether it waits for somebody. */
export const isLoud = (alert: Alert): boolean =>
  isOpen(alert) && alert.state !== "acknowledged" && alert.state !== "snoozed";

async function getJson<T>(path: string, signal?: AbortSignal): Promise<T> {
  const response = await fetch(`api/v1/${path}`, signal ? { signal } : {});
  if (!response.ok) throw new Error(`${path}: HTTP ${response.status}`);
  return (await response.json()) as T;
}

/** The map's geography, or null when the collector has none; the map is then plain. */
export const fetchPlace = (): Promise<Place | null> => getJson<Place>("place").catch(() => null);

export const fetchVehicles = () => getJson<VehicleBatch>("vehicles");

export const fetchStats = () => getJson<Stats>("stats");

export const fetchVehicle = (vin: string, signal: AbortSignal) =>
  getJson<VehicleDetail>(`vehicles/${encodeURIComponent(vin)}`, signal);

/** The latest alerts and every open one: a busy day of cleared alerts must not push an open theft out. */
export async function fetchAlerts(): Promise<Alert[]> {
  const [recent, open] = await Promise.all([
    getJson<{ alerts: Alert[] }>("alerts?limit=200"),
    getJson<{ alerts: Alert[] }>("alerts?state=open&limit=200"),
  ]);
  return [...recent.alerts, ...open.alerts];
}

async function order(id: string, action: string, body: Record<string, string>): Promise<Alert> {
  const response = await fetch(`api/v1/alerts/${id}/${action}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  const answer = (await response.json().catch(() => ({}))) as Alert & { error?: string };
  if (!response.ok) throw new Error(answer.error ?? `HTTP ${response.status}`);
  return answer;
}

const signed = (by: string): Record<string, string> => (by === "" ? {} : { by });

/** Takes an alert on in somebody's name; the answer is the alert after it. */
export const acknowledge = (id: string, by: string) => order(id, "acknowledge", signed(by));

/** Silences an alert for a time such as `1h`, or until it grows. */
export const snooze = (id: string, time: string, by: string) =>
  order(id, "snooze", { for: time, ...signed(by) });
