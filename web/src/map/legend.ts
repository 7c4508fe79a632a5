import { el, setText } from "../dom.ts";
import { type Key, t, withLang } from "../i18n.ts";
import { drawVehicle, OFFLINE_ALPHA, SEVERITY_COLOR } from "./sprites.ts";

const SIZE_PX = 20;
type Paint = (ctx: CanvasRenderingContext2D) => void;

/** What the signs on the map mean, drawn by the code that draws them there. */
export function legend(): HTMLElement {
  const list = el("ul", { class: "legend" });
  const entry = (key: Key, paint: Paint) => {
    const label = el("span");
    withLang(() => setText(label, t(key)));
    list.append(el("li", {}, swatch(paint), label));
  };
  entry("mode.riding", (ctx) => drawVehicle(ctx, "riding", 5, 45));
  entry("mode.parked", (ctx) => drawVehicle(ctx, "parked", 5.5));
  entry("mode.charging", (ctx) => drawVehicle(ctx, "charging", 5.5));
  entry("legend.offline", (ctx) => {
    ctx.globalAlpha = OFFLINE_ALPHA;
    drawVehicle(ctx, "parked", 5.5);
  });
  entry("legend.alert", (ctx) => {
    ctx.strokeStyle = SEVERITY_COLOR.critical;
    ctx.lineWidth = 2;
    ctx.beginPath();
    ctx.arc(0, 0, 8, 0, 2 * Math.PI);
    ctx.stroke();
    drawVehicle(ctx, "parked", 4);
  });
  withLang(() => list.setAttribute("aria-label", t("legend.label")));
  return list;
}

function swatch(paint: Paint): HTMLCanvasElement {
  const canvas = el("canvas", { "aria-hidden": "true" });
  canvas.width = canvas.height = SIZE_PX * 2;
  const ctx = canvas.getContext("2d")!;
  ctx.setTransform(2, 0, 0, 2, SIZE_PX, SIZE_PX);
  paint(ctx);
  return canvas;
}
