const EARTH_LAT_LIMIT_DEG = 85.0511;

/** Web Mercator in 0..1, the frame MapLibre itself draws in. */
export const mercatorX = (lonDeg: number): number => (lonDeg + 180) / 360;

export function mercatorY(latDeg: number): number {
  const lat = (Math.max(-EARTH_LAT_LIMIT_DEG, Math.min(EARTH_LAT_LIMIT_DEG, latDeg)) * Math.PI) / 180;
  return (1 - Math.log(Math.tan(Math.PI / 4 + lat / 2)) / Math.PI) / 2;
}

/** Cuts the corners of a line (Chaikin), because a river with corners looks like a mistake. Ends stay. */
export function smooth(line: GeoJSON.Position[], rounds = 4): GeoJSON.Position[] {
  if (rounds === 0 || line.length < 3) return line;
  const cut: GeoJSON.Position[] = [line[0]!];
  for (let i = 0; i + 1 < line.length; i++) {
    cut.push(between(line[i]!, line[i + 1]!, 0.25), between(line[i]!, line[i + 1]!, 0.75));
  }
  cut.push(line.at(-1)!);
  return smooth(cut, rounds - 1);
}

const between = (a: GeoJSON.Position, b: GeoJSON.Position, share: number): GeoJSON.Position => [
  a[0]! + (b[0]! - a[0]!) * share,
  a[1]! + (b[1]! - a[1]!) * share,
];

export type Box = [west: number, south: number, east: number, north: number];

/** The smallest box around the points; null when there are none. */
export function bounds(points: Iterable<{ lat_deg?: number | null; lon_deg?: number | null }>): Box | null {
  let box: Box | null = null;
  for (const { lat_deg: lat, lon_deg: lon } of points) {
    if (lat == null || lon == null) continue;
    box ??= [lon, lat, lon, lat];
    box = [Math.min(box[0], lon), Math.min(box[1], lat), Math.max(box[2], lon), Math.max(box[3], lat)];
  }
  return box;
}
