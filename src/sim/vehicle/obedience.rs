//! What a vehicle is told to do: it obeys where that is safe, and answers.

use std::time::Duration;

use super::body::{Doing, Vehicle};
use crate::base::Timestamp;
use crate::model::{Command, Order, Outcome, Reply};
use crate::sim::output::Output;
use crate::sim::setting::Setting;

/// Above this speed nothing that could throw a rider is done, m/s.
const STANDSTILL_MPS: f64 = 0.5;

impl Vehicle {
    /// Takes a command that reached it at `now`. Without a network it does not reach it, and nobody answers.
    pub fn obey(&mut self, setting: &Setting, now: Timestamp, command: &Command, out: &mut Vec<Output>) {
        if !self.is_online() {
            return;
        }
        self.feed_modem(setting, now);
        self.advance(setting, now);
        let outcome = if command.expires.is_some_and(|expires| expires < now) {
            Outcome::Expired
        } else {
            self.carry_out(now, command.order)
        };
        let stamp = self.stamp(now);
        out.push(Output::Reply(Reply { stamp, id: command.id.clone(), outcome }));
    }

    fn carry_out(&mut self, now: Timestamp, order: Order) -> Outcome {
        let ridden = matches!(self.doing, Doing::Riding { .. });
        let moving = ridden || self.pose.speed.0 > STANDSTILL_MPS;
        match order {
            Order::ReportRate { every_s, for_s } => {
                self.modem.ask(Duration::from_secs_f64(every_s), now.plus_seconds(for_s), now);
                Outcome::Done
            }
            Order::Locate => {
                self.modem.report_now(now);
                Outcome::Done
            }
            Order::Lock | Order::Immobilise if moving => Outcome::RefusedMoving,
            // A standing vehicle is locked already; nobody in this world hears a siren.
            Order::Lock | Order::Siren => Outcome::Done,
            Order::Immobilise => {
                self.immobilised = true;
                Outcome::Done
            }
            Order::Release => {
                self.immobilised = false;
                Outcome::Done
            }
        }
    }
}
