import type { Stats } from "../api.ts";
import { el, setText } from "../dom.ts";
import { count } from "../format.ts";
import { type Key, t, withLang } from "../i18n.ts";
import type { Store } from "../state.ts";

const KPIS: { id: string; value: (stats: Stats) => string; hint?: Key }[] = [
  { id: "vehicles", value: (stats) => count(stats.vehicles) },
  { id: "online", value: (stats) => count(stats.online) },
  { id: "rate", value: (stats) => count(stats.reports_per_s, stats.reports_per_s < 100 ? 1 : 0) },
  { id: "alerts", value: (stats) => count(stats.open_alerts) },
  { id: "lost", value: (stats) => count(stats.lost), hint: "kpi.lost.hint" },
];

/** The row of live numbers. */
export function kpis(store: Store): HTMLElement {
  const row = el("dl", { class: "kpis" });
  const values = KPIS.map(({ id, hint }) => {
    const value = el("dd", { "data-testid": `kpi-${id}` }, t("unknown"));
    const label = el("dt");
    const tile = el("div", {}, label, value);
    row.append(tile);
    withLang(() => {
      setText(label, t(`kpi.${id}` as Key));
      if (hint) tile.title = t(hint);
    });
    return value;
  });
  store.subscribe("stats", (stats) => {
    KPIS.forEach(({ id, value }, i) => {
      setText(values[i]!, value(stats));
      if (id === "alerts") values[i]!.dataset.alarm = String(stats.open_alerts > 0);
    });
  });
  return row;
}
