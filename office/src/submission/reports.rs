//! Reports about a message that was sent: whether it was delivered, whether it was read (`dsnBlobIds` and `mdnBlobIds` of
//! RFC 8621 §7). They are e-mails of its conversation that name it; a report that names nothing is not found.

use super::record::Submission;
use crate::Office;
use message::Summary;
use store::StoreError;
use store::query::{EmailsById, ThreadMembers};
use store::types::{AccountId, EmailId, EmailRow};

/// E-mails of a conversation that are looked at, the newest: reports come soon, and a long conversation is read whole.
const LOOKED_AT_MAX: usize = 200;

/// What came back, the oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reports {
    /// About delivery (RFC 3464).
    pub delivery: Vec<EmailId>,
    /// About reading (RFC 8098).
    pub disposition: Vec<EmailId>,
}

impl Office {
    /// The reports about a submission that its account has. None once the e-mail that was sent is gone, as only that
    /// tells by which name they call it.
    ///
    /// # Errors
    /// The store's.
    pub async fn reports(&self, account: AccountId, submission: &Submission) -> Result<Reports, StoreError> {
        let threads = vec![submission.thread];
        let of = self.store().read(ThreadMembers { account, threads }).await?.pop();
        let mut ids = of.map(|thread| thread.emails).unwrap_or_default();
        ids.retain(|id| *id != submission.email);
        ids.drain(..ids.len().saturating_sub(LOOKED_AT_MAX));
        if ids.is_empty() {
            return Ok(Reports::default());
        }
        ids.push(submission.email);
        let mut rows = self.store().read(EmailsById { account, ids }).await?;
        let sent = rows.pop().filter(|row| row.id == submission.email);
        let Some(name) = sent.and_then(|row| summary(&row)?.message_id) else { return Ok(Reports::default()) };
        let mut reports = Reports::default();
        for row in rows {
            let Some(about) = summary(&row).filter(|summary| summary.references.last() == Some(&name)) else {
                continue;
            };
            match report_type(&about).as_deref() {
                Some("delivery-status") => reports.delivery.push(row.id),
                Some("disposition-notification") => reports.disposition.push(row.id),
                _ => {}
            }
        }
        Ok(reports)
    }
}

fn summary(row: &EmailRow) -> Option<Summary> {
    Summary::decode(row.summary.as_ref().ok()?).ok()
}

/// RFC 6522 §3: what kind of report a message is.
fn report_type(summary: &Summary) -> Option<String> {
    let root = summary.parts.first()?;
    let is_report = root.media_type == "multipart" && root.subtype == "report";
    let found = root.parameters.iter().find(|parameter| parameter.name == "report-type").filter(|_| is_report)?;
    Some(String::from_utf8_lossy(&found.value).to_ascii_lowercase())
}
