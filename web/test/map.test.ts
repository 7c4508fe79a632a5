import { expect, test } from "vitest";
import type { Vehicle } from "../src/api.ts";
import { Fleet } from "../src/map/fleet.ts";
import { bounds, mercatorX, mercatorY, smooth } from "../src/map/geometry.ts";
import { barPct, median } from "../src/panel/battery.ts";

const at = (lon_deg: number | null, lat_deg: number | null): Vehicle => ({
  vin: "A",
  ts_ms: 0,
  seen_ms: 0,
  mode: "riding",
  online: true,
  alerts: [],
  lon_deg,
  lat_deg,
});

test("a vehicle glides for as long as its reports were apart", () => {
  const fleet = new Fleet();
  fleet.put(at(106.5, 29.5), null, 1_000);
  expect(fleet.x[0]).toBe(mercatorX(106.5));
  fleet.put(at(106.501, 29.5), null, 3_000);
  expect(fleet.advance(4_000)).toBe(true);
  expect(fleet.x[0]).toBeCloseTo(mercatorX(106.5005), 12);
  expect(fleet.advance(5_000)).toBe(false);
  expect(fleet.x[0]).toBe(mercatorX(106.501));
});

test("a far jump is shown at once", () => {
  const fleet = new Fleet();
  fleet.put(at(106.5, 29.5), null, 1_000);
  fleet.put(at(107.5, 29.5), null, 3_000);
  expect(fleet.x[0]).toBe(mercatorX(107.5));
});

test("without a position there is nowhere to draw, until the first fix", () => {
  const fleet = new Fleet();
  fleet.put(at(null, null), null, 0);
  expect(fleet.x[0]).toBeNaN();
  fleet.put(at(106.5, 29.5), null, 10);
  expect(fleet.y[0]).toBe(mercatorY(29.5));
});

test("columns grow with the fleet and keep what they hold", () => {
  const fleet = new Fleet();
  for (let i = 0; i < 5_000; i++) fleet.put({ ...at(i / 100, 1), vin: `${i}` }, null, 0);
  expect(fleet.size).toBe(5_000);
  expect(fleet.x[17]).toBe(mercatorX(0.17));
});

test("mercator runs from 0 to 1 around the equator", () => {
  expect(mercatorX(-180)).toBe(0);
  expect(mercatorX(180)).toBe(1);
  expect(mercatorY(0)).toBeCloseTo(0.5, 12);
  expect(mercatorY(90)).toBeCloseTo(0, 5);
});

test("smoothing keeps both ends of a river", () => {
  const bent = [
    [0, 0],
    [1, 0],
    [1, 1],
  ];
  const round = smooth(bent);
  expect(round[0]).toEqual([0, 0]);
  expect(round.at(-1)).toEqual([1, 1]);
  expect(round.length).toBeGreaterThan(10);
  expect(round).not.toContainEqual([1, 0]);
});

test("bounds ignore vehicles without a position", () => {
  expect(bounds([])).toBeNull();
  expect(bounds([at(null, null), at(106, 29), at(107, 30)])).toEqual([106, 29, 107, 30]);
});

test("a dead cell still has a bar", () => {
  expect(barPct(0, [3000, 4200])).toBe(6);
  expect(barPct(3600, [3000, 4200])).toBe(50);
  expect(barPct(9999, [3000, 4200])).toBe(100);
});

test("median", () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 2, 3])).toBe(2.5);
});
