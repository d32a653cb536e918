//! What a message is: addresses and domains, header fields and dates, RFC 5322 and MIME read lazily and written
//! exactly. Owns no protocol and no storage; knows no clock (time comes in as [`Time`]).

pub mod address;
pub mod bodies;
pub mod build;
pub mod date;
pub mod encoding;
pub mod external;
pub mod flags;
pub mod flowed;
pub mod harmless;
pub mod header;
pub mod links;
pub mod partial;
pub mod recode;
pub mod scanner;
pub mod search;
pub mod structure;
pub mod summary;
pub mod text;
pub mod thread;
pub mod time;
pub mod zone;

pub use address::{Address, AddressError, Domain, Host};
pub use flags::{SystemFlag, flag_bits};
pub use scanner::{Scanner, parse};
pub use structure::{Facts, Kind, Part, Structure, TransferEncoding};
pub use summary::Summary;
pub use time::Time;
