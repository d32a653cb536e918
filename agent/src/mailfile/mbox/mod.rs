//! mbox: messages in one file, each after a line `From sender date` (RFC 4155 §2 and appendix A). Reads mboxo and mboxrd
//! (`>From ` quoted), mboxcl (Content-Length) and lines ended by LF or CR LF; writes mboxrd with LF.

mod read;
mod write;

pub use read::{Reader, begins};
pub(crate) use write::asctime;
pub use write::{Writer, write};

/// The longest line `From sender date`, in octets.
const SEPARATOR_MAX: usize = 1024;
