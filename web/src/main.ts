import "maplibre-gl/dist/maplibre-gl.css";
import "./style/base.css";
import "./style/map.css";
import "./style/panel.css";
import "./style/card.css";
import { type Alert, fetchPlace } from "./api.ts";
import { type Lang, lang, t, withLang } from "./i18n.ts";
import { follow } from "./live.ts";
import { MapView } from "./map/view.ts";
import { alerts } from "./panel/alerts.ts";
import { Card } from "./panel/card.ts";
import { header } from "./panel/header.ts";
import { kpis } from "./panel/kpis.ts";
import { Store } from "./state.ts";

declare global {
  interface Window {
    /** A read-only look inside, for tests and curious people. */
    zhilian: Readonly<{
      vehicleCount(): number;
      openAlerts(): number;
      lang(): Lang;
      selectedVin(): string | null;
      mapReady(): boolean;
      frameMs(): number;
    }>;
  }
}

const store = new Store();
const stage = document.getElementById("stage")!;
const panel = document.getElementById("panel")!;
let view: MapView | null = null;

function openAlert(alert: Alert): void {
  store.select({ vin: alert.vin, alertId: alert.id });
  const vehicle = store.vehicles.get(alert.vin);
  const at = vehicle?.lat_deg != null && vehicle.lon_deg != null ? vehicle : alert;
  if (at.lat_deg != null && at.lon_deg != null) view?.flyTo(at.lon_deg, at.lat_deg);
}

window.zhilian = Object.freeze({
  vehicleCount: () => store.vehicles.size,
  openAlerts: () => store.openAlertCount(),
  lang,
  selectedVin: () => store.selection?.vin ?? null,
  mapReady: () => view?.ready ?? false,
  frameMs: () => view?.overlay.frameMs ?? 0,
});

withLang(() => {
  document.documentElement.lang = lang() === "zh" ? "zh-CN" : "en";
  panel.setAttribute("aria-label", t("panel.label"));
});
panel.append(header(store), kpis(store), alerts(store, openAlert));
// The map needs the place for its first frame; the panel does not wait for it.
const place = await fetchPlace();
view = new MapView(stage, store, place);
stage.append(new Card(store).element);
follow(store);
