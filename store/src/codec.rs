//! How octets are packed: a codec byte and what belongs to it. Owns compression and its limits; does not own where
//! packed octets go (`segment`, the rows).

use crate::StoreError;
use std::cell::RefCell;

/// As they came.
pub const RAW: u8 = 0;
/// One zstd frame. 2 is kept free for zstd with a dictionary.
pub const ZSTD: u8 = 1;

/// Level 1 halves mail at hundreds of MB a second; higher levels gain a few per cent for several times the work.
const LEVEL: i32 = 1;

thread_local! {
    // A context is some hundred KiB to set up, more than a small message takes to pack.
    static PACKER: RefCell<Option<zstd::bulk::Compressor<'static>>> = const { RefCell::new(None) };
    static UNPACKER: RefCell<Option<zstd::bulk::Decompressor<'static>>> = const { RefCell::new(None) };
}

/// Packs octets; raw where packing does not make them fewer.
pub(crate) fn pack(bytes: &[u8]) -> (u8, Vec<u8>) {
    let packed = PACKER.with_borrow_mut(|packer| {
        if packer.is_none() {
            *packer = zstd::bulk::Compressor::new(LEVEL).ok();
        }
        packer.as_mut().and_then(|packer| packer.compress(bytes).ok())
    });
    match packed {
        Some(packed) if packed.len() < bytes.len() => (ZSTD, packed),
        _ => (RAW, bytes.to_vec()),
    }
}

/// Unpacks what must come to exactly `octets`.
pub(crate) fn unpack(codec: u8, bytes: &[u8], octets: usize) -> Result<Vec<u8>, StoreError> {
    let unpacked = match codec {
        RAW => bytes.to_vec(),
        ZSTD => decompress(bytes, octets).map_err(|error| StoreError::damaged(error.to_string()))?,
        other => return Err(StoreError::damaged(format!("unknown codec {other}"))),
    };
    if unpacked.len() != octets {
        return Err(StoreError::damaged(format!("{} octets where {octets} were kept", unpacked.len())));
    }
    Ok(unpacked)
}

fn decompress(bytes: &[u8], octets: usize) -> std::io::Result<Vec<u8>> {
    UNPACKER.with_borrow_mut(|unpacker| {
        let unpacker = match unpacker {
            Some(unpacker) => unpacker,
            None => unpacker.insert(zstd::bulk::Decompressor::new()?),
        };
        unpacker.decompress(bytes, octets)
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn packs_and_unpacks() {
        let text = b"Received: from crepes.fr\r\n".repeat(100);
        let (codec, packed) = pack(&text);
        assert_eq!(codec, ZSTD);
        assert!(packed.len() < text.len() / 4);
        assert_eq!(unpack(codec, &packed, text.len()).unwrap(), text);
    }

    #[test]
    fn keeps_what_does_not_shrink() {
        let (codec, packed) = pack(b"abc");
        assert_eq!((codec, packed.as_slice()), (RAW, &b"abc"[..]));
        assert_eq!(pack(b""), (RAW, vec![]));
    }

    #[test]
    fn refuses_what_does_not_fit() {
        let (codec, packed) = pack(&[b'a'; 1000]);
        assert!(unpack(codec, &packed, 999).is_err());
        assert!(unpack(codec, &packed, 1001).is_err());
        assert!(unpack(2, &packed, 1000).is_err());
        assert!(unpack(RAW, b"abc", 4).is_err());
    }
}
