import { el } from "../dom.ts";
import { count, quantity } from "../format.ts";

/** Working range of a cell; a chemistry we do not know is drawn on its own range. */
const RANGE_MV: Record<string, [empty: number, full: number]> = { nmc: [3000, 4200], lfp: [2500, 3650] };
/** A cell this far from the median is worth a look; balanced packs stay within a few mV. */
const ODD_MV = 50;
const WARM_C = 45;
const HOT_C = 60;

export function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Height of a cell's bar in percent of the strip; never nothing, so that a dead cell is still seen. */
export function barPct(cellMv: number, [emptyMv, fullMv]: [number, number]): number {
  const share = (cellMv - emptyMv) / Math.max(1, fullMv - emptyMv);
  return Math.round(Math.max(0.06, Math.min(1, share)) * 100);
}

export function cellStrip(cellsMv: number[], chemistry: string, summary: string): HTMLElement {
  const range = RANGE_MV[chemistry] ?? [Math.min(...cellsMv) - 100, Math.max(...cellsMv) + 20];
  const middleMv = median(cellsMv);
  const bars = cellsMv.map((cellMv, i) => {
    const odd = Math.abs(cellMv - middleMv) > ODD_MV;
    const bar = el("span", { "data-odd": odd, title: `${i + 1}: ${count(cellMv)} mV` });
    bar.style.height = `${barPct(cellMv, range)}%`;
    return bar;
  });
  return el("div", { class: "cells", role: "img", "aria-label": summary }, ...bars);
}

export function temperatureStrip(tempsC: number[]): HTMLElement {
  const chips = tempsC.map((tempC) => {
    const heat = tempC >= HOT_C ? "hot" : tempC >= WARM_C ? "warm" : "fine";
    return el("li", { "data-heat": heat }, quantity(tempC, "°C", 1));
  });
  return el("ul", { class: "temps" }, ...chips);
}
