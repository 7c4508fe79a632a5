import type { Mode, Severity } from "../api.ts";
import { MODES } from "./fleet.ts";

export const MODE_COLOR: Record<Mode, string> = { parked: "#a9b6cb", charging: "#c3a6ff", riding: "#3fd8ad" };
export const SEVERITY_COLOR: Record<Severity, string> = {
  info: "#7fb4ff",
  warning: "#ffb547",
  critical: "#ff6b6b",
};
const OUTLINE = "#0a111c";
export const OFFLINE_ALPHA = 0.4;

/** Directions a heading tick is drawn in; finer would not be seen. */
const HEADINGS = 32;
const COLUMNS = HEADINGS + 1;

/** Draws one vehicle at the origin. Shape tells the mode as well as colour does. */
export function drawVehicle(
  ctx: CanvasRenderingContext2D,
  mode: Mode,
  radius: number,
  headingDeg = Number.NaN,
): void {
  ctx.fillStyle = MODE_COLOR[mode];
  ctx.strokeStyle = OUTLINE;
  ctx.lineWidth = Math.max(1, radius * 0.28);
  ctx.lineJoin = "round";
  ctx.beginPath();
  if (mode === "charging") {
    const half = radius * 0.88;
    ctx.moveTo(0, -half * 1.25);
    ctx.lineTo(half * 1.25, 0);
    ctx.lineTo(0, half * 1.25);
    ctx.lineTo(-half * 1.25, 0);
    ctx.closePath();
  } else if (mode === "riding" && !Number.isNaN(headingDeg)) {
    // A disc drawn out to a point: the tick shows where the rider is going.
    const ahead = ((headingDeg - 90) * Math.PI) / 180;
    ctx.arc(0, 0, radius, ahead + 0.75, ahead - 0.75 + 2 * Math.PI);
    ctx.lineTo(Math.cos(ahead) * radius * 1.9, Math.sin(ahead) * radius * 1.9);
    ctx.closePath();
  } else {
    ctx.arc(0, 0, mode === "parked" ? radius * 0.8 : radius, 0, 2 * Math.PI);
  }
  ctx.stroke();
  ctx.fill();
}

/**
 * Every look a vehicle can have, drawn once: copying a picture is far cheaper than filling a path, and the
 * cost does not grow with how pretty it is.
 */
export class Sprites {
  readonly sizePx: number;
  private readonly sheet = document.createElement("canvas");
  private readonly cell: number;

  constructor(
    readonly radiusPx: number,
    readonly pixelRatio: number,
  ) {
    this.cell = Math.ceil(radiusPx * 4.4 * pixelRatio);
    this.sizePx = this.cell / pixelRatio;
    this.sheet.width = this.cell * COLUMNS;
    this.sheet.height = this.cell * MODES.length * 2;
    const ctx = this.sheet.getContext("2d")!;
    for (let row = 0; row < MODES.length * 2; row++) {
      const mode = MODES[row >> 1]!;
      ctx.globalAlpha = row & 1 ? 1 : OFFLINE_ALPHA;
      for (let column = 0; column < (mode === "riding" ? COLUMNS : 1); column++) {
        const headingDeg = column === 0 ? Number.NaN : ((column - 1) * 360) / HEADINGS;
        ctx.setTransform(pixelRatio, 0, 0, pixelRatio, (column + 0.5) * this.cell, (row + 0.5) * this.cell);
        drawVehicle(ctx, mode, radiusPx, headingDeg);
      }
    }
  }

  draw(
    ctx: CanvasRenderingContext2D,
    x: number,
    y: number,
    mode: number,
    online: number,
    headingDeg: number,
  ): void {
    const turns = MODES[mode] === "riding" && !Number.isNaN(headingDeg);
    const column = turns ? 1 + ((Math.round((headingDeg / 360) * HEADINGS) + HEADINGS) % HEADINGS) : 0;
    const half = this.sizePx / 2;
    const { cell, sizePx } = this;
    const sourceY = (mode * 2 + online) * cell;
    ctx.drawImage(this.sheet, column * cell, sourceY, cell, cell, x - half, y - half, sizePx, sizePx);
  }
}
