import type { Map as MapLibre } from "maplibre-gl";
import { Fleet, MODES, SEVERITIES } from "./fleet.ts";
import { mercatorX, mercatorY } from "./geometry.ts";
import { MODE_COLOR, OFFLINE_ALPHA, SEVERITY_COLOR, Sprites } from "./sprites.ts";

/** While only the fleet moves, 15 frames a second look smooth and leave a laptop cool. */
const FRAME_MS = 66;
const PULSE_MS = 1_800;
const HIT_PX = 14;
const TILE_PX = 512;
/** With more in view than this, shapes run together anyway: squares of colour are drawn twenty times faster. */
const CROWD = 3_000;

export const calmMotion = matchMedia("(prefers-reduced-motion: reduce)");

/** Vehicles on a canvas above the map. The map neither tilts nor turns, so a scale and a shift project them. */
export class Overlay {
  readonly fleet = new Fleet();
  selectedVin: string | null = null;
  /** How long the last frame took to draw, for the curious. */
  frameMs = 0;
  /** Called after each frame, for what follows a vehicle on the page. */
  onFrame = () => {};

  private readonly canvas = document.createElement("canvas");
  private readonly ctx = this.canvas.getContext("2d")!;
  private sprites = new Sprites(4, devicePixelRatio);
  private scale = 1;
  private shiftX = 0;
  private shiftY = 0;
  /** Slots of the vehicles in view, the first `visibleCount` of them valid. */
  private visible = new Uint32Array(0);
  private visibleCount = 0;
  private lastFrameMs = 0;
  private scheduled = false;
  private dirty = true;

  constructor(private readonly map: MapLibre) {
    this.canvas.className = "overlay";
    map.getCanvasContainer().append(this.canvas);
    // In the map's own frame, or vehicles would swim behind a drag.
    map.on("render", () => this.draw());
  }

  /** Asks for a frame soon; call it after the fleet changed. */
  invalidate(): void {
    this.dirty = true;
    if (this.scheduled) return;
    this.scheduled = true;
    requestAnimationFrame(this.tick);
  }

  /** Where a vehicle is drawn, in CSS pixels of the map; null when its position is not known. */
  screenPosition(vin: string): { x: number; y: number } | null {
    const slot = this.fleet.slot(vin);
    if (slot === undefined || Number.isNaN(this.fleet.x[slot]!)) return null;
    return { x: this.screenX(slot), y: this.screenY(slot) };
  }

  /** The vehicle under a point. Among close ones, one with an alert wins. */
  hit(x: number, y: number): string | null {
    let best = -1;
    let bestScore = Number.POSITIVE_INFINITY;
    for (let i = 0; i < this.fleet.size; i++) {
      const distance = Math.hypot(this.screenX(i) - x, this.screenY(i) - y);
      if (!(distance <= HIT_PX)) continue;
      const score = this.fleet.severity[i]! > 0 ? distance - HIT_PX : distance;
      if (score < bestScore) [best, bestScore] = [i, score];
    }
    return best < 0 ? null : this.fleet.vins[best]!;
  }

  private readonly tick = (frameMs: number) => {
    this.scheduled = false;
    if (frameMs - this.lastFrameMs < FRAME_MS) {
      this.scheduled = true;
      requestAnimationFrame(this.tick);
      return;
    }
    if (this.dirty) this.draw();
  };

  private draw(): void {
    const nowMs = performance.now();
    this.lastFrameMs = nowMs;
    this.dirty = false;
    const moving = this.fleet.advance(nowMs);
    this.project();
    this.ctx.clearRect(0, 0, this.canvas.width, this.canvas.height);
    this.cull();
    this.drawVehicles();
    const pulsing = this.drawAlerts(nowMs);
    this.drawSelection();
    this.onFrame();
    this.frameMs = performance.now() - nowMs;
    if (moving || (pulsing && !calmMotion.matches)) this.invalidate();
  }

  private project(): void {
    const { clientWidth: width, clientHeight: height } = this.map.getContainer();
    const ratio = devicePixelRatio;
    if (
      this.canvas.width !== Math.round(width * ratio) ||
      this.canvas.height !== Math.round(height * ratio)
    ) {
      this.canvas.width = Math.round(width * ratio);
      this.canvas.height = Math.round(height * ratio);
    }
    this.ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
    const zoom = this.map.getZoom();
    const center = this.map.getCenter();
    this.scale = TILE_PX * 2 ** zoom;
    this.shiftX = width / 2 - mercatorX(center.lng) * this.scale;
    this.shiftY = height / 2 - mercatorY(center.lat) * this.scale;
    const radius = radiusAt(zoom);
    if (radius !== this.sprites.radiusPx || ratio !== this.sprites.pixelRatio)
      this.sprites = new Sprites(radius, ratio);
  }

  private screenX(slot: number): number {
    return this.fleet.x[slot]! * this.scale + this.shiftX;
  }

  private screenY(slot: number): number {
    return this.fleet.y[slot]! * this.scale + this.shiftY;
  }

  private cull(): void {
    const { fleet, canvas } = this;
    if (this.visible.length < fleet.size) this.visible = new Uint32Array(fleet.x.length);
    const margin = 30;
    const right = canvas.clientWidth + margin;
    const bottom = canvas.clientHeight + margin;
    let count = 0;
    for (let i = 0; i < fleet.size; i++) {
      const x = this.screenX(i);
      const y = this.screenY(i);
      if (x > -margin && y > -margin && x < right && y < bottom) this.visible[count++] = i;
    }
    this.visibleCount = count;
  }

  /** One pass a look, so that riders are never hidden behind a bicycle rack. Alerts are drawn later, on top. */
  private drawVehicles(): void {
    const { fleet, ctx } = this;
    const crowded = this.visibleCount > CROWD;
    const dotPx = Math.round(this.sprites.radiusPx * 0.75);
    for (let look = 0; look < MODES.length * 2; look++) {
      const mode = look >> 1;
      const online = look & 1;
      ctx.fillStyle = MODE_COLOR[MODES[mode]!];
      ctx.globalAlpha = crowded && !online ? OFFLINE_ALPHA : 1;
      for (let k = 0; k < this.visibleCount; k++) {
        const i = this.visible[k]!;
        if (fleet.mode[i] !== mode || fleet.online[i] !== online || fleet.severity[i] !== 0) continue;
        if (crowded) ctx.fillRect(this.screenX(i) - dotPx / 2, this.screenY(i) - dotPx / 2, dotPx, dotPx);
        else this.drawSprite(i);
      }
    }
    ctx.globalAlpha = 1;
  }

  /** Vehicles with open alerts and the rings around them; true when any is in view. */
  private drawAlerts(nowMs: number): boolean {
    const { fleet } = this;
    const phase = calmMotion.matches ? 0.4 : (nowMs % PULSE_MS) / PULSE_MS;
    let any = false;
    for (let k = 0; k < this.visibleCount; k++) {
      const i = this.visible[k]!;
      const severity = SEVERITIES[fleet.severity[i]!];
      if (!severity) continue;
      any = true;
      this.drawRing(this.screenX(i), this.screenY(i), SEVERITY_COLOR[severity], phase);
      this.drawSprite(i);
    }
    return any;
  }

  private drawRing(x: number, y: number, color: string, phase: number): void {
    const { ctx } = this;
    const radius = this.sprites.radiusPx + 5;
    ctx.fillStyle = ctx.strokeStyle = color;
    ctx.lineWidth = 2;
    ctx.globalAlpha = 0.22;
    this.disc(x, y, radius + 3, "fill");
    ctx.globalAlpha = 1 - phase;
    this.disc(x, y, radius + phase * 18, "stroke");
    ctx.globalAlpha = 1;
    this.disc(x, y, radius, "stroke");
  }

  private drawSprite(slot: number): void {
    const { mode, online, headingDeg } = this.fleet;
    const { ctx, sprites } = this;
    sprites.draw(ctx, this.screenX(slot), this.screenY(slot), mode[slot]!, online[slot]!, headingDeg[slot]!);
  }

  private drawSelection(): void {
    const at = this.selectedVin === null ? null : this.screenPosition(this.selectedVin);
    if (!at) return;
    this.ctx.strokeStyle = "#ffffff";
    this.ctx.lineWidth = 2;
    this.disc(at.x, at.y, this.sprites.radiusPx + 9, "stroke");
  }

  private disc(x: number, y: number, radius: number, how: "fill" | "stroke"): void {
    this.ctx.beginPath();
    this.ctx.arc(x, y, radius, 0, 2 * Math.PI);
    this.ctx[how]();
  }
}

/** Bigger when close; in half pixels, so that sprites are not made anew at every step. */
export function radiusAt(zoom: number): number {
  return Math.round(Math.min(8, Math.max(3.5, 4.5 + (zoom - 11) * 0.9)) * 2) / 2;
}
