import { afterEach, expect, test, vi } from "vitest";
import { type Alert, acknowledge, snooze } from "../src/api.ts";
import { setLang } from "../src/i18n.ts";
import { badgeText } from "../src/panel/badge.ts";

afterEach(() => {
  vi.unstubAllGlobals();
  setLang("en");
});

/** Answers every request so, and tells what was asked. */
function answering(status: number, body: unknown) {
  const asked = vi.fn(
    async (_path: string, _request: RequestInit) => new Response(JSON.stringify(body), { status }),
  );
  vi.stubGlobal("fetch", asked);
  return asked;
}

test("steps are posted as JSON in the operator's name", async () => {
  const asked = answering(200, { id: "a1", state: "acknowledged" });
  expect((await acknowledge("a1", "Li")).state).toBe("acknowledged");
  await snooze("a1", "1h", "");
  const requests = asked.mock.calls.map(([path, { method, headers, body }]) => [path, method, headers, body]);
  const json = { "Content-Type": "application/json" };
  expect(requests).toEqual([
    ["api/v1/alerts/a1/acknowledge", "POST", json, '{"by":"Li"}'],
    ["api/v1/alerts/a1/snooze", "POST", json, '{"for":"1h"}'],
  ]);
});

test("a refusal is told in the collector's words", async () => {
  answering(409, { error: "alert a1 is cleared: this cannot be done with it now" });
  await expect(acknowledge("a1", "Li")).rejects.toThrow("alert a1 is cleared");
  answering(503, "no JSON object");
  await expect(acknowledge("a1", "Li")).rejects.toThrow("HTTP 503");
});

test("the badge says where an alert is in its life", () => {
  const alert = (change: Partial<Alert>) => ({ state: "raised", severity: "critical", ...change }) as Alert;
  expect(badgeText(alert({}))).toBe("Critical");
  expect(badgeText(alert({ state: "acknowledged" }))).toBe("Taken on");
  expect(badgeText(alert({ late: true }))).toBe("Critical · told late");
  setLang("zh");
  expect(badgeText(alert({ state: "snoozed" }))).toBe("已静默");
});
