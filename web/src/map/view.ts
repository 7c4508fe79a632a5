import { Map as MapLibre, ScaleControl } from "maplibre-gl";
import type { Place } from "../api.ts";
import { el, setText } from "../dom.ts";
import { type Key, lang, t, withLang } from "../i18n.ts";
import type { Store } from "../state.ts";
import { bounds } from "./geometry.ts";
import { legend } from "./legend.ts";
import { calmMotion, Overlay } from "./overlay.ts";
import { mapStyle, NAMED_LAYERS } from "./style.ts";

const CLOSE_ZOOM = 13.6;
const WORLD = { center: [0, 20] as [number, number], zoom: 1.2 };

/** The map with the fleet on it. */
export class MapView {
  readonly overlay: Overlay;
  private readonly map: MapLibre;
  private readonly tag = el("div", { class: "map-tag", "data-testid": "selected-marker", hidden: true });
  private readonly tip = el("div", { class: "map-tag map-tip", hidden: true });
  private hoveredVin: string | null = null;
  private fitted: boolean;

  constructor(
    stage: HTMLElement,
    private readonly store: Store,
    private readonly place: Place | null,
  ) {
    const container = el("div", { class: "map", "data-testid": "map" });
    stage.append(container);
    this.fitted = place !== null;
    this.map = new MapLibre({
      container,
      style: mapStyle(place, lang()),
      ...(place ? { center: place.place.center, zoom: place.place.zoom } : WORLD),
      localIdeographFontFamily:
        '"PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "WenQuanYi Micro Hei", sans-serif',
      attributionControl: false,
      // The overlay's projection, and a reader's sense of north, rely on a flat map.
      maxPitch: 0,
      dragRotate: false,
      pitchWithRotate: false,
      touchPitch: false,
      renderWorldCopies: false,
      maxZoom: 18,
    });
    this.map.touchZoomRotate.disableRotation();
    this.map.keyboard.disableRotation();
    this.map.addControl(new ScaleControl({ maxWidth: 110 }), "bottom-right");
    this.overlay = new Overlay(this.map);
    this.overlay.onFrame = () => this.placeTags();
    stage.append(this.tag, this.tip, this.controls(), legend(), this.credit());
    this.listen();
    this.watchPointer();
  }

  get ready(): boolean {
    return this.map.loaded() && !this.map.isMoving();
  }

  flyTo(lonDeg: number, latDeg: number): void {
    const target = {
      center: [lonDeg, latDeg] as [number, number],
      zoom: Math.max(CLOSE_ZOOM, this.map.getZoom()),
    };
    if (calmMotion.matches) this.map.jumpTo(target);
    else this.map.flyTo({ ...target, speed: 1.6, maxDuration: 2_500 });
  }

  private listen(): void {
    const { store, overlay } = this;
    store.subscribe("vehicles", ({ changed, reset }) => {
      const nowMs = performance.now();
      if (reset) overlay.fleet.clear();
      for (const vehicle of changed) {
        overlay.fleet.put(vehicle, store.severityOf(vehicle), nowMs, !calmMotion.matches);
      }
      if (!this.fitted) this.fitted = this.fitFleet();
      overlay.invalidate();
    });
    store.subscribe("alerts", () => {
      const nowMs = performance.now();
      for (const vehicle of store.vehicles.values()) {
        if (vehicle.alerts.length > 0) overlay.fleet.put(vehicle, store.severityOf(vehicle), nowMs);
      }
      overlay.invalidate();
    });
    store.subscribe("selection", (selection) => {
      overlay.selectedVin = selection?.vin ?? null;
      overlay.invalidate();
    });
    withLang(() => {
      this.map.getCanvas().setAttribute("aria-label", t("map.label"));
      const relabel = () => {
        for (const layer of NAMED_LAYERS) {
          if (this.map.getLayer(layer)) this.map.setLayoutProperty(layer, "text-field", ["get", lang()]);
        }
      };
      if (this.map.isStyleLoaded()) relabel();
      else this.map.once("load", relabel);
    });
  }

  private watchPointer(): void {
    const { map, overlay, store } = this;
    map.on("mousemove", ({ point }) => this.hover(overlay.hit(point.x, point.y)));
    map.on("mouseout", () => this.hover(null));
    map.on("click", ({ point }) => {
      const vin = overlay.hit(point.x, point.y);
      if (vin) store.select({ vin, alertId: null });
    });
  }

  private hover(vin: string | null): void {
    if (vin === this.hoveredVin) return;
    this.hoveredVin = vin;
    this.map.getCanvas().style.cursor = vin ? "pointer" : "";
    this.placeTags();
  }

  private placeTags(): void {
    const selected = this.overlay.selectedVin;
    this.placeTag(this.tag, selected);
    this.placeTag(this.tip, this.hoveredVin === selected ? null : this.hoveredVin);
  }

  private placeTag(tag: HTMLElement, vin: string | null): void {
    const at = vin === null ? null : this.overlay.screenPosition(vin);
    tag.hidden = !at;
    if (!at || vin === null) return;
    const vehicle = this.store.vehicles.get(vin);
    const charge = vehicle?.soc_pct == null ? "" : ` · ${Math.round(vehicle.soc_pct)}%`;
    setText(tag, `${vin}${vehicle ? ` · ${t(`mode.${vehicle.mode}` as Key)}${charge}` : ""}`);
    tag.style.transform = `translate(${Math.round(at.x)}px, ${Math.round(at.y)}px) translate(-50%, 18px)`;
  }

  private controls(): HTMLElement {
    const button = (key: Key, sign: string, act: () => void) => {
      const element = el("button", { type: "button" }, sign);
      element.addEventListener("click", act);
      withLang(() => {
        element.title = t(key);
        element.setAttribute("aria-label", t(key));
      });
      return element;
    };
    return el(
      "div",
      { class: "map-controls" },
      button("map.zoom_in", "+", () => this.map.zoomIn()),
      button("map.zoom_out", "−", () => this.map.zoomOut()),
      button("map.home", "⌂", () => this.home()),
    );
  }

  private home(): void {
    if (this.place) this.map.easeTo({ center: this.place.place.center, zoom: this.place.place.zoom });
    else this.fitFleet();
  }

  private fitFleet(): boolean {
    const box = bounds(this.store.vehicles.values());
    if (box) this.map.fitBounds(box, { padding: 60, maxZoom: 15, animate: false });
    return box !== null;
  }

  private credit(): HTMLElement {
    const note = el("span");
    if (this.place?.place.schematic) withLang(() => setText(note, `${t("map.schematic")} · `));
    const owed = this.place?.place.attribution;
    return el(
      "p",
      { class: "credit" },
      note,
      owed ? `${owed} · ` : "",
      el("a", { href: "licenses.txt" }, "MapLibre"),
    );
  }
}
