//! The flags of a message (RFC 9051 §2.3.2) as the bits of one number: how rows of the store and of open mailboxes keep
//! them. Owns which bit is which; what keyword a slot stands for is the account's to say.

/// Which bit is which: system flags, one fact about the message, then a bit for each keyword slot. They are on disk.
pub mod flag_bits {
    /// `\Seen`.
    pub const SEEN: u64 = 1;
    /// `\Answered`.
    pub const ANSWERED: u64 = 1 << 1;
    /// `\Flagged`.
    pub const FLAGGED: u64 = 1 << 2;
    /// `\Deleted`.
    pub const DELETED: u64 = 1 << 3;
    /// `\Draft`.
    pub const DRAFT: u64 = 1 << 4;
    /// No flag: the header holds octets above 127 (RFC 6855 §3).
    pub const UTF8_HEADER: u64 = 1 << 5;
    /// The bit of keyword slot 0 is 1 shifted by this; slots follow one another.
    pub const FIRST_KEYWORD: u32 = 8;
    /// All system flags.
    pub const SYSTEM: u64 = SEEN | ANSWERED | FLAGGED | DELETED | DRAFT;
}

/// Flags every mailbox has (RFC 9051 §2.3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SystemFlag {
    /// `\Answered`.
    Answered,
    /// `\Deleted`.
    Deleted,
    /// `\Draft`.
    Draft,
    /// `\Flagged`.
    Flagged,
    /// `\Seen`.
    Seen,
    /// `\Recent` (RFC 3501). No message has it: it is a session's.
    Recent,
}

impl SystemFlag {
    /// Its bit; 0 for `\Recent`, which has none.
    #[must_use]
    pub fn bit(self) -> u64 {
        match self {
            SystemFlag::Answered => flag_bits::ANSWERED,
            SystemFlag::Deleted => flag_bits::DELETED,
            SystemFlag::Draft => flag_bits::DRAFT,
            SystemFlag::Flagged => flag_bits::FLAGGED,
            SystemFlag::Seen => flag_bits::SEEN,
            SystemFlag::Recent => 0,
        }
    }
}
