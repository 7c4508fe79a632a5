import type { Map as MapLibre } from "maplibre-gl";
import { Fleet, MODES, SEVERITIES } from "./fleet.ts";
import { mercatorX, mercatorY } from "./geometry.ts";
import { SEVERITY_COLOR, Sprites } from "./sprites.ts";

/** While only the fleet moves, 15 frames a second look smooth and leave a laptop cool. */
const FRAME_MS = 66;
const PULSE_MS = 1_800;
const HIT_PX = 14;
const TILE_PX = 512;

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
    const pulsing = this.drawRings(nowMs);
    this.drawVehicles();
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
    const radius = radiusAt(zoom, this.fleet.size);
    if (radius !== this.sprites.radiusPx || ratio !== this.sprites.pixelRatio)
      this.sprites = new Sprites(radius, ratio);
  }

  private screenX(slot: number): number {
    return this.fleet.x[slot]! * this.scale + this.shiftX;
  }

  private screenY(slot: number): number {
    return this.fleet.y[slot]! * this.scale + this.shiftY;
  }

  /** One pass a mode, so that riders are never hidden behind a bicycle rack; those with alerts last of all. */
  private drawVehicles(): void {
    const { fleet } = this;
    for (let mode = 0; mode <= MODES.length; mode++) {
      const alerts = mode === MODES.length;
      for (let i = 0; i < fleet.size; i++) {
        if (alerts ? fleet.severity[i] === 0 : fleet.mode[i] !== mode || fleet.severity[i] !== 0) continue;
        const x = this.screenX(i);
        const y = this.screenY(i);
        if (this.inView(x, y))
          this.sprites.draw(this.ctx, x, y, fleet.mode[i]!, fleet.online[i]!, fleet.headingDeg[i]!);
      }
    }
  }

  /** Rings around vehicles with open alerts; true when any is in view. */
  private drawRings(nowMs: number): boolean {
    const { fleet, ctx } = this;
    const phase = calmMotion.matches ? 0.4 : (nowMs % PULSE_MS) / PULSE_MS;
    let any = false;
    for (let i = 0; i < fleet.size; i++) {
      if (fleet.severity[i] === 0) continue;
      const x = this.screenX(i);
      const y = this.screenY(i);
      if (!this.inView(x, y)) continue;
      any = true;
      const color = SEVERITY_COLOR[SEVERITIES[fleet.severity[i]!]!];
      const radius = this.sprites.radiusPx + 5;
      ctx.fillStyle = ctx.strokeStyle = color;
      ctx.globalAlpha = 0.22;
      this.disc(x, y, radius + 3, "fill");
      ctx.globalAlpha = 1;
      ctx.lineWidth = 2;
      this.disc(x, y, radius, "stroke");
      ctx.globalAlpha = 1 - phase;
      this.disc(x, y, radius + phase * 18, "stroke");
      ctx.globalAlpha = 1;
    }
    return any;
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

  private inView(x: number, y: number): boolean {
    const margin = 30;
    return (
      x > -margin &&
      y > -margin &&
      x < this.canvas.clientWidth + margin &&
      y < this.canvas.clientHeight + margin
    );
  }
}

/** Bigger when close, smaller in a crowd; in half pixels, so that sprites are not redrawn at every step. */
export function radiusAt(zoom: number, vehicles: number): number {
  const crowd = vehicles > 5_000 ? 0.6 : vehicles > 1_000 ? 0.8 : 1;
  const radius = Math.min(8, Math.max(3.5, 4.5 + (zoom - 11) * 0.9));
  return Math.round(radius * crowd * 2) / 2;
}
