//! Whom an account has mail from. Owns the question; what a person's address book makes of it is `crate::book`.

use super::{Mirror, Result};

impl Mirror {
    /// Who wrote, the ones who wrote most first: name, address, how often.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn correspondents(&self, count: u64) -> Result<Vec<(String, String, u64)>> {
        self.read(|db| {
            let mut ask = db.prepare_cached(
                "SELECT max(m.sender), m.address, count(*) FROM message m WHERE m.address <> '' GROUP BY m.address
                 ORDER BY count(*) DESC, m.address LIMIT ?1",
            )?;
            let rows = ask.query_map([i64::try_from(count).unwrap_or(i64::MAX)], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get::<_, i64>(2)?.try_into().unwrap_or_default()))
            })?;
            rows.collect()
        })
    }
}
