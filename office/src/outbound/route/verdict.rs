//! The ends that are no hosts, in the words of the report and the journey.

use super::Plan;
use message::Host;
use wire::smtp::Enhanced;

/// Nobody knows now.
pub(super) fn later(destination: &Host, said: &str) -> Plan {
    Plan::Later(format!("No mail server of {destination} can be found now ({said})."))
}

/// RFC 5321 §5.1: a domain that does not exist is an error.
pub(super) fn no_domain(destination: &Host) -> Plan {
    fail(Enhanced(5, 1, 2), format!("There is no domain {destination}."))
}

/// RFC 7505 §4.1.
pub(super) fn null_mx(destination: &Host) -> Plan {
    fail(Enhanced(5, 1, 10), format!("The domain {destination} receives no mail and says so in DNS."))
}

/// RFC 5321 §5.1: nobody is left that is more preferred than we are.
pub(super) fn a_loop(destination: &Host) -> Plan {
    let reason = format!("Mail for {destination} would come back to us, and we do not receive mail for it.");
    fail(Enhanced(5, 4, 6), reason)
}

/// RFC 5321 §5.1: there are names, and none of them is usable.
pub(super) fn nowhere(destination: &Host, said: &str) -> Plan {
    fail(Enhanced(5, 4, 4), format!("No server receives the mail for {destination} ({said})."))
}

fn fail(status: Enhanced, reason: String) -> Plan {
    Plan::Fail { status, reason }
}
