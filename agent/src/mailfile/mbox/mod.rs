//! mbox: messages in one file, each after a line `From sender date` (RFC 4155 §2 and appendix A). Reads mboxo and mboxrd
//! (`>From ` quoted), mboxcl (Content-Length) and lines ended by LF or CR LF; writes mboxrd with LF, and changes flags in files that
//! other programs use, too.

mod amend;
mod read;
mod write;

pub use amend::{Change, REWRITE_MAX, amend, mend};
pub use read::{Entry, Reader, begins};
pub(crate) use write::asctime;
pub use write::{Writer, write};

/// The longest line `From sender date`, in octets.
const SEPARATOR_MAX: usize = 1024;
