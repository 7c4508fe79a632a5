// Drives the built dashboard in a real browser against a running collector:
//   node e2e/dashboard.mjs --url http://127.0.0.1:8080 --min-vehicles 290 --screenshot out.png [--timeout 90]
// Prints one line of JSON and exits 0, or one line saying what was wrong and exits 1.
import { parseArgs } from "node:util";
import { chromium } from "playwright-core";

const VIEWPORT = { width: 1440, height: 900 };
/** How far from the middle of the map the chosen vehicle may be: it keeps riding after the flight. */
const NEAR_PX = 140;
const CHROMIUM_ARGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--enable-unsafe-swiftshader",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

const { values: options } = parseArgs({
  options: {
    url: { type: "string" },
    "min-vehicles": { type: "string", default: "1" },
    screenshot: { type: "string", default: "dashboard.png" },
    timeout: { type: "string", default: "90" },
  },
});

/** Fails the run with one clear line; anything else that is thrown is a bug or a timeout. */
class Failure extends Error {}

function check(holds, message) {
  if (!holds) throw new Failure(message);
}

/** What the page did that it must never do. */
function watch(page, origin) {
  const faults = [];
  page.on("console", (message) => {
    // The contract lets a collector have no place; the browser reports that 404 by itself.
    const noPlace = message.location().url.endsWith("/api/v1/place");
    if (message.type() === "error" && !noPlace) faults.push(`console error: ${message.text()}`);
  });
  page.on("pageerror", (error) => faults.push(`uncaught: ${error.message}`));
  page.on("request", (request) => {
    const { protocol, origin: target } = new URL(request.url());
    if (protocol.startsWith("http") && target !== origin) faults.push(`left the origin: ${request.url()}`);
  });
  return faults;
}

/** Waits until `probe` holds in the page; the deadline is shared by all waits of the run. */
async function until(page, what, deadlineMs, probe, argument) {
  const timeout = Math.max(1, deadlineMs - Date.now());
  try {
    await page.waitForFunction(probe, argument, { timeout, polling: 200 });
  } catch {
    throw new Failure(`timed out waiting for ${what}`);
  }
}

async function distanceFromCentre(page) {
  const map = await page.getByTestId("map").boundingBox();
  const marker = await page.getByTestId("selected-marker").boundingBox();
  check(map && marker, "the selected vehicle is not marked on the map");
  check(map.width * map.height > (VIEWPORT.width * VIEWPORT.height) / 2, "the map does not fill the page");
  // The tag hangs centred below its vehicle.
  return Math.hypot(
    marker.x + marker.width / 2 - (map.x + map.width / 2),
    marker.y - (map.y + map.height / 2),
  );
}

async function setLang(page, lang, deadlineMs) {
  const now = await page.evaluate(() => window.zhilian.lang());
  if (now !== lang) await page.getByTestId("lang-toggle").click();
  await until(page, `the page in ${lang}`, deadlineMs, (wanted) => window.zhilian.lang() === wanted, lang);
  // Map labels are drawn anew; an idle map has them.
  await until(page, "the map to redraw", deadlineMs, () => window.zhilian.mapReady());
}

/** Takes the first alert on. It may grow in the next moment, so the words that its badge had are kept. */
async function takeOn(page, id, deadlineMs) {
  await page.evaluate(() => {
    const badge = () => document.querySelector('[data-testid="card-badge"]')?.textContent;
    window.badges = new Set([badge()]);
    const look = () => window.badges.add(badge());
    new MutationObserver(look).observe(document.body, {
      subtree: true,
      childList: true,
      characterData: true,
    });
  });
  // Whatever changes around it, the button stays the same element: one that is replaced hears of no click.
  const button = page.getByTestId("acknowledge").first();
  const element = await button.elementHandle();
  const put = await page.request.post(new URL(`api/v1/alerts/${id}/snooze`, options.url).href, {
    data: { for: "1h" },
  });
  check(put.ok(), `the alert cannot be put off: HTTP ${put.status()}`);
  await until(page, "the alert to be put off", deadlineMs, () => window.badges.has("Snoozed"));
  check(await element.evaluate((before) => before.isConnected), "the button was replaced by a change");
  await button.click();
  await until(page, "the alert to be taken on", deadlineMs, () => window.badges.has("Taken on"));
}

async function run(page, deadlineMs) {
  const faults = watch(page, new URL(options.url).origin);
  const minVehicles = Number(options["min-vehicles"]);
  const startMs = Date.now();
  await page.goto(new URL("?lang=en", options.url).href, { timeout: deadlineMs - Date.now() });
  await until(page, "the map", deadlineMs, () => window.zhilian?.mapReady());
  const enough = (least) => window.zhilian.vehicleCount() >= least;
  await until(page, `${minVehicles} vehicles`, deadlineMs, enough, minVehicles);
  const readyMs = Date.now() - startMs;

  const item = page.getByTestId("alert-item").first();
  await item.waitFor({ timeout: Math.max(1, deadlineMs - Date.now()) }).catch(() => {
    throw new Failure("timed out waiting for an alert");
  });
  // A newer alert may take the first place at any moment: from here on it is this one.
  const { id, vin } = await item.evaluate(({ dataset }) => ({ id: dataset.id, vin: dataset.vin }));
  await page.locator(`[data-testid="alert-item"][data-id="${id}"]`).click();
  const hasWhy = () => document.querySelector('[data-testid="card-why"]')?.textContent.trim();
  await until(page, "the card to say why", deadlineMs, hasWhy);
  // The flight starts with the next frame; before that the map still looks idle.
  await page.waitForTimeout(300);
  await until(page, "the flight to end", deadlineMs, () => window.zhilian.mapReady());
  const selected = await page.evaluate(() => window.zhilian.selectedVin());
  check(selected === vin, `clicked the alert of ${vin} but ${selected} is selected`);
  const offCentrePx = Math.round(await distanceFromCentre(page));
  check(offCentrePx <= NEAR_PX, `the selected vehicle is ${offCentrePx} px from the middle of the map`);

  const why = page.getByTestId("card-why").first();
  const whyEn = await why.textContent();
  await page.screenshot({ path: options.screenshot });
  await takeOn(page, id, deadlineMs);
  await setLang(page, "zh", deadlineMs);
  const whyZh = await why.textContent();
  check(whyZh !== whyEn, "the reason did not change with the language");
  await page.screenshot({ path: options.screenshot.replace(/(\.\w+)?$/, ".zh$1") });

  const live = await page.getByTestId("live-state").getAttribute("data-state");
  check(live === "live", `the stream is ${live}`);
  const seen = await page.evaluate(() => ({
    vehicles: window.zhilian.vehicleCount(),
    open_alerts: window.zhilian.openAlerts(),
    frame_ms: Math.round(window.zhilian.frameMs() * 10) / 10,
  }));
  check(faults.length === 0, faults.join("; "));
  return { ...seen, ready_ms: readyMs, vin, off_centre_px: offCentrePx, why_en: whyEn, why_zh: whyZh };
}

const deadlineMs = Date.now() + Number(options.timeout) * 1000;
let browser;
try {
  check(options.url, "--url is needed");
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: CHROMIUM_ARGS,
    timeout: 30_000,
  });
  const page = await browser.newPage({ viewport: VIEWPORT });
  console.log(JSON.stringify(await run(page, deadlineMs)));
} catch (error) {
  console.error(`dashboard: ${error instanceof Failure ? error.message : String(error).split("\n")[0]}`);
  process.exitCode = 1;
} finally {
  await browser?.close();
}
