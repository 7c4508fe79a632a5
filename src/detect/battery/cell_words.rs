//! What is said of a cell that is claimed to be faulty.

use super::cell_fault::Fault;
use super::look::{Look, finding};
use crate::detect::detector::{Finding, fact};
use crate::model::Kind;

/// The fault in words, with its evidence.
pub(super) fn describe(look: &Look<'_>, fault: Fault) -> Finding {
    let cells = &look.features.cells;
    let cell = cells.get(fault.cell);
    let (lag, excess, number) = (f64::from(cell.lag_pct()), f64::from(cell.ohm_excess()) * 100.0, fault.cell + 1);
    let sigmas = lag.abs() / f64::from(cells.spread_pct()).max(0.1);
    let (lag_en, lag_zh) = stands(lag, sigmas);
    let (en, zh) = if fault.kind == Kind::ContactResistance {
        (
            format!(
                "a joint at cell no. {number} works loose: {excess:.0} % more resistance than the others; tighten or \
                 weld it"
            ),
            format!("{number} 号单体连接松动：内阻比其他高 {excess:.0} %；请紧固或重新焊接"),
        )
    } else if matches!(fault.kind, Kind::ShortMid | Kind::ShortEarly) {
        let (ohm_en, ohm_zh) = fault
            .leak_ohm
            .map_or_else(Default::default, |ohm| (format!(" (about {ohm:.0} Ω)"), format!("（约 {ohm:.0} Ω）")));
        (
            format!("cell no. {number} leaks{ohm_en}: {lag_en}; do not charge unattended, replace the pack"),
            format!("{number} 号单体内短路{ohm_zh}：{lag_zh}；勿无人看管充电，请更换"),
        )
    } else {
        (
            format!("cell no. {number} is weak: {lag_en}, {excess:.0} % more resistance; have it checked"),
            format!("{number} 号单体偏弱：{lag_zh}，内阻高 {excess:.0} %；请送检"),
        )
    };
    let mut evidence = vec![
        fact("cell_no", number as f64),
        fact("lag_pct", lag),
        fact("resistance_excess_pct", excess),
        fact("sigmas", sigmas),
    ];
    if cells.laggard.cell() == Some(fault.cell) {
        let since = cells.laggard.since().0;
        evidence.push(fact("since_h", (look.seconds - i64::from(since)) as f64 / 3600.0));
    }
    if let Some(ohm) = fault.leak_ohm {
        evidence.push(fact("leak_ohm", ohm));
    }
    finding(en, zh, evidence)
}

/// How the charge of a cell stands to that of the others.
fn stands(lag_pct: f64, sigmas: f64) -> (String, String) {
    if lag_pct < 0.0 {
        // It has less capacity, so that a charge fills it first.
        let ahead = -lag_pct;
        return (
            format!("{ahead:.1} % ahead of the others when charged ({sigmas:.0} σ)"),
            format!("充电时领先 {ahead:.1} %（{sigmas:.0} σ）"),
        );
    }
    (format!("{lag_pct:.1} % behind the others ({sigmas:.0} σ)"), format!("落后 {lag_pct:.1} %（{sigmas:.0} σ）"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_behind_or_ahead() {
        assert_eq!(stands(7.34, 9.2).0, "7.3 % behind the others (9 σ)");
        assert_eq!(
            stands(-7.34, 9.2),
            ("7.3 % ahead of the others when charged (9 σ)".into(), "充电时领先 7.3 %（9 σ）".into())
        );
    }
}
