import { lang, measureName, t } from "./i18n.ts";

/** What a name's suffix says about its unit. The longest match wins, so `_c_per_s` stands before `_s`. */
const UNITS: [suffix: string, unit: string, digits: number][] = [
  ["_c_per_min", "°C/min", 1],
  ["_c_per_s", "°C/s", 2],
  ["_mv_per_s", "mV/s", 1],
  ["_v_per_s", "V/s", 2],
  ["_kohm", "kΩ", 0],
  ["_mohm", "mΩ", 1],
  ["_ohm", "Ω", 0],
  ["_kmh", "km/h", 1],
  ["_mps", "m/s", 1],
  ["_mv", "mV", 0],
  ["_pct", "%", 1],
  ["_deg", "°", 1],
  ["_ms", "ms", 0],
  ["_dbm", "dBm", 0],
  ["_m", "m", 0],
  ["_s", "s", 0],
  ["_min", "min", 0],
  ["_h", "h", 1],
  ["_c", "°C", 1],
  ["_k", "K", 1],
  ["_ah", "Ah", 1],
  ["_v", "V", 1],
  ["_a", "A", 1],
  ["_g", "g", 2],
];

/** Evidence is all numbers; these stand for yes and no. */
const YES_OR_NO = new Set(["key_near", "locked", "online", "backup_power"]);

/** One row of evidence in words: `{name: "speed_kmh", value: 38}` becomes ["Speed", "38 km/h"]. */
export function evidence(name: string, value: number): [label: string, text: string] {
  if (YES_OR_NO.has(name)) return [measureName(name, name), t(value === 0 ? "no" : "yes")];
  const [suffix, unit, digits] = UNITS.find(([end]) => name.endsWith(end)) ?? ["", "", 2];
  const bare = suffix ? name.slice(0, -suffix.length) : name;
  return [measureName(name, bare), quantity(value, unit, digits)];
}

export function quantity(value: number | null | undefined, unit: string, digits = 0): string {
  if (value == null || !Number.isFinite(value)) return t("unknown");
  const tight = unit === "" || unit === "%" || unit === "°";
  return `${count(value, digits)}${tight ? "" : "\u202f"}${unit}`;
}

/** A number with thousands separators and at most `digits` decimals. */
export const count = (value: number, digits = 0): string =>
  value.toLocaleString("en-US", { maximumFractionDigits: digits });

export function age(elapsedMs: number): string {
  const elapsedS = Math.floor(elapsedMs / 1000);
  if (elapsedS < 2) return t("age.now");
  if (elapsedS < 60) return t("age.seconds", { n: elapsedS });
  if (elapsedS < 3600) return t("age.minutes", { n: Math.floor(elapsedS / 60) });
  if (elapsedS < 86_400) return t("age.hours", { n: Math.floor(elapsedS / 3600) });
  return t("age.days", { n: Math.floor(elapsedS / 86_400) });
}

/** Time of day where the reader is; the date too when it is another day than `nowMs`. */
export function clock(atMs: number, nowMs: number): string {
  const at = new Date(atMs);
  const sameDay = at.toDateString() === new Date(nowMs).toDateString();
  const day: Intl.DateTimeFormatOptions = sameDay ? {} : { month: "short", day: "numeric" };
  return at.toLocaleString(lang() === "zh" ? "zh-CN" : "en-GB", {
    ...day,
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hourCycle: "h23",
  });
}
