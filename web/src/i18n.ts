import { measures, rules } from "./words.ts";

export type Lang = "zh" | "en";

const en = {
  "live.connecting": "Connecting",
  "live.live": "Live",
  "live.reconnecting": "Reconnecting",
  "kpi.vehicles": "Vehicles",
  "kpi.online": "Online",
  "kpi.rate": "Reports/s",
  "kpi.alerts": "Open alerts",
  "kpi.lost": "Lost",
  "kpi.lost.hint": "Reports that never arrived, told by gaps in the sequence numbers",
  "lang.toggle": "切换到中文",
  "panel.label": "Fleet and alerts",
  "alerts.title": "Alerts",
  "alerts.none": "No alerts. All vehicles are well.",
  "alerts.loading": "Waiting for the collector…",
  "severity.info": "Info",
  "severity.warning": "Warning",
  "severity.critical": "Critical",
  "state.acknowledged": "Taken on",
  "state.snoozed": "Snoozed",
  "state.escalated": "Escalated",
  "state.reopened": "Reopened",
  "state.cleared": "Cleared",
  "state.suppressed": "Authorised",
  "state.withdrawn": "Withdrawn",
  "state.late": "told late",
  "rule.theft": "Theft",
  "rule.battery": "Battery",
  "mode.parked": "Parked",
  "mode.riding": "Riding",
  "mode.charging": "Charging",
  "map.label": "Map of the fleet",
  "map.zoom_in": "Zoom in",
  "map.zoom_out": "Zoom out",
  "map.home": "Show the whole fleet",
  "map.schematic": "Schematic map, not for navigation",
  "legend.label": "Legend",
  "legend.alert": "Open alert",
  "legend.offline": "Offline",
  "card.close": "Close",
  "card.why": "Why",
  "card.evidence": "Evidence",
  "card.since": "since {time}",
  "card.cleared_at": "cleared {time}",
  "card.snoozed_until": "silent until {time}",
  "action.acknowledge": "Take on",
  "action.snooze": "Snooze for 1 h",
  "action.name": "Your name",
  "card.gone": "The collector does not know this vehicle now.",
  "fact.mode": "Mode",
  "fact.charge": "Charge",
  "fact.speed": "Speed",
  "fact.lock": "Lock",
  "fact.key": "Owner's key",
  "fact.report": "Last report",
  "fact.health": "Health",
  "fact.pack": "Pack",
  "fact.odometer": "Odometer",
  "fact.insulation": "Insulation",
  "locked.true": "Locked",
  "locked.false": "Unlocked",
  "key.true": "Near",
  "key.false": "Not near",
  "fact.silence": "Silence",
  "silence.withheld": "position not shared",
  "silence.outage": "base station failed",
  "silence.power_off": "without power",
  "silence.faded": "signal faded: garage?",
  "silence.sudden": "sudden: garage or jammer?",
  offline: "Offline",
  "cells.title": "Cells",
  "cells.summary": "{min}–{max} V, spread {spread} mV",
  "temps.title": "Temperatures",
  unknown: "—",
  yes: "yes",
  no: "no",
  "age.now": "just now",
  "age.seconds": "{n} s ago",
  "age.minutes": "{n} min ago",
  "age.hours": "{n} h ago",
  "age.days": "{n} d ago",
} as const;

export type Key = keyof typeof en;

const zh: Record<Key, string> = {
  "live.connecting": "连接中",
  "live.live": "实时",
  "live.reconnecting": "重新连接",
  "kpi.vehicles": "车辆",
  "kpi.online": "在线",
  "kpi.rate": "上报/秒",
  "kpi.alerts": "未解除告警",
  "kpi.lost": "丢失",
  "kpi.lost.hint": "根据序号缺口判断未送达的上报数",
  "lang.toggle": "Switch to English",
  "panel.label": "车队与告警",
  "alerts.title": "告警",
  "alerts.none": "暂无告警，所有车辆正常。",
  "alerts.loading": "正在等待采集端…",
  "severity.info": "提示",
  "severity.warning": "警告",
  "severity.critical": "严重",
  "state.acknowledged": "已受理",
  "state.snoozed": "已静默",
  "state.escalated": "已升级",
  "state.reopened": "重新触发",
  "state.cleared": "已解除",
  "state.suppressed": "已授权",
  "state.withdrawn": "已撤回",
  "state.late": "迟报",
  "rule.theft": "盗窃",
  "rule.battery": "电池",
  "mode.parked": "停放",
  "mode.riding": "骑行",
  "mode.charging": "充电",
  "map.label": "车队地图",
  "map.zoom_in": "放大",
  "map.zoom_out": "缩小",
  "map.home": "显示整个车队",
  "map.schematic": "示意图，不可用于导航",
  "legend.label": "图例",
  "legend.alert": "未解除告警",
  "legend.offline": "离线",
  "card.close": "关闭",
  "card.why": "原因",
  "card.evidence": "依据",
  "card.since": "始于 {time}",
  "card.cleared_at": "解除于 {time}",
  "card.snoozed_until": "静默至 {time}",
  "action.acknowledge": "受理",
  "action.snooze": "静默 1 小时",
  "action.name": "您的姓名",
  "card.gone": "采集端目前没有这辆车的记录。",
  "fact.mode": "状态",
  "fact.charge": "电量",
  "fact.speed": "车速",
  "fact.lock": "车锁",
  "fact.key": "车主钥匙",
  "fact.report": "最近上报",
  "fact.health": "健康度",
  "fact.pack": "电池组",
  "fact.odometer": "里程",
  "fact.insulation": "绝缘电阻",
  "locked.true": "已上锁",
  "locked.false": "未上锁",
  "key.true": "在附近",
  "key.false": "不在附近",
  "fact.silence": "失联",
  "silence.withheld": "未共享位置",
  "silence.outage": "基站故障",
  "silence.power_off": "断电",
  "silence.faded": "信号减弱：车库？",
  "silence.sudden": "突然失联：车库或屏蔽？",
  offline: "离线",
  "cells.title": "电芯电压",
  "cells.summary": "{min}–{max} V，压差 {spread} mV",
  "temps.title": "温度",
  unknown: "—",
  yes: "是",
  no: "否",
  "age.now": "刚刚",
  "age.seconds": "{n} 秒前",
  "age.minutes": "{n} 分钟前",
  "age.hours": "{n} 小时前",
  "age.days": "{n} 天前",
};

const STORAGE_KEY = "zhilian.lang";

function initialLang(): Lang {
  const wanted = new URLSearchParams(location.search).get("lang") ?? readStored() ?? navigator.language;
  return wanted.toLowerCase().startsWith("zh") ? "zh" : "en";
}

// Storage throws where cookies are blocked; the page then only forgets the choice.
function readStored(): string | null {
  try {
    return localStorage.getItem(STORAGE_KEY);
  } catch {
    return null;
  }
}

let current: Lang = typeof location === "undefined" ? "en" : initialLang();
const listeners = new Set<() => void>();

export const lang = (): Lang => current;

export function setLang(next: Lang): void {
  current = next;
  try {
    localStorage.setItem(STORAGE_KEY, next);
  } catch {
    // See readStored.
  }
  for (const listener of listeners) listener();
}

/** Calls `listener` now and at every change of language. */
export function withLang(listener: () => void): void {
  listeners.add(listener);
  listener();
}

export function t(key: Key, values: Record<string, string | number> = {}): string {
  return (current === "zh" ? zh : en)[key].replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ""));
}

/** The name of a rule such as `theft.tow`; one we have no words for is told by its family and its own name. */
export function ruleName(rule: string): string {
  const [family = "", ...rest] = rule.split(".");
  const familyKey = `rule.${family}`;
  if (!(familyKey in en)) return rule;
  const name = rules[rule]?.[current] ?? rest.join(" ").replaceAll("_", " ");
  return t(familyKey as Key) + (current === "zh" ? "：" : ": ") + name;
}

/** The name of a piece of evidence; `bare` is its name without the unit, for one we have no words for. */
export const measureName = (name: string, bare: string): string =>
  measures[name]?.[current] ?? bare.replaceAll("_", " ");
