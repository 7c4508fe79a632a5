//! `/metrics` in the text format of Prometheus. Never a VIN as a label: a fleet has millions.

use metrics::{counter, describe_counter, describe_gauge, gauge};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

use super::view::Stats;
use crate::collect::Counters;
use crate::model::{AlertState, Kind};
use crate::wire::Rejection;

/// What has been recorded, ready to be read.
#[derive(Clone)]
pub struct Metrics(PrometheusHandle);

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Metrics")
    }
}

impl Metrics {
    /// Installs the recorder of this process, with every series at zero.
    ///
    /// # Errors
    /// When the process has one already.
    pub fn install() -> Result<Self, String> {
        let handle = PrometheusBuilder::new().install_recorder().map_err(|error| error.to_string())?;
        describe();
        for reason in Rejection::ALL {
            counter!("zhilian_rejected_total", "reason" => reason.to_string()).absolute(0);
        }
        Ok(Self(handle))
    }

    /// All series as text.
    #[must_use]
    pub fn render(&self) -> String {
        self.0.render()
    }
}

fn describe() {
    describe_counter!("zhilian_messages_total", "Messages taken from the broker, of any kind");
    describe_counter!("zhilian_reports_total", "Reports taken that were new or late");
    describe_counter!("zhilian_duplicates_total", "Messages that came twice or more");
    describe_counter!("zhilian_late_total", "Messages that came after a newer one");
    describe_counter!("zhilian_unplaced_total", "Late messages whose gap had been given up: they changed nothing");
    describe_counter!("zhilian_gaps_given_up_total", "Gaps given up: too many, too old or too large");
    describe_counter!("zhilian_replays_total", "Times a vehicle's messages were put in order again");
    describe_counter!("zhilian_stale_total", "Messages of an earlier boot or too old to place");
    describe_counter!("zhilian_future_total", "Messages whose device clock is more than five minutes ahead");
    describe_counter!("zhilian_rejected_total", "Payloads turned away, by reason");
    describe_counter!("zhilian_alerts_total", "Changes of alerts, by rule and state");
    describe_counter!("zhilian_broker_losses_total", "Connections to the broker lost");
    describe_gauge!("zhilian_missing", "Sequence numbers that have not come");
    describe_gauge!("zhilian_vehicles", "Vehicles known");
    describe_gauge!("zhilian_vehicles_online", "Vehicles connected");
    describe_gauge!("zhilian_alerts_open", "Alerts that stand");
    describe_gauge!("zhilian_store_healthy", "1 while the store takes writes");
}

/// Records what the collector has counted.
pub fn record(counters: &Counters, stats: &Stats, store_healthy: bool) {
    counter!("zhilian_messages_total").absolute(counters.messages);
    counter!("zhilian_reports_total").absolute(counters.reports);
    counter!("zhilian_duplicates_total").absolute(counters.duplicates);
    counter!("zhilian_late_total").absolute(counters.late);
    counter!("zhilian_unplaced_total").absolute(counters.unplaced);
    counter!("zhilian_gaps_given_up_total").absolute(counters.given_up);
    counter!("zhilian_replays_total").absolute(counters.replays);
    counter!("zhilian_stale_total").absolute(counters.stale);
    counter!("zhilian_future_total").absolute(counters.future);
    for (reason, count) in &counters.rejected {
        counter!("zhilian_rejected_total", "reason" => reason.to_string()).absolute(*count);
    }
    gauge!("zhilian_missing").set(counters.missing as f64);
    gauge!("zhilian_vehicles").set(stats.vehicles as f64);
    gauge!("zhilian_vehicles_online").set(stats.online as f64);
    gauge!("zhilian_alerts_open").set(stats.open_alerts as f64);
    gauge!("zhilian_store_healthy").set(f64::from(u8::from(store_healthy)));
}

/// Records a change of an alert.
pub fn record_alert(kind: Kind, state: AlertState) {
    counter!("zhilian_alerts_total", "rule" => kind.rule(), "state" => state.name()).increment(1);
}

/// Records a lost connection to the broker.
pub fn record_loss() {
    counter!("zhilian_broker_losses_total").increment(1);
}
