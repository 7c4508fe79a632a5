import { type Alert, fetchAlerts, fetchStats, fetchVehicles, type Stats, type VehicleBatch } from "./api.ts";
import type { Store } from "./state.ts";

const RETRY_MS = 3_000;
/** Stats come every second, so a stream this quiet is dead even when the browser has not noticed. */
const SILENCE_MS = 10_000;

/** Keeps the store in step with the collector, for as long as the page lives. */
export function follow(store: Store): void {
  const source = new EventSource("api/v1/stream");
  /** Changes that arrive while the snapshot is on its way; they are newer, so they are applied after it. */
  let waiting: (() => void)[] | null = [];
  let over = false;
  let heardMs = performance.now();

  const restart = () => {
    if (over) return;
    over = true;
    source.close();
    clearInterval(watchdog);
    store.setLive("reconnecting");
    setTimeout(() => follow(store), RETRY_MS);
  };
  const watchdog = setInterval(() => {
    if (performance.now() - heardMs > SILENCE_MS) restart();
  }, RETRY_MS);

  const on = <T>(name: string, apply: (data: T) => void) =>
    source.addEventListener(name, (event) => {
      heardMs = performance.now();
      const data = JSON.parse(event.data) as T;
      if (waiting) waiting.push(() => apply(data));
      else apply(data);
    });
  on<VehicleBatch>("vehicles", (batch) => store.updateVehicles(batch));
  on<Alert>("alert", (alert) => store.updateAlert(alert));
  on<Stats>("stats", (stats) => store.setStats(stats));

  source.onopen = () => {
    waiting = [];
    loadSnapshot(store).then(() => {
      if (over) return;
      for (const apply of waiting ?? []) apply();
      waiting = null;
      heardMs = performance.now();
      store.setLive("live");
    }, restart);
  };
  source.onerror = () => {
    store.setLive("reconnecting");
    // The browser reconnects by itself, except after an HTTP error.
    if (source.readyState === EventSource.CLOSED) restart();
  };
}

async function loadSnapshot(store: Store): Promise<void> {
  const [vehicles, alerts, stats] = await Promise.all([fetchVehicles(), fetchAlerts(), fetchStats()]);
  store.replaceVehicles(vehicles);
  store.replaceAlerts(alerts);
  store.setStats(stats);
}
