import { expect, test } from "vitest";
import kinds from "../../src/model/kind.rs?raw";
import { measures, rules } from "../src/words.ts";

const detectors = import.meta.glob<string>("../../src/detect/**/*.rs", {
  query: "?raw",
  import: "default",
  eager: true,
});
const found = (text: string, pattern: RegExp): string[] =>
  [...text.matchAll(pattern)].map((match) => match[1]!);

test("every rule has words in both languages, and no word is for a rule that is gone", () => {
  const told = ["theft", "battery"].flatMap((family) => {
    const block = kinds.split(`"${family}" {`)[1]!.split("\n    }")[0]!;
    return found(block, /\w+ "(\w+)",/g).map((name) => `${family}.${name}`);
  });
  expect(told.length).toBeGreaterThan(20);
  expect(Object.keys(rules).sort()).toEqual(told.sort());
});

test("every piece of evidence has words in both languages", () => {
  const names = Object.values(detectors).flatMap((source) => found(source, /\bfact\(\s*"(\w+)"/g));
  expect(names.length).toBeGreaterThan(40);
  expect(names.filter((name) => !(name in measures))).toEqual([]);
});
