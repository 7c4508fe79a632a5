import type { Alert } from "../api.ts";
import { t } from "../i18n.ts";

/** Where an alert is in its life, in a word: how bad it is while it simply stands. */
export function badgeText(alert: Alert): string {
  const word = alert.state === "raised" ? t(`severity.${alert.severity}`) : t(`state.${alert.state}`);
  return alert.late ? `${word} · ${t("state.late")}` : word;
}
