//! Reports to senders.
use super::Outbound;
use super::settle::Judgement;
use super::work::Work;
use message::Time;
use store::op::{Claimed, Deliver};
use store::types::TraceEntry;
use wire::smtp::Enhanced;

#[derive(Clone, Copy, Debug)]
pub(super) struct Matter {}

impl Matter {
    pub fn of_sent(_row: &Claimed) -> Option<Matter> {
        None
    }
    pub fn of_delay(_row: &Claimed, _status: Enhanced) -> Option<Matter> {
        None
    }
    pub fn of_failure(_row: &Claimed, _status: Enhanced) -> Option<Matter> {
        None
    }
}

impl Outbound {
    pub(super) async fn reports(
        &self,
        _now: Time,
        _work: &Work,
        _matters: Vec<(Claimed, Judgement, Matter)>,
        _trace: &mut Vec<TraceEntry>,
    ) -> Vec<Deliver> {
        Vec::new()
    }
}
