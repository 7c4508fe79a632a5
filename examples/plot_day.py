#!/usr/bin/env python3
"""One vehicle's day as a picture: where it was, speed, charge, cell voltages, temperatures.

    zhilian record --scenario commute --vehicles 40 -o day.parquet
    python3 examples/plot_day.py day.parquet --tz Asia/Shanghai -o day.png

Reads recordings in .parquet (needs pyarrow) and .ndjson. Without --vin it takes the vehicle that went farthest.
"""

import argparse
import json
import math
import sys
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

try:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.dates as mdates
    import matplotlib.pyplot as plt
    import pandas as pd
    from matplotlib.collections import LineCollection
    from matplotlib.patches import Patch
except ImportError as missing:
    sys.exit(f"plot_day: {missing.name} is missing: apt install python3-matplotlib python3-pandas, "
             "or pip install matplotlib pandas pyarrow")

# Okabe and Ito's colours, which colour-blind readers can tell apart.
BLUE, ORANGE, GREEN, RED, SKY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#56B4E9"
MODES = {"riding": (SKY, 0.22), "charging": (GREEN, 0.18)}
# Longer silence than this is a gap, not a straight line.
GAP = pd.Timedelta(minutes=20)


def read_parquet(path):
    try:
        return pd.read_parquet(path)
    except ImportError:
        sys.exit("plot_day: reading .parquet needs pyarrow: pip install pyarrow, or record to .ndjson instead")


def read_ndjson(path):
    with open(path, encoding="utf-8") as lines:
        rows = [flat(json.loads(line)) for line in lines]
    reports = pd.DataFrame(rows)
    if "ts_ms" in reports:
        reports["ts_ms"] = pd.to_datetime(reports["ts_ms"], unit="ms", utc=True)
    return reports


def flat(report):
    """The members of a report without the parts they stand in, as in the Parquet table."""
    row = {}
    for name, value in report.items():
        row.update(value if isinstance(value, dict) else {name: value})
    return row


def read(path, vin):
    try:
        reports = read_parquet(path) if path.endswith(".parquet") else read_ndjson(path)
    except OSError as error:
        sys.exit(f"plot_day: {path}: {error.strerror or error}")
    except ValueError:
        reports = pd.DataFrame()
    if not {"vin", "ts_ms", "odo_m"} <= set(reports.columns) or reports.empty:
        sys.exit(f"plot_day: {path}: expected reports, as zhilian record writes them to .parquet or .ndjson")
    if vin is None:
        odometer = reports.groupby("vin")["odo_m"]
        vin = (odometer.max() - odometer.min()).idxmax()
    day = reports[reports["vin"] == vin].sort_values("ts_ms").reset_index(drop=True)
    if day.empty:
        known = ", ".join(sorted(reports["vin"].unique())[:5])
        sys.exit(f"plot_day: {path}: no vehicle {vin}; there are {known} and others")
    for column in ["mode", "lat_deg", "lon_deg", "speed_mps", "wheel_mps", "soc_pct", "pack_v", "pack_a", "cells_mv",
                   "temps_c", "pack", "chemistry"]:
        if column not in day:
            day[column] = None
    return day


def lists(column, scale=1.0):
    """A column of lists as a table, a column per item; empty cells stay empty."""
    rows = [list(cell) if hasattr(cell, "__len__") else [] for cell in column]
    width = max((len(row) for row in rows), default=0)
    return pd.DataFrame([[value * scale for value in row] + [math.nan] * (width - len(row)) for row in rows])


def with_gaps(day):
    """The same rows, with an empty one in each long silence, so that lines break there."""
    after_gap = day.index[day["ts_ms"].diff() > GAP]
    empty = pd.DataFrame({"ts_ms": [day["ts_ms"][row - 1] + GAP / 2 for row in after_gap], "mode": "silent"})
    return pd.concat([day, empty]).sort_values("ts_ms").reset_index(drop=True)


def shade(axes, day):
    """Colours the background by what the vehicle is used for."""
    runs = (day["mode"] != day["mode"].shift()).cumsum()
    for _, run in day.groupby(runs):
        colour = MODES.get(run["mode"].iloc[0])
        if colour is None:
            continue
        after = day["ts_ms"].get(run.index[-1] + 1, run["ts_ms"].iloc[-1])
        for axis in axes:
            axis.axvspan(run["ts_ms"].iloc[0], after, color=colour[0], alpha=colour[1], linewidth=0)


def draw_map(axis, figure, day, zone):
    fixed = day.dropna(subset=["lat_deg", "lon_deg"])
    axis.set_title("Where it was", loc="left", fontsize=10)
    if fixed.empty:
        axis.text(0.5, 0.5, "no position", ha="center", transform=axis.transAxes)
        return
    lon, lat = fixed["lon_deg"].astype(float), fixed["lat_deg"].astype(float)
    # Kilometres from the middle of the day's way; at this size the Earth is flat.
    middle = ((lon.min() + lon.max()) / 2, (lat.min() + lat.max()) / 2)
    east = (lon - middle[0]) * 111.2 * math.cos(math.radians(middle[1]))
    north = (lat - middle[1]) * 111.2
    points = list(zip(east, north))
    times = mdates.date2num(fixed["ts_ms"])
    lines = LineCollection(list(zip(points, points[1:])), array=times[:-1], cmap="viridis", linewidths=1.6)
    axis.add_collection(lines)
    stands = fixed[fixed["mode"] != "riding"].groupby([lat.round(3), lon.round(3)])
    for _, stand in stands:
        hours = len(stand) and (stand["ts_ms"].max() - stand["ts_ms"].min()).total_seconds() / 3600
        here = (east[stand.index].median(), north[stand.index].median())
        charged = (stand["mode"] == "charging").any()
        axis.plot(*here, "s" if charged else "o", color=GREEN if charged else "0.35", markeredgecolor="white",
                  markersize=6 + min(hours, 10) * 0.6, zorder=3)
    handles = [plt.Line2D([], [], marker="s", color=GREEN, linestyle="", label="charged here"),
               plt.Line2D([], [], marker="o", color="0.35", linestyle="", label="stood here (longer: larger)")]
    axis.legend(handles=handles, fontsize=8, loc="best", framealpha=0.9)
    axis.set_aspect("equal", adjustable="datalim")
    axis.autoscale_view()
    axis.margins(0.08)
    axis.set_xlabel(f"km east of {middle[0]:.3f}°E")
    axis.set_ylabel(f"km north of {middle[1]:.3f}°N")
    axis.grid(alpha=0.25)
    bar = figure.colorbar(lines, ax=axis, fraction=0.04, pad=0.02)
    bar.ax.yaxis.set_major_locator(mdates.AutoDateLocator(tz=zone))
    bar.ax.yaxis.set_major_formatter(mdates.DateFormatter("%H:%M", tz=zone))
    bar.ax.tick_params(labelsize=8)


def draw_times(axes, day):
    speed, charge, cells, heat = axes
    times = day["ts_ms"]
    speed.plot(times, day["wheel_mps"].astype(float) * 3.6, color="0.45", linewidth=0.7, label="wheel")
    # Nothing where there are no satellites: in tunnels and garages.
    speed.plot(times, day["speed_mps"].astype(float) * 3.6, color=BLUE, linewidth=0.5, label="satellites")
    speed.set_ylabel("speed\nkm/h")
    speed.set_ylim(bottom=0)

    charge.plot(times, day["soc_pct"].astype(float), color=GREEN, linewidth=1.4)
    charge.set_ylabel("SOC\n%", color=GREEN)
    charge.set_ylim(0, 102)
    current = charge.twinx()
    current.plot(times, day["pack_a"].astype(float), color=ORANGE, linewidth=0.5, alpha=0.8)
    current.set_ylabel("current, + charges\nA", color=ORANGE)
    current.margins(y=0.1)
    charge.set_zorder(current.get_zorder() + 1)
    charge.patch.set_visible(False)

    volts = lists(day["cells_mv"], 1e-3)
    if not volts.empty:
        cells.plot(times, volts, color=BLUE, linewidth=0.4, alpha=0.7)
        spread = cells.twinx()
        spread.plot(times, (volts.max(axis=1) - volts.min(axis=1)) * 1000, color=RED, linewidth=0.6, alpha=0.8)
        spread.set_ylabel("highest − lowest\nmV", color=RED)
        spread.set_ylim(bottom=0)
        cells.set_zorder(spread.get_zorder() + 1)
        cells.patch.set_visible(False)
    cells.set_ylabel(f"{len(volts.columns)} cells\nV", color=BLUE)

    degrees = lists(day["temps_c"])
    for number in degrees.columns:
        alpha = 0.45 + 0.5 * number / len(degrees.columns)
        heat.plot(times, degrees[number], color=RED, linewidth=0.8, alpha=alpha)
    if "air_c" in day:
        heat.plot(times, day["air_c"].astype(float), color=SKY, linewidth=1.0, linestyle="--")
    heat.set_ylabel(f"{len(degrees.columns)} sensors" + (", air dashed" if "air_c" in day else "") + "\n°C")


def title(day):
    pack = day["pack"].dropna().unique()
    chemistry = day["chemistry"].dropna().unique()
    kilometres = (day["odo_m"].max() - day["odo_m"].min()) / 1000
    # Energy drawn while riding: power times the time to the next report, long silences left out.
    hours = day["ts_ms"].diff().shift(-1)
    hours = hours.where(hours <= GAP).dt.total_seconds() / 3600
    power = day["pack_v"].astype(float) * day["pack_a"].astype(float)
    used = -(power * hours)[day["mode"] == "riding"].sum() / 1000
    rate = f" ({1000 * used / kilometres:.0f} Wh/km)" if kilometres > 0.5 else ""
    packs = f"{len(pack)} packs" if len(pack) > 1 else "".join(pack)
    return (f"{day['vin'].iloc[0]}   {packs} ({', '.join(chemistry)})   "
            f"{kilometres:.1f} km, {used:.2f} kWh while riding{rate}, {len(day)} reports")


def draw(day, zone, out):
    figure = plt.figure(figsize=(13, 8), constrained_layout=True)
    grid = figure.add_gridspec(4, 2, width_ratios=[1.75, 1])
    axes = [figure.add_subplot(grid[0, 0])]
    axes += [figure.add_subplot(grid[row, 0], sharex=axes[0]) for row in range(1, 4)]
    figure.suptitle(title(day), fontsize=11, x=0.01, ha="left")
    draw_map(figure.add_subplot(grid[:, 1]), figure, day, zone)
    gapped = with_gaps(day)
    draw_times(axes, gapped)
    shade(axes, gapped)
    for axis in axes:
        axis.grid(alpha=0.25)
        axis.margins(x=0)
    for axis in axes[:-1]:
        axis.tick_params(labelbottom=False)
    axes[-1].xaxis.set_major_locator(mdates.AutoDateLocator(tz=zone, maxticks=13))
    axes[-1].xaxis.set_major_formatter(mdates.DateFormatter("%H:%M", tz=zone))
    axes[-1].set_xlabel(f"{day['ts_ms'].iloc[0].tz_convert(zone):%Y-%m-%d}, time of day ({zone.key})")
    modes = [Patch(color=colour, alpha=alpha * 1.5, label=mode) for mode, (colour, alpha) in MODES.items()]
    lines = axes[0].get_legend_handles_labels()[0]
    axes[0].legend(handles=lines + modes, loc="lower right", bbox_to_anchor=(1, 1), fontsize=8, ncol=4, frameon=False)
    try:
        figure.savefig(out, dpi=100)
    except (OSError, ValueError) as error:
        sys.exit(f"plot_day: {out}: {getattr(error, 'strerror', None) or error}")


def main():
    parser = argparse.ArgumentParser(description="One vehicle's day as a picture.")
    parser.add_argument("recording", help="a .parquet or .ndjson file of zhilian record")
    parser.add_argument("--vin", help="which vehicle [default: the one that went farthest]")
    parser.add_argument("--tz", default="UTC", help="time zone of the axis, such as Asia/Shanghai [default: UTC]")
    parser.add_argument("-o", "--out", default="day.png", help="the picture to write [default: day.png]")
    arguments = parser.parse_args()
    try:
        zone = ZoneInfo(arguments.tz)
    except (ZoneInfoNotFoundError, ValueError):
        parser.error(f"--tz: expected a time zone such as Asia/Shanghai, found {arguments.tz!r}")
    draw(read(arguments.recording, arguments.vin), zone, arguments.out)
    print(arguments.out)


if __name__ == "__main__":
    main()
