import type { LayerSpecification, StyleSpecification } from "maplibre-gl";
import type { Place } from "../api.ts";
import type { Lang } from "../i18n.ts";
import { smooth } from "./geometry.ts";

const INK = {
  land: "#101929",
  river: "#1c3b5f",
  riverEdge: "#23466f",
  riverName: "#7ea9d8",
  street: "#3a4a64",
  hill: "#303e55",
  bridge: "#6f86a8",
  tunnel: "#46536b",
  intercity: "#2b374b",
  local: "#233047",
  name: "#c3cfe2",
  minorName: "#a3b1c8",
  streetName: "#9aa9c2",
  halo: "#101929",
};

// Without a `glyphs` address MapLibre draws text with the reader's own fonts; nothing is fetched.
// A weight is read from the name; the family "Arial Bold" need not exist, the system's sans-serif follows.
const FONT = ["Arial"];
const BOLD = ["Arial Bold"];

/** Pixels that double with every zoom level, as a width measured on the ground does. */
const groundWidth = (pxAtZoom10: number) =>
  ["interpolate", ["exponential", 2], ["zoom"], 8, pxAtZoom10 / 4, 18, pxAtZoom10 * 256] as never;

const byZoom = (...stops: number[]) => ["interpolate", ["linear"], ["zoom"], ...stops] as never;

const kind = (...kinds: string[]) => ["in", ["get", "kind"], ["literal", kinds]] as never;
const street = (className: string) => ["==", ["get", "class"], className] as never;

/** The whole map, made here from the place's features. A missing place gives a plain background. */
export function mapStyle(place: Place | null, lang: Lang): StyleSpecification {
  const background: LayerSpecification = {
    id: "land",
    type: "background",
    paint: { "background-color": INK.land },
  };
  if (!place) return { version: 8, sources: {}, layers: [background] };
  const features = place.features.map((feature) =>
    feature.properties?.kind === "river" && feature.geometry.type === "LineString"
      ? { ...feature, geometry: { ...feature.geometry, coordinates: smooth(feature.geometry.coordinates) } }
      : feature,
  );
  return {
    version: 8,
    sources: { place: { type: "geojson", data: { type: "FeatureCollection", features }, tolerance: 0.1 } },
    layers: [background, ...rivers(lang), ...streets(lang), ...names(lang)],
  };
}

/** Layers whose text follows the language. */
export const NAMED_LAYERS = ["river-name", "street-name", "district-3", "district-2", "district-1"];

function rivers(lang: Lang): LayerSpecification[] {
  const layout = { "line-cap": "round", "line-join": "round" } as const;
  return [
    {
      id: "river-bank",
      type: "line",
      source: "place",
      filter: kind("river"),
      layout,
      paint: { "line-color": INK.riverEdge, "line-width": groundWidth(8.6), "line-blur": 1 },
    },
    {
      id: "river",
      type: "line",
      source: "place",
      filter: kind("river"),
      layout,
      paint: { "line-color": INK.river, "line-width": groundWidth(8) },
    },
    {
      id: "river-name",
      type: "symbol",
      source: "place",
      filter: kind("river"),
      layout: {
        "symbol-placement": "line",
        "symbol-spacing": 420,
        "text-field": ["get", lang],
        "text-font": FONT,
        "text-size": byZoom(10, 11, 14, 16),
        "text-letter-spacing": 0.18,
        "text-max-angle": 38,
      },
      paint: { "text-color": INK.riverName, "text-halo-color": INK.river, "text-halo-width": 1 },
    },
  ];
}

function streets(lang: Lang): LayerSpecification[] {
  const line = (id: string, color: string, width: never, dash?: number[]): LayerSpecification => ({
    id,
    type: "line",
    source: "place",
    filter: street(id),
    layout: { "line-cap": dash ? "butt" : "round", "line-join": "round" },
    paint: { "line-color": color, "line-width": width, ...(dash && { "line-dasharray": dash }) },
  });
  return [
    line("local", INK.local, byZoom(11, 0.2, 14, 1.6, 17, 6)),
    line("intercity", INK.intercity, byZoom(9, 1, 14, 4)),
    line("tunnel", INK.tunnel, byZoom(9, 0.8, 14, 3.5), [2, 2]),
    line("hill_road", INK.hill, byZoom(9, 0.7, 14, 3.5)),
    line("arterial", INK.street, byZoom(9, 1, 12, 2.2, 14, 6)),
    line("bridge", INK.bridge, byZoom(9, 1.2, 12, 2.6, 14, 6)),
    {
      id: "street-name",
      type: "symbol",
      source: "place",
      filter: kind("street"),
      minzoom: 12.5,
      layout: {
        "symbol-placement": "line",
        "text-field": ["get", lang],
        "text-font": FONT,
        "text-size": 11,
        "text-offset": [0, -1],
      },
      paint: { "text-color": INK.streetName, "text-halo-color": INK.halo, "text-halo-width": 1.4 },
    },
  ];
}

function names(lang: Lang): LayerSpecification[] {
  const district = (rank: number, minzoom: number, size: never, color: string): LayerSpecification => ({
    id: `district-${rank}`,
    type: "symbol",
    source: "place",
    filter: ["all", kind("district"), ["==", ["get", "rank"], rank]] as never,
    minzoom,
    layout: {
      "text-field": ["get", lang],
      "text-font": rank === 1 ? BOLD : FONT,
      "text-size": size,
      // Beside the junction rather than on it, where the vehicles are.
      "text-variable-anchor": ["top", "bottom", "left", "right"],
      "text-radial-offset": 0.6,
      "text-padding": 6,
      "text-max-width": 9,
      "text-letter-spacing": 0.04,
    },
    paint: {
      "text-color": color,
      "text-halo-color": INK.halo,
      "text-halo-width": 1.6,
      "text-halo-blur": 0.4,
    },
  });
  // Of two names that collide the later layer's wins: the important ones come last.
  return [
    district(3, 12.5, byZoom(12, 10.5, 15, 13), INK.minorName),
    district(2, 10.8, byZoom(10, 11, 15, 14), INK.minorName),
    district(1, 0, byZoom(9, 11.5, 12, 14, 15, 17), INK.name),
  ];
}
