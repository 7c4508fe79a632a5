import { afterEach, describe, expect, test } from "vitest";
import { age, count, evidence, quantity } from "../src/format.ts";
import { ruleName, setLang } from "../src/i18n.ts";

afterEach(() => setLang("en"));

describe("evidence", () => {
  test("takes the unit from the name's suffix", () => {
    expect(evidence("speed_kmh", 38)).toEqual(["Top speed", "38\u202fkm/h"]);
    expect(evidence("rise_c_per_s", 1.4)).toEqual(["Heating rate", "1.4\u202f°C/s"]);
    expect(evidence("distance_m", 1240)).toEqual(["Distance moved", "1,240\u202fm"]);
  });

  test("reads a yes or no out of a number", () => {
    expect(evidence("key_near", 0)).toEqual(["Owner's key near", "no"]);
    expect(evidence("locked", 1)).toEqual(["Locked", "yes"]);
  });

  test("tells an unknown measure by its own name", () => {
    expect(evidence("cell_sag_mv", 120)).toEqual(["cell sag", "120\u202fmV"]);
    expect(evidence("score", 0.913)).toEqual(["score", "0.91"]);
  });

  test("follows the language", () => {
    setLang("zh");
    expect(evidence("distance_m", 240)[0]).toBe("移动距离");
    expect(evidence("key_near", 0)[1]).toBe("否");
  });
});

test("an absent number is a dash, not NaN", () => {
  expect(quantity(null, "V")).toBe("—");
  expect(quantity(undefined, "V")).toBe("—");
  expect(quantity(Number.NaN, "V")).toBe("—");
});

test("numbers keep thousands apart", () => {
  expect(count(20_000)).toBe("20,000");
  expect(quantity(81.25, "%", 1)).toBe("81.3%");
});

test.each([
  [-500, "just now"],
  [5_000, "5 s ago"],
  [90_000, "1 min ago"],
  [7_200_000, "2 h ago"],
  [200_000_000, "2 d ago"],
])("age of %d ms", (elapsedMs, words) => expect(age(elapsedMs)).toBe(words));

test("a rule without words is told by its family", () => {
  expect(ruleName("theft.tow")).toBe("Theft: towed away");
  expect(ruleName("battery.weak_cell")).toBe("Battery: weak cell");
  expect(ruleName("novel")).toBe("novel");
});
