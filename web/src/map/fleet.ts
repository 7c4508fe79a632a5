import type { Mode, Severity, Vehicle } from "../api.ts";
import { mercatorX, mercatorY } from "./geometry.ts";

export const MODES: readonly Mode[] = ["parked", "charging", "riding"];
export const SEVERITIES: readonly (Severity | null)[] = [null, "info", "warning", "critical"];

const MIN_GLIDE_MS = 300;
const MAX_GLIDE_MS = 6_000;
/** A longer step (about 800 m at the equator) is a correction or a gap, not a ride: show it at once. */
const MAX_GLIDE = 2e-5;

/**
 * Where every vehicle is drawn, in columns, because 20,000 objects a frame would feed only the garbage
 * collector. A vehicle glides from where it is seen to where it reported, for as long as its last two
 * reports were apart. Unknown positions are NaN, which no comparison lets through.
 */
export class Fleet {
  readonly vins: string[] = [];
  x = new Float64Array(0);
  y = new Float64Array(0);
  headingDeg = new Float32Array(0);
  mode = new Uint8Array(0);
  severity = new Uint8Array(0);
  online = new Uint8Array(0);

  private fromX = new Float64Array(0);
  private fromY = new Float64Array(0);
  private toX = new Float64Array(0);
  private toY = new Float64Array(0);
  private startMs = new Float64Array(0);
  private glideMs = new Float32Array(0);
  private readonly slots = new Map<string, number>();

  get size(): number {
    return this.vins.length;
  }

  slot(vin: string): number | undefined {
    return this.slots.get(vin);
  }

  clear(): void {
    this.vins.length = 0;
    this.slots.clear();
  }

  put(vehicle: Vehicle, severity: Severity | null, nowMs: number, glides = true): void {
    const slot = this.slots.get(vehicle.vin) ?? this.add(vehicle.vin);
    this.mode[slot] = Math.max(0, MODES.indexOf(vehicle.mode));
    this.severity[slot] = SEVERITIES.indexOf(severity);
    this.online[slot] = vehicle.online ? 1 : 0;
    this.headingDeg[slot] = vehicle.heading_deg ?? Number.NaN;
    const { lon_deg: lon, lat_deg: lat } = vehicle;
    if (lon != null && lat != null) this.move(slot, mercatorX(lon), mercatorY(lat), nowMs, glides);
  }

  /** Moves everything to where it is at `nowMs`; true while anything is still on its way. */
  advance(nowMs: number): boolean {
    let moving = false;
    for (let i = 0; i < this.size; i++) {
      if (this.x[i] === this.toX[i] && this.y[i] === this.toY[i]) continue;
      const share = Math.min(1, (nowMs - this.startMs[i]!) / this.glideMs[i]!);
      if (share >= 1) {
        this.x[i] = this.toX[i]!;
        this.y[i] = this.toY[i]!;
      } else {
        this.x[i] = this.fromX[i]! + (this.toX[i]! - this.fromX[i]!) * share;
        this.y[i] = this.fromY[i]! + (this.toY[i]! - this.fromY[i]!) * share;
        moving = true;
      }
    }
    return moving;
  }

  private move(slot: number, x: number, y: number, nowMs: number, glides: boolean): void {
    if (x === this.toX[slot] && y === this.toY[slot]) return;
    const far = Math.hypot(x - this.x[slot]!, y - this.y[slot]!) <= MAX_GLIDE === false;
    if (far || !glides) {
      this.x[slot] = x;
      this.y[slot] = y;
    }
    this.fromX[slot] = this.x[slot]!;
    this.fromY[slot] = this.y[slot]!;
    this.toX[slot] = x;
    this.toY[slot] = y;
    const sinceLastMs = nowMs - this.startMs[slot]!;
    this.glideMs[slot] = Math.min(MAX_GLIDE_MS, Math.max(MIN_GLIDE_MS, sinceLastMs));
    this.startMs[slot] = nowMs;
  }

  private add(vin: string): number {
    const slot = this.vins.push(vin) - 1;
    this.slots.set(vin, slot);
    if (slot >= this.x.length) this.grow(Math.max(1024, slot * 2));
    this.x[slot] = this.y[slot] = this.toX[slot] = this.toY[slot] = Number.NaN;
    this.startMs[slot] = 0;
    return slot;
  }

  private grow(capacity: number): void {
    const wider = <A extends Float64Array | Float32Array | Uint8Array>(column: A): A => {
      const next = new (column.constructor as new (length: number) => A)(capacity);
      next.set(column);
      return next;
    };
    this.x = wider(this.x);
    this.y = wider(this.y);
    this.headingDeg = wider(this.headingDeg);
    this.mode = wider(this.mode);
    this.severity = wider(this.severity);
    this.online = wider(this.online);
    this.fromX = wider(this.fromX);
    this.fromY = wider(this.fromY);
    this.toX = wider(this.toX);
    this.toY = wider(this.toY);
    this.startMs = wider(this.startMs);
    this.glideMs = wider(this.glideMs);
  }
}
