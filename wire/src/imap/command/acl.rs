//! What SETACL changes (RFC 4314 §3.1).

/// How rights change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HowRights {
    /// These and no others.
    Replace,
    /// `+`: these too.
    Add,
    /// `-`: these no more.
    Remove,
}

/// Rights, and what becomes of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RightsChange {
    /// What becomes of them.
    pub how: HowRights,
    /// Lower-case letters and digits; whether each is a right is the session's to say.
    pub rights: String,
}
